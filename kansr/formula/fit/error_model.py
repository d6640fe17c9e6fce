"""Error models: what size of residual is expected in each row. Constant, relative to the target, or stated."""

from __future__ import annotations

import numpy as np

from kansr.data.dataset import Dataset
from kansr.formula.fit.rounding import most_rounding
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, robust_square, typical

# Largest over smallest size of a target, about a decade and a half, from which its errors may be relative to it. In a
# narrower target the two error models hardly differ; never measured alone.
WIDE = 30.0


def spans_decades(y: Array) -> bool:
    """Whether a target, (rows,), has one sign and ranges so widely that its errors may be relative to it."""
    size = np.abs(y)
    return bool((y.min() > 0 or y.max() < 0) and size.max() > WIDE * size.min())


def spread_of(y: Array) -> float:
    """The spread of a target, (rows,), in its unit: its standard deviation, or its geometric mean size if that is less.

    The latter only where the target spans decades: a few large rows make up the standard deviation there.
    """
    spread = float(np.std(y)) or 1.0
    return min(spread, typical(np.abs(y))) if spans_decades(y) else spread


def relative_sigma(data: Dataset) -> Array:
    """The stated errors of the rows over their geometric mean, (rows,); all 1 where none are stated."""
    return np.ones(data.rows) if data.sigma is None else data.sigma / typical(data.sigma)


def likelier_sigma(residual: Array, data: Dataset) -> Array:
    """The errors of the rows over their geometric mean, (rows,), under the error model that is likelier for a residual.

    residual: of a formula, (rows,). The errors are those stated, all alike, or in proportion to a target that spans
    decades.
    """
    if data.sigma is not None or not spans_decades(data.y):
        return relative_sigma(data)
    relative = np.abs(data.y) / typical(np.abs(data.y))
    return relative if mean_square(residual / relative) < mean_square(residual) else np.ones(data.rows)


def alike(residual: Array, data: Dataset) -> Array:
    """The residuals, (rows,), such that all rows weigh alike under the likelier error model."""
    return residual / likelier_sigma(residual, data)


def comparable(values: Array, data: Dataset) -> Array:
    """Values of the target, or of a formula for it, (rows,), such that an error in each row counts alike.

    They are as they are, but their logarithms where errors are in proportion to the target; there values of the wrong
    sign count like the smallest one of the right sign.
    """
    if not data.proportional:
        return values
    size = np.abs(data.y)
    return np.log(np.clip(np.sign(data.y[0]) * values, size.min() / WIDE, size.max() * WIDE))


def error_ms_of(residual: Array, data: Dataset, rounding: Array | None = None) -> float:
    """The mean squared residual under the likelier error model, in the square of the target's unit; less is better.

    residual: (rows,). Constant errors: the mean square itself. Errors relative to the target: the mean squared relative
    residual times the squared geometric mean of |y|, which makes the two likelihoods comparable; only where the target
    spans decades. Errors of rounding, if there are any (see `rounding_error`): the same with these in place of |y|, and
    no less than they leave of the true law. Stated errors: the mean square of the residuals over `relative_sigma`. With
    Huber's loss `robust_square` takes the place of the mean square.
    """
    square = robust_square if data.robust else mean_square
    if data.sigma is not None:
        return square(residual / relative_sigma(data))
    options = [square(residual)]
    if spans_decades(data.y):
        options.append(square(residual / data.y) * typical(np.abs(data.y)) ** 2)
    if rounding is not None:
        options.append(max(square(residual / rounding), most_rounding(data.rows)) * typical(rounding) ** 2)
    return min(options)
