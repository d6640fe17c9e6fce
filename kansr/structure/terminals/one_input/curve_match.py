"""One input: the rows themselves are the curve, and T(y)·x**q is matched directly, over x, 1/x and x²."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import sympy
from scipy.optimize import minimize_scalar

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.result.graph import Edge
from kansr.structure.surrogate.target_transforms import Transform, transformed
from kansr.structure.terminals.one_input.binning import curve
from kansr.symbolic.library.function import Function
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match, score

POWERS = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)  # of x, that the target is multiplied by
FAR = 0.5  # bits for each point that a function may be behind to be looked at without them
KEPT = 8  # functions under every transform that are looked at with and without shift and offset, where there is noise
NODE = 2.0  # bits of a node of complexity
REACH = 2.5  # how far a factor may move in its logarithm when the shift or the offset beside it is left out
EXACT = 0.25 * 64 * np.log2(1e-20)  # a score that nothing but the truth reaches
POWER_TARGETS = ("y", "1/y", "log(y)", "y^2")


def single(
    data: Dataset,
    noise: float,
    config: MatchConfig,
    keep: int = 12,
    expired: Callable[[], bool] = lambda: False,
    quick: bool = False,
) -> Iterator[sympy.Expr]:
    """Formulas T⁻¹(f(x**p) / x**q) for the functions f of the library, the most promising first.

    noise: the expected misfit of a row of the typical error, relative to the target's spread; data: one input; quick:
    of the powers of x only 1/x is tried.
    """
    x, y, noise = curve(data, noise)
    symbol = sympy.Symbol(data.names[0])
    found: list[tuple[float, Callable[[], sympy.Expr]]] = []  # few of them are ever written
    least = np.inf
    for transform, sign, t in transformed(y):
        written = partial(_written, symbol, transform, sign)
        for q, p in _factors(x) if transform.name in POWER_TARGETS and not quick else _turned(x):
            if expired() or (found and noise == 0.0 and min(found, key=lambda row: row[0])[0] < EXACT):
                break
            scale, v = x ** float(q), x ** float(p)
            u = t * scale
            along = np.argsort(v, kind="stable")
            spread = float(np.std(u))
            if not spread > 1e-14 * float(np.mean(np.abs(u))):
                found.append((-np.inf, partial(written, sympy.Float(float(u.mean())), q, p)))
                continue
            around = NODE * (transform.complexity + bool(q) + (p != 1))
            fits = match(Edge(data.names[0], "u", v[along], u[along], noise * spread), config)
            for fit in fits[:KEPT] if noise else fits[:4]:
                cost = partial(_seen, transform, sign, scale, v, y, data.rows) if noise else partial(score, floor=1e-24)
                bits = cost(fit)
                least = min(least, bits)
                plainer = _plainer(fit, v, u) if noise and bits < least + FAR * len(y) else ()
                found += [
                    (bits + around, partial(written, form, q, p))
                    for form, bits in ((fit, bits), *((plain, cost(plain)) for plain in plainer))
                ]
    found.sort(key=lambda row: row[0])
    yield from (write() for _, write in found[:keep])


def _seen(transform: Transform, sign: float, scale: Array, v: Array, y: Array, rows: int, fit: EdgeFit) -> float:
    """Bits of a fit under a transform, by what it leaves of the target itself."""
    with np.errstate(all="ignore"):
        back = sign * transform.inverse(fit.value(v) / scale)
    return _bits(replace(fit, r2=_r2(back, y)), len(y), rows)


def _written(
    x: sympy.Symbol, transform: Transform, sign: float, fit: EdgeFit | sympy.Float, q: int, p: int
) -> sympy.Expr:
    """T⁻¹(f(x**p) / x**q), where f may be a number."""
    f = fit.expr(x**p) if isinstance(fit, EdgeFit) else fit
    return sign * transform.symbolic(f / x**q)


def _plainer(fit: EdgeFit, x: Array, y: Array) -> Iterator[EdgeFit]:
    """The fit without its offset, its shift or both: noise leaves a little of either in every fit."""
    f = fit.function
    shifts = dict.fromkeys((fit.b, 0.0) if fit.a and "b" in f.free else (fit.b,))
    offsets = (True, False) if fit.d else (False,)
    for b, offset in product(shifts, offsets):
        if (b, offset) != (fit.b, bool(fit.d)):
            a = _stretched(f, x, y, fit.a, b, offset) if fit.a and f.free else fit.a
            columns = np.column_stack([f.inner(x, a, b), np.ones_like(x)][: 1 + offset])
            if np.isfinite(columns).all():
                c, *d = np.linalg.lstsq(columns, y, rcond=None)[0].tolist()
                yield replace(fit, a=a, b=b, c=c, d=d[0] if d else 0.0)


def _stretched(f: Function, x: Array, y: Array, near: float, b: float, offset: bool) -> float:
    """The inner factor of the same function with this shift, with or without an offset, the rest in closed form.

    What was fitted with a shift and an offset may have wandered far off, to where the function is 1/x or a line.
    """
    target = y - y.mean() if offset else y

    def left(log: float, start: float) -> float:
        with np.errstate(all="ignore"):  # far from where it started the function may be huge
            inner = f.inner(x, start * np.exp(log), b)
            inner = inner - inner.mean() if offset else inner
            size = float(inner @ inner)
            return -float((inner @ target) ** 2) / size if 0 < size < np.inf else 0.0

    starts = dict.fromkeys((near, math.copysign(1 / (float(np.median(np.abs(x))) or 1.0), near)))
    bounds = (-REACH, REACH)
    found = [(minimize_scalar(left, bounds=bounds, method="bounded", args=(start,)), start) for start in starts]
    best, start = min(found, key=lambda row: row[0].fun)
    return start * float(np.exp(best.x))


def _bits(fit: EdgeFit, points: int, rows: int) -> float:
    """Of the points' misfit, the function and its constants; only differences mean something."""
    constants = 1 + ("a" in fit.function.free or fit.function.free == "p") + (fit.b != 0) + (fit.d != 0)
    misfit = 0.5 * points * float(np.log2(max(1 - fit.r2, 1e-24)))
    return misfit + NODE * fit.function.complexity + 0.5 * constants * float(np.log2(rows))


