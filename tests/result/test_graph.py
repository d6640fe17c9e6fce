"""The graph: built from a formula, matched and composed, it gives the formula back; and it is plain JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.symbolic.matching.choose import choose, combinations
from kansr.symbolic.matching.compose import compose
from kansr.symbolic.matching.match import match_all

x, y, z = sympy.symbols("x y z")
Curve = Callable[[Array], Array]
Row = tuple[str, str, Curve]


def same(u: Array) -> Array:
    return u


def graph_of(data: Dataset, rows: list[Row], kinds: dict[str, NodeType], error: float = 0.0) -> Graph:
    """The graph whose edges are `rows` (source, target, function), with curves sampled where the data pass."""
    value = {name: data.column(name) for name in data.names}
    for node, kind in kinds.items():
        value[node] = kind.array([f(value[source]) for source, target, f in rows if target == node])
    edges = []
    for source, target, f in rows:
        points = np.unique(np.linspace(value[source].min(), value[source].max(), 200))
        edges.append(Edge(source, target, points, f(points), error))
    nodes = [*(Node(name, NodeType.INPUT) for name in data.names), *(Node(name, kind) for name, kind in kinds.items())]
    return Graph(tuple(nodes), tuple(edges), "drawn", error)


def table(
    text: str, names: str = "x y z", low: float = 0.3, high: float = 2.0, rows: int = 300, seed: int = 1
) -> Dataset:
    X = np.random.default_rng(1).uniform(low, high, (rows, len(names.split())))
    return Dataset(X, evaluate(parse(text), dict(zip(names.split(), X.T))), tuple(names.split()), "t")


# A formula, and the graph that computes it: rows and the types of the nodes behind the inputs.
FORMULAS: dict[str, tuple[str, list[Row], dict[str, NodeType]]] = {
    "exp(sin(pi*x) + y**2)": (
        "x y",
        [("x", "h", lambda u: np.sin(np.pi * u)), ("y", "h", np.square), ("h", "t", np.exp)],
        {"h": NodeType.SUM, "t": NodeType.SUM},
    ),
    "3*x**2*exp(-y)*z": (
        "x y z",
        [("x", "t", lambda u: 3 * u**2), ("y", "t", lambda u: np.exp(-u)), ("z", "t", same)],
        {"t": NodeType.PRODUCT},
    ),
    "x*y + 2*sin(z)": (
        "x y z",
        [("x", "p", same), ("y", "p", same), ("p", "t", same), ("z", "t", lambda u: 2 * np.sin(u))],
        {"p": NodeType.PRODUCT, "t": NodeType.SUM},
    ),
    "sqrt(x**2 + y**2)": (
        "x y",
        [("x", "h", np.square), ("y", "h", np.square), ("h", "t", np.sqrt)],
        {"h": NodeType.SUM, "t": NodeType.SUM},
    ),
    "1/(x + y)": (
        "x y",
        [("x", "h", same), ("y", "h", same), ("h", "t", np.reciprocal)],
        {"h": NodeType.SUM, "t": NodeType.SUM},
    ),
    "2*log(x) - y": (
        "x y",
        [("x", "t", lambda u: 2 * np.log(u)), ("y", "t", np.negative)],
        {"t": NodeType.SUM},
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_graph_of_a_formula_matched_and_composed_is_the_formula(text: str) -> None:
    names, rows, kinds = FORMULAS[text]
    data = table(text, names)
    graph = graph_of(data, rows, kinds)
    best = compose(graph, [fits[0] for fits in match_all(graph.edges)])
    assert evaluate(best, dict(zip(data.names, data.X.T))) == pytest.approx(data.y, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("text", FORMULAS)
def test_choosing_fits_the_formula_end_to_end(text: str) -> None:
    names, rows, kinds = FORMULAS[text]
    data = table(text, names)
    graph = graph_of(data, rows, kinds)
    first = choose(graph, match_all(graph.edges), data)[0]
    assert first.rms < 1e-10 * float(np.std(data.y))


def test_the_rows_decide_where_the_curves_cannot() -> None:
    """Curves known to 3 % fit many functions; the formula as a whole, refitted, does not."""
    text = "exp(sin(pi*x) + y**2)"
    names, rows, kinds = FORMULAS[text]
    data = table(text, names)
    rng = np.random.default_rng(5)
    exact = graph_of(data, rows, kinds, error=0.01)
    blurred = [Edge(e.source, e.target, e.x, e.y + rng.normal(0, 0.01, len(e.x)), 0.01) for e in exact.edges]
    graph = Graph(exact.nodes, tuple(blurred), "blurred", 0.01)
    first = choose(graph, match_all(graph.edges), data)[0]
    assert first.rms < 1e-8 * float(np.std(data.y))


def test_composing_by_hand() -> None:
    text = "x*y + 2*sin(z)"
    names, rows, kinds = FORMULAS[text]
    graph = graph_of(table(text, names), rows, kinds)
    fits = [
        next(fit for fit in fits if fit.function.name == name)
        for fits, name in zip(match_all(graph.edges), ("x", "x", "x", "sin"))
    ]
    values = {name: np.array([value]) for name, value in (("x", 3.0), ("y", -2.0), ("z", 0.5))}
    assert float(evaluate(compose(graph, fits), values)[0]) == pytest.approx(-6 + 2 * np.sin(0.5), rel=1e-9)


def test_combinations_come_best_first_and_only_once() -> None:
    text = "3*x**2*exp(-y)*z"
    names, rows, kinds = FORMULAS[text]
    graph = graph_of(table(text, names), rows, kinds)
    matches = match_all(graph.edges)
    every = [tuple(fit.function.name for fit in fits) for fits in combinations(graph, matches, 3)]
    assert every[0] == tuple(fits[0].function.name for fits in matches)
    assert len(every) == len(set(every)) == 27


def test_an_edge_that_nothing_matches_leaves_no_combination() -> None:
    text = "3*x**2*exp(-y)*z"
    names, rows, kinds = FORMULAS[text]
    graph = graph_of(table(text, names), rows, kinds)
    first, *others = match_all(graph.edges)
    assert list(combinations(graph, [(), *others], 3)) == []
    assert list(combinations(graph, [first, *others], 3))


def test_a_graph_is_plain_json() -> None:
    names, rows, kinds = FORMULAS["x*y + 2*sin(z)"]
    graph = graph_of(table("x*y + 2*sin(z)", names), rows, kinds)
    plain = graph.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert [node["type"] for node in plain["nodes"]] == ["input", "input", "input", "product", "sum"]
    for edge, row in zip(graph.edges, plain["edges"], strict=True):
        assert (row["source"], row["target"]) == (edge.source, edge.target)
        assert len(row["x"]) == len(row["y"]) <= 33
        assert (row["x"][0], row["x"][-1]) == (edge.x[0], edge.x[-1])


def test_a_graph_knows_its_inputs_and_what_runs_into_a_node() -> None:
    names, rows, kinds = FORMULAS["x*y + 2*sin(z)"]
    graph = graph_of(table("x*y + 2*sin(z)", names), rows, kinds)
    assert graph.inputs == ("x", "y", "z")
    assert [graph.edges[i].source for i in graph.into("p")] == ["x", "y"]
    assert [graph.edges[i].source for i in graph.into("t")] == ["p", "z"]
    assert list(graph.into("x")) == []


@pytest.mark.parametrize("kind", [NodeType.SUM, NodeType.PRODUCT])
def test_a_node_is_the_same_in_symbols_and_in_arrays(kind: NodeType) -> None:
    values = {"x": np.array([2.0, -1.0]), "y": np.array([5.0, 3.0]), "z": np.array([0.5, 4.0])}
    assert evaluate(kind.symbolic([x, y, z]), values) == pytest.approx(kind.array(list(values.values())))
