"""Fit the constants of an expression: all of them together, by nonlinear least squares on the rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import FormulaError
from kansr.expression.evaluate import Program, Tape
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.effective_variance import ROUNDS, Adjusted, adjusted, own_errors
from kansr.formula.fit.error_model import error_ms_of, spans_decades
from kansr.formula.fit.rounding import rounding_error
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.least_squares import SMALL_STEP, STALLED, Minimum, levenberg_marquardt
from kansr.numeric.robust import HUBER, MAD, mean_square, robust_square, typical
from kansr.numeric.tolerances import SINGULAR, TINY, ZERO_RMS

ITERATIONS = 60  # Levenberg-Marquardt steps at most; never measured alone
REFIT_ITERATIONS = 12  # the same where constants begin near their optimum; never measured alone
REWEIGHTINGS = 4  # rounds of iteratively reweighted least squares for Huber's loss; never measured alone
STALLED_DISTANCE = 1e-10  # relative decrease of squared distances that ends a fit: each is known to 1e-11
MOST_ROWS = 4000  # rows that constants are fitted to where a search fits many formulas; never measured alone


@dataclass(frozen=True, eq=False)
class Fit:
    """An expression with its constants fitted.

    constants, errors: the constants and their standard errors, (constants,); influence: rms over the rows of each
    constant times the derivative by it, (constants,), in the unit of the target; rms: root mean squared residual on
    the rows fitted, in the unit of the target; error_ms: see `error_model.error_ms_of`, in the square of that unit.
    """

    expr: sympy.Expr
    constants: tuple[sympy.Float, ...]
    errors: Array
    influence: Array
    rms: float
    error_ms: float


def floats(expr: sympy.Expr) -> tuple[sympy.Float, ...]:
    """The constants of an expression: its distinct floats, in a fixed order."""
    return tuple(sorted(expr.atoms(sympy.Float), key=lambda v: (abs(float(v)), float(v))))


def tied_floats(expr: sympy.Expr) -> tuple[sympy.Float, ...]:
    """The constants that are fitted: of c and -c only c, which is one constant in c - c*exp(-x), sympy's c*(1 - …)."""
    found = floats(expr)
    return tuple(value for value in found if value > 0 or -value not in found)


def short_floats(expr: sympy.Expr) -> tuple[sympy.Float, ...]:
    """The constants of few digits: they were snapped, and stay when the others are fitted again."""
    return tuple(value for value in floats(expr) if is_short(float(value)))


def fit_constants(
    expr: sympy.Expr,
    data: Dataset,
    *,
    fixed: Collection[sympy.Float] = (),
    iterations: int = ITERATIONS,
    rows: int = MOST_ROWS,
) -> Fit:
    """The expression with its constants at their least-squares optimum, starting from their present values.

    fixed: the constants that stay; rows: at most so many rows are used, evenly taken. Rows with stated errors weigh
    1/sigma², those with errors in their inputs by the effective variance of the expression itself. `rms` is inf where
    the expression has no finite value on some row.
    """
    if data.rows > rows:
        data = data.take(evenly_spaced_rows(data.rows, rows))
    constants = tuple(c for c in tied_floats(expr) if c not in fixed and -c not in fixed)
    try:
        tape = Tape(expr, data.names, constants)
    except FormulaError:  # sympy has rewritten the expression into one that is not real everywhere
        return Fit(expr, (), np.empty(0), np.empty(0), np.inf, np.inf)
    with np.errstate(all="ignore"):
        best = optimum(tape, data, np.array([float(c) for c in constants]), iterations)
        influence = np.sqrt(np.mean((best.J * best.values) ** 2, axis=0))
    fitted = tuple(sympy.Float(float(v)) for v in best.values)
    expr = replaced(expr, dict(zip(constants, fitted))) if constants else expr
    return Fit(expr, fitted, best.errors, influence, best.rms, best.error_ms)


def replaced(expr: sympy.Expr, numbers: Mapping[sympy.Float, sympy.Expr]) -> sympy.Expr:
    """The expression with other numbers in place of its constants and of their negatives."""
    return expr.xreplace({**{-old: -new for old, new in numbers.items()}, **numbers})


class Optimum(NamedTuple):
    """values: the constants, (constants,); J: the Jacobian, (rows, constants); errors, rms, error_ms: as in `Fit`."""

    values: Array
    J: Array
    errors: Array
    rms: float
    error_ms: float


