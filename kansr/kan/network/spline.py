"""B-splines of degree k on batches: knots, basis functions and their slopes, evaluation and least-squares fit.

A grid has G intervals. `knots` are its G + 1 points and k more on either side, so G + k basis functions cover it.
Outside the grid a spline is extrapolated by its end polynomial or by a tangent, never by zero.
Source: C. de Boor, A Practical Guide to Splines, 1978, chapters IX and X.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

# How a spline goes on outside its grid: by the end polynomial, by the tangent at the end of the grid, or ("bounded") by
# the end polynomial over REACH and by the tangent from there on.
Outside = Literal["polynomial", "linear", "bounded"]

REACH = 0.05  # of the range of a grid: training lets hidden values leave their grids by as much, and fits them again

MARGIN = 0.002  # of the range of the samples, added on either side of a grid
CONSTANT = 1e-6  # of its magnitude: an input of a smaller range counts as constant, and its grid reaches this far
TIED = 1e-6  # of the grid's range: quantiles closer than this are equal
TIED_GRID_EPS = 1e-2  # least grid_eps where quantiles are equal: the even part of the grid keeps them apart
EVEN_ROUNDING = 100.0  # times the machine precision: differences between the intervals of an even grid
ROUGHNESS_WEIGHT = 1e-10  # of a roughness row beside one sample: it decides only where there are no samples
RANK_TOLERANCE = 1e-14  # singular values below this share of the largest are rounding


def extend_grid(grid: Tensor, k_extend: int = 0) -> Tensor:
    """The grid with `k_extend` more points on either side, one mean interval apart.

    grid: (in, G + 1) -> (in, G + 1 + 2 k_extend)
    """
    h = (grid[:, -1:] - grid[:, :1]) / (grid.shape[1] - 1)
    steps = torch.arange(1, k_extend + 1, dtype=grid.dtype, device=grid.device)
    return torch.cat([grid[:, :1] - h * steps.flip(0), grid, grid[:, -1:] + h * steps], dim=1)


def grid_from_samples(x: Tensor, G: int, k: int, grid_eps: float | Tensor = 1.0, margin: float = MARGIN) -> Tensor:
    """Knots that cover the samples: evenly spaced for grid_eps = 1, at the quantiles of the samples for grid_eps = 0.

    x: (batch, in); grid_eps: from 0 to 1, a number or (in,); margin: share of the range added on either side
    -> (in, G + 2k + 1). A constant input gets a narrow grid around its value.
    """
    dtype, x = x.dtype, x.to(torch.float64).T
    low, high = x.min(dim=1).values, x.max(dim=1).values
    size = torch.maximum(low.abs(), high.abs())
    least = torch.where(size > 0, CONSTANT * size, torch.ones_like(size))
    pad = torch.where(high - low > least, margin * (high - low), least)
    eps = (grid_eps.to(x) if isinstance(grid_eps, Tensor) else x.new_tensor(grid_eps)).expand(len(x))
    share = torch.linspace(0, 1, G + 1, dtype=x.dtype, device=x.device)
    uniform = torch.lerp((low - pad)[:, None], (high + pad)[:, None], share)
    if bool((eps == 1).all()):
        return extend_grid(uniform, k).to(dtype)
    quantile = torch.quantile(x, share, dim=1).T.contiguous()
    quantile[:, 0], quantile[:, -1] = uniform[:, 0], uniform[:, -1]
    tied = (quantile.diff(dim=1) < TIED * (high - low + 2 * pad)[:, None]).any(dim=1)  # values that repeat
    eps = torch.where(tied, eps.clamp(min=TIED_GRID_EPS), eps)
    return extend_grid(torch.lerp(quantile, uniform, eps[:, None]), k).to(dtype)


def nonzero_basis(x: Tensor, knots: Tensor, k: int, outside: Outside = "polynomial") -> tuple[Tensor, Tensor, Tensor]:
    """The k + 1 basis functions that are not zero at each point: index of the first, values and slopes.

    x: (batch, in); knots: (in, G + 2k + 1) -> (batch, in), (batch, in, k + 1), (batch, in, k + 1)
    Source: the recurrence of de Boor, chapter X.
    """
    if outside == "polynomial" and k and is_uniform(knots):
        return _uniform_basis(x, knots, k)
    if outside != "polynomial":
        low, high = polynomial_range(knots, k, outside)
        nearest = torch.minimum(torch.maximum(x, low), high)
        first, value, slope = nonzero_basis(nearest, knots, k)
        return first, value + slope * (x - nearest)[..., None], slope
    inner = knots[:, k : knots.shape[1] - k].contiguous()
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
            slope = k * (_zero_first(part) - _zero_last(part))
        value = _zero_first(part * low) + _zero_last(part * high)
    return first, value, slope


def polynomial_range(knots: Tensor, k: int, outside: Outside) -> tuple[Tensor, Tensor]:
    """Where splines are piecewise polynomials; beyond they are linear. knots: (in, G + 2k + 1) -> (in,), (in,)"""
    low, high = knots[:, k], knots[:, knots.shape[1] - 1 - k]
    reach = {"polynomial": torch.inf, "linear": 0.0, "bounded": REACH}[outside] * (high - low)
    return low - reach, high + reach


def is_uniform(knots: Tensor) -> bool:
    """Whether the knots of every input are evenly spaced, up to rounding."""
    h = knots.detach().diff(dim=1)
    rounding = EVEN_ROUNDING * torch.finfo(knots.dtype).eps
    return bool((h - h[:, :1]).abs().max() <= rounding * h[:, 0].min())


def _uniform_basis(x: Tensor, knots: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """`nonzero_basis` on evenly spaced knots, where the k + 1 functions are the same polynomials in every interval."""
    cell, u, h = locate(x, knots, k)
    P = powers(u, k)
    return cell, P @ _polynomials(k).to(x), (P @ _derivatives(k).to(x)) / h[:, None]


def locate(x: Tensor, knots: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """On evenly spaced knots: the interval of each point, its position in it, and the width of the intervals.

    x: (batch, in) -> cell: (batch, in); u: (batch, in), from 0 to 1 inside the grid; h: (in,)
    """
    G = knots.shape[1] - 2 * k - 1
    low, h = knots[:, k], (knots[:, -1 - k] - knots[:, k]) / G
    t = (x - low) / h
    cell = t.detach().floor().clamp_(0, G - 1).nan_to_num_(0.0)
    return cell.long(), t - cell, h


def powers(u: Tensor, k: int) -> Tensor:
    """1, u, …, u**k along a new last axis."""
    found = [torch.ones_like(u), u]
    for _ in range(k - 1):
        found.append(found[-1] * u)
    return torch.stack(found, -1)


def even_basis(cell: Tensor, u: Tensor, G: int, k: int) -> Tensor:
    """All basis functions at points from `locate`. (batch, in), (batch, in) -> (batch, in, G + k)"""
    value = powers(u, k) @ _polynomials(k).to(u)
    return value.new_zeros(*u.shape, G + k).scatter_(2, cell[..., None] + _offsets(k).to(u.device), value)


def weighted_slopes(cell: Tensor, u: Tensor, k: int, weights: Tensor) -> Tensor:
    """The weighted sum of the basis functions' derivatives by u. weights: (batch, in, G + k) -> (batch, in)"""
    index = cell[..., None] + _offsets(k).to(u.device)
    return torch.einsum("...k,...k->...", powers(u, k) @ _derivatives(k).to(u), weights.gather(2, index))


