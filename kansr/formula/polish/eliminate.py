"""Backward elimination: take terms, factors and functions out of a formula while its description gets shorter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import REFIT_ITERATIONS, Fit, fit_constants
from kansr.formula.judge.description_length import fit_length

ROUNDS = 8  # parts taken out at most; never measured alone
MOST_OPERATIONS = 80  # size of a formula, above which nothing is taken out: it would take too long


def eliminate(fit: Fit, data: Dataset, passed: Callable[[], bool] = lambda: False) -> Fit:
    """The fit without the parts that the rows do not speak for, the constants fitted again each time.

    The part goes first without which the description length is shortest. passed: whether there is no more time.
    """
    length = fit_length(fit, data)
    for _ in range(ROUNDS):
        if fit.expr.count_ops() > MOST_OPERATIONS:
            return fit
        best = fit
        for expr in dict.fromkeys(_without(fit.expr)):
            if passed():
                return best
            if expr.free_symbols:
                trial = fit_constants(expr, data, iterations=REFIT_ITERATIONS)
                if (trial_length := fit_length(trial, data)) < length:
                    best, length = trial, trial_length
        if best is fit:
            return fit
        fit = best
    return fit


def _without(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    """The expression without one term of a sum, one factor of a product or one function, wherever it stands."""
    if not expr.args:
        return
    if expr.is_Add or expr.is_Mul:
        for part in expr.args:
            rest = [arg for arg in expr.args if arg is not part]
            if expr.is_Add or part.free_symbols:
                yield expr.func(*rest)
    if expr.is_Function:  # where a function is nearly straight, its argument stands for it
        yield expr.args[0]
    for i, part in enumerate(expr.args):
        for changed in _without(part):
            yield expr.func(*expr.args[:i], changed, *expr.args[i + 1 :])
