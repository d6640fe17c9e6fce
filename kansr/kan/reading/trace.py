"""From a pruned network to a Graph: plain curves in the units of the table, without splines, biases or tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network, Nodes
from kansr.kan.reading.importance import importance, settle_constants
from kansr.kan.training.dataset import numbers
from kansr.numeric.arrays import Array
from kansr.result.graph import Edge, Graph, Node, NodeType

POINTS = 200  # of x on each edge


@torch.no_grad()
def trace(
    model: Network, X: Tensor | Array, names: Sequence[str], target: str = "y", origin: str = "", error: float = 0.0
) -> Graph:
    """The network as a Graph; summing or multiplying the curves into a node gives the value of the node.

    X: (rows, inputs), in the units of the table; `error`: the rms error on held-out rows over the target's spread.
    """
    X = numbers(X).cpu()
    outputs = sum(model.width[-1])
    if outputs != 1 or len(names) != X.shape[1]:
        raise UsageError(
            f"a graph has one target and a name for each input; this network has {outputs} outputs, "
            f"and there are {len(names)} names for {X.shape[1]} inputs"
        )
    model = model.copy().cpu()
    settle_constants(model)
    weights = importance(model, X)
    values = model.node_values(X)
    allowed = error * float(values[-1].std())
    sources = list(names)
    nodes = [Node(name, NodeType.INPUT) for name in names]
    edges: list[Edge] = []
    for n, (layer, ends) in enumerate(model.stages()):
        last = n == len(model.layers) - 1
        targets = [target] if last else [f"h{n + 1}_{j + 1}" for j in range(ends.sums + len(ends.groups))]
        errors = allowed / weights.sensitivity[n].clamp(min=1e-300)
        curves = _Curves(layer, values[n], sources, weights.edges[n], errors)
        for node, into in _nodes(curves, ends, targets):
            nodes.append(node)
            edges += into
        sources = targets
    if nodes[-1].name != target:
        nodes.append(Node(target, NodeType.SUM))
        edges.append(_constant(names[0], target, X[:, 0], float(values[-1].mean())))
    most = max(edge.importance for edge in edges) or 1.0
    return Graph(
        tuple(nodes),
        tuple(replace(edge, importance=edge.importance / most) for edge in edges),
        origin or model.describe(),
        error,
    )


@dataclass(eq=False)
class _Curves:
    """The edges of one layer as samples. values: (rows, in); weights: (in, out); errors: (out,)"""

    layer: KANLayer
    values: Tensor
    sources: Sequence[str]
    weights: Tensor
    errors: Tensor

    def into(self, o: int, target: str, scale: float = 1.0) -> list[Edge]:
        """The edges into the sum o, times `scale`; the first carries its bias."""
        bias = float(self.layer.bias[o])
        edges = []
        for i in self.layer.mask[:, o].nonzero()[:, 0].tolist():
            x = sample_points(self.values[:, i].numpy())
            at = self.values.new_zeros(len(x), self.layer.in_dim) + self.values.mean(0)
            at[:, i] = torch.from_numpy(x)
            y = scale * (self.layer.activations(at)[:, i, o].numpy() + bias)
            error = abs(scale) * float(self.errors[o])
            edges.append(Edge(self.sources[i], target, x, y, error, float(self.weights[i, o])))
            bias = 0.0
        return edges


def _nodes(curves: _Curves, ends: Nodes, targets: Sequence[str]) -> Iterator[tuple[Node, list[Edge]]]:
    """The nodes a layer ends in with the edges into them; a factor that is a sum of several edges is a node itself."""
    for o in range(ends.sums):
        if into := curves.into(o, targets[o]):
            yield Node(targets[o], NodeType.SUM), into
    for name, group in zip(targets[ends.sums :], ends.groups):
        count = curves.layer.mask.sum(0).long().tolist()
        scale = float(curves.layer.bias[[f for f in group if count[f] == 0]].prod())
        product: list[Edge] = []
        for number, f in enumerate((f for f in group if count[f]), 1):
            if count[f] == 1:
                product += curves.into(f, name, scale)
            else:
                factor = f"{name}_{number}"
                yield Node(factor, NodeType.SUM), (into := curves.into(f, factor))
                x = sample_points(curves.layer(curves.values)[:, f].numpy())
                product.append(Edge(factor, name, x, scale * x, 0.0, max(edge.importance for edge in into)))
            scale = 1.0
        if product:
            yield Node(name, NodeType.PRODUCT), product


def sample_points(values: Array) -> Array:
    """Points where an edge is looked at: half of them as the data lie, half evenly over their range, ascending."""
    share = np.linspace(0, 1, POINTS // 2)
    points = np.unique(np.concatenate([np.quantile(values, share), values.min() + share * np.ptp(values)]))
    apart = np.diff(points) > 1e-9 * np.ptp(values)  # equal but for rounding: a slope between them means nothing
    return points[np.concatenate([[True], apart])]


def _constant(source: str, target: str, values: Tensor, value: float) -> Edge:
    x = sample_points(values.numpy())
    return Edge(source, target, x, np.full_like(x, value))
