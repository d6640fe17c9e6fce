"""Find outliers among few rows: rows far from what a smooth model of the others predicts, by its own uncertainty there.

One wrong number in some dozens of rows is the commonest fault of a table, and it bends every formula. Of so few rows
none may be spared to judge on: each is predicted by a Gaussian process of all others (Rasmussen and Williams 2006,
section 5.4.2), which also says how uncertain it is there, as at the edge of the rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import relative_sigma
from kansr.formula.judge.levels import OUTLIER_LEVEL, normal_quantile
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.kernel_ridge import gaussian, square_distances
from kansr.numeric.robust import MAD
from kansr.numeric.standardise import skewed, standard

# Measured together on 146 laws of Feynman, `laws` and Strogatz, half of those that are shipped, at noise 0, 1 and 10 %
# (results/2026-11-30-outliers-of-few-rows): of values times ten, by which the target moved by more than its range, 89 %
# are found among 47 rows and 65 % among 20. Right rows are named in 2 % and 1 % of the tables, and taken back where a
# formula comes near them. Of 100 tables of 47 rows of noise alone with a lognormal, an exponential, a Pareto
# distribution or Student's of 3 degrees, 0, 0, 6 and 11 have a row named.
FEWEST = 12  # rows below which others do not say what one should be
MOST = 0.1  # share of outliers at most, and at least one
DISTANCE = normal_quantile(OUTLIER_LEVEL)  # standard errors of the prediction, by which an outlier is off at least
GROSS = 1.0  # standard deviations of the other values, by which it is off at least
STEEP = 0.9  # share of the other values that the nearest one is beyond, from which a law may be steep
LENGTHS = (1.0, 1.6, 3.0, 6.0, 12.0)  # length scales of the kernel, in standard deviations of the inputs
RIDGES = (1e-6, 1e-4, 1e-2, 0.1, 0.3)  # added to the diagonal of the kernel, whose entries there are 1


class _Predicted(NamedTuple):
    """What all other rows predict of each, (rows,), and its standard error up to a common factor, (rows,)."""

    value: Array
    error: Array


class _Model(NamedTuple):
    """A Gaussian process of the rows that are kept, by the eigenvectors of its kernel.

    left, error: what all other rows leave of each, and how uncertain they are of it, (kept,). across: kernels between
    other rows and eigenvectors, (others, kept); weights: of these; along: the values along them, (kept,).
    """

    left: Array
    error: Array
    across: Array
    weights: Array
    along: Array
    ridge: float

    @property
    def typical(self) -> float:
        return float(np.median(np.abs(self.left)))


def outliers_of_few(data: Dataset) -> Mask:
    """Which rows are outliers, (rows,): far from the model of the target, and of its logarithm where it has one sign.

    None where the target ranges over so many decades that its errors are in proportion to it.
    """
    y = data.y
    none = np.zeros(data.rows, dtype=bool)
    if data.rows < FEWEST or data.proportional or not np.std(y) > 0:
        return none
    U, _ = standard(data.X, np.array(skewed(data.X)))
    sigma = relative_sigma(data)
    found = _far(U, y, y, sigma)
    if found.any() and (y.min() > 0 or y.max() < 0):
        found &= _far(U, np.log(np.abs(y)), y, sigma)
    return found


def _far(U: Array, t: Array, y: Array, sigma: Array) -> Mask:
    """Rows that the model of t finds far, one after another, each without those before; none where there are too many.

    U: standardised inputs, (rows, inputs); t: the target or its logarithm, (rows,); y: the target, (rows,).
    """
    far = np.zeros(len(t), dtype=bool)
    none = far.copy()
    square = square_distances(U, U)
    for _ in range(max(1, int(MOST * len(t))) + 1):
        predicted = _predicted(square, t, sigma, ~far)
        if predicted is None:
            return none
        size = np.abs(t - predicted.value) / predicted.error
        size /= MAD * float(np.median(size[~far])) or np.inf
        worst = int(np.argmax(np.where(far, 0.0, size)))
        if size[worst] <= DISTANCE or _runs_away(U, y, worst, ~far):
            break
        far[worst] = True
    else:
        return none
    values = predicted.value if t is y else np.sign(y[0]) * np.exp(predicted.value)
    return np.asarray(far & (size > DISTANCE) & (np.abs(y - values) > GROSS * np.std(y[~far])))


def _runs_away(U: Array, y: Array, row: int, kept: Mask) -> bool:
    """Whether a row is the last one by an input, and the nearest other is nearly as extreme: a law is steep there.

    So it is beside a pole; what lies beyond the rows no model of the others knows.
    """
    others = np.flatnonzero(kept & (np.arange(len(y)) != row))
    last = (U[row] <= U[others].min(0)) | (U[row] >= U[others].max(0))
    nearest = others[np.argmin(np.sum((U[others] - U[row]) ** 2, axis=1))]
    direction = np.sign(y[row] - np.median(y[others]))
    steep = np.mean(direction * y[others] <= direction * y[nearest]) >= STEEP
    return bool(last.any() and steep)


def _predicted(square: Array, t: Array, sigma: Array, kept: Mask) -> _Predicted | None:
    """The prediction of every row by those that are kept but itself; None where no model can be had.

    square: of the distances between rows, (rows, rows). The model is the one with the least median error. In units of
    sigma the ridge is the same for all rows, and one eigendecomposition serves all ridges.
    """
    middle, own = float(np.median(t[kept])), sigma[kept]
    scaled = (t[kept] - middle) / own
    best: _Model | None = None
    for length in LENGTHS:
        K = gaussian(square, length)
        try:
            values, vectors = np.linalg.eigh(K[np.ix_(kept, kept)] / np.outer(own, own))
        except np.linalg.LinAlgError:  # another length may do
            continue
        along = vectors.T @ scaled
        across = K[np.ix_(~kept, kept)] / own @ vectors
        for ridge in RIDGES:
            weights = 1 / (np.maximum(values, 0.0) + ridge)
            precision = vectors**2 @ weights
            left = vectors @ (weights * along) / precision * own
            model = _Model(left, own / np.sqrt(precision), across, weights, along, ridge)
            best = model if best is None or model.typical < best.typical else best
    if best is None:
        return None
    value, error = np.empty(len(t)), np.empty(len(t))
    value[kept], error[kept] = t[kept] - best.left, best.error
    value[~kept] = middle + best.across @ (best.weights * best.along)
    known = best.across**2 @ best.weights
    error[~kept] = np.sqrt(np.maximum(1 - known, 0.0) + best.ridge * sigma[~kept] ** 2)
    return _Predicted(value, error)
