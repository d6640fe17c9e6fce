"""Parts of a formula that noise has brought in are taken out again: terms, factors and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import Fit, polish
from kansr.formula.judge.description_length import fit_length

ROUNDS, LARGEST = 8, 80  # parts taken out, and operations above which none are


def prune(fit: Fit, data: Dataset, expired: Callable[[], bool] = lambda: False) -> Fit:
    """The fit without the parts that do not pay for themselves, the constants refitted each time.

    Backward elimination: the part whose loss shortens formula and residuals together most goes first.
    """
    length = fit_length(fit, data)
    for _ in range(ROUNDS):
        if fit.expr.count_ops() > LARGEST:
            return fit
        best = fit
        for expr in dict.fromkeys(_without(fit.expr)):
            if expired():
                return best
            if expr.free_symbols:
                trial = polish(expr, data, iterations=12)
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
    if expr.is_Function:  # far from where it bends, a function is its argument
        yield expr.args[0]
    for i, part in enumerate(expr.args):
        for changed in _without(part):
            yield expr.func(*expr.args[:i], changed, *expr.args[i + 1 :])
