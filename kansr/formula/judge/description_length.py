"""Description length: bits for a formula plus bits for its residuals (Rissanen 1978)."""

from __future__ import annotations

import math

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import bits
from kansr.formula.fit.constants import Fit
from kansr.formula.fit.error_model import spread_of
from kansr.numeric.tolerances import ROUNDING


def description_length(expr: sympy.Expr, error_ms: float, data: Dataset) -> float:
    """Bits to write the formula and then the target, each value to the precision of ROUNDING.

    error_ms: the mean square of the residuals, or `likely_square` of them.
    """
    spread = spread_of(data.y)
    if not np.isfinite(error_ms):
        return math.inf
    # the unbiased estimate: every constant has used up a row
    free = max(data.rows - len(expr.atoms(sympy.Float)), 1)
    noise = max(math.sqrt(error_ms * data.rows / free) / spread, ROUNDING)
    return data.rows * math.log2(noise / ROUNDING) + bits(expr, bits_per_float(noise, data.rows), len(data.names))


def fit_length(fit: Fit, data: Dataset) -> float:
    """The description length of a fitted formula and of the rows it was fitted to."""
    return description_length(fit.expr, fit.error_ms, data)


def bits_per_float(noise: float, rows: int) -> float:
    """What one fitted constant costs: it is known to about noise/√rows of its size (Fisher information)."""
    return float(np.clip(math.log2(math.sqrt(rows) / max(noise, ROUNDING)), 4.0, 52.0))
