"""The sums of splines that a layer ends in, computed in chunks of rows that fit the processor's cache.

The backward pass computes the basis again instead of keeping it, which saves most of the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kansr.kan.network.spline import (
    Outside,
    dense_basis,
    even_basis,
    is_uniform,
    locate,
    polynomial_range,
    weighted_slopes,
)

CHUNK_NUMBERS = 100_000  # basis values in one chunk of rows; in float64 they take 0.8 MB
CHUNK_ROWS = 16  # at least, however wide the layer is


class _SplineSums(torch.autograd.Function):
    """`spline_sums` on evenly spaced knots, extrapolated by the end polynomials."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, coef: Tensor, knots: Tensor, k: int) -> Tensor:
        ctx.save_for_backward(x, coef, knots)
        ctx.k = k
        flat = coef.transpose(1, 2).flatten(0, 1)
        cell, u, _ = locate(x, knots, k)
        sums, G = x.new_empty(len(x), coef.shape[1]), coef.shape[2] - k
        for rows in _chunks(x, coef):
            torch.mm(even_basis(cell[rows], u[rows], G, k).flatten(1), flat, out=sums[rows])
        return sums

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        x, coef, knots = ctx.saved_tensors
        if torch.is_grad_enabled():  # second derivatives are asked for
            wanted = [value for value, needed in zip((x, coef), ctx.needs_input_grad) if needed]
            found = iter(torch.autograd.grad(_plain(x, coef, knots, ctx.k), wanted, grad[0], create_graph=True))
            return *(next(found) if needed else None for needed in ctx.needs_input_grad[:2]), None, None
        flat, k, G = coef.transpose(1, 2).flatten(0, 1), ctx.k, coef.shape[2] - ctx.k
        cell, u, h = locate(x, knots, k)
        by_u = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        by_flat = torch.zeros_like(flat)
        for rows in _chunks(x, coef):
            into = grad[0][rows]
            if by_u is not None:
                weights = (into @ flat.T).view(*u[rows].shape, G + k)
                by_u[rows] = weighted_slopes(cell[rows], u[rows], k, weights)
            by_flat.addmm_(even_basis(cell[rows], u[rows], G, k).flatten(1).T, into)
        by_coef = by_flat.view(coef.shape[0], coef.shape[2], coef.shape[1]).transpose(1, 2)
        return None if by_u is None else by_u / h, by_coef, None, None


def spline_sums(x: Tensor, coef: Tensor, knots: Tensor, k: int, outside: Outside) -> Tensor:
    """The sum over the inputs of the splines into each node.

    x: (batch, in); coef: (in, out, G + k); knots: (in, G + 2k + 1) -> (batch, out)
    """
    if not k or not is_uniform(knots):
        return _plain(x, coef, knots, k, outside)
    if outside == "polynomial":
        return _SplineSums.apply(x, coef, knots, k)
    low, high = polynomial_range(knots, k, outside)
    beyond = ((x < low) | (x > high)).any(1)
    if not bool(beyond.any()):
        return _SplineSums.apply(x, coef, knots, k)
    near, far = (~beyond).nonzero()[:, 0], beyond.nonzero()[:, 0]
    parts = [_SplineSums.apply(x[near], coef, knots, k), _plain(x[far], coef, knots, k, outside)]
    return torch.cat(parts)[torch.cat([near, far]).argsort()]


def _plain(x: Tensor, coef: Tensor, knots: Tensor, k: int, outside: Outside = "polynomial") -> Tensor:
    return dense_basis(x, knots, k, outside).flatten(1) @ coef.transpose(1, 2).flatten(0, 1)


def _chunks(x: Tensor, coef: Tensor) -> Iterator[slice]:
    size = max(CHUNK_NUMBERS // (coef.shape[0] * coef.shape[2]), CHUNK_ROWS)
    return (slice(start, start + size) for start in range(0, len(x), size))