@lru_cache
def _offsets(k: int) -> Tensor:
    return torch.arange(k + 1, device="cpu")


@lru_cache
def _derivatives(k: int) -> Tensor:
    """The derivatives of `_polynomials`: (powers, functions)"""
    M = torch.zeros_like(_polynomials(k))
    M[:-1] = _polynomials(k)[1:] * torch.arange(1, k + 1, dtype=torch.float64, device="cpu")[:, None]
    return M


@lru_cache
def _polynomials(k: int) -> Tensor:
    """The k + 1 basis functions of degree k as polynomials on an interval of width 1: (powers, functions)"""
    now = [[Fraction(1)]]  # degree 0: one function, one power
    for degree in range(1, k + 1):
        following = [[Fraction(0)] * (degree + 1) for _ in range(degree + 1)]
        for number, polynomial in enumerate(now):
            for power, value in enumerate(polynomial):  # rises into one function of the next degree, falls in another
                following[number + 1][power + 1] += value / degree
                following[number + 1][power] += value * (degree - 1 - number) / degree
                following[number][power + 1] -= value / degree
                following[number][power] += value * (number + 1) / degree
        now = following
    return torch.tensor(
        [[float(value) for value in polynomial] for polynomial in now], dtype=torch.float64, device="cpu"
    ).T


