"""Smaller networks: without unused hidden nodes, or without unimportant inputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import EdgeIndex, Network
from kansr.kan.reading.importance import importance
from kansr.kan.reading.prune import NODE_THRESHOLD, Pruned, without


@torch.no_grad()
def compact(model: Network, inputs: bool = False) -> Network:
    """A new network without the hidden nodes, and with `inputs` the inputs, that no edge leaves.

    The remaining nodes are renumbered.
    """
    new = model.copy()
    rows = _used(new.layers[0]) if inputs else list(range(new.layers[0].in_dim))
    width: list[tuple[int, int]] = [(len(rows), 0)]
    arities: list[tuple[int, ...]] = [()]
    layers = []
    for n, (layer, nodes) in enumerate(new.stages()):
        last = n == len(new.layers) - 1
        kept = list(range(nodes.sums + len(nodes.groups))) if last else _used(new.layers[n + 1])
        groups = [nodes.groups[node - nodes.sums] for node in kept if node >= nodes.sums]
        sums = [node for node in kept if node < nodes.sums]
        layers.append(_part(layer, rows, sums + [factor for group in groups for factor in group]))
        width.append((len(sums), len(groups)))
        arities.append(tuple(len(group) for group in groups))
        rows = kept
    new.width, new.arities = tuple(width), tuple(arities)
    new.act_fun = nn.ModuleList(layers)
    return new


@torch.no_grad()
def prune_input(model: Network, X: Tensor, threshold: float = NODE_THRESHOLD) -> tuple[Network, list[int], Pruned]:
    """A new network without the inputs of less importance than the threshold, the columns of X that it takes, and the
    edges that were removed. X: (rows, inputs)"""
    weights, new, removed = importance(model, X).nodes[0], model.copy(), dict[EdgeIndex, float]()
    for i in weights.argsort().tolist():
        edges = [(0, i, o) for o in new.layers[0].mask[i].nonzero()[:, 0].tolist()]
        if weights[i] < threshold and (trial := without(new, X, edges)) is not None:
            new = trial
            removed |= dict.fromkeys(edges, float(weights[i]))
    return compact(new, inputs=True), _used(new.layers[0]), Pruned(tuple(removed.items()))


def _used(layer: KANLayer) -> list[int]:
    """The nodes that an edge leaves."""
    return layer.mask.any(1).nonzero()[:, 0].tolist()


def _part(layer: KANLayer, rows: list[int], columns: list[int]) -> KANLayer:
    """The part of a layer from these nodes to these sums."""

    def cut(values: Tensor) -> Tensor:
        return values.detach()[rows][:, columns].clone()

    part = KANLayer(layer.grid[rows].clone(), len(columns), layer.k, layer.base_fun, layer.outside)
    part.mask = cut(layer.mask)
    for name in ("coef", "scale_base", "scale_sp", "constants"):
        setattr(part, name, nn.Parameter(cut(getattr(layer, name))))
    part.bias = nn.Parameter(layer.bias.detach()[columns].clone())
    renumbered = {(i, o): (rows.index(i), columns.index(o)) for i in rows for o in columns}
    part.fixed = {renumbered[edge]: f for edge, f in layer.fixed.items() if edge in renumbered}
    return part