def optimum(tape: Tape, data: Dataset, start: Array, iterations: int) -> Optimum:
    """The least-squares optimum of a tape's constants, under the likelier error model.

    Others than constant errors are tried where the target spans decades, and where what is left may be rounding.
    """
    best = least_squares(tape, data, start, iterations)
    if np.isfinite(best.rms) and data.sigma is None and spans_decades(data.y):
        # The errors may be relative to the target: the optimum of relative least squares competes with this one.
        relative = least_squares(tape, data, best.values, iterations, np.abs(data.y))
        best = min(best, relative, key=lambda one: one.error_ms)
    if np.isfinite(best.rms) and data.rounding is not None and data.sigma is None:
        best = _by_rounding(tape, data, best, iterations)
    return best


def _by_rounding(tape: Tape, data: Dataset, best: Optimum, iterations: int) -> Optimum:
    """The same, or the optimum of least squares in which each row weighs by its rounding error; the likelier one."""

    def rounding(one: Optimum) -> tuple[Array, Array | None]:
        residual = tape.value(data.X, one.values) - data.y
        return residual, rounding_error(lambda X: tape.value(X, one.values), residual, data)

    scale = rounding(best)[1]
    if scale is None:
        return best
    both = (best, least_squares(tape, data, best.values, iterations, scale))
    measured = (one._replace(error_ms=error_ms_of(rounding(one)[0], data, rounding(one)[1])) for one in both)
    return min(measured, key=lambda one: one.error_ms)


def least_squares(tape: Tape, data: Dataset, start: Array, iterations: int, scale: Array | None = None) -> Optimum:
    """Least squares, or Huber's loss, of the residuals over `scale`, (rows,); by default the stated errors.

    Where inputs have errors, of the distances in standard errors, see `effective_variance`.
    """
    if data.input_errors is not None:
        return _with_adjusted_inputs(tape, data, start, iterations)
    scale = data.sigma if scale is None else scale
    weight = np.ones(data.rows) if scale is None else 1 / scale
    values, rms, J = minimise(tape, data.X, data.y, start, iterations, weight)
    known = scale is not None and scale is data.stated
    errors = standard_errors(J, rms, known)
    if (scale is None and not data.robust) or not np.isfinite(rms):
        return Optimum(values, J, errors, rms, rms**2)
    row_weights = weight
    if data.robust:
        values, row_weights, J, noise = _reweighted(tape, data, values, iterations, weight, J)
        errors = standard_errors(J, noise, known)
    residual = tape.value(data.X, values) - data.y
    square = robust_square if data.robust else mean_square
    size = 1.0 if scale is None else typical(scale)
    error_ms = square(residual * weight) * size**2
    return Optimum(values, J / row_weights[:, None], errors, math.sqrt(mean_square(residual)), error_ms)


def _with_adjusted_inputs(tape: Tape, data: Dataset, start: Array, iterations: int) -> Optimum:
    """The least squares, or Huber's loss, of how far rows with errors in their inputs are off, in standard errors.

    Errors of the target that are not known are estimated in turn with the constants. Distances have more minima than
    residuals have: in the same way a line may be followed from either side. So the fit begins where residuals with
    fixed weights are least.
    """
    errors = data.input_errors
    assert errors is not None and data.sigma is not None
    values, row_weights = start, np.ones(data.rows)
    if iterations:
        values = minimise(tape, data.X, data.y, start, iterations, 1 / data.sigma).values
    rounds = REWEIGHTINGS if data.robust else ROUNDS if errors.y is None else 1
    for _ in range(rounds if iterations else 1):
        own, before = own_errors(tape, values, data), values
        values, off, rms, J = _nearest(tape, data, own, values, iterations, row_weights)
        if np.all(np.abs(values - before) <= SMALL_STEP * np.abs(values)):
            break
        if data.robust:
            size = np.abs(off.distance)
            row_weights = np.sqrt(np.minimum(1, HUBER * MAD * float(np.median(size)) / (size + TINY)))
    residual = tape.value(data.X, values) - data.y
    square = robust_square if data.robust else mean_square
    error_ms = square(off.distance) * typical(off.sigma) ** 2 if np.isfinite(rms) else np.inf
    of_constants = standard_errors(J * row_weights[:, None], rms, known=errors.absolute)
    return Optimum(values, J * off.sigma[:, None], of_constants, math.sqrt(mean_square(residual)), error_ms)


