"""Snap constants: replace fitted constants by nice numbers while the description gets shorter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import bits
from kansr.expression.domain import is_real_formula
from kansr.expression.nice_numbers import fractions_near, proposals
from kansr.formula.fit.constants import MOST_ROWS, REFIT_ITERATIONS, Fit, fit_constants, replaced
from kansr.formula.judge.description_length import fit_length
from kansr.numeric.tolerances import ROUNDING

# What follows says which numbers are tried, and in which order; the description length decides. None of it has been
# measured alone.

ROUNDS = 24  # constants snapped at most

# Relative tolerance at least: a standard error promises no more than the arithmetic that found it.
LEAST_TOLERANCE = 1e-8

TOLERANCE = 3.5  # standard errors within which a nice number is tried
UNKNOWN_TOLERANCE = 0.5  # share of a constant, the same where the rows do not determine it
HALF_TOLERANCE = 0.03  # share of a constant within which a multiple of 1/2 is tried, however many errors away
ZERO_TOLERANCE = 6.0  # standard errors within which 0 is tried
TIE_TOLERANCE = 3.0  # standard errors of a difference within which two constants are tied
NO_INFLUENCE = 1.0  # rms of the noise, below which a constant does nothing
LITTLE_INFLUENCE = 3.0  # rms of the noise, below which a constant does little, and 0 is tried for it

# Priorities of the replacements, less is earlier. That of a nice number is its distance over the tolerance: 0 to 1.
NOT_WHOLE = 0.5  # added for a nice number that is no integer
NO_INFLUENCE_PRIORITY = 0.1  # 0 for a constant that does nothing
LITTLE_INFLUENCE_PRIORITY = 1.0  # 0 for one that does little
TIE_PRIORITY = 1.2  # a constant for another
ZERO_PRIORITY = 1.5  # 0 within the errors
HALF_PRIORITY = 2.0  # a multiple of 1/2


def snap(fit: Fit, data: Dataset, passed: Callable[[], bool] = lambda: False, rounds: int = ROUNDS) -> Fit:
    """The fit with the constants snapped whose snapping shortens the description, the others fitted again on all rows.

    One constant at a time, that of the likeliest replacement first, by the best of its replacements. It is kept only if
    the description length gets less, so that a number that the rows contradict is never written. passed: whether there
    is no more time.
    """
    fixed: set[sympy.Float] = set()
    best, length = fit, fit_length(fit, data)
    for _ in range(rounds):
        before, snapped = best, None
        for constant, number in _replacements(before, data, fixed):
            if passed():
                return _on_all_rows(best, data, fixed)
            expr = replaced(before.expr, {constant: number})
            if snapped not in (None, constant) or not is_real_formula(expr):
                continue
            keep = fixed | ({number} if number.is_Float else set())
            trial = fit_constants(expr, data, fixed=keep, iterations=REFIT_ITERATIONS)
            if (trial_length := fit_length(trial, data)) < length:
                best, length, keep_best, snapped = trial, trial_length, keep, constant
        if snapped is None:
            break
        fixed = keep_best
    return _on_all_rows(best, data, fixed)


def _on_all_rows(fit: Fit, data: Dataset, fixed: set[sympy.Float]) -> Fit:
    """The constants fitted on all rows, where a part of the rows was enough before."""
    if data.rows <= MOST_ROWS or not set(fit.constants) - fixed:
        return fit
    return fit_constants(fit.expr, data, fixed=fixed, iterations=REFIT_ITERATIONS, rows=data.rows)


def _replacements(fit: Fit, data: Dataset, fixed: set[sympy.Float]) -> Iterator[tuple[sympy.Float, sympy.Expr]]:
    """Constants and what to try for each, by priority: nice numbers near it, 0, another constant."""
    spread = float(np.std(data.y)) or 1.0
    noise = max(float(np.sqrt(fit.error_ms)) / spread, ROUNDING)
    options: list[tuple[float, sympy.Float, sympy.Expr]] = []
    for constant, error, influence in zip(fit.constants, fit.errors, fit.influence):
        value = float(constant)
        tolerance = max(
            TOLERANCE * error if np.isfinite(error) else abs(value) * UNKNOWN_TOLERANCE, LEAST_TOLERANCE * abs(value)
        )
        for number in proposals(value, tolerance):
            distance = abs(float(number) - value) / tolerance
            options.append((distance + (0 if number.is_Integer else NOT_WHOLE), constant, number))
        options += [(HALF_PRIORITY, constant, half) for half in fractions_near(value, (2,), HALF_TOLERANCE)]
        if abs(value) < ZERO_TOLERANCE * error:
            options.append((ZERO_PRIORITY, constant, sympy.S.Zero))
        if influence < LITTLE_INFLUENCE * noise * spread:
            none = influence < NO_INFLUENCE * noise * spread
            options.append((NO_INFLUENCE_PRIORITY if none else LITTLE_INFLUENCE_PRIORITY, constant, sympy.S.Zero))
    for i, (first, error) in enumerate(zip(fit.constants, fit.errors)):
        for second, other in list(zip(fit.constants, fit.errors))[i + 1 :]:
            a, b = float(first), float(second)
            if abs(a - b) <= max(TIE_TOLERANCE * np.hypot(error, other), LEAST_TOLERANCE * abs(a)):
                options.append((TIE_PRIORITY, second, first))
    options.sort(key=lambda option: (option[0], str(option[1]), bits(option[2], np.inf), str(option[2])))
    return ((constant, number) for _, constant, number in options)
