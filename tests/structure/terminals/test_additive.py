"""Sums and products of curves: seen under every transform of the target, with curves that reproduce it."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import halves, table

from kansr.result.graph import Graph, NodeType
from kansr.structure.surrogate.target_transforms import TRANSFORMS, transformed
from kansr.structure.terminals.curves.additive import additive, multiplicative

# A sum of curves under each transform of the target: the transform's own inverse of x/4 + sin(y)/5 and the like.
SUMS = {
    "y": "sin(2*x) + log(y)",
    "log(y)": "exp(sin(2*x) + y**2)",
    "1/y": "1/(x**2 + exp(y))",
    "y^2": "sqrt(x**3 + exp(y))",
    "1/y^2": "1/sqrt(x**3 + exp(y))",
    "sqrt(y)": "(sin(x) + y**2)**2",
    "1/sqrt(y)": "(sin(x) + y**2)**(-2)",
    "exp(y)": "log(x**2 + exp(y))",
    "sin(y)": "asin(sin(2*x)/4 + y**2/6)",
    "cos(y)": "acos(sin(2*x)/4 + y**2/6)",
    "tan(y)": "atan(sin(2*x) + y**2)",
    "log(sin(y))": "asin(exp(sin(2*x)/4 - y**2/3 - 0.3))",
    "log(cos(y))": "acos(exp(sin(2*x)/4 - y**2/3 - 0.3))",
    "log(tan(y))": "atan(exp(sin(2*x)/4 + y**2/3 - 0.3))",
    "asin(y)": "sin(sin(2*x)/2 + y**2/5)",
    "atanh(y)": "tanh(sin(2*x)/2 + y**2/5)",
}


def test_every_transform_has_its_row_here() -> None:
    assert set(SUMS) == {transform.name for transform in TRANSFORMS}


@pytest.mark.parametrize(("name", "text"), SUMS.items())
def test_a_sum_under_a_transform_is_seen(name: str, text: str) -> None:
    first = next(additive(*halves(table(text))))
    assert first.origin == f"additive {name}"
    assert first.error < 1e-3


def test_a_negative_target_is_turned_round() -> None:
    data = table("-exp(sin(2*x) + y**2)")
    assert {sign for _, sign, _ in transformed(data.y)} == {-1}
    first = next(additive(*halves(data)))
    assert first.origin == "additive log(y)"
    assert first.error < 1e-3


def test_what_is_not_a_sum_is_not_taken_for_one() -> None:
    data = table("sin(3*x*y) + x**y", low=-0.0)
    assert min(graph.error for graph in additive(*halves(data))) > 0.02


PRODUCTS = {
    "all positive": ("x**2*exp(-y)*z", 0.5, 2.0),
    "one factor changes sign": ("sin(3*x)*exp(y)", -1.5, 1.5),
    "two factors, both with a zero": ("(x - 0.4)*cos(2*y)", -1.5, 1.5),
}


@pytest.mark.parametrize(("text", "low", "high"), PRODUCTS.values(), ids=PRODUCTS)
def test_a_product_of_curves_is_seen(text: str, low: float, high: float) -> None:
    data = table(text, low=low, high=high)
    (graph,) = multiplicative(*halves(data))
    assert graph.error < 2e-3
    assert graph.nodes[-1].type is NodeType.PRODUCT


@pytest.mark.parametrize("graphs", [additive, multiplicative])
def test_the_curves_of_a_graph_reproduce_the_target(graphs: object) -> None:
    data = table("x**2*exp(-y)*z")
    graph: Graph = next(graphs(*halves(data)))  # type: ignore[operator]
    value = {name: data.column(name) for name in data.names}
    for node in graph.nodes:
        if node.type is not NodeType.INPUT:
            edges = [graph.edges[i] for i in graph.into(node.name)]
            value[node.name] = node.type.array([np.interp(value[e.source], e.x, e.y) for e in edges])
    assert value["t"] == pytest.approx(data.y, abs=0.02 * float(np.std(data.y)))
