"""Pruning: networks without the unimportant edges and nodes, whose means become biases.

There are two ways. `prune` goes by importance alone, as in pykan; it is what the methods of `KAN` call, which users
call. `prune_by_error` measures the held-out error of every smaller network; it is what searches call, in
`structure/terminals/curves/trained_network.py` alone. No other search prunes: networks that grow get their nodes one
by one, and a functional ANOVA is sparse from the start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from kansr.kan.network.network import EdgeIndex, Network
from kansr.kan.reading.importance import importance
from kansr.kan.training.levenberg_marquardt import Expired, never

log = logging.getLogger(__name__)

NODE_THRESHOLD = 1e-2  # importance below which a node is pruned, as in pykan
EDGE_THRESHOLD = 3e-2  # importance below which an edge is pruned, as in pykan


@dataclass(frozen=True)
class Pruned:
    """The edges that were removed, with their importance, the least important first."""

    edges: tuple[tuple[EdgeIndex, float], ...]

    @classmethod
    def of(cls, removed: Mapping[EdgeIndex, float]) -> Pruned:
        return cls(tuple(sorted(removed.items(), key=lambda item: item[1])))

    def __str__(self) -> str:
        return f"removed {len(self.edges)} edges: " + ", ".join(
            f"layer {layer} {i}->{o} ({weight:.1e})" for (layer, i, o), weight in self.edges
        )


@torch.no_grad()
def prune(
    model: Network, X: Tensor, threshold: float = 1e-2, node_threshold: float | None = None
) -> tuple[Network, Pruned]:
    """A new network without the nodes and edges of less importance than the thresholds; their means become biases.

    X: (rows, inputs); threshold: for edges, and for nodes unless node_threshold is given. A node is removed with all
    edges that leave it, as these may be important one by one and cancel in the output. At least one path from an
    input to each output stays.
    """
    new, removed = model.copy(), dict[EdgeIndex, float]()
    thresholds = threshold if node_threshold is None else node_threshold, threshold
    for candidates, limit in zip((_nodes, _edges), thresholds):
        for weight, edges in candidates(new, X):
            if weight >= limit:
                break
            if (trial := without(new, X, edges)) is not None:
                new = trial
                removed |= dict.fromkeys(edges, weight)
    report = Pruned.of(removed)
    log.info("%s", report)
    return new, report


def prune_by_error(
    model: Network,
    X: Tensor,
    error: Callable[[Network], float],
    worse: float = 0.02,
    threshold: float = 0.5,
    retrain: Callable[[Network], object] = lambda model: None,
    expired: Expired = never,
) -> tuple[Network, Pruned]:
    """Backward elimination: a new network without the nodes and edges whose removal leaves the error nearly as it is.

    X: (rows, inputs), where importance is measured; error: on held-out rows, less is better; worse: share of the error
    of `model` by which it may grow; threshold: importance above which nothing is removed; retrain: may train the
    smaller network (and change it) before its error is measured
    """
    new, limit, removed = model.copy(), (1 + worse) * error(model), dict[EdgeIndex, float]()
    for candidates in (_nodes, _edges):
        for weight, edges in candidates(new, X):
            if weight > threshold or expired():
                break
            if (trial := without(new, X, edges)) is None:
                continue
            retrain(trial)
            if error(trial) <= limit:
                new = trial
                removed |= dict.fromkeys(edges, weight)
    return new, Pruned.of(removed)


def _edges(model: Network, X: Tensor) -> list[tuple[float, list[EdgeIndex]]]:
    """Every edge in use with its importance, the least important first."""
    weights = importance(model, X).edges
    return sorted(
        (float(w[i, o]), [(n, i, o)])
        for n, (w, layer) in enumerate(zip(weights, model.layers))
        for i, o in layer.mask.nonzero().tolist()
    )


def _nodes(model: Network, X: Tensor) -> list[tuple[float, list[EdgeIndex]]]:
    """Every node in use as the edges that leave it, with its importance, the least important first."""
    weights = importance(model, X).nodes
    return sorted(
        (float(w[i]), [(n, i, o) for o in layer.mask[i].nonzero()[:, 0].tolist()])
        for n, (w, layer) in enumerate(zip(weights, model.layers))
        for i in range(layer.in_dim)
        if bool(layer.mask[i].any())
    )


@torch.no_grad()
def without(model: Network, X: Tensor, edges: Sequence[EdgeIndex]) -> Network | None:
    """A copy with the edges replaced by their means on X, as biases; None if an output would depend on no input."""
    new = model.copy()
    values = model.node_values(X)
    for n, i, o in edges:
        layer = new.layers[n]
        if layer.mask[i, o]:
            layer.bias[o] += layer.activations(values[n])[:, i, o].mean()
            layer.mask[i, o] = 0.0
    fold_constants(new)
    return new if _connected(new) else None


def _connected(model: Network) -> bool:
    """Whether every output depends on an input."""
    reached = torch.ones_like(model.layers[0].mask[:, 0])
    for layer, nodes in model.stages():
        into = (layer.mask.T @ reached > 0).to(reached)
        products = [into[g.start : g.stop].max()[None] for g in nodes.groups]
        reached = torch.cat([into[: nodes.sums], *products])
    return bool((reached > 0).all())


@torch.no_grad()
def fold_constants(model: Network) -> None:
    """Close the edges of `model` (which is changed) from constant nodes, as biases, and the edges into unused nodes."""
    stages = list(model.stages())
    for (before, nodes), (after, _) in pairwise(stages):
        fed = before.mask.sum(0) > 0
        value = nodes(before.bias[None])  # right for nodes without edges into them, and only used for these
        alive = torch.cat([fed[: nodes.sums], *(fed[g.start : g.stop].any()[None] for g in nodes.groups)])
        constant = after.activations(value)[0]  # (in, out)
        after.bias += constant[~alive].sum(0)
        after.mask[~alive] = 0.0
    for (before, nodes), (after, _) in reversed(list(pairwise(stages))):
        used = after.mask.sum(1) > 0
        products = [used[nodes.sums + n].expand(len(group)) for n, group in enumerate(nodes.groups)]
        keep = torch.cat([used[: nodes.sums], *products])
        before.mask[:, ~keep] = 0.0
