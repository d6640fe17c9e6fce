"""How far rows decide between two formulas: the standard error of the bits between them."""

from __future__ import annotations

import math

import numpy as np

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import alike
from kansr.formula.fit.rounding import digits_floor
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import ROUNDING


def bits_by_chance(one: Array, other: Array, data: Dataset) -> float:
    """The standard error of the bits by which one formula describes rows better than another.

    They are a sum over the rows, and a few rows may make up all of it: other rows of the same kind would decide
    otherwise then. Source: Vuong 1989, for formulas of which none is a special case of the other.
    one, other: residuals, (rows,), in the unit of the target.
    """
    difference = _row_bits(other, data) - _row_bits(one, data)
    return float(np.std(difference)) * math.sqrt(len(difference))


def _row_bits(residual: Array, data: Dataset) -> Array:
    """The bits of each residual, (rows,), if they are normal, up to a constant."""
    residual = alike(residual, data)
    least = max(digits_floor(data), ROUNDING * float(np.std(data.y)))
    variance = max(mean_square(residual), least**2)
    return np.asarray(0.5 * (math.log2(variance) + residual**2 / variance / math.log(2)))
