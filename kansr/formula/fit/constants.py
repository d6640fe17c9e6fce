"""All constants of an expression fitted together, by least squares on the rows themselves."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.error_model import spans_decades
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.least_squares import Minimum, levenberg_marquardt
from kansr.numeric.robust import HUBER, MAD, mean_square, robust_square, typical

REWEIGHTED = 4  # rounds of reweighting
POLISH_ROWS = 4000  # constants are fitted to, where a search fits many formulas
SMALLEST = 1e-16  # rms over the largest target that is as good as zero


@dataclass(frozen=True, eq=False)
class Fit:
    """An expression with its floats at their best values.

    constants, errors: the floats and their standard errors, (constants,); `rms`: root mean squared residual on the
    rows fitted, in the units of the target; `error_ms`: mean squared residual, in their square, under the likelier
    error model or with the errors that are known (see `error_model.likely_square`). `influence`: rms of constant times
    derivative, what each is worth.
    """

    expr: sympy.Expr
    constants: tuple[sympy.Float, ...]
    errors: Array
    influence: Array
    rms: float
    error_ms: float


def floats(expr: sympy.Expr) -> tuple[sympy.Float, ...]:
    """The distinct floats of an expression, in a fixed order."""
    return tuple(sorted(expr.atoms(sympy.Float), key=lambda v: (abs(float(v)), float(v))))


def short_floats(expr: sympy.Expr) -> tuple[sympy.Float, ...]:
    """Those of few digits, which have been chosen as such and stay when the others are fitted again."""
    return tuple(value for value in floats(expr) if is_short(float(value)))


def polish(
    expr: sympy.Expr,
    data: Dataset,
    *,
    fixed: Collection[sympy.Float] = (),
    iterations: int = 60,
    rows: int = POLISH_ROWS,
) -> Fit:
    """The least-squares optimum of the floats of `expr` (but for those `fixed`), from their present values.

    Rows whose errors are known weigh by 1/sigma².

    At most `rows` rows are used, evenly taken. `rms` is inf where the expression has no finite value on some row.
    """
    if data.rows > rows:
        data = data.take(evenly_spaced_rows(data.rows, rows))
    constants = tuple(c for c in floats(expr) if c not in fixed)
    try:
        tape = Tape(expr, data.names, constants)
    except FormulaError:  # sympy has rewritten it into something that is not real everywhere
        return Fit(expr, (), np.empty(0), np.empty(0), np.inf, np.inf)
    with np.errstate(all="ignore"):
        best = optimum(tape, data, np.array([float(c) for c in constants]), iterations)
        influence = np.sqrt(np.mean((best.J * best.values) ** 2, axis=0))
    fitted = tuple(sympy.Float(float(v)) for v in best.values)
    expr = expr.xreplace(dict(zip(constants, fitted))) if constants else expr
    return Fit(expr, fitted, best.errors, influence, best.rms, best.error_ms)


class Optimum(NamedTuple):
    """The constants, their Jacobian, (rows, constants), and standard errors; rms and error_ms as in `Fit`."""

    values: Array
    J: Array
    errors: Array
    rms: float
    error_ms: float


def optimum(tape: Tape, data: Dataset, start: Array, iterations: int) -> Optimum:
    """The least-squares optimum of a tape's constants, under the likelier error model if the target spans decades."""
    best = _optimum(tape, data, start, iterations)
    if np.isfinite(best.rms) and data.sigma is None and spans_decades(data.y):
        # Errors may be as large as the target: the optimum of relative least squares competes with this one.
        near = _optimum(tape, data, best.values, iterations, np.abs(data.y))
        best = min(best, near, key=lambda one: one.error_ms)
    return best


def _optimum(tape: Tape, data: Dataset, start: Array, iterations: int, scale: Array | None = None) -> Optimum:
    """Least squares, or Huber's loss, of residuals over `scale`, (rows,): the errors that are known unless given."""
    scale = data.sigma if scale is None else scale
    weight = np.ones(data.rows) if scale is None else 1 / scale
    values, rms, J = minimise(tape, data.X, data.y, start, iterations, weight)
    errors = _standard_errors(J, rms)
    if (scale is None and not data.robust) or not np.isfinite(rms):
        return Optimum(values, J, errors, rms, rms**2)
    shares = weight
    if data.robust:
        values, shares, J, level = _reweighted(tape, data, values, iterations, weight, J)
        errors = _standard_errors(J, level)
    residual = tape.value(data.X, values) - data.y
    square = robust_square if data.robust else mean_square
    size = 1.0 if scale is None else typical(scale)
    error_ms = square(residual * weight) * size**2
    return Optimum(values, J / shares[:, None], errors, math.sqrt(mean_square(residual)), error_ms)


def _reweighted(
    tape: Tape, data: Dataset, values: Array, iterations: int, weight: Array, J: Array
) -> tuple[Array, Array, Array, float]:
    """Iteratively reweighted least squares for Huber's loss (Holland and Welsch 1977).

    -> values, (rows,) what the rows count for, the Jacobian times that, the noise level in units of 1/weight.
    """
    shares, level = weight, 0.0
    for _ in range(REWEIGHTED):
        size = np.abs(tape.value(data.X, values) - data.y) * weight
        level = MAD * float(np.median(size))
        if not level > 0:
            break
        shares = weight * np.sqrt(np.minimum(1, HUBER * level / (size + 1e-300)))
        values, _, J = minimise(tape, data.X, data.y, values, iterations, shares)
    return values, shares, J, level


def minimise(tape: Tape, X: Array, y: Array, start: Array, iterations: int, weight: Array | float = 1.0) -> Minimum:
    """The constants with the least squares of the tape's residuals times `weight`, (rows,), near `start`."""
    column = np.reshape(weight, (-1, 1))

    def residual(values: Array) -> Array:
        return (tape.value(X, values) - y) * weight

    def linearised(values: Array) -> tuple[Array, Array]:
        out, J = tape.jacobian(X, values)
        return (out - y) * weight, J * column

    rounding = SMALLEST * float(np.max(np.abs(y * weight), initial=0.0))
    return levenberg_marquardt(residual, linearised, start, iterations, rounding)


def _standard_errors(J: Array, rms: float) -> Array:
    """sigma of each constant from the curvature at the optimum, inf where the data do not determine it."""
    rows, count = J.shape
    if not count or rows <= count or not np.isfinite(rms):
        return np.full(count, np.inf)
    scale = np.sqrt(np.sum(J * J, axis=0))
    with np.errstate(all="ignore"):
        N = (J / scale).T @ (J / scale)
    if not np.isfinite(N).all():
        return np.full(count, np.inf)
    variance = np.clip(np.diag(np.linalg.pinv(N, rcond=1e-14)), 0, None)
    return np.sqrt(variance * rows / (rows - count)) * rms / scale
