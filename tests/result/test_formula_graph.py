"""The graph of a formula computes the formula."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.result.formula_graph import formula_graph
from kansr.result.graph import NodeType

X = np.random.default_rng(0).uniform(1, 2, (400, 3))
DATA = Dataset(X, X[:, 0], ("a", "b", "c"))


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "2*a + 3",
        "3*a*b**2",
        "exp(a*b) + 2",
        "a*sin(b - c) + 4",
        "(a + b*c)**2/(1 + c**2)",
        "a**b + c",
        "exp(-a*b/c)",
        "2*(a + b)*c",
    ],
)
def test_the_graph_of_a_formula_has_its_values(text):
    expr = parse(text)
    graph = formula_graph(expr, DATA, "test", 0.0)
    assert graph is not None
    values = {name: X[:, i] for i, name in enumerate(DATA.names)}
    for node in graph.nodes:
        if node.type is not NodeType.INPUT:
            edges = [graph.edges[i] for i in graph.into(node.name)]
            values[node.name] = node.type.array([np.interp(values[e.source], e.x, e.y) for e in edges])
    truth = Tape(expr, DATA.names).value(X)
    assert np.abs(values["y"] - truth).max() < 0.01 * np.std(truth)
    for edge in graph.edges:
        assert evaluate(parse(edge.match, names=[edge.source]), {edge.source: edge.x}) == pytest.approx(
            edge.y, rel=1e-9
        )
    assert set(graph.inputs) == {str(s) for s in expr.free_symbols}
    assert graph.nodes[-1].name == "y"


def test_a_constant_has_no_graph():
    assert formula_graph(parse("3.5"), DATA, "test", 0.0) is None
