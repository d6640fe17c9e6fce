"""Importance of edges and nodes in a trained network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.network.network import Network


@dataclass(frozen=True, eq=False)
class Importance:
    """The importance of an edge or node: how far the output moves, to first order, if it is held at its mean.

    This is an rms over the rows, in standard deviations of the output, and over all outputs.
    edges: (in, out) for each layer; nodes: (nodes,) for each layer from the inputs on; sensitivity: (out,) for each
    layer, the rms derivative of the output by each sum, in units of the output
    """

    edges: tuple[Tensor, ...]
    nodes: tuple[Tensor, ...]
    sensitivity: tuple[Tensor, ...]


def importance(model: Network, X: Tensor) -> Importance:
    """The importance of every edge and node on some rows. X: (rows, inputs)"""
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
    deviation = values[-1].detach().std(0)
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    depth = len(sums)

    def effect(position: int, change: Tensor) -> Tensor:
        """The rms effect of a change on the outputs. change: (rows, ...); position: of its derivative in `slopes`"""
        total = change.new_zeros(change.shape[1:])
        for slope, scale in zip(slopes, deviation):
            if (part := slope[position]) is not None:
                wide = part[:, None] if change.ndim == 3 else part
                total = total + ((wide * change).square().mean(0).sqrt() / scale).square()
        return total.sqrt()

    by_edge = tuple(effect(n, p - p.mean(0)) for n, p in enumerate(postactivations))
    by_node = [effect(depth + n, v.detach() - v.detach().mean(0)) for n, v in enumerate(values[:-1])]
    sensitivity = tuple(effect(n, torch.ones_like(s)).detach() * deviation.max() for n, s in enumerate(sums))
    return Importance(by_edge, (*by_node, torch.ones_like(deviation)), sensitivity)
