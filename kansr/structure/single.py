"""One input: the rows themselves are the curve, and T(y)·x**q is matched directly, over x, 1/x and x²."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import sympy
from scipy.optimize import minimize_scalar

from kansr.candidate import shares
from kansr.data.dataset import Array, Dataset
from kansr.graph import Edge
from kansr.structure.transforms import Transform, transformed
from kansr.symbolic.library import Function
from kansr.symbolic.match import EdgeFit, MatchConfig, match, score

POWERS = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)  # of x, that the target is multiplied by
KEPT = 8  # functions under every transform that are looked at with and without shift and offset, where there is noise
NODE = 2.0  # bits of a node of complexity
REACH = 2.5  # how far a factor may move in its logarithm when the shift beside it is left out
POINTS = 300  # that a curve is matched on
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
    no powers of x are tried.
    """
    x, y, noise = _curve(data, noise)
    symbol = sympy.Symbol(data.names[0])
    found: list[tuple[float, Callable[[], sympy.Expr]]] = []  # few of them are ever written
    for transform, sign, t in transformed(y):
        written = partial(_written, symbol, transform, sign)
        for q, p in _factors(x) if transform.name in POWER_TARGETS and not quick else ((0, 1),):
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
            fits = list(match(Edge(data.names[0], "u", v[along], u[along], noise * spread), config))
            fits = [plain for fit in fits[:KEPT] for plain in _plainer(fit, v, u)] if noise else fits[:4]
            for fit in fits:
                cost = score(fit, 1e-24)
                if noise:
                    with np.errstate(all="ignore"):
                        back = sign * transform.inverse(fit.value(v) / scale)
                    cost = _bits(replace(fit, r2=_r2(back, y)), len(y), data.rows)
                found.append((cost + around, partial(written, fit, q, p)))
    found.sort(key=lambda row: row[0])
    yield from (write() for _, write in found[:keep])


def _written(
    x: sympy.Symbol, transform: Transform, sign: float, fit: EdgeFit | sympy.Float, q: int, p: int
) -> sympy.Expr:
    """T⁻¹(f(x**p) / x**q), where f may be a number."""
    f = fit.expr(x**p) if isinstance(fit, EdgeFit) else fit
    return sign * transform.symbolic(f / x**q)


def _plainer(fit: EdgeFit, x: Array, y: Array) -> Iterator[EdgeFit]:
    """The fit, and those without its offset, its shift or both: noise leaves a little of either in every fit."""
    yield fit
    shifts = (fit.b, 0.0) if fit.b and fit.a and "b" in fit.function.free else (fit.b,)
    for b in shifts:
        a = fit.a if b == fit.b else _unshifted(fit.function, x, y, fit.a)
        for free in (True, False):
            plain = replace(fit, a=a, b=b)
            if (b, free) != (fit.b, True) and (free or fit.d):
                inner = plain.function.inner(x, a, b)
                columns = np.column_stack([inner, np.ones_like(x)][: 1 + free])
                if np.isfinite(columns).all():
                    weights = np.linalg.lstsq(columns, y, rcond=None)[0]
                    yield replace(plain, c=float(weights[0]), d=float(weights[1]) if free else 0.0)


def _unshifted(f: Function, x: Array, y: Array, near: float) -> float:
    """The inner factor of the same function that goes without a shift, with factor and offset in closed form."""
    centred = y - y.mean()

    def left(log: float) -> float:
        inner = f.inner(x, near * np.exp(log), 0.0)
        inner = inner - inner.mean()
        size = float(inner @ inner)
        return -float((inner @ centred) ** 2) / size if 0 < size < np.inf else 0.0

    return near * float(np.exp(minimize_scalar(left, bounds=(-REACH, REACH), method="bounded").x))


def _bits(fit: EdgeFit, points: int, rows: int) -> float:
    """Of the points' misfit, the function and its constants; only differences mean something."""
    constants = 1 + ("a" in fit.function.free or fit.function.free == "p") + (fit.b != 0) + (fit.d != 0)
    misfit = 0.5 * points * float(np.log2(max(1 - fit.r2, 1e-24)))
    return misfit + NODE * fit.function.complexity + 0.5 * constants * float(np.log2(rows))


def half_powers(data: Dataset, noise: float, config: MatchConfig, keep: int = 2) -> Iterator[sympy.Expr]:
    """Formulas f(x**p)·x**q with p ±1/2 and q 0, ±1/2 or ±1, of a positive input: what was reduced to a square.

    noise: as for `single`.
    """
    x, y, noise = _curve(data, noise)
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


def _curve(data: Dataset, noise: float) -> tuple[Array, Array, float]:
    """At most POINTS points in order, (points,) each, and their noise: some rows without noise, means of all with.

    Where the rows have errors of their own, each mean is of as much weight as any other.
    """
    order = np.argsort(data.X[:, 0], kind="stable")
    if not noise:
        order = order[np.unique(np.linspace(0, data.rows - 1, min(POINTS, data.rows)).astype(int))]
        return data.X[order, 0], data.y[order], noise
    weight = shares(data) ** -2
    places = np.cumsum(weight[order])
    # a little more than whole shares, so that rounding leaves no row in the block before its own
    parts = (1 + 1e-12) * np.linspace(0, 1, min(POINTS, data.rows) + 1)[1:-1]
    edges = np.searchsorted(places, places[-1] * parts, side="right")
    blocks = [block for block in np.split(order, edges) if len(block)]
    x, y = (np.array([_average(c[b], weight[b]) for b in blocks]) for c in (data.X[:, 0], data.y))
    return x, y, noise / float(np.sqrt(places[-1] / len(blocks)))


def _average(values: Array, weights: Array) -> float:
    """To the last bit the value where there is one, so that a curve that comes again is known again."""
    return float(values[0] if len(values) == 1 else np.average(values, weights=weights))


def _r2(values: Array, y: Array) -> float:
    """Of the target itself: under a transform or a power of x, a few large values would decide."""
    with np.errstate(all="ignore"):
        left = float(np.mean((values - y) ** 2))
    return 1 - left / (float(np.var(y)) or 1.0) if np.isfinite(left) else -np.inf


def _factors(x: Array) -> list[tuple[int, int]]:
    """(q, p): the target is multiplied by x**q and matched over x**p; powers that the values allow."""
    if np.any(x == 0):
        return [(0, 1), *([(0, 2)] if x[0] >= 0 or x[-1] <= 0 else [])]
    one_sign = x[0] > 0 or x[-1] < 0
    return [(0, 1), *([(0, -1), (0, 2)] if one_sign else []), *((q, 1) for q in POWERS)]
