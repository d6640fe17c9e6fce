"""The constants of a formula fitted to all rows of a table that was too large to be held, one piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.constants import floats
from kansr.formula.fit.form import read_form
from kansr.numeric.arrays import Array
from kansr.numeric.robust import r_squared
from kansr.numeric.tolerances import ROUNDING
from kansr.pipeline.conclude import AS_IT_IS
from kansr.result.result import FormVerdict, Result

NEAR = 10.0  # standard errors, of the rows that were looked at, that constants may move


def on_all_rows(found: Result, columns: Sequence[str], pieces: Iterable[Array], *, alike: bool = True) -> Result:
    """The result with its best formula, and a form that the user gave, fitted to all rows; the formula judged on them.

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
    sums = _Sums(Tape(best.expr, found.inputs, constants), [float(c) for c in constants])
    form = None if found.verdict is None else _form(found.verdict, found)
    for piece in pieces:
        part = piece[:, places]
        part = part[np.isfinite(part).all(axis=1)]
        if len(part):
            sums.add(part[:, :-1], part[:, -1])
            if form is not None:
                form.add(part[:, :-1], part[:, -1])
    loss, variance = sums.loss, sums.variance
    fitted = dict(found.constants)
    if alike and not found.outliers and best.error_ms >= best.loss * (1 - ROUNDING):
        step, errors = sums.step(np.array([fitted.get(float(c), 0.0) for c in constants]))
        if step.any():
            new = {c: sympy.Float(float(v)) for c, v in zip(constants, sums.values + step)}
            loss -= float(step @ sums.slope) / sums.rows
            best = replace(best, expr=best.expr.xreplace(new))
            fitted = {float(new[c]) if c in new else float(c): 0.0 for c in floats(found.best.expr)}
            fitted |= dict(zip((float(v) for v in new.values()), errors.tolist()))
        if form is not None and found.verdict is not None:
            found = replace(found, verdict=_moved(found.verdict, form))
    best = replace(best, loss=loss, r2=r_squared(loss, variance))
    note = f"the search used {found.rows} rows; on all {sums.rows} rows r² is {best.r2:.12g}"
    return replace(
        found, front=found.front.with_best(best), constants=tuple(fitted.items()), notes=(*found.notes, note)
    )


class _Sums:
    """What a step in the constants of a formula needs to know of rows, summed over pieces of them."""

    def __init__(self, tape: Tape, values: Sequence[float]) -> None:
        self.tape, self.values = tape, np.array(values)
        self.normal: Array = np.zeros((len(values), len(values)))
        self.slope: Array = np.zeros(len(values))
        self.rows, self.squares, self.total, self.total_squares = 0, 0.0, 0.0, 0.0

    def add(self, X: Array, y: Array) -> None:
        """X: (rows, inputs); y: (rows,)"""
        out, J = self.tape.jacobian(X, self.values)
        residual = y - out
        self.normal, self.slope = self.normal + J.T @ J, self.slope + J.T @ residual
        self.rows, self.squares = self.rows + len(y), self.squares + float(residual @ residual)
        self.total, self.total_squares = self.total + float(y.sum()), self.total_squares + float(y @ y)

    @property
    def loss(self) -> float:
        return self.squares / self.rows if np.isfinite(self.squares) else np.inf

    @property
    def variance(self) -> float:
        return max(self.total_squares / self.rows - (self.total / self.rows) ** 2, 0.0)

    def step(self, errors: Array) -> tuple[Array, Array]:
        """The step to the least squares, and the standard errors there, (constants,).

        errors: standard errors as known so far. No step where only rounding is left, where the constants are not
        determined, or where it goes farther than they allow.
        """
        stay = np.zeros(len(self.values))
        if not len(stay) or not np.isfinite(self.loss) or self.loss <= AS_IT_IS**2 * self.variance:
            return stay, errors
        scale = np.sqrt(np.diag(self.normal))
        try:
            inverse = np.linalg.inv(self.normal / np.outer(scale, scale)) / np.outer(scale, scale)
        except np.linalg.LinAlgError:
            return stay, errors
        step = inverse @ self.slope
        if not (np.isfinite(step).all() and (np.abs(step) <= NEAR * errors).all()):
            return stay, errors
        return step, np.sqrt(self.loss * np.diag(inverse))


def _form(verdict: FormVerdict, found: Result) -> _Sums:
    """The form in its named constants, from the values that it has."""
    nothing = Dataset(np.empty((0, len(found.inputs))), np.empty(0), found.inputs, found.target)
    form = read_form(verdict.text, nothing)
    return _Sums(Tape(form.expr, found.inputs, form.constants), [value for _, value, _ in verdict.constants])


def _moved(verdict: FormVerdict, form: _Sums) -> FormVerdict:
    """The verdict with the constants of the form fitted to all rows."""
    step, errors = form.step(np.array([error for _, _, error in verdict.constants]))
    values = zip(verdict.constants, (form.values + step).tolist(), errors.tolist())
    return replace(verdict, constants=tuple((name, value, error) for (name, _, _), value, error in values))
