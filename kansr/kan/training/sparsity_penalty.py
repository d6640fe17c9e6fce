"""The sparsity penalty as something Levenberg-Marquardt can minimise: a quadratic form, made anew at every step.

A size s is bounded by (s² / s0 + s0) / 2, with equality where s = s0 (reweighted least squares; for the entropy its
slope at s0 is taken). The size of an edge is what it moves the outputs, to first order, so that the scale of a hidden
node, which the next layer can undo, makes no edge small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.training.jacobian import Linearised, Trace

LEAST = 1e-4  # sizes are measured down to this, over the target's spread


@dataclass(frozen=True, kw_only=True)
class Sparsity:
    """lamb * (lamb_l1 * sizes + lamb_entropy * entropy of the sizes in a layer + coefficients + their differences)."""

    lamb: float = 0.0
    lamb_l1: float = 1.0
    lamb_entropy: float = 2.0
    lamb_coef: float = 0.0
    lamb_coefdiff: float = 0.0


def quadratic(f: Linearised, trace: Trace, weights: Sparsity) -> tuple[Tensor, list[float]]:
    """Rows D such that |D theta|² follows the penalty near the present theta, and the penalty itself, net by net.

    -> (nets, rows, size) and one number a network
    """
    nets = len(trace.output)
    found, total = [trace.output.new_zeros(nets, 0, f.size)], trace.output.new_zeros(nets)
    for n, into in f.backward(trace):
        s = f.stages[n]
        edges, width = len(s.i), s.width
        if not edges:
            continue
        basis = trace.dense[n] - f.mean(trace.dense[n])[:, None]
        strength = into.square().sum(2)[:, :, s.o]  # (nets, batch, edges)
        along = basis[:, :, s.i].transpose(1, 2)  # (nets, edges, batch, G + k)
        grams = along.mT @ (strength.mT[..., None] * along) / basis.shape[1]
        coef = s.coef[:, s.i, s.o]
        size = torch.einsum("seg,segh,seh->se", coef, grams, coef).clamp(min=0).sqrt()
        sum_ = size.sum(1, keepdim=True) + LEAST
        share = (size + LEAST) / (size + LEAST).sum(1, keepdim=True)
        entropy = -(share * share.log()).sum(1, keepdim=True)
        total += weights.lamb_l1 * size.sum(1) + weights.lamb_entropy * entropy[:, 0]
        pull = weights.lamb_l1 + weights.lamb_entropy * (-share.log() - entropy) / sum_
        blocks = (pull.clamp(min=0) / (2 * (size + LEAST)))[..., None, None] * grams
        one = torch.eye(width, dtype=coef.dtype, device=coef.device)
        for weight, D in ((weights.lamb_coef, one), (weights.lamb_coefdiff, one.diff(dim=0))):
            if weight:
                change = coef @ D.T
                total += weight * change.abs().mean(2).sum(1)
                rows = D / (2 * width * (change.abs() + LEAST)).sqrt()[..., None]
                blocks = blocks + weight * rows.mT @ rows
        size_, V = torch.linalg.eigh(weights.lamb * blocks)
        roots = size_.clamp(min=0).sqrt()[..., None] * V.mT
        rows = trace.output.new_zeros(nets, edges * width, f.size)
        rows[..., f.blocks[n]] = torch.stack([torch.block_diag(*own) for own in roots])
        found.append(rows)
    return torch.cat(found, 1), (weights.lamb * total).tolist()
