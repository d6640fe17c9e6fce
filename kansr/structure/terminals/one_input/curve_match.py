"""One input: the rows are a curve, and T(y)·x**q over x**p is matched with every function of the library."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import sympy
from scipy.optimize import minimize_scalar

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING
from kansr.result.graph import Edge
from kansr.structure.surrogate.target_transforms import Transform, transformed
from kansr.structure.terminals.limits import COMMON_TRANSFORMS, MOST_FITS
from kansr.structure.terminals.one_input.binning import curve
from kansr.symbolic.library.function import Function
from kansr.symbolic.matching.match import BITS_PER_SAMPLE, LEAST_FLOOR, EdgeFit, MatchConfig, match, score

# Powers of x that the target is multiplied by.
POWERS = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)

# Bits for each point by which a fit may be longer than the shortest to be tried without its shift and offset.
MOST_BITS_BEHIND = 0.5

# How far the inner factor may move in its logarithm when the shift or the offset beside it is left out.
REACH = 2.5


def single(
    data: Dataset,
    noise: float,
    config: MatchConfig,
    keep: int = 12,
    expired: Callable[[], bool] = lambda: False,
    quick: bool = False,
) -> Iterator[sympy.Expr]:
    """The `keep` shortest formulas T⁻¹(f(x**p) / x**q) with f in the library, the shortest first.

    data: one input; noise: the expected relative rms of a row with the typical error; quick: q is 0 and p is 1 or −1.
    """
    x, y, noise = curve(data, noise)
    exact = BITS_PER_SAMPLE * config.points * math.log2(ROUNDING**2)
    found: list[_Found] = []
    least = np.inf
    for view in _views(sympy.Symbol(data.names[0]), x, y, quick):
        if expired() or (noise == 0 and any(row.bits < exact for row in found)):
            break
        if view.is_constant():
            found.append(_Found(-np.inf, view, sympy.Float(float(view.u.mean()))))
            continue
        around = config.bits_per_node * view.complexity()
        for fit in match(view.edge(noise), config)[: 2 * MOST_FITS if noise else MOST_FITS]:
            bits = view.bits(fit, data.rows, config) if noise else score(fit, LEAST_FLOOR)
            least = min(least, bits)
            found.append(_Found(bits + around, view, fit))
            if noise and bits < least + MOST_BITS_BEHIND * len(y):
                simpler = _without_shift_or_offset(fit, view.v, view.u)
                found += [_Found(view.bits(form, data.rows, config) + around, view, form) for form in simpler]
    found.sort(key=lambda row: row.bits)
    yield from (row.view.formula(row.form) for row in found[:keep])


@dataclass(frozen=True, eq=False)
class _View:
    """The curve u = T(sign·y)·x**q over v = x**p.

    x, y, t, u, v: (points,), x ascending, t = T(sign·y).
    """

    symbol: sympy.Symbol
    x: Array
    y: Array
    t: Array
    transform: Transform
    sign: float
    q: int
    p: int

    @property
    def u(self) -> Array:
        return np.asarray(self.t * self.x ** float(self.q))

    @property
    def v(self) -> Array:
        return np.asarray(self.x ** float(self.p))

    def edge(self, noise: float) -> Edge:
        """The curve; noise: the error of u over its spread."""
        order = np.argsort(self.v, kind="stable")
        return Edge(str(self.symbol), "u", self.v[order], self.u[order], noise * float(np.std(self.u)))

    def is_constant(self) -> bool:
        return not float(np.std(self.u)) > ROUNDING * float(np.mean(np.abs(self.u)))

    def complexity(self) -> int:
        """What the transform and the powers add to a formula."""
        return self.transform.complexity + bool(self.q) + (self.p != 1)

    def formula(self, form: EdgeFit | sympy.Float) -> sympy.Expr:
        """T⁻¹(f(x**p) / x**q), where f may be a number."""
        f = form.expr(self.symbol**self.p) if isinstance(form, EdgeFit) else form
        return self.sign * self.transform.symbolic(f / self.symbol**self.q)

    def bits(self, fit: EdgeFit, rows: int, config: MatchConfig) -> float:
        """The description length of a fit by its residual in y; only differences mean something.

        rows: those of the table, which constants are as exact as.
        """
        with np.errstate(all="ignore"):
            values = self.sign * self.transform.inverse(fit.value(self.v) / self.x ** float(self.q))
        f = fit.function
        constants = 1 + ("a" in f.free or f.free == "p") + (fit.b != 0) + (fit.d != 0)
        misfit = 0.5 * len(self.y) * float(np.log2(max(1 - _r2(values, self.y), LEAST_FLOOR)))
        return misfit + config.bits_per_node * f.complexity + 0.5 * constants * float(np.log2(rows))


class _Found(NamedTuple):
    """bits: description length, less is better, −inf for a constant; form: what f is in the view."""

    bits: float
    view: _View
    form: EdgeFit | sympy.Float


def _views(symbol: sympy.Symbol, x: Array, y: Array, quick: bool) -> Iterator[_View]:
    """The curves that are matched, the simplest transforms first; powers of x only under the common ones."""
    for transform, sign, t in transformed(y):
        powers = _powers(x) if transform.name in COMMON_TRANSFORMS and not quick else _inverses(x)
        yield from (_View(symbol, x, y, t, transform, sign, q, p) for q, p in powers)


def _inverses(x: Array) -> list[tuple[int, int]]:
    """(q, p) for the input and its inverse: which of the two comes out of a reduction is chance."""
    return [(0, 1), *([(0, -1)] if x[0] > 0 or x[-1] < 0 else [])]


def _powers(x: Array) -> list[tuple[int, int]]:
    """(q, p) as the values allow: the target is multiplied by x**q and matched over x**p."""
    if np.any(x == 0):
        return [(0, 1), *([(0, 2)] if x[0] >= 0 or x[-1] <= 0 else [])]
    inverses = _inverses(x)
    return [*inverses, *([(0, 2)] if len(inverses) > 1 else []), *((q, 1) for q in POWERS)]


def _r2(values: Array, y: Array) -> float:
    """r² of the target itself: under a transform or a power of x a few large values would decide."""
    with np.errstate(all="ignore"):
        loss = float(np.mean((values - y) ** 2))
    return 1 - loss / (float(np.var(y)) or 1.0) if np.isfinite(loss) else -np.inf


def _without_shift_or_offset(fit: EdgeFit, x: Array, y: Array) -> Iterator[EdgeFit]:
    """The fit without its offset, its shift or both: in noise a fit has a little of either."""
    f = fit.function
    shifts = dict.fromkeys((fit.b, 0.0) if fit.a and "b" in f.free else (fit.b,))
    offsets = (True, False) if fit.d else (False,)
    for b, offset in product(shifts, offsets):
        if (b, offset) != (fit.b, bool(fit.d)):
            a = _inner_factor(f, x, y, fit.a, b, offset) if fit.a and f.free else fit.a
            columns = np.column_stack([f.inner(x, a, b), np.ones_like(x)][: 1 + offset])
            if np.isfinite(columns).all():
                c, *d = np.linalg.lstsq(columns, y, rcond=None)[0].tolist()
                yield replace(fit, a=a, b=b, c=c, d=d[0] if d else 0.0)


def _inner_factor(f: Function, x: Array, y: Array, near: float, b: float, offset: bool) -> float:
    """The best a of c·f(a·x + b) with this b, with or without an offset, c and the offset in closed form.

    near: where one search starts; another starts at the scale of x, because a fit with a shift and an offset may have
    gone as far as where the function is 1/x or a line.
    """
    target = y - y.mean() if offset else y

    def negative_gain(log: float, start: float) -> float:
        with np.errstate(all="ignore"):  # far from the start the function may overflow
            inner = f.inner(x, start * np.exp(log), b)
            inner = inner - inner.mean() if offset else inner
            size = float(inner @ inner)
            return -float((inner @ target) ** 2) / size if 0 < size < np.inf else 0.0

    starts = dict.fromkeys((near, math.copysign(1 / (float(np.median(np.abs(x))) or 1.0), near)))
    bounds = (-REACH, REACH)
    found = [
        (minimize_scalar(negative_gain, bounds=bounds, method="bounded", args=(start,)), start) for start in starts
    ]
    best, start = min(found, key=lambda row: row[0].fun)
    return start * float(np.exp(best.x))


def half_powers(data: Dataset, noise: float, config: MatchConfig, keep: int = 2) -> Iterator[sympy.Expr]:
    """Formulas f(x**p)·x**q with p ±1/2 and q 0, ±1/2 or ±1, of a positive input: reductions may leave a square.

    noise: as in `single`.
    """
    x, y, noise = curve(data, noise)
    symbol, half = sympy.Symbol(data.names[0]), sympy.Rational(1, 2)
    if not x[0] > 0:
        return
    found: list[tuple[float, int, sympy.Expr]] = []
    for p in (half, -half):
        v = x ** float(p)
        order = np.argsort(v, kind="stable")
        for q in (0, half, -half, 1, -1):
            u = y / x ** float(q)
            edge = Edge(data.names[0], "u", v[order], u[order], noise * float(np.std(u)))
            for fit in match(edge, config)[:MOST_FITS]:
                if noise:
                    fit = replace(fit, r2=_r2(fit.value(v) * x ** float(q), y))
                bits = score(fit, max(noise**2, LEAST_FLOOR))
                found.append((bits, len(found), fit.expr(symbol**p) * symbol**q))
    yield from (expr for _, _, expr in sorted(found, key=lambda row: row[:2])[:keep])
