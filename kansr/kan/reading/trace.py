"""From a pruned network to a Graph: sampled curves in the units of the table, without splines, biases and tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network, Nodes
from kansr.kan.reading.importance import importance
from kansr.kan.reading.prune import fold_constants
from kansr.kan.training.dataset import as_float64
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import EQUAL_VALUES, TINY
from kansr.result.graph import Edge, Graph, Node, NodeType

POINTS = 200  # samples of each curve, at most


@torch.no_grad()
def trace(
    model: Network, X: Tensor | Array, names: Sequence[str], target: str = "y", origin: str = "", error: float = 0.0
) -> Graph:
    """The network as a Graph: the value of a node is the sum or product of the curves that enter it.

    X: (rows, inputs), in the units of the table; error: rms on held-out rows, in standard deviations of the target
    Raises UsageError for a network of several outputs, or where names do not match the inputs.
    """
    X = as_float64(X).cpu()
    outputs = sum(model.width[-1])
    if outputs != 1 or len(names) != X.shape[1]:
        raise UsageError(
            f"a graph needs one output and a name for each input; this network has {outputs} outputs, "
            f"and there are {len(names)} names for {X.shape[1]} inputs"
        )
    model = model.copy().cpu()
    fold_constants(model)
    weights = importance(model, X)
    values = model.node_values(X)
    allowed = error * float(values[-1].std())
    sources = list(names)
    nodes = [Node(name, NodeType.INPUT) for name in names]
    edges: list[Edge] = []
    for n, (layer, ends) in enumerate(model.stages()):
        last = n == len(model.layers) - 1
        targets = [target] if last else [f"h{n + 1}_{j + 1}" for j in range(ends.sums + len(ends.groups))]
        errors = allowed / weights.sensitivity[n].clamp(min=TINY)
        curves = _Curves(layer, values[n], sources, weights.edges[n], errors)
        for node, into in _nodes(curves, ends, targets):
            nodes.append(node)
            edges += into
        sources = targets
    if nodes[-1].name != target:
        nodes.append(Node(target, NodeType.SUM))
        edges.append(_constant(names[0], target, X[:, 0], float(values[-1].mean())))
    largest = max(edge.importance for edge in edges) or 1.0
    return Graph(
        tuple(nodes),
        tuple(replace(edge, importance=edge.importance / largest) for edge in edges),
        origin or model.describe(),
        error,
    )


@dataclass(eq=False)
class _Curves:
    """The edges of one layer as sampled curves.

    values: (rows, in), of the nodes they leave, whose names are `sources`; weights: (in, out), importance;
    errors: (out,), of a sum, that would explain the error of the network
    """

    layer: KANLayer
    values: Tensor
    sources: Sequence[str]
    weights: Tensor
    errors: Tensor

    def into(self, o: int, target: str, scale: float = 1.0) -> list[Edge]:
        """The edges into sum o, times `scale`. The bias is added to the first of them."""
        bias = float(self.layer.bias[o])
        edges = []
        for i in self.layer.mask[:, o].nonzero()[:, 0].tolist():
            x = sample_points(self.values[:, i].numpy())
            points = self.values.new_zeros(len(x), self.layer.in_dim) + self.values.mean(0)
            points[:, i] = torch.from_numpy(x)
            y = scale * (self.layer.activations(points)[:, i, o].numpy() + bias)
            error = abs(scale) * float(self.errors[o])
            edges.append(Edge(self.sources[i], target, x, y, error, float(self.weights[i, o])))
            bias = 0.0
        return edges


def _nodes(curves: _Curves, ends: Nodes, targets: Sequence[str]) -> Iterator[tuple[Node, list[Edge]]]:
    """The nodes that a layer ends in, with the edges into them; a factor that sums several edges becomes a node."""
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
    """Ascending points at which a curve is sampled: half of them quantiles of the values, half evenly over their range.

    values: (rows,) -> (points,), at most POINTS
    """
    share = np.linspace(0, 1, POINTS // 2)
    points = np.unique(np.concatenate([np.quantile(values, share), values.min() + share * np.ptp(values)]))
    apart = np.diff(points) > EQUAL_VALUES * np.ptp(values)
    return points[np.concatenate([[True], apart])]


def _constant(source: str, target: str, values: Tensor, value: float) -> Edge:
    x = sample_points(values.numpy())
    return Edge(source, target, x, np.full_like(x, value))
