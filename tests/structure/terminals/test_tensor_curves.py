"""T(z) = A(u) + B(u)·g(v): seen where it holds, with its curves; and nothing where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table

from kansr.data.dataset import Dataset
from kansr.result.graph import Graph, NodeType
from kansr.structure.terminals.curves.tensor_curves import tensor
from kansr.symbolic.matching.choose import ChooseConfig, choose
from kansr.symbolic.matching.match import MatchConfig, match_all

CLEAN = 3e-3


def never() -> bool:
    return False


def graphs(data: Dataset, clean: float = CLEAN) -> list[Graph]:
    return list(tensor(data, MatchConfig(), clean, never))


# A law, and the transform of the target that makes it A + B·g.
LAWS = {
    "x**2 + sin(x)*exp(-y)": "y",
    "sin(x) + exp(x)*log(y)": "y",
    "exp(sin(x) + x*y**3)": "log(y)",
    "sqrt(x + x**2*y**2)": "y^2",
    "-exp(sin(x) + x*y**3)": "log(y)",
    "(1 + y)*cos(2*x) - y/x": "y",
}


@pytest.mark.parametrize(("text", "transform"), LAWS.items())
def test_the_structure_is_seen_and_its_curves_reproduce_the_target(text: str, transform: str) -> None:
    data = table(text)
    first = graphs(data)[0]
    assert first.origin == f"A + B·g, {transform}"
    value = {name: data.column(name) for name in data.names}
    for node in first.nodes:
        if node.type is not NodeType.INPUT:
            edges = [first.edges[i] for i in first.into(node.name)]
            value[node.name] = node.type.array(
                [value[e.source] if e.source == "product" else np.interp(value[e.source], e.x, e.y) for e in edges]
            )
    rows = (np.abs(data.X - 1.25) < 0.7).all(axis=1)  # the curves are cut off at their loose ends
    assert value["t"][rows] == pytest.approx(data.y[rows], abs=0.01 * float(np.std(data.y)))


@pytest.mark.parametrize("text", ["x**2 + sin(x)*exp(-y)", "exp(sin(x) + x*y**3)"])
def test_the_formula_is_read_from_the_graph(text: str) -> None:
    data = table(text)
    graph = graphs(data)[0]
    fits = choose(graph, match_all(graph.edges), data, ChooseConfig(trials=12, keep=2))
    assert min(fit.rms for fit in fits) < 1e-9 * float(np.std(data.y))


@pytest.mark.parametrize(("clean", "least"), [(1e-4, 0.0), (CLEAN, 1e-4), (0.04, CLEAN)])
def test_nothing_above_the_threshold_comes_out(clean: float, least: float) -> None:
    """And what is above one threshold but not above the next comes out with the next."""
    errors = [graph.error for graph in graphs(table("sin(x) + exp(x)*log(y)", rows=300), clean)]
    assert least < max(errors) < clean


@pytest.mark.parametrize("text", ["sin(x*y) + x**y", "sin(3*x*y)", "tanh(x*y - 1) + cos(x + 2*y)"])
def test_what_is_not_of_this_form_gives_nothing(text: str) -> None:
    assert graphs(table(text)) == []


def test_noise_is_below_a_threshold_that_allows_for_it() -> None:
    data = table("x**2 + sin(x)*exp(-y)")
    noisy = data.y + 0.02 * float(np.std(data.y)) * np.random.default_rng(3).normal(size=data.rows)
    data = Dataset(data.X, noisy, data.names, data.target)
    assert graphs(data) == []
    assert graphs(data, 0.03)


def test_the_clock_is_asked() -> None:
    assert list(tensor(table("x**2 + sin(x)*exp(-y)"), MatchConfig(), CLEAN, lambda: True)) == []
