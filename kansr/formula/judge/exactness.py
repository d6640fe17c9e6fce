"""When a formula is the law: what it leaves is rounding, on small rows too, and few numbers in it are ugly."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import is_short
from kansr.formula.fit.constants import Fit
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, typical

RELATIVE = 1e-7  # error over the value that nine rows of ten of an exact law may have
SHARP = 1e-12  # error over the spread of a law fitted to exact rows
PRECISE = 1e-4  # errors that are known, over the spread, up to which hardly another formula comes so close
UNLIKELY = 3.0  # standard deviations of χ² beyond which errors are more than was stated
CONVINCING = 2  # constants with many digits


def exact(fit: Fit, data: Dataset) -> bool:
    """Whether a fit leaves rounding only; with many constants a wrong formula comes close, so it must be closer.

    Nine rows of ten must be met relative to their own value too: a few large rows can hide all others. Where the
    errors of the rows are known, and small, a formula with few constants need not be closer than they are.
    """
    count = len(fit.constants)
    if data.stated is not None and count <= 3 and typical(data.stated) <= PRECISE * float(np.std(data.y)):
        return within_errors(Tape(fit.expr, data.names).value(data.X) - data.y, data.stated)
    limit = 1e-9 if count <= 3 else 1e-11 if count <= 5 else 1e-13 if count <= 10 else 0.0
    if not fit.rms <= limit * np.std(data.y):
        return False
    residual = np.abs(Tape(fit.expr, data.names).value(data.X) - data.y)
    return bool(np.quantile(residual / (np.abs(data.y) + 1e-3 * np.median(np.abs(data.y)) + 1e-300), 0.9) <= RELATIVE)


def within_errors(residual: Array, sigma: Array) -> bool:
    """Whether χ² over the rows is what the stated errors make likely, or less. residual, sigma: (rows,)"""
    return mean_square(residual / sigma) <= 1 + UNLIKELY * float(np.sqrt(2 / len(residual)))


def convincing(fit: Fit, data: Dataset) -> bool:
    """Whether few constants have many digits: with more, a polynomial or a ratio of them comes close to any smooth law.

    Where more than the last digits are left, none.
    """
    ugly = sum(not is_short(float(c)) for c in fit.expr.atoms(sympy.Float))
    return ugly <= (CONVINCING if fit.rms <= SHARP * np.std(data.y) else 0)