def _zero_last(a: Tensor) -> Tensor:
    return torch.nn.functional.pad(a, (0, 1))


def _zero_first(a: Tensor) -> Tensor:
    return torch.nn.functional.pad(a, (1, 0))


def dense_basis(x: Tensor, knots: Tensor, k: int, outside: Outside = "polynomial") -> Tensor:
    """The value of every basis function at every point, in the precision of x.

    x: (batch, in); knots: (in, G + 2k + 1) -> (batch, in, G + k)
    """
    first, value, _ = nonzero_basis(x, knots, k, outside)
    index = first[..., None] + torch.arange(k + 1, device=x.device)
    return value.new_zeros(*x.shape, knots.shape[1] - k - 1).scatter(2, index, value)


def B_batch(x: Tensor, grid: Tensor, k: int = 0, outside: Outside = "polynomial") -> Tensor:
    """The value of every basis function at every point, in float64. They add up to one.

    x: (batch, in); grid: the knots, (in, G + 2k + 1) or one row for all inputs -> (batch, in, G + k)
    """
    return dense_basis(x.to(torch.float64), grid.to(torch.float64).expand(x.shape[1], -1), k, outside)


def coef2curve(x_eval: Tensor, grid: Tensor, coef: Tensor, k: int, outside: Outside = "polynomial") -> Tensor:
    """The spline value on every edge.

    x_eval: (batch, in); grid: (in, G + 2k + 1); coef: (in, out, G + k) -> (batch, in, out)
    """
    return torch.einsum("big,iog->bio", B_batch(x_eval, grid, k, outside), coef.to(torch.float64))


def curve2coef(x_eval: Tensor, y_eval: Tensor, grid: Tensor, k: int) -> Tensor:
    """The coefficients of the least-squares splines through the samples, by singular value decomposition.

    In intervals without samples the spline is as smooth as it can be.
    x_eval: (batch, in); y_eval: (batch, in, out); grid: (in, G + 2k + 1) -> (in, out, G + k)
    """
    basis = B_batch(x_eval, grid, k).permute(1, 0, 2)
    y = y_eval.to(torch.float64).permute(1, 0, 2)
    rough = ROUGHNESS_WEIGHT * len(x_eval) ** 0.5 * roughness(grid.to(torch.float64).expand(len(basis), -1), k)
    basis = torch.cat([basis, rough], dim=1)
    y = torch.cat([y, y.new_zeros(len(y), rough.shape[1], y.shape[2])], dim=1)
    return torch.linalg.lstsq(basis, y, rcond=RANK_TOLERANCE, driver="gelsd").solution.permute(0, 2, 1).contiguous()


def roughness(knots: Tensor, k: int, more: int = 0) -> Tensor:
    """The matrix of a P-spline penalty: zero for splines that are one polynomial of degree k + more on the whole grid.

    A row is a jump of the k-th derivative at a knot (for more > 0 a divided difference of jumps), in units of the
    mean interval h. On evenly spaced knots these are the differences of order k + 1 + more of the coefficients.
    knots: (..., G + 2k + 1) -> (..., G - 1 - more, G + k); the order is lower where G is too small for it
    Source: P. Eilers and B. Marx, Flexible smoothing with B-splines and penalties, 1996.
    """
    width = knots.shape[-1] - k - 1
    h = (knots[..., -1 - k] - knots[..., k])[..., None, None] / (width - k)
    D = torch.eye(width, dtype=knots.dtype, device=knots.device).expand(*knots.shape[:-1], -1, -1)
    for j in range(1, k + 1):  # de Boor 1978, chapter X: the coefficients of the j-th derivative
        span = knots[..., k + 1 : width + k - j + 1] - knots[..., j:width]
        D = D.diff(dim=-2) * (k - j + 1) * h / span[..., None]
    middle = (knots[..., k:width] + knots[..., k + 1 : width + 1]) / 2
    for _ in range(min(1 + more, width - k - 1)):
        D = D.diff(dim=-2) * h / middle.diff(dim=-1)[..., None]
        middle = (middle[..., 1:] + middle[..., :-1]) / 2
    return D


def differences(count: int, order: int) -> Tensor:
    """The matrix of finite differences of `count` coefficients, of the given order or the highest there is."""
    return torch.eye(count, dtype=torch.float64, device="cpu").diff(n=min(order, count - 1), dim=0)
