"""The graph of a sparse ANOVA: what it computes is the model, and curves match the terms that were named."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.result.graph import Graph, NodeType
from kansr.show.report.drawing import drawing, shares
from kansr.structure.anova.sparse_sum import SparseSums, sparse_sums

NAMES = ("a", "b", "c", "d", "e", "f")


def table(seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 2, (300, 6)) * [1, 1, 1, 1, 50, 1]
    y = 3 * np.sin(X[:, 0] * X[:, 1]) + 2 * (X[:, 2] - 0.5) ** 2 + X[:, 4] / 20
    return X, y + 0.1 * np.std(y) * rng.normal(size=300)


@pytest.fixture(scope="module")
def found() -> SparseSums:
    return sparse_sums(*table(), 0)


@pytest.fixture(scope="module")
def graph(found: SparseSums) -> Graph:
    made = found.graph(NAMES, "y", "anova", Dataset(*table(1), NAMES, "y"))
    assert made is not None
    return made


def value(graph: Graph, X: Array) -> Array:
    """What the curves of a graph add up to, by linear interpolation."""
    values = {name: X[:, NAMES.index(name)] for name in graph.inputs}
    for node in graph.nodes:
        if node.type is not NodeType.INPUT:
            edges = [graph.edges[i] for i in graph.into(node.name)]
            values[node.name] = node.type.array([np.interp(values[e.source], e.x, e.y) for e in edges])
    return values[graph.nodes[-1].name]


def test_it_computes_the_model(found: SparseSums, graph: Graph) -> None:
    X, y = table()
    model = found.anova((X - found.rows.means) / found.rows.spreads)
    assert graph.inputs == ("a", "b", "c", "e")
    assert np.std(value(graph, X) - model) < 0.1 * np.std(model)
    assert abs(np.mean(value(graph, X) - model)) < 0.05 * np.std(model)
    assert 0.05 < graph.error < 0.2
    assert any(node.type is NodeType.PRODUCT for node in graph.nodes)


def test_curves_match_the_terms_that_were_named(graph: Graph) -> None:
    (edge,) = (e for e in graph.edges if e.source == "e")
    assert evaluate(parse(edge.match), {"e": edge.x}) == pytest.approx(edge.y, abs=0.1)
    assert all(e.match == "" for e in graph.edges if e.source in ("a", "b"))  # these are in one term together


def test_shares_of_variance_are_drawn(graph: Graph) -> None:
    share = shares(graph)
    assert sum(share.values()) == pytest.approx(1) and len(share) == len(list(graph.into("y")))
    assert f"{100 * max(share.values()):.0f} %" in drawing(graph, {})


def test_it_is_saved_and_read(graph: Graph) -> None:
    again = Graph.from_dict(graph.to_dict())
    assert [e.match for e in again.edges] == [e.match for e in graph.edges]


def test_other_inputs_than_the_sum_have_no_graph(found: SparseSums) -> None:
    other = SparseSums(found.rows, found.sums[-1:], found.anova)
    assert other.graph(NAMES, "y", "anova", Dataset(*table(1), NAMES, "y")) is None
