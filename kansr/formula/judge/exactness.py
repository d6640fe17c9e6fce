"""Exactness: when the residuals of a formula are nothing but rounding, of float64 or of what is written."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.constants import Fit
from kansr.formula.fit.effective_variance import effective
from kansr.formula.fit.rounding import most_rounding, rounding_error
from kansr.formula.judge.levels import CHI_SQUARE_LEVEL, normal_quantile
from kansr.formula.judge.residual_tests import looks_like_noise
from kansr.numeric.robust import mean_square, typical
from kansr.numeric.tolerances import PERFECT, TINY

# Fitted constants, up to so many -> relative rms, up to which a formula is exact.
#
# A limit has to be above what rounding leaves of the law and below what a wrong formula leaves. Rounding leaves 1e-16
# at best, more where digits cancel or a table has fewer of them: for few constants the limit allows nine digits. A
# wrong formula approaches a smooth law geometrically with its number of constants (Bernstein 1912, of polynomials), so
# the limit falls by two decades for two more constants, and again for up to ten, where it is 450 times the distance
# from 1 to the next number. With still more constants the two cannot be told apart, and nothing is exact. The decades
# are a guess that has never been measured alone.
EXACT_RMS = (
    (3, 1e-9),
    (5, 1e-11),
    (10, 1e-13),
)

# Residual over the value in a row, up to which an exact law meets that row: half the digits of float64, as digits
# cancel in single rows; never measured alone.
ROW_RESIDUAL = 1e-7

# Share of the rows that have to be met so; in others large terms may cancel, which costs digits.
ROWS_MET = 0.9

# Share of the median size of the target, below which a value counts as a zero crossing.
NEAR_ZERO = 1e-3

# Typical stated error over the spread, up to which a wrong formula of few constants hardly comes within the errors;
# never measured alone.
SMALL_STATED = 1e-4

# Rounding of the target over its spread, up to so much -> fitted constants that a formula may have that is exact as far
# as the digits say. Each constant takes a digit or so of any smooth law, see above; never measured alone.
DIGITS_CONSTANTS = (
    (1e-4, 3),
    (1.0, 1),
)
ROWS_PER_CONSTANT = 4  # that its digits say anything about

# Constants with many digits that a convincing exact law may have; never measured alone.
LONG_CONSTANTS = 2


def exact_rms(constants: int) -> float:
    """The relative rms up to which a formula of so many fitted constants is exact; 0 for too many."""
    return next((rms for most, rms in EXACT_RMS if constants <= most), 0.0)


def exact(fit: Fit, data: Dataset) -> bool:
    """Whether the residuals are rounding: their relative rms is within EXACT_RMS, and most rows are met one by one.

    The latter relative to the value in the row: a few large rows can hide all others. Where small errors are stated, or
    the numbers have few digits, a formula of few constants need not be closer than they are.
    """
    constants = len(fit.constants)
    if _few_for_digits(constants, data) and within_digits(fit.expr, data):
        return True
    few = constants <= EXACT_RMS[0][0]
    if data.stated is not None and few and typical(data.stated) <= SMALL_STATED * float(np.std(data.y)):
        return within_errors(fit.expr, data)
    if not fit.rms <= exact_rms(constants) * np.std(data.y):
        return False
    residual = np.abs(Tape(fit.expr, data.names).value(data.X) - data.y)
    size = np.abs(data.y)
    return bool(np.quantile(residual / (size + NEAR_ZERO * np.median(size) + TINY), ROWS_MET) <= ROW_RESIDUAL)


def _few_for_digits(constants: int, data: Dataset) -> bool:
    """Whether so many constants could not come as close as the digits say to any smooth law."""
    if data.rounding is None or data.sigma is not None or data.rows < ROWS_PER_CONSTANT * (constants + 1):
        return False
    share = typical(data.rounding.y) / (float(np.std(data.y)) or 1.0)
    return constants <= next((most for limit, most in DIGITS_CONSTANTS if share <= limit), 0)


def within_digits(expr: sympy.Expr, data: Dataset) -> bool:
    """Whether the residuals are what the digits of the target leave, or those of the inputs too.

    In the latter case what is left must look like noise besides: inputs that were not rounded at all, but set, would
    leave less.
    """
    if data.rounding is None or data.sigma is not None:
        return False
    tape = Tape(expr, data.names)
    residual = tape.value(data.X) - data.y
    scale = rounding_error(tape.value, residual, data)
    if scale is None or mean_square(residual / scale) > most_rounding(data.rows):
        return False
    return scale is data.rounding.y or looks_like_noise(residual / scale, data.X)


def within_errors(expr: sympy.Expr, data: Dataset) -> bool:
    """Whether χ² is what the stated errors of the target and of the inputs make likely, or less."""
    deviation = float(np.sqrt(2 / data.rows))  # standard deviation of χ² per row
    return chi_square(expr, data) <= data.rows * (1 + normal_quantile(2 * CHI_SQUARE_LEVEL) * deviation)


def chi_square(expr: sympy.Expr, data: Dataset) -> float:
    """χ²: the sum of squared residuals over the stated errors, those of the inputs included; inf without a value."""
    residual, rows = effective(Tape(expr, data.names), data)
    assert rows.sigma is not None
    return mean_square(residual / rows.sigma) * rows.rows


def convincing(fit: Fit, data: Dataset) -> bool:
    """Whether an exact formula has few constants with many digits, or none where it is not perfect to the last digits.

    With more of them a polynomial, or a ratio of polynomials, comes close to any smooth law.
    """
    long = sum(not is_short(float(c)) for c in fit.expr.atoms(sympy.Float))
    return long <= (LONG_CONSTANTS if fit.rms <= PERFECT * np.std(data.y) else 0)
