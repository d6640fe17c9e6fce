"""Inputs of a formula that other columns could stand for: what columns that go together leave undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import fit_constants
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY

CORRELATED = 0.7  # correlation of two inputs, from which one is tried in the place of the other
TRIED = 5  # columns that are tried for an input, those that correlate most
CHANCE = 1.0  # standard errors of the mean difference of squared residuals, up to which two fits are as good
ITERATIONS = 20  # Levenberg-Marquardt steps: the constants begin near their optimum
MOST_ROWS = 2000  # rows that say whether a fit is as good


def exchange_notes(expr: sympy.Expr, data: Dataset, expired: Callable[[], bool]) -> Iterator[str]:
    """A sentence for every input of a formula that other columns could be exchanged for without a worse fit.

    data: the rows that the formula was fitted to, in no particular order.
    """
    data = data.take(slice(0, MOST_ROWS))
    used = [i for i, name in enumerate(data.names) if sympy.Symbol(name) in expr.free_symbols]
    squares = _squares(expr, data)
    for i in used:
        would_do = [j for j in _near(i, used, data) if not expired() and _as_good(expr, i, j, data, squares)]
        if would_do:
            own, *others = (repr(data.columns.get(data.names[k], data.names[k])) for k in (i, *would_do))
            yield f"{_listed(others)} fits as well as {own}: the rows cannot decide which one the law uses"


def _near(i: int, used: list[int], data: Dataset) -> list[int]:
    """The columns that correlate with one input and are not in the formula, those that do most first."""
    centred = data.X - data.X.mean(0)
    size = np.sqrt(np.sum(centred**2, axis=0)) + TINY
    r = np.abs(centred.T @ centred[:, i]) / (size * size[i])
    r[used] = 0.0
    near = np.argsort(-r, kind="stable")[:TRIED].tolist()
    return [j for j in near if r[j] > CORRELATED and _same_unit(i, j, data)]


def _same_unit(i: int, j: int, data: Dataset) -> bool:
    if data.units is None:
        return True
    dimension = data.units.dimension
    return dimension.get(data.names[i]) == dimension.get(data.names[j])


def _as_good(expr: sympy.Expr, i: int, j: int, data: Dataset, squares: Array) -> bool:
    """Whether the formula fits as well with the line of one input in another one in its place."""
    x, z = data.X[:, i], data.X[:, j]
    slope = float(np.cov(x, z)[0, 1] / np.var(z, ddof=1))
    line = sympy.Float(slope) * sympy.Symbol(data.names[j]) + sympy.Float(float(x.mean() - slope * z.mean()))
    trial = expr.xreplace({sympy.Symbol(data.names[i]): line})
    difference = _squares(canonical(trial, typical_size(data.X, data.names)), data) - squares
    error = float(np.std(difference)) / np.sqrt(len(difference))
    return bool(np.isfinite(error) and np.mean(difference) <= CHANCE * error)


def _squares(expr: sympy.Expr, data: Dataset) -> Array:
    """The squared residuals of a formula, (rows,), its constants fitted."""
    fit = fit_constants(expr, data, iterations=ITERATIONS)
    return np.asarray((Tape(fit.expr, data.names).value(data.X) - data.y) ** 2)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