def _nearest(
    tape: Tape, data: Dataset, own: Array, start: Array, iterations: int, row_weights: Array
) -> tuple[Array, Adjusted, float, Array]:
    """The constants with the least squares of distances in standard errors times `row_weights`, (rows,).

    own: the standard error of each y, (rows,). -> constants; the adjusted inputs there; the rms; the Jacobian without
    the row weights, (rows, constants).
    """

    taken = [adjusted(tape, start, data, own)]  # whose adjusted inputs the next ones are near
    last = [(start, taken[0])]  # where a step is taken, its distances serve for the derivatives

    def distance(values: Array) -> Array:
        last[:] = [(values, adjusted(tape, values, data, own, taken[0].X))]
        return np.asarray(last[0][1].distance * row_weights)

    def linearised(values: Array) -> tuple[Array, Array]:
        if last[0][0] is not values:
            distance(values)
        off = last[0][1]
        taken[:] = [off]
        with np.errstate(all="ignore"):
            J = tape.jacobian(off.X, values)[1] * (row_weights / off.sigma)[:, None]
        return off.distance * row_weights, J

    values, rms, J = levenberg_marquardt(distance, linearised, start, iterations, stalled=STALLED_DISTANCE)
    return values, taken[0], rms, J / row_weights[:, None]


def _reweighted(
    tape: Tape, data: Dataset, values: Array, iterations: int, weight: Array, J: Array
) -> tuple[Array, Array, Array, float]:
    """Iteratively reweighted least squares for Huber's loss (Holland and Welsch 1977).

    -> constants; weights of the rows, (rows,); Jacobian times these; rms of the noise, in the unit of 1/weight.
    """
    row_weights, noise = weight, 0.0
    for _ in range(REWEIGHTINGS):
        size = np.abs(tape.value(data.X, values) - data.y) * weight
        noise = MAD * float(np.median(size))
        if not noise > 0:
            break
        row_weights = weight * np.sqrt(np.minimum(1, HUBER * noise / (size + TINY)))
        values, _, J = minimise(tape, data.X, data.y, values, iterations, row_weights)
    return values, row_weights, J, noise


def minimise(
    program: Program,
    X: Array,
    y: Array,
    start: Array,
    iterations: int,
    weight: Array | float = 1.0,
    stalled: float = STALLED,
) -> Minimum:
    """The constants, near `start`, that minimise the sum of squares of the residuals times `weight`, (rows,).

    stalled: see `levenberg_marquardt`.
    """
    column = np.reshape(weight, (-1, 1))
    last: list[tuple[Array, list[Any]]] = []  # where a step is taken, its values serve for the derivatives

    def residual(values: Array) -> Array:
        with np.errstate(all="ignore"):
            last[:] = [(values, program.forward(X, values))]
            return np.asarray((last[0][1][-1] - y) * weight)

    def linearised(values: Array) -> tuple[Array, Array]:
        if not last or last[0][0] is not values:
            residual(values)
        out = last[0][1]
        with np.errstate(all="ignore"):
            return np.asarray((out[-1] - y) * weight), program.derivatives(out, len(y)) * column

    rounding = ZERO_RMS * float(np.max(np.abs(y * weight), initial=0.0))
    return levenberg_marquardt(residual, linearised, start, iterations, rounding, stalled)


def standard_errors(J: Array, rms: float, known: bool = False) -> Array:
    """The standard error of each constant from the curvature at the optimum; inf where the rows do not determine it.

    J: (rows, constants); rms: of the residuals, in the unit of the target. known: whether J is in units of errors that
    are known as such, and not estimated from the residuals.
    """
    rows, count = J.shape
    if not count or rows <= count or not np.isfinite(rms):
        return np.full(count, np.inf)
    scale = np.sqrt(np.sum(J * J, axis=0))
    with np.errstate(all="ignore"):
        N = (J / scale).T @ (J / scale)
    if not np.isfinite(N).all():
        return np.full(count, np.inf)
    variance = np.clip(np.diag(np.linalg.pinv(N, rcond=SINGULAR)), 0, None)
    factor = 1.0 if known else math.sqrt(rows / (rows - count)) * rms
    return np.sqrt(variance) * factor / scale
