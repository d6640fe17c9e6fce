"""From a network to a Graph of curves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline
from support.networks import WIDTHS, tutorial, uniform

from kansr.kan import KAN, fit_kan, prune, trace
from kansr.result.graph import Graph, NodeType


def evaluate(graph: Graph, X: np.ndarray) -> np.ndarray:
    values = dict(zip(graph.inputs, X.T))
    for node in graph.nodes:
        if node.type is not NodeType.INPUT:
            edges = [graph.edges[i] for i in graph.into(node.name)]
            terms = [CubicSpline(e.x, e.y)(values[e.source]) for e in edges]
            values[node.name] = node.type.array(terms)
    return values[graph.nodes[-1].name]


@pytest.mark.parametrize(("width", "arity"), WIDTHS[:4])
@pytest.mark.parametrize("threshold", [0.0, 0.3])
def test_a_graph_gives_what_the_network_gives(width: list, arity: object, threshold: float) -> None:
    X = uniform(400, width[0], seed=3)
    model, _ = prune(KAN(width, seed=5, noise_scale=1.0, mult_arity=arity), X, threshold)
    with torch.no_grad():
        model.layers[0].bias += 0.3
        model.layers[1].bias -= 0.7
        truth = model(X)[:, 0].numpy()
    graph = trace(model, X, [f"x{i}" for i in range(width[0])], "z")
    assert graph.nodes[-1].name == "z"
    assert evaluate(graph, X.numpy()) == pytest.approx(truth, abs=1e-4 * np.ptp(truth))
    assert all(np.all(np.diff(e.x) > 0) and 0 <= e.importance <= 1 for e in graph.edges)


def test_the_error_of_a_graph_is_shared_out_to_its_edges() -> None:
    X = uniform(600, 2)
    model, _ = fit_kan(X, tutorial(X), [2, 1, 1])
    graph = trace(model, X, ["a", "b"], "y", error=1e-3)
    outer = graph.edges[-1]
    assert (outer.source, outer.target) == ("h1_1", "y")
    assert outer.error == pytest.approx(1e-3 * float(model(X).detach().std()))
    assert graph.origin == "kan [2, 1, 1]"
    assert [(e.source, e.target) for e in graph.edges[:2]] == [("a", "h1_1"), ("b", "h1_1")]
