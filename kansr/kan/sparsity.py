"""The sparsity penalty as something Levenberg-Marquardt can minimise: a quadratic form, made anew at every step.

A size s is bounded by (s² / s0 + s0) / 2, with equality where s = s0 (reweighted least squares; for the entropy its
slope at s0 is taken). The size of an edge is what it moves the outputs, to first order, so that the scale of a hidden
node, which the next layer can undo, makes no edge small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.jacobian import Linearised, Trace

LEAST = 1e-4  # sizes are measured down to this, over the target's spread


@dataclass(frozen=True, kw_only=True)
class Sparsity:
    """lamb * (lamb_l1 * sizes + lamb_entropy * entropy of the sizes in a layer + coefficients + their differences)."""

    lamb: float = 0.0
    lamb_l1: float = 1.0
    lamb_entropy: float = 2.0
    lamb_coef: float = 0.0
    lamb_coefdiff: float = 0.0


def quadratic(f: Linearised, trace: Trace, slopes: list[Tensor], weights: Sparsity) -> tuple[Tensor, float]:
    """Rows D such that |D theta|² follows the penalty near the present theta, and the penalty itself.

    slopes: of the outputs with respect to the sums of each layer, (batch, outputs, out) each -> (rows, size)
    """
    found, total = [trace.output.new_zeros(0, f.size)], 0.0
    for n, s in enumerate(f.stages):
        edges, width = len(s.i), s.coef.shape[2]
        if not edges:
            continue
        basis = trace.basis[n] - trace.basis[n].mean(0)
        strength = slopes[n].square().sum(1)  # (batch, out)
        grams = torch.stack([basis[:, i].T @ (strength[:, o, None] * basis[:, i]) for i, o in zip(s.i, s.o)])
        grams /= len(basis)
        coef = s.coef[s.i, s.o]
        size = torch.einsum("eg,egh,eh->e", coef, grams, coef).clamp(min=0).sqrt()
        sum_, share = size.sum() + LEAST, (size + LEAST) / (size + LEAST).sum()
        entropy = -(share * share.log()).sum()
        total += float(weights.lamb_l1 * size.sum() + weights.lamb_entropy * entropy)
        pull = weights.lamb_l1 + weights.lamb_entropy * (-share.log() - entropy) / sum_
        blocks = (pull.clamp(min=0) / (2 * (size + LEAST)))[:, None, None] * grams
        for weight, D in ((weights.lamb_coef, torch.eye(width)), (weights.lamb_coefdiff, torch.eye(width).diff(dim=0))):
            if weight:
                change = coef @ D.to(coef).T
                total += weight * float(change.abs().mean(1).sum())
                rows = D.to(coef) / (2 * width * (change.abs() + LEAST)).sqrt()[..., None]
                blocks = blocks + weight * rows.transpose(1, 2) @ rows
        size_, V = torch.linalg.eigh(weights.lamb * blocks)
        rows = trace.output.new_zeros(edges * width, f.size)
        rows[:, f.blocks[n]] = torch.block_diag(*(size_.clamp(min=0).sqrt()[..., None] * V.transpose(1, 2)))
        found.append(rows)
    return torch.cat(found), weights.lamb * total


def slopes_of_sums(f: Linearised, trace: Trace) -> list[Tensor]:
    """The slopes of the outputs with respect to what each layer ends in: (batch, outputs, out) each."""
    batch, outputs = trace.output.shape
    slope = torch.eye(outputs, dtype=trace.output.dtype).expand(batch, -1, -1)
    found = []
    for n in range(len(f.stages) - 1, -1, -1):
        found.append(into := f.stages[n].nodes.pull_back(trace.sums[n], slope))
        slope = torch.einsum("bqo,bio->bqi", into, f.stages[n].slopes(trace.x[n], trace.basis_slope[n]))
    return found[::-1]
