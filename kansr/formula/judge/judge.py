"""Judge a formula: its errors on fitting and held-out rows, its complexity and its description length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants
from kansr.formula.fit.effective_variance import effective
from kansr.formula.fit.error_model import comparable, error_ms_of
from kansr.formula.fit.rounding import rounding_error
from kansr.formula.judge.description_length import description_length
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, r_squared
from kansr.result.candidate import Candidate

FOLDS = 6  # parts of the rows that are left out in turn in cross-validation; never measured alone


def judge(expr: sympy.Expr, fitting: Dataset, held_out: Dataset, origin: str) -> Candidate:
    """The formula as a candidate, measured from the expression itself; nothing is fitted here.

    origin: what found it.
    """
    tape = Tape(expr, fitting.names)
    residual = tape.value(fitting.X) - fitting.y
    loss = mean_square(residual)
    error_ms = error_ms_of(*effective(tape, fitting), rounding_error(tape.value, residual, fitting))
    variance = float(np.var(fitting.y))
    return Candidate(
        expr,
        complexity(expr),
        loss,
        error_ms,
        r_squared(loss, variance),
        r2_of(Tape(expr, held_out.names).value(held_out.X), held_out),
        description_length(expr, error_ms, fitting),
        origin,
    )


def cross_validated(candidate: Candidate, data: Dataset, seed: int, folds: int = FOLDS) -> Candidate:
    """The candidate with its held-out r² from cross-validation, for tables too small to hold rows out."""
    return replace(candidate, r2_held_out=r2_of(left_out(candidate.expr, data, seed, folds), data))


def left_out(expr: sympy.Expr, data: Dataset, seed: int, folds: int = FOLDS) -> Array:
    """The value for every row, (rows,), with the constants fitted without its part of the rows."""
    order = np.random.default_rng(seed).permutation(data.rows)
    values = np.empty(data.rows)
    for part in np.array_split(order, min(folds, data.rows)):
        refitted = fit_constants(expr, data.take(np.setdiff1d(order, part)))
        values[part] = Tape(refitted.expr, data.names).value(data.X[part])
    return values


def r2_of(values: Array, data: Dataset) -> float:
    """r² of predicted values, (rows,); of their logarithms where errors are in proportion to the target."""
    target = comparable(data.y, data)
    return r_squared(mean_square(comparable(values, data) - target), float(np.var(target)))
