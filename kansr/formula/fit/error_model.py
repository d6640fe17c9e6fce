"""Error models: how far a residual is from what was to be expected, row by row."""

from __future__ import annotations

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, robust_square, typical

WIDE = 30.0  # largest over smallest value of a target from which its errors may be relative


def spans_decades(y: Array) -> bool:
    """Whether a target has one sign and ranges so widely that its errors may well be relative ones."""
    size = np.abs(y)
    return bool((y.min() > 0 or y.max() < 0) and size.max() > WIDE * size.min())


def spread_of(y: Array) -> float:
    """What errors of a target are measured by: its std, or its typical size where a few large rows make up the std."""
    spread = float(np.std(y)) or 1.0
    return min(spread, typical(np.abs(y))) if spans_decades(y) else spread


def shares(data: Dataset) -> Array:
    """The errors of the rows over the typical one, (rows,); all 1 where they are not known."""
    return np.ones(data.rows) if data.sigma is None else data.sigma / typical(data.sigma)


def likely_square(residual: Array, data: Dataset) -> float:
    """The mean square of the residuals, (rows,), under the likelier of two error models: all alike, or as large as y.

    In proportion to y, it is the mean squared relative residual times the geometric mean of y², which makes the two
    likelihoods comparable; asked only of targets that span decades. Errors that are known decide: then each is in
    proportion to its sigma.
    """
    square = robust_square if data.robust else mean_square
    if data.sigma is not None:
        return square(residual / shares(data))
    alike = square(residual)
    if not spans_decades(data.y):
        return alike
    return min(alike, square(residual / data.y) * typical(np.abs(data.y)) ** 2)
