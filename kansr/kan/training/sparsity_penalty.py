"""The sparsity penalty: for LBFGS and Adam as it was published, for Levenberg-Marquardt as a quadratic form.

The quadratic form is computed anew at every step, which is iteratively reweighted least squares: a size s is at most
(s² / s0 + s0) / 2, with equality at its present value s0, and the entropy is replaced by its tangent there. The size
of an edge is here how far it moves the outputs, to first order (rms over the rows), so rescaling a hidden node, which
the next layer can undo, makes no edge smaller.
Source: Z. Liu et al. 2024, arXiv 2404.19756, section 2.5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.network.network import Network
from kansr.kan.training.jacobian import ForwardPass, Linearised

LEAST_SIZE = 1e-4  # added to every size, in standard deviations of the target: keeps the weights 1 / s finite
LEAST_SHARE = 1e-30  # added to shares and sums of sizes, which can be 0; a normal number in single precision too


@dataclass(frozen=True, kw_only=True)
class Sparsity:
    """lamb times a weighted sum of: sizes of the edges, entropy of the sizes in a layer, mean absolute coefficients of
    a spline, and their mean absolute differences."""

    lamb: float = 0.0
    lamb_l1: float = 1.0
    lamb_entropy: float = 2.0
    lamb_coef: float = 0.0
    lamb_coefdiff: float = 0.0


def penalty(model: Network, X: Tensor, weights: Sparsity) -> Tensor:
    """The penalty over lamb, with mean absolute activations as sizes. X: (rows, inputs)"""
    x, total = X, X.new_zeros(())
    for layer, nodes in model.stages():
        size = layer.activations(x).abs().mean(0)
        share = size / (size.sum() + LEAST_SHARE)
        total = total + weights.lamb_l1 * size.sum()
        total = total - weights.lamb_entropy * (share * (share + LEAST_SHARE).log()).sum()
        total = total + weights.lamb_coef * layer.coef.abs().mean(2).sum()
        total = total + weights.lamb_coefdiff * layer.coef.diff(dim=2).abs().mean(2).sum()
        x = nodes(layer(x))
    return total


def quadratic(f: Linearised, forward: ForwardPass, weights: Sparsity) -> tuple[Tensor, list[float]]:
    """A matrix D such that |D theta|² bounds the penalty near the present theta, and the penalty of each network.

    -> (nets, rows, size), nets numbers
    """
    nets = len(forward.output)
    parts, total = [forward.output.new_zeros(nets, 0, f.size)], forward.output.new_zeros(nets)
    for n, by_sums in f.backward(forward):
        layer = f.layers[n]
        if not len(layer.i):
            continue
        coef, grams = layer.coef[:, layer.i, layer.o], _grams(f, forward, n, by_sums)
        size = torch.einsum("seg,segh,seh->se", coef, grams, coef).clamp(min=0).sqrt()
        share = (size + LEAST_SIZE) / (size + LEAST_SIZE).sum(1, keepdim=True)
        entropy = -(share * share.log()).sum(1, keepdim=True)
        total += weights.lamb_l1 * size.sum(1) + weights.lamb_entropy * entropy[:, 0]
        by_size = weights.lamb_entropy * (-share.log() - entropy) / (size.sum(1, keepdim=True) + LEAST_SIZE)
        slope = (weights.lamb_l1 + by_size).clamp(min=0)
        blocks = (slope / (2 * (size + LEAST_SIZE)))[..., None, None] * grams
        one = torch.eye(layer.basis_count, dtype=coef.dtype, device=coef.device)
        for weight, D in ((weights.lamb_coef, one), (weights.lamb_coefdiff, one.diff(dim=0))):
            if weight:
                change = coef @ D.T
                total += weight * change.abs().mean(2).sum(1)
                rows = D / (2 * layer.basis_count * (change.abs() + LEAST_SIZE)).sqrt()[..., None]
                blocks = blocks + weight * rows.mT @ rows
        part = forward.output.new_zeros(nets, len(layer.i) * layer.basis_count, f.size)
        part[..., f.blocks[n]] = torch.stack([torch.block_diag(*each) for each in _roots(weights.lamb * blocks)])
        parts.append(part)
    return torch.cat(parts, 1), (weights.lamb * total).tolist()


def _grams(f: Linearised, forward: ForwardPass, n: int, by_sums: Tensor) -> Tensor:
    """The matrices M of layer n with size² = coef M coef. by_sums: (nets, batch, outputs, out)
    -> (nets, edges, G + k, G + k)"""
    layer = f.layers[n]
    basis = forward.dense[n] - f.mean(forward.dense[n])[:, None]
    strength = by_sums.square().sum(2)[:, :, layer.o]  # (nets, batch, edges)
    along = basis[:, :, layer.i].transpose(1, 2)  # (nets, edges, batch, G + k)
    return along.mT @ (strength.mT[..., None] * along) / basis.shape[1]


def _roots(M: Tensor) -> Tensor:
    """Matrices R with RᵀR = M, for symmetric M that are positive up to rounding."""
    eigenvalues, V = torch.linalg.eigh(M)
    return eigenvalues.clamp(min=0).sqrt()[..., None] * V.mT
