"""What matters in a trained network, and the smaller network that is left without the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from kansr.kan.network.network import Network
from kansr.kan.training.levenberg_marquardt import Expired, never

log = logging.getLogger(__name__)

Edge = tuple[int, int, int]  # layer, from, to (a sum or a factor)


@dataclass(frozen=True, eq=False)
class Importance:
    """How far the output moves, to first order, when an edge or a node is held at its mean; over the output's spread.

    edges: (in, out) for each layer; nodes: (nodes,) for each layer, inputs first. `sensitivity`: the rms slope of
    the output with respect to each edge, (out,) for each layer, in units of the output.
    """

    edges: tuple[Tensor, ...]
    nodes: tuple[Tensor, ...]
    sensitivity: tuple[Tensor, ...]


@dataclass(frozen=True)
class Pruned:
    """A report: what was removed, with its importance, the least important first."""

    edges: tuple[tuple[Edge, float], ...]

    @classmethod
    def of(cls, removed: Mapping[Edge, float]) -> Pruned:
        return cls(tuple(sorted(removed.items(), key=lambda item: item[1])))

    def __str__(self) -> str:
        return f"removed {len(self.edges)} edges: " + ", ".join(
            f"layer {layer} {i}->{o} ({weight:.1e})" for (layer, i, o), weight in self.edges
        )


def importance(model: Network, X: Tensor) -> Importance:
    """The importance of every edge and node on the rows of X, all outputs together. X: (rows, inputs)"""
    x, sums, postactivations = X.detach().clone().requires_grad_(), [], []
    values = [x]
    with torch.enable_grad():
        for layer, nodes in model.stages():
            postactivations.append(layer.activations(values[-1]).detach())
            sums.append(layer(values[-1]))
            values.append(nodes(sums[-1]))
        slopes = [
            torch.autograd.grad(output.sum(), sums + values[:-1], retain_graph=True, allow_unused=True)
            for output in values[-1].unbind(1)
        ]
    spread = values[-1].detach().std(0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    depth = len(sums)

    def size(position: int, change: Tensor) -> Tensor:
        """change: (rows, ...) -> the rms effect on the outputs over their spread; `position` is that of the slope"""
        total = change.new_zeros(change.shape[1:])
        for slope, one in zip(slopes, spread):
            if (part := slope[position]) is not None:
                wide = part[:, None] if change.ndim == 3 else part
                total = total + ((wide * change).square().mean(0).sqrt() / one).square()
        return total.sqrt()

    edges = tuple(size(n, p - p.mean(0)) for n, p in enumerate(postactivations))
    nodes_ = [size(depth + n, v.detach() - v.detach().mean(0)) for n, v in enumerate(values[:-1])]
    sensitivity = tuple(size(n, torch.ones_like(s)).detach() * spread.max() for n, s in enumerate(sums))
    return Importance(edges, (*nodes_, torch.ones_like(spread)), sensitivity)


@torch.no_grad()
def prune(
    model: Network, X: Tensor, threshold: float = 1e-2, node_threshold: float | None = None
) -> tuple[Network, Pruned]:
    """A new network without the nodes and edges whose importance is below the threshold; their means stay.

    A node goes with all edges that leave it: what they give one by one may be large and cancel in the output.
    At least one path from an input to each output is kept.
    """
    new, removed = model.copy(), dict[Edge, float]()
    limits = threshold if node_threshold is None else node_threshold, threshold
    for candidates, limit in zip((_nodes, _edges), limits):
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
    """Remove the weakest nodes, then the weakest edges, as long as `error(network)` grows by no more than `worse`.

    `error` is measured on rows held out, `worse` is a share of it; `retrain` may train the smaller network before it
    is judged. What is more important than `threshold` is not tried.
    """
    new, limit, removed = model.copy(), (1 + worse) * error(model), dict[Edge, float]()
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


def _edges(model: Network, X: Tensor) -> list[tuple[float, list[Edge]]]:
    """Every edge in use with its importance, the weakest first."""
    weights = importance(model, X).edges
    return sorted(
        (float(w[i, o]), [(n, i, o)])
        for n, (w, layer) in enumerate(zip(weights, model.layers))
        for i, o in layer.mask.nonzero().tolist()
    )


def _nodes(model: Network, X: Tensor) -> list[tuple[float, list[Edge]]]:
    """The edges that leave each node in use, with the importance of the node, the weakest first."""
    weights = importance(model, X).nodes
    return sorted(
        (float(w[i]), [(n, i, o) for o in layer.mask[i].nonzero()[:, 0].tolist()])
        for n, (w, layer) in enumerate(zip(weights, model.layers))
        for i in range(layer.in_dim)
        if bool(layer.mask[i].any())
    )


@torch.no_grad()
def without(model: Network, X: Tensor, edges: Sequence[Edge]) -> Network | None:
    """A copy in which the edges give their means on X, as biases; None if an output would hang on nothing."""
    new = model.copy()
    values = model.node_values(X)
    for n, i, o in edges:
        layer = new.layers[n]
        if layer.mask[i, o]:
            layer.bias[o] += layer.activations(values[n])[:, i, o].mean()
            layer.mask[i, o] = 0.0
    settle_constants(new)
    return new if _connected(new) else None


def _connected(model: Network) -> bool:
    reached = torch.ones_like(model.layers[0].mask[:, 0])
    for layer, nodes in model.stages():
        into = (layer.mask.T @ reached > 0).to(reached)
        products = [into[g.start : g.stop].max()[None] for g in nodes.groups]
        reached = torch.cat([into[: nodes.sums], *products])
    return bool((reached > 0).all())


@torch.no_grad()
def settle_constants(model: Network) -> None:
    """Take out edges that start at constant nodes or end in unused ones (in place); what they give becomes a bias."""
    stages = list(model.stages())
    for (before, nodes), (after, _) in pairwise(stages):
        fed = before.mask.sum(0) > 0
        value = nodes(before.bias[None])  # of nodes without edges: their bias, or the product of them
        alive = torch.cat([fed[: nodes.sums], *(fed[g.start : g.stop].any()[None] for g in nodes.groups)])
        given = after.activations(value)[0]  # (in, out)
        after.bias += given[~alive].sum(0)
        after.mask[~alive] = 0.0
    for (before, nodes), (after, _) in reversed(list(pairwise(stages))):
        used = after.mask.sum(1) > 0
        products = [used[nodes.sums + n].expand(len(group)) for n, group in enumerate(nodes.groups)]
        keep = torch.cat([used[: nodes.sums], *products])
        before.mask[:, ~keep] = 0.0