def half_powers(data: Dataset, noise: float, config: MatchConfig, keep: int = 2) -> Iterator[sympy.Expr]:
    """Formulas f(x**p)·x**q with p ±1/2 and q 0, ±1/2 or ±1, of a positive input: what was reduced to a square.

    noise: as for `single`.
    """
    x, y, noise = curve(data, noise)
    symbol, half = sympy.Symbol(data.names[0]), sympy.Rational(1, 2)
    if not x[0] > 0:
        return
    found: list[tuple[float, int, sympy.Expr]] = []
    for p in (half, -half):
        v = x ** float(p)
        along = np.argsort(v, kind="stable")
        for q in (0, half, -half, 1, -1):
            u = y / x ** float(q)
            for fit in match(Edge(data.names[0], "u", v[along], u[along], noise * float(np.std(u))), config)[:4]:
                if noise:
                    fit = replace(fit, r2=_r2(fit.value(v) * x ** float(q), y))
                cost = score(fit, max(noise**2, 1e-24))
                found.append((cost, len(found), fit.expr(symbol**p) * symbol**q))
    yield from (expr for _, _, expr in sorted(found, key=lambda row: row[:2])[:keep])


def _r2(values: Array, y: Array) -> float:
    """Of the target itself: under a transform or a power of x, a few large values would decide."""
    with np.errstate(all="ignore"):
        left = float(np.mean((values - y) ** 2))
    return 1 - left / (float(np.var(y)) or 1.0) if np.isfinite(left) else -np.inf


def _turned(x: Array) -> list[tuple[int, int]]:
    """(q, p) for the input and its inverse: which of the two comes out of a reduction is chance."""
    return [(0, 1), *([(0, -1)] if x[0] > 0 or x[-1] < 0 else [])]


def _factors(x: Array) -> list[tuple[int, int]]:
    """(q, p): the target is multiplied by x**q and matched over x**p; powers that the values allow."""
    if np.any(x == 0):
        return [(0, 1), *([(0, 2)] if x[0] >= 0 or x[-1] <= 0 else [])]
    turned = _turned(x)
    return [*turned, *([(0, 2)] if len(turned) > 1 else []), *((q, 1) for q in POWERS)]
