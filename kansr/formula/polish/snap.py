"""Fitted constants replaced by the numbers a person would have written, as far as the data agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import bits
from kansr.expression.domain import is_real_formula
from kansr.expression.nice_numbers import fractions_near, proposals
from kansr.formula.fit.constants import MOST_ROWS, Fit, polish
from kansr.formula.judge.description_length import fit_length
from kansr.numeric.tolerances import ROUNDING

# A standard error never promises more than the arithmetic that found it.
LEAST_TOLERANCE = 1e-8
NEAR = 0.03  # share of a constant within which a whole or half number is tried


def snap(fit: Fit, data: Dataset, expired: Callable[[], bool] = lambda: False, rounds: int = 24) -> Fit:
    """The fit with as many constants snapped as shorten the description of the data, the others refitted to all rows.

    One constant at a time, the cheapest replacement first; each is kept only if formula and residuals together
    get shorter, so that a number the data contradict is never written.
    """
    fixed: set[sympy.Float] = set()
    best, length = fit, fit_length(fit, data)
    for _ in range(rounds):
        for constant, number in _replacements(best, data, fixed):
            if expired():
                return _on_all_rows(best, data, fixed)
            expr = best.expr.xreplace({constant: number})
            if not is_real_formula(expr):
                continue
            keep = fixed | ({number} if number.is_Float else set())
            trial = polish(expr, data, fixed=keep, iterations=12)
            trial_length = fit_length(trial, data)
            if trial_length < length:
                best, length, fixed = trial, trial_length, keep
                break
        else:
            break
    return _on_all_rows(best, data, fixed)


def _on_all_rows(fit: Fit, data: Dataset, fixed: set[sympy.Float]) -> Fit:
    """The last polish, with the rows that those before it did without."""
    if data.rows <= MOST_ROWS or not set(fit.constants) - fixed:
        return fit
    return polish(fit.expr, data, fixed=fixed, iterations=12, rows=data.rows)


def _replacements(fit: Fit, data: Dataset, fixed: set[sympy.Float]) -> Iterator[tuple[sympy.Float, sympy.Expr]]:
    """What to try, the surest first: constants that already are (nearly) a nice number, zeros, then ties."""
    spread = float(np.std(data.y)) or 1.0
    noise = max(float(np.sqrt(fit.error_ms)) / spread, ROUNDING)
    options: list[tuple[float, sympy.Float, sympy.Expr]] = []
    for constant, error, influence in zip(fit.constants, fit.errors, fit.influence):
        value = float(constant)
        tolerance = max(3.5 * error if np.isfinite(error) else abs(value) * 0.5, LEAST_TOLERANCE * abs(value))
        for number in proposals(value, tolerance):
            distance = abs(float(number) - value) / tolerance
            options.append((distance + (0 if number.is_Integer else 0.5), constant, number))
        # however many errors away: bits decide
        options += [(2.0, constant, half) for half in fractions_near(value, (2,), NEAR)]
        if abs(value) < 6 * error:
            options.append((1.5, constant, sympy.S.Zero))
        if influence < 3 * noise * spread:
            options.append((0.1 if influence < noise * spread else 1.0, constant, sympy.S.Zero))
    for i, (first, error) in enumerate(zip(fit.constants, fit.errors)):
        for second, other in list(zip(fit.constants, fit.errors))[i + 1 :]:
            a, b = float(first), float(second)
            if abs(a - b) <= max(3 * np.hypot(error, other), LEAST_TOLERANCE * abs(a)):
                options.append((1.2, second, first))
    options.sort(key=lambda option: (option[0], str(option[1]), bits(option[2], np.inf), str(option[2])))
    return ((constant, number) for _, constant, number in options)
