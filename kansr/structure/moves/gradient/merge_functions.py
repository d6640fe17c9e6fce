"""Merges by functions: two inputs that enter only as f(x_i) + c·g(x_j), with f and g of the library.

With g the gradient, log|g_i/g_j| is a curve of x_i plus a curve of x_j then. The exponentials of the two, integrated,
are f and g up to factors. The library is matched to them, and the constants are fitted to the angles of the gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, product

import numpy as np
import sympy
from scipy.integrate import cumulative_trapezoid
from scipy.optimize import least_squares as nonlinear_least_squares

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import basis, least_squares
from kansr.result.graph import Edge
from kansr.structure.moves.gradient.sample import GradientSample, is_continuous, misfit_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.structure.moves.thresholds import DOUBTFUL, END_ROWS, INTERVALS, KEPT, KNOWN_ROWS, POINTS
from kansr.symbolic.library.function import Function
from kansr.symbolic.matching.match import MatchConfig, match

EVALUATIONS = 30  # evaluations of the residuals in the fit of the constants; never measured alone
OUTLYING = 0.01  # sine of the angle, in radians, above which a row counts less in this fit; likewise


@dataclass(frozen=True, eq=False)
class Side:
    """The function f(a·x + b) of one input of a merge; for powers a is the exponent."""

    index: int
    function: Function
    a: float
    b: float

    @property
    def is_power(self) -> bool:
        """Whether the constant a is an exponent."""
        return self.function.free == "p"

    def slope(self, X: Array, a: float, b: float) -> Array:
        """The slope along the input, with other constants. X: (rows, n) -> (rows,)"""
        x = X[:, self.index]
        if self.is_power:
            return a * x ** (a - 1)
        derivative = self.function.derivative
        assert derivative is not None
        return a * derivative(a * x + b)

    def fitted(self) -> tuple[bool, bool]:
        """Whether a and b are fitted; a shift that matching found to be 0 stays 0."""
        free = "a" if self.is_power else self.function.free
        return "a" in free, "b" in free and self.b != 0


def function_merges(sample: GradientSample, config: MatchConfig) -> Iterator[Move]:
    """The best merges of all pairs of inputs that merges by powers do not explain."""
    for i, j in combinations(range(sample.n), 2):
        curves = _curves(sample, i, j)
        if curves is None:
            continue
        first, second = (_matches(k, curve, config) for k, curve in zip((i, j), curves))
        found = [move for f, g in product(first, second) if (move := _merge(sample, f, g)) is not None]
        yield from sorted(found, key=Move.rank)[:KEPT]


def _curves(sample: GradientSample, i: int, j: int) -> list[Edge] | None:
    """f over x_i and g over x_j, as points; None where the ratio of the slopes is no product of two curves."""
    with np.errstate(all="ignore"):
        ratio = sample.gradient[:, i] / sample.gradient[:, j]
    known = np.isfinite(ratio) & (ratio != 0)
    if known.mean() < KNOWN_ROWS or abs(np.mean(np.sign(ratio[known]))) < KNOWN_ROWS:
        return None
    columns = [sample.X[:, k] for k in (i, j)]
    if not all(map(is_continuous, columns)):
        return None
    bases = [basis(x, INTERVALS) for x in columns]
    splines = [b(x) for b, x in zip(bases, columns)]
    A = np.hstack(splines)
    weight = sample.ratio_weight(i, j)[known, None]
    w = least_squares(A[known] * weight, np.log(np.abs(ratio[known]))[:, None] * weight)[:, 0]
    misfit = misfit_of(_bounded(sample.sine(i, j, np.sign(np.median(ratio)) * np.exp(A @ w))))
    if misfit > DOUBTFUL:
        return None
    curves = []
    for x, b, weights, sign in zip(columns, bases, np.split(w, [splines[0].shape[1]]), (1, -1)):
        low, high = np.quantile(x, [END_ROWS, 1 - END_ROWS]).tolist()
        points: Array = np.linspace(low, high, POINTS)
        slope = np.exp(sign * (b(points) @ weights))
        values = cumulative_trapezoid(slope, points, initial=0.0)
        curves.append(Edge("x", "y", points, values, misfit * float(np.std(values))))
    return curves


def _bounded(sine: Array) -> Array:
    """The sine, 1 where it is not finite: the direction of the merge is not known there."""
    return np.clip(np.nan_to_num(sine, nan=1.0), -1, 1)


def _matches(index: int, curve: Edge, config: MatchConfig) -> list[Side]:
    """The library functions nearest to a curve that have a derivative."""
    fits = [fit for fit in match(curve, config) if fit.c != 0]
    usable = [fit for fit in fits if fit.function.derivative is not None or fit.function.free == "p"]
    return [Side(index, fit.function, fit.a, fit.b) for fit in usable[:KEPT]]


def _merge(sample: GradientSample, f: Side, g: Side) -> Move | None:
    """f + c·g with its constants fitted; None for powers of both, which merges by powers have."""
    if all(side.b == 0 and side.function.free in ("", "p") for side in (f, g)):
        return None
    fitted = _fitted(sample, f, g)
    if fitted is None:
        return None
    sides, c, misfit = fitted
    constants = sum(sum(side.fitted()) for side in (f, g))
    cost = 0.5 * (1 + constants + (f.function.complexity + g.function.complexity) / 2)
    name = f"merge {sample.name(f.index)}, {sample.name(g.index)} ({f.function.name}, {g.function.name})"
    nice = factor_near(c)
    apply = partial(_join, sample.state, sides, sympy.Float(c) if nice is None else nice, misfit)
    return Move(misfit, cost, name, sample.used((f.index, g.index)), apply)


def _fitted(sample: GradientSample, f: Side, g: Side) -> tuple[tuple[Side, Side], float, float] | None:
    """f and g with their constants fitted to the angles of the gradients, c, and the angle; None where it is large."""
    X, i, j = sample.X, f.index, g.index
    with np.errstate(all="ignore"):
        ratio = sample.gradient[:, i] / sample.gradient[:, j]
        c = float(np.median(f.slope(X, f.a, f.b) / g.slope(X, g.a, g.b) / ratio))
    if not np.isfinite(c) or c == 0:
        return None
    start = np.array([f.a, f.b, g.a, g.b, c])
    free = np.array([*f.fitted(), *g.fitted(), True])
    scale = np.where(start != 0, np.abs(start), 1.0)

    def constants(step: Array) -> Array:
        values = start.copy()
        values[free] += step * scale[free]
        return values

    def sine(step: Array) -> Array:
        a, b, a_other, b_other, factor = constants(step)
        with np.errstate(all="ignore"):
            return _bounded(sample.sine(i, j, f.slope(X, a, b) / g.slope(X, a_other, b_other) / factor))

    step = nonlinear_least_squares(
        sine, np.zeros(int(free.sum())), loss="soft_l1", f_scale=OUTLYING, max_nfev=EVALUATIONS
    ).x
    misfit = misfit_of(sine(step))
    if not misfit < DOUBTFUL:
        return None
    a, b, a_other, b_other, c = constants(step).tolist()
    return (replace(f, a=a, b=b), replace(g, a=a_other, b=b_other)), c, misfit


def _join(state: State, sides: tuple[Side, Side], c: sympy.Expr, value_error: float) -> State | None:
    """The state with f + c·g in place of the two inputs. value_error: relative error of the constants."""
    f, g = (side.function.inner(state.X[:, side.index], side.a, side.b) for side in sides)
    exprs = [side.function.expr(state.inputs[side.index], side.a, side.b) for side in sides]
    new = replace_inputs(state, [side.index for side in sides], [exprs[0] + c * exprs[1]], [f + float(c) * g])
    return None if new is None else replace(new, value_error=max(state.value_error, value_error))
