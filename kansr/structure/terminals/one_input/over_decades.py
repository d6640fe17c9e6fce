"""One function of one input whose rows are known to very different precision: T⁻¹(c·f(a·x) + d), each by its error.

A curve over decades has all its large values at one end, and least squares that weigh rows alike see nothing else.
Given a, c and d are linear, so a is looked for on a grid: variable projection (Golub and Pereyra 1973), with weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import sympy
from scipy.optimize import minimize_scalar

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.structure.surrogate.target_transforms import Transform, powers
from kansr.symbolic.library.function import Function, Library

# Largest over smallest error of the rows, from which solvers that weigh all alike are no use.
UNEVEN = 1e3
GRID = 200  # factors of the input that are tried, of either sign
# The smallest and the largest, as changes of a·x over the rows: exp has its whole range in the latter.
FACTORS = (1e-2, 700.0)
STEP = (FACTORS[1] / FACTORS[0]) ** (1 / (GRID - 1))  # from one factor to the next
LOOKED_INTO, FINER = 3, 30  # of the best factors, around which the grid is made finer, and its factors there
REFINED = 12  # of the best functions on the grid, that are refined
LEAST_ROWS = 8
MOST_FORMULAS = 4
TRANSFORMS = powers(1, -1, 0)


class _Weighted(NamedTuple):
    """x, t, weight: (rows,), the input, the target under the transform, and the weights of the rows.

    offset: whether a number is added to the function. relative: makes a residual one relative to typical errors.
    """

    x: Array
    t: Array
    weight: Array
    transform: Transform
    function: Function
    offset: bool
    relative: float


def over_decades(data: Dataset, library: Library) -> Iterator[tuple[float, sympy.Expr]]:
    """Formulas with their weighted residuals, over the typical error, the least first; none for rows known alike.

    data: one input and a target of one sign, with the errors of the rows up to a common factor.
    """
    if data.sigma is None or data.rows < LEAST_ROWS or not data.sigma.max() > UNEVEN * data.sigma.min():
        return
    symbol, sign = sympy.Symbol(data.names[0]), float(np.sign(data.y[0]))
    found: list[tuple[float, int, sympy.Expr]] = []
    with np.errstate(all="ignore"):
        rough = sorted(
            ((loss, number, a, one) for number, one in enumerate(_choices(data, library)) for loss, a in _rough(one)),
            key=lambda row: row[:2],
        )
        for _, number, a, one in rough[:REFINED]:
            loss, a, c, d = _refined(one, a)
            if np.isfinite(loss):
                formula = _formula(one.transform, one.function, symbol, a, c, d)
                found.append((loss * one.relative, number, sign * formula))
    yield from ((loss, expr) for loss, _, expr in sorted(found, key=lambda row: row[:2])[:MOST_FORMULAS])


def _choices(data: Dataset, library: Library) -> Iterator[_Weighted]:
    """Every function of the library under every transform, with an added number and without."""
    assert data.sigma is not None
    size = np.abs(data.y)
    for transform in TRANSFORMS:
        assert transform.slope is not None
        t, weight = transform.forward(size), 1 / (data.sigma * np.abs(transform.slope(size)))
        if np.isfinite(t).all() and np.isfinite(weight).all():
            for function, offset in product(library, (False, True)):
                if function.free != "p":
                    unit = float(np.max(np.abs(t) * weight))  # squares of weights themselves are no float64
                    relative = unit * float(np.median(data.sigma / size))
                    yield _Weighted(data.X[:, 0], t, weight / unit, transform, function, offset, relative)


def _rough(one: _Weighted) -> list[tuple[float, float]]:
    """The relative residual at the best factor of the grid, made finer there, and that factor; empty without values."""
    factors: Array = np.ones(1)
    if "a" in one.function.free:
        sizes: Array = np.geomspace(*FACTORS, GRID).astype(float) / float(np.max(np.abs(one.x)))
        factors = np.concatenate([sizes, -sizes])
        near = factors[np.argsort(_losses(one, factors), kind="stable")[:LOOKED_INTO]]
        factors = np.outer(near, np.geomspace(1 / STEP, STEP, FINER)).ravel().astype(float)
    losses = _losses(one, factors)
    best = int(np.argmin(losses))
    return [(float(losses[best]) * one.relative, float(factors[best]))] if np.isfinite(losses[best]) else []


def _refined(one: _Weighted, a: float) -> tuple[float, float, float, float]:
    """(rms of the weighted residual, a, c, d) with the best factor near one of the grid."""
    start = _loss(one, a)
    if "a" not in one.function.free:
        return start
    reach = float(np.log(STEP))
    size, side = float(np.log(abs(a))), float(np.sign(a))
    near = minimize_scalar(
        lambda s: _loss(one, side * float(np.exp(s)))[0], bounds=(size - reach, size + reach), method="bounded"
    )
    return min(start, _loss(one, side * float(np.exp(near.x))), key=lambda trial: trial[0])


def _formula(
    transform: Transform, function: Function, symbol: sympy.Symbol, a: float, c: float, d: float
) -> sympy.Expr:
    """T⁻¹(c·(f(a·x) + d/c)): an offset near 1 or −1 of the function is seen as such."""
    offset = sympy.Float(d / c) if d else sympy.S.Zero
    return transform.symbolic(sympy.Float(c) * (function.expr(symbol, a, 0.0) + offset))


def _losses(one: _Weighted, factors: Array) -> Array:
    """The rms of the weighted residual for each factor, (factors,), by normal equations; inf where f has no value."""
    f = one.function.inner(one.x, factors[:, None], 0.0) * one.weight
    f = f / np.max(np.abs(f), axis=1, keepdims=True)
    f = f / np.sqrt(np.mean(f * f, axis=1, keepdims=True))
    t = one.t * one.weight
    if one.offset:  # both without their part along the weights
        along = one.weight / np.max(one.weight)
        along = along / np.sqrt(np.mean(along**2))
        f, t = f - np.mean(f * along, axis=1, keepdims=True) * along, t - np.mean(t * along) * along
    left = np.mean(t * t) - np.mean(f * t, axis=1) ** 2 / np.mean(f * f, axis=1)
    return np.where(np.isfinite(left), np.sqrt(np.maximum(left, 0.0)), np.inf)


def _loss(one: _Weighted, a: float) -> tuple[float, float, float, float]:
    """(rms of the weighted residual, a, c, d) with c and d by linear least squares; inf where f has no value."""
    f = one.function.inner(one.x, a, 0.0)
    A = np.column_stack([f, np.ones_like(one.x)] if one.offset else [f]) * one.weight[:, None]
    size = np.max(np.abs(A), axis=0)
    if not (np.isfinite(size).all() and (size > 0).all()):
        return np.inf, a, 0.0, 0.0
    t = one.t * one.weight
    solved = np.linalg.lstsq(A / size, t, rcond=None)[0]
    rms = float(np.sqrt(np.mean((A / size @ solved - t) ** 2)))
    c, d = (*(solved / size).tolist(), 0.0)[:2]
    return (rms if c else np.inf), a, c, d
