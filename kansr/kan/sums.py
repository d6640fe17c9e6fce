"""The sums of splines a layer ends in, a few rows at a time: what is worked on stays in the cache, and memory is small.

Going backwards the basis is computed once more instead of being kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kansr.kan.spline import Outside, basis_and_slope, dense_basis

CHUNK = 30_000  # numbers in the basis of one chunk of rows


class _SplineSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, coef: Tensor, knots: Tensor, k: int, outside: Outside) -> Tensor:
        ctx.save_for_backward(x, coef, knots)
        ctx.k, ctx.outside = k, outside
        flat = coef.transpose(1, 2).flatten(0, 1)
        sums = x.new_empty(len(x), coef.shape[1])
        for rows in _chunks(x, coef):
            torch.mm(dense_basis(x[rows], knots, k, outside).flatten(1), flat, out=sums[rows])
        return sums

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        x, coef, knots = ctx.saved_tensors
        if torch.is_grad_enabled():  # someone wants to differentiate once more
            parts = torch.autograd.grad(
                _plain(x, coef, knots, ctx.k, ctx.outside), (x, coef), grad[0], create_graph=True
            )
            return (*parts, None, None, None)
        flat = coef.transpose(1, 2).flatten(0, 1)
        by_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        by_flat = torch.zeros_like(flat)
        for rows in _chunks(x, coef):
            if by_x is None:
                basis = dense_basis(x[rows], knots, ctx.k, ctx.outside)
            else:
                basis, slope = basis_and_slope(x[rows], knots, ctx.k, ctx.outside)
                by_x[rows] = (slope * (grad[0][rows] @ flat.T).view_as(slope)).sum(2)
            by_flat.addmm_(basis.flatten(1).T, grad[0][rows])
        by_coef = by_flat.view(coef.shape[0], coef.shape[2], coef.shape[1]).transpose(1, 2)
        return by_x, by_coef, None, None, None


def spline_sums(x: Tensor, coef: Tensor, knots: Tensor, k: int, outside: Outside) -> Tensor:
    """x: (batch, in); coef: (in, out, G + k); knots: (in, G + 2k + 1) -> (batch, out)"""
    return _SplineSums.apply(x, coef, knots, k, outside)


def _plain(x: Tensor, coef: Tensor, knots: Tensor, k: int, outside: Outside) -> Tensor:
    return dense_basis(x, knots, k, outside).flatten(1) @ coef.transpose(1, 2).flatten(0, 1)


def _chunks(x: Tensor, coef: Tensor) -> Iterator[slice]:
    size = max(CHUNK // (coef.shape[0] * coef.shape[2]), 16)
    return (slice(start, start + size) for start in range(0, len(x), size))
