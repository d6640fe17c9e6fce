"""A power product of the inputs times a function of another one, Πx**p · f(Πx**q), for targets that range over decades.

With the rows sorted by v = Πx**q, the logarithm of f hardly changes from one to the next, so the exponents p are a
linear regression of the differences of the logarithms: the differencing estimator of partly linear models (Yatchew
1997), here of least absolute residuals, since f may fall off steeply at an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import gcd

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.nice_numbers import exponent_near
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import SQRT_EPS
from kansr.structure.terminals.one_input.over_decades import over_decades
from kansr.structure.terminals.thresholds import MOST_INPUTS
from kansr.symbolic.library.function import Library

LARGEST = 2  # exponent in v
FOLLOWED = 3  # choices of v at most whose function is looked for
NEAR_BEST = 1.5  # times the least residual, up to which they are
POWERS = (0, 1, -1, 2, -2, 3, -3, 4, -4)  # of v that f may be multiplied by: p and q do not say which
REWEIGHTINGS = 20  # of iteratively reweighted least squares, for least absolute residuals
MOST_FORMULAS = 8
TOLERANCES = {1: 0.2, 2: 0.1, 3: 0.05, 4: 0.05}  # of an exponent, by its denominator


def scaling_functions(
    data: Dataset, library: Library, expired: Callable[[], bool] = lambda: False
) -> Iterator[sympy.Expr]:
    """Formulas Πx**p · f(Πx**q), those with the least relative residual first.

    data: inputs above 0 and a target of one sign, with errors up to a common factor.
    """
    count = len(data.names)
    if not 2 <= count <= MOST_INPUTS or not (data.X > 0).all() or data.sigma is None:
        return
    logs, target = np.log(data.X), np.log(np.abs(data.y))
    ranked = sorted((_regressed(logs, target, q) for q in _directions(count)), key=lambda row: (row[0], row[1]))
    found: list[tuple[float, int, sympy.Expr]] = []
    for _, q, p in (row for row in ranked[:FOLLOWED] if row[0] <= NEAR_BEST * ranked[0][0]):
        for power in POWERS:
            if expired():
                break
            for error, expr in _functions(data, library, p + power * np.array(q), q):
                found.append((error, len(found), expr))
    yield from (expr for *_, expr in sorted(found, key=lambda row: row[:2])[:MOST_FORMULAS])


def _directions(count: int) -> Iterator[tuple[int, ...]]:
    """The exponents q, each direction once."""
    for q in product(range(-LARGEST, LARGEST + 1), repeat=count):
        if next((k for k in q if k), 0) > 0 and gcd(*q) == 1:
            yield q


def _regressed(logs: Array, target: Array, q: tuple[int, ...]) -> tuple[float, tuple[int, ...], Array]:
    """(median absolute residual, q, p) of the differences between neighbours by v; p is 0 for one input of v.

    logs: (rows, inputs); target: (rows,), logarithms.
    """
    order = np.argsort(logs @ np.array(q, dtype=float), kind="stable")
    others = [i for i in range(len(q)) if i != int(np.argmax(np.abs(q)))]
    A, t = np.diff(logs[order][:, others], axis=0), np.diff(target[order])
    weight = np.ones(len(t))
    for _ in range(REWEIGHTINGS):
        solved = np.linalg.lstsq(A * weight[:, None], t * weight, rcond=None)[0]
        size = np.abs(A @ solved - t)
        weight = 1 / np.sqrt(size + SQRT_EPS + float(np.median(size)) * SQRT_EPS)
    p = np.zeros(len(q))
    p[others] = solved
    return float(np.median(size)), q, p


def _functions(data: Dataset, library: Library, p: Array, q: tuple[int, ...]) -> Iterator[tuple[float, sympy.Expr]]:
    """Formulas with these exponents, rounded where a fraction is near, and their relative residuals."""
    symbols = [sympy.Symbol(name) for name in data.names]
    near = [exponent_near(value, TOLERANCES) for value in p.tolist()]
    powers = [sympy.Float(value) if number is None else number for value, number in zip(p.tolist(), near)]
    with np.errstate(all="ignore"):
        scale = np.exp(np.log(data.X) @ np.array([float(power) for power in powers]))
        v = np.exp(np.log(data.X) @ np.array(q, dtype=float))
        assert data.sigma is not None
        y, sigma = data.y / scale, data.sigma / scale
    if np.isfinite(y).all() and (y != 0).all() and np.isfinite(sigma).all():
        inner = sympy.Mul(*(x**k for x, k in zip(symbols, q)))
        outer = sympy.Mul(*(x**power for x, power in zip(symbols, powers)))
        rows = Dataset(v[:, None], y, ("u",), "z", sigma=sigma, relative=True)
        for error, expr in over_decades(rows, library):
            yield error, outer * expr.xreplace({sympy.Symbol("u"): inner})
