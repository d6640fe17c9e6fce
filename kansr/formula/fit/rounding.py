"""What the digits of a table leave of a formula: the rounding of the target, and of the inputs through the formula.

The latter to first order, as the effective variance of errors in the inputs (Orear 1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, typical

# Variance of the square of an evenly distributed error over the square of its mean: 9/5 − 1.
EVEN_VARIANCE = 0.8
# Standard deviations of the mean square of rounding errors, which it exceeds in one of 700 tables by chance.
DEVIATIONS = 3.0
# Rounding errors of the target, up to so many of which those of the inputs may cause: who rounds all columns alike does
# not leave more. Inputs that would leave more are settings, and exact. In the median over the rows; never measured
# alone.
MOST_FROM_INPUTS = 30.0


def most_rounding(rows: int) -> float:
    """The mean square of evenly distributed errors over its expectation that is hardly exceeded by chance."""
    return 1 + DEVIATIONS * math.sqrt(EVEN_VARIANCE / rows)


def digits_floor(data: Dataset) -> float:
    """The rms that rounding leaves of the true law at most, in the unit of the target; 0 where it is written in full.

    The rows count relative to their own rounding error, so it is comparable with `error_model.error_ms_of`.
    """
    if data.rounding is None or data.sigma is not None:
        return 0.0
    return typical(data.rounding.y) * math.sqrt(most_rounding(data.rows))


def rounding_error(value: Callable[[Array], Array], residual: Array, data: Dataset) -> Array | None:
    """The standard deviation of the rounding error of each row, (rows,), in the unit of the target.

    That of the target where it explains the residuals, (rows,), alone; else with that of the inputs. None where numbers
    are written in full, errors are stated, or most residuals are far larger.
    value: the formula, X, (rows, inputs) -> (rows,).
    """
    if data.rounding is None or data.sigma is not None:
        return None
    own, inputs = data.rounding.y, data.rounding.X
    size = np.abs(residual) / own
    if not float(np.median(size)) < MOST_FROM_INPUTS:
        return None
    if mean_square(size) <= most_rounding(data.rows) or not inputs.any():
        return own
    both = np.sqrt(own**2 + _from_inputs(value, data.X, inputs))
    known = bool(np.isfinite(both).all())
    return both if known and float(np.median(both / own)) <= MOST_FROM_INPUTS else own


def _from_inputs(value: Callable[[Array], Array], X: Array, error: Array) -> Array:
    """The variance of the formula that comes from errors of its inputs, (rows,). error: (rows, inputs)."""
    variance = np.zeros(len(X))
    for i in np.flatnonzero(error.any(axis=0)):
        step = np.zeros_like(X)
        step[:, i] = error[:, i]
        variance += ((value(X + step) - value(X - step)) / 2) ** 2
    return variance
