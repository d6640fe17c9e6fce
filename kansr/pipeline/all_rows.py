"""The constants of a formula fitted to all rows of a table that was too large to be held, one piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import sympy

from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.constants import floats
from kansr.numeric.arrays import Array
from kansr.numeric.robust import r_squared
from kansr.numeric.tolerances import ROUNDING
from kansr.result.result import Result

EXACT = 1e-9  # residual over the spread below which constants are left as they are
NEAR = 10.0  # standard errors, of the rows that were looked at, that constants may move


def on_all_rows(found: Result, columns: Sequence[str], pieces: Iterable[Array], *, alike: bool = True) -> Result:
    """The discovery with its best formula fitted to, and judged on, all rows.

    columns: of the pieces, (rows, columns) each. One step of Gauss and Newton from what the rows that were looked at
    gave, which is near enough for one step to do. Numbers of few digits have been chosen as such, and stay; so do all
    where rows do not count `alike`: where their errors are known or are likelier relative ones, or rows were left out.
    """
    best = found.best
    names = [found.columns.get(name, name) for name in (*found.inputs, found.target)]
    if not set(names) <= set(columns):  # a rate of change, which the table does not hold
        return found
    places = [columns.index(name) for name in names]
    constants = [c for c in floats(best.expr) if not is_short(float(c))]
    tape = Tape(best.expr, found.inputs, constants)
    values = np.array([float(c) for c in constants])
    normal: Array = np.zeros((len(values), len(values)))
    slope: Array = np.zeros(len(values))
    rows, squares, total, total_squares = 0, 0.0, 0.0, 0.0
    even = alike and not found.outliers and best.error_ms >= best.loss * (1 - ROUNDING)
    for piece in pieces:
        part = piece[:, places]
        part = part[np.isfinite(part).all(axis=1)]
        if not len(part):
            continue
        out, J = tape.jacobian(part[:, :-1], values)
        y = part[:, -1]
        residual = y - out
        normal, slope = normal + J.T @ J, slope + J.T @ residual
        rows, squares = rows + len(y), squares + float(residual @ residual)
        total, total_squares = total + float(y.sum()), total_squares + float(y @ y)
    variance = max(total_squares / rows - (total / rows) ** 2, 0.0)
    loss = squares / rows if np.isfinite(squares) else np.inf
    fitted = dict(found.constants)
    if even and len(values) and np.isfinite(loss) and loss > EXACT**2 * variance:
        step, errors = _step(normal, slope, loss)
        known = np.array([fitted.get(float(c), 0.0) for c in constants])
        if np.isfinite(step).all() and (np.abs(step) <= NEAR * known).all():
            new = {c: sympy.Float(float(v)) for c, v in zip(constants, values + step)}
            loss -= float(step @ slope) / rows
            best = replace(best, expr=best.expr.xreplace(new))
            fitted = {float(new[c]) if c in new else float(c): 0.0 for c in floats(found.best.expr)}
            fitted |= dict(zip((float(v) for v in new.values()), errors.tolist()))
    best = replace(best, loss=loss, r2=r_squared(loss, variance))
    note = f"the formula was looked for on {found.rows} rows; on all {rows} its r² is {best.r2:.12g}"
    return replace(
        found, front=found.front.with_best(best), constants=tuple(fitted.items()), notes=(*found.notes, note)
    )


def _step(normal: Array, slope: Array, loss: float) -> tuple[Array, Array]:
    """The step to the least squares, and the standard errors there; not finite where they are not determined."""
    scale = np.sqrt(np.diag(normal))
    try:
        inverse = np.linalg.inv(normal / np.outer(scale, scale)) / np.outer(scale, scale)
    except np.linalg.LinAlgError:
        return np.full(len(slope), np.nan), np.full(len(slope), np.nan)
    return inverse @ slope, np.sqrt(loss * np.diag(inverse))
