"""Description length: bits for a formula plus bits for its residuals (Rissanen 1978)."""

from __future__ import annotations

import math

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import bits
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.constants import Fit
from kansr.formula.fit.error_model import spread_of
from kansr.formula.fit.rounding import digits_floor
from kansr.formula.judge.curve_code import curve_bits
from kansr.numeric.tolerances import PERFECT, ROUNDING

# Bits that a fitted constant costs at least: sign and size of a number that the rows hardly determine; never measured
# alone.
LEAST_BITS = 4.0

# Bits that it costs at most: the digits of float64.
MOST_BITS = 52.0


def description_length(expr: sympy.Expr, error_ms: float, data: Dataset) -> float:
    """Bits for the formula and for the target given the formula, each value to ROUNDING of the spread; less is better.

    No formula is shorter for coming closer than the digits of the target say (`digits_floor`), unless it meets every
    number, as written, without a long constant.
    error_ms: the mean squared residual under the likelier error model, in the square of the target's unit; see
    `error_model.error_ms_of`. Only differences between formulas for the same rows mean something.
    Source: Rissanen 1978.
    """
    spread = spread_of(data.y)
    if not np.isfinite(error_ms):
        return math.inf
    constants = len({abs(value) for value in expr.atoms(sympy.Float)})
    floor = 0.0 if _met_as_written(expr, error_ms, spread) else digits_floor(data)
    noise = max(noise_level(error_ms, data.rows, constants, spread), floor / spread)
    per_float = bits_per_float(noise, data.rows)
    of_formula = curve_bits(expr, per_float) if len(data.names) == 1 else bits(expr, per_float, len(data.names))
    return target_bits(noise, data.rows) + of_formula


def _met_as_written(expr: sympy.Expr, error_ms: float, spread: float) -> bool:
    """Whether every number of the target is met up to the rounding of float64, with constants of few digits."""
    return error_ms <= (PERFECT * spread) ** 2 and all(is_short(float(c)) for c in expr.atoms(sympy.Float))


def fit_length(fit: Fit, data: Dataset) -> float:
    """The description length of a fitted formula and of the target, in bits; less is better."""
    return description_length(fit.expr, fit.error_ms, data)


def noise_level(error_ms: float, rows: int, constants: int, spread: float) -> float:
    """The unbiased estimate of the noise over the spread: each constant has used up one degree of freedom.

    No less than ROUNDING. error_ms: the mean squared residual of a formula on so many rows.
    """
    return max(math.sqrt(error_ms * rows / max(rows - constants, 1)) / spread, ROUNDING)


def target_bits(noise: float, rows: int) -> float:
    """Bits for the target given a formula, each value to ROUNDING of the spread. noise: over the spread."""
    return rows * math.log2(noise / ROUNDING)


def bits_per_float(noise: float, rows: int) -> float:
    """Bits for one fitted constant, which is known to about noise/√rows of its size (Fisher information).

    noise: the noise level, over the spread.
    """
    known = max(math.sqrt(rows) / max(noise, ROUNDING), 1.0)
    return float(np.clip(math.log2(known), LEAST_BITS, MOST_BITS))
