"""B-splines on batches: knots, basis, slopes, and the way from a curve to coefficients and back.

An edge has a `grid` of G intervals; `knots` are its G + 1 points with k more on either side, so that G + k basis
functions of degree k cover it (C. de Boor, A Practical Guide to Splines, 1978, chapters IX and X).
Outside the grid a curve goes on as its end polynomial or along its end tangent, never as zero.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

Outside = Literal["polynomial", "linear"]

SMOOTHING = 1e-10  # weight of the rows that settle what the samples leave open; too small to be seen elsewhere


def extend_grid(grid: Tensor, k_extend: int = 0) -> Tensor:
    """The grid with `k_extend` more points on either side, spaced by its mean interval.

    grid: (in, G + 1) -> (in, G + 1 + 2 k_extend)
    """
    h = (grid[:, -1:] - grid[:, :1]) / (grid.shape[1] - 1)
    steps = torch.arange(1, k_extend + 1, dtype=grid.dtype, device=grid.device)
    return torch.cat([grid[:, :1] - h * steps.flip(0), grid, grid[:, -1:] + h * steps], dim=1)


def grid_from_samples(x: Tensor, G: int, k: int, grid_eps: float | Tensor = 1.0, margin: float = 0.002) -> Tensor:
    """Knots that cover the samples: uniform for grid_eps = 1, as many samples in each interval for grid_eps = 0.

    x: (batch, in); grid_eps: a number or (in,); `margin` is the share of the range added on either side
    -> (in, G + 2k + 1). A constant input gets a grid of small but positive width around its value.
    """
    dtype, x = x.dtype, x.to(torch.float64).T
    low, high = x.min(dim=1).values, x.max(dim=1).values
    size = torch.maximum(low.abs(), high.abs())
    least = torch.where(size > 0, 1e-6 * size, torch.ones_like(size))
    pad = torch.where(high - low > least, margin * (high - low), least)
    eps = (grid_eps.to(x) if isinstance(grid_eps, Tensor) else x.new_tensor(grid_eps)).expand(len(x))
    share = torch.linspace(0, 1, G + 1, dtype=x.dtype, device=x.device)
    uniform = torch.lerp((low - pad)[:, None], (high + pad)[:, None], share)
    if bool((eps == 1).all()):
        return extend_grid(uniform, k).to(dtype)
    quantile = torch.quantile(x, share, dim=1).T.contiguous()
    quantile[:, 0], quantile[:, -1] = uniform[:, 0], uniform[:, -1]
    tied = (quantile.diff(dim=1) < 1e-6 * (high - low + 2 * pad)[:, None]).any(dim=1)  # repeated values: no width
    eps = torch.where(tied, eps.clamp(min=1e-2), eps)
    return extend_grid(torch.lerp(quantile, uniform, eps[:, None]), k).to(dtype)


def nonzero_basis(x: Tensor, knots: Tensor, k: int, outside: Outside = "polynomial") -> tuple[Tensor, Tensor, Tensor]:
    """The k + 1 basis functions that are not zero at each point, and their slopes.

    x: (batch, in); knots: (in, G + 2k + 1) -> index of the first one (batch, in); values and slopes
    (batch, in, k + 1). The recurrence is de Boor's, chapter X, on knot differences that do not depend on x.
    """
    if outside == "polynomial" and k and is_uniform(knots):
        return _uniform_basis(x, knots, k)
    inner = knots[:, k : knots.shape[1] - k].contiguous()
    if outside == "linear":
        nearest = torch.minimum(torch.maximum(x, inner[:, 0]), inner[:, -1])
        first, value, slope = nonzero_basis(nearest, knots, k)
        return first, value + slope * (x - nearest)[..., None], slope
    first = torch.searchsorted(inner, x.detach().T.contiguous(), right=True).T.sub_(1).clamp_(0, inner.shape[1] - 2)
    if k == 0:
        one = torch.ones_like(x)[..., None]
        return first, one, torch.zeros_like(one)
    near = first[..., None] + torch.arange(1, 2 * k + 1, device=x.device)  # the 2k knots around the point
    t = knots.gather(1, near.permute(1, 0, 2).reshape(len(knots), -1)).reshape(len(knots), len(x), 2 * k)
    t = t.permute(1, 0, 2)
    left, right = x[..., None] - t[..., :k], t[..., k:] - x[..., None]
    value = torch.ones_like(x)[..., None]
    slope = value
    for j in range(1, k + 1):
        low, high = left[..., k - j :], right[..., :j]
        part = value / (t[..., k : k + j] - t[..., k - j : k])
        if j == k:
            slope = k * (_after(part) - _before(part))
        value = _after(part * low) + _before(part * high)
    return first, value, slope


def is_uniform(knots: Tensor) -> bool:
    """Whether the knots of every input are evenly spaced, up to rounding."""
    h = knots.detach().diff(dim=1)
    rounding = 100 * torch.finfo(knots.dtype).eps
    return bool((h - h[:, :1]).abs().max() <= rounding * h[:, 0].min())


def _uniform_basis(x: Tensor, knots: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """`nonzero_basis` on evenly spaced knots: each function is a polynomial in the place in its interval."""
    cell, u, h = place(x, knots, k)
    P = powers(u, k)
    return cell, P @ _segments(k).to(x), (P @ _slopes(k).to(x)) / h[:, None]


def place(x: Tensor, knots: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """On evenly spaced knots: the interval of each point, (batch, in), the place in it, (batch, in), from 0 to 1
    inside the grid, and the width of the intervals, (in,)."""
    G = knots.shape[1] - 2 * k - 1
    low, h = knots[:, k], (knots[:, -1 - k] - knots[:, k]) / G
    t = (x - low) / h
    cell = t.detach().floor().clamp_(0, G - 1).nan_to_num_(0.0)
    return cell.long(), t - cell, h


def powers(u: Tensor, k: int) -> Tensor:
    """1, u … u**k along a last axis."""
    found = [torch.ones_like(u), u]
    for _ in range(k - 1):
        found.append(found[-1] * u)
    return torch.stack(found, -1)


def even_basis(cell: Tensor, u: Tensor, G: int, k: int) -> Tensor:
    """All basis functions from what `place` gives. (batch, in) twice -> (batch, in, G + k)"""
    value = powers(u, k) @ _segments(k).to(u)
    return value.new_zeros(*u.shape, G + k).scatter_(2, cell[..., None] + _steps(k).to(u.device), value)


def along_slopes(cell: Tensor, u: Tensor, k: int, weights: Tensor) -> Tensor:
    """The slopes of the basis functions by u, weighted and added up. weights: (batch, in, G + k) -> (batch, in)"""
    index = cell[..., None] + _steps(k).to(u.device)
    return torch.einsum("...k,...k->...", powers(u, k) @ _slopes(k).to(u), weights.gather(2, index))


@lru_cache
def _steps(k: int) -> Tensor:
    return torch.arange(k + 1, device="cpu")


@lru_cache
def _slopes(k: int) -> Tensor:
    """The derivatives of `_segments`, (powers, functions)."""
    M = torch.zeros_like(_segments(k))
    M[:-1] = _segments(k)[1:] * torch.arange(1, k + 1, dtype=torch.float64, device="cpu")[:, None]
    return M


@lru_cache
def _segments(k: int) -> Tensor:
    """The polynomials of degree k that the basis functions are on one interval of width 1: (powers, functions)."""
    now = [[Fraction(1)]]  # of degree 0: one function, one power
    for degree in range(1, k + 1):
        following = [[Fraction(0)] * (degree + 1) for _ in range(degree + 1)]
        for place, polynomial in enumerate(now):
            for power, value in enumerate(polynomial):  # N = rising part of the one, falling part of the next
                following[place + 1][power + 1] += value / degree
                following[place + 1][power] += value * (degree - 1 - place) / degree
                following[place][power + 1] -= value / degree
                following[place][power] += value * (place + 1) / degree
        now = following
    return torch.tensor(
        [[float(value) for value in polynomial] for polynomial in now], dtype=torch.float64, device="cpu"
    ).T


def _before(a: Tensor) -> Tensor:
    return torch.nn.functional.pad(a, (0, 1))


def _after(a: Tensor) -> Tensor:
    return torch.nn.functional.pad(a, (1, 0))


def basis_and_slope(x: Tensor, knots: Tensor, k: int, outside: Outside = "polynomial") -> tuple[Tensor, Tensor]:
    """All basis functions and their slopes. x: (batch, in); knots: (in, G + 2k + 1) -> twice (batch, in, G + k)"""
    first, value, slope = nonzero_basis(x, knots, k, outside)
    index = first[..., None] + torch.arange(k + 1, device=x.device)
    empty = value.new_zeros(*x.shape, knots.shape[1] - k - 1)
    return empty.scatter(2, index, value), empty.scatter(2, index, slope)


def dense_basis(x: Tensor, knots: Tensor, k: int, outside: Outside = "polynomial") -> Tensor:
    """The value of every basis function at every point.

    x: (batch, in); knots: (in, G + 2k + 1) -> (batch, in, G + k)
    """
    first, value, _ = nonzero_basis(x, knots, k, outside)
    index = first[..., None] + torch.arange(k + 1, device=x.device)
    return value.new_zeros(*x.shape, knots.shape[1] - k - 1).scatter(2, index, value)


def B_batch(x: Tensor, grid: Tensor, k: int = 0, outside: Outside = "polynomial") -> Tensor:
    """The value of every basis function at every point, float64; the basis sums to one.

    x: (batch, in); grid: the knots, (in, G + 2k + 1) or one row for all inputs -> (batch, in, G + k)
    """
    return dense_basis(x.to(torch.float64), grid.to(torch.float64).expand(x.shape[1], -1), k, outside)


def coef2curve(x_eval: Tensor, grid: Tensor, coef: Tensor, k: int, outside: Outside = "polynomial") -> Tensor:
    """The spline value on every edge.

    x_eval: (batch, in); grid: (in, G + 2k + 1); coef: (in, out, G + k) -> (batch, in, out)
    """
    return torch.einsum("big,iog->bio", B_batch(x_eval, grid, k, outside), coef.to(torch.float64))


def curve2coef(x_eval: Tensor, y_eval: Tensor, grid: Tensor, k: int) -> Tensor:
    """The coefficients of the splines nearest to the samples, by least squares (singular value decomposition).

    Where samples are missing the smoothest continuation is taken.
    x_eval: (batch, in); y_eval: (batch, in, out); grid: (in, G + 2k + 1) -> (in, out, G + k)
    """
    basis = B_batch(x_eval, grid, k).permute(1, 0, 2)
    y = y_eval.to(torch.float64).permute(1, 0, 2)
    rough = SMOOTHING * len(x_eval) ** 0.5 * roughness(grid.to(torch.float64).expand(len(basis), -1), k)
    basis = torch.cat([basis, rough], dim=1)
    y = torch.cat([y, y.new_zeros(len(y), rough.shape[1], y.shape[2])], dim=1)
    return torch.linalg.lstsq(basis, y, rcond=1e-14, driver="gelsd").solution.permute(0, 2, 1).contiguous()


def roughness(knots: Tensor, k: int, more: int = 0) -> Tensor:
    """Rows that are zero for a spline that is one polynomial of degree k + more over the whole grid.

    They are the steps of its k-th derivative from interval to interval (and their divided differences), in units of
    the mean interval h: on evenly spaced knots the differences of order k + 1 + more of the coefficients
    (P. Eilers, B. Marx, Flexible smoothing with B-splines and penalties, 1996), elsewhere what these stand for.
    knots: (..., G + 2k + 1) -> (..., G - 1 - more, G + k), of as high an order as G allows
    """
    width = knots.shape[-1] - k - 1
    h = (knots[..., -1 - k] - knots[..., k])[..., None, None] / (width - k)
    D = torch.eye(width, dtype=knots.dtype, device=knots.device).expand(*knots.shape[:-1], -1, -1)
    for j in range(1, k + 1):  # de Boor 1978, chapter X: the coefficients of the j-th derivative
        span = knots[..., k + 1 : width + k - j + 1] - knots[..., j:width]
        D = D.diff(dim=-2) * (k - j + 1) * h / span[..., None]
    place = (knots[..., k:width] + knots[..., k + 1 : width + 1]) / 2
    for _ in range(min(1 + more, width - k - 1)):
        D = D.diff(dim=-2) * h / place.diff(dim=-1)[..., None]
        place = (place[..., 1:] + place[..., :-1]) / 2
    return D


def differences(count: int, order: int) -> Tensor:
    """The matrix of finite differences of coefficients, of the highest order up to `order` that `count` allows."""
    return torch.eye(count, dtype=torch.float64, device="cpu").diff(n=min(order, count - 1), dim=0)
