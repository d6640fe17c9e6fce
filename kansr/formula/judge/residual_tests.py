"""Tests of residuals: whether they are noise, and how large the noise is."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import fdtri

from kansr.data.dataset import Dataset
from kansr.formula.judge.levels import LACK_OF_FIT_LEVEL, NEIGHBOUR_LEVEL, normal_quantile
from kansr.numeric.arrays import Array
from kansr.numeric.ranks import ranks

NEIGHBOURS = 8  # nearest rows whose mean residual is compared with that of a row; never measured alone
LEAST_NEIGHBOURS = 2  # the same in small tables
ROWS_PER_NEIGHBOUR = 6  # the same: a neighbourhood is at most a sixth of the rows
LEAST_ROWS = 8  # below which residuals say nothing

# Two rows are often each other's neighbours, which makes the standard error of a correlation with neighbours up to √2
# times that of independent pairs, 1/√rows.
MUTUAL_NEIGHBOURS = 2**0.5

# What is added to the limit, in 1/√rows, for each doubling of the number of views of the inputs: about Bonferroni.
PER_DOUBLING = 0.2

REPLICATES = 10  # degrees of freedom from which rows with the same inputs say how large the noise is
MOST_ROWS = 20_000  # rows that are compared for the same inputs
MOST_NEIGHBOURED = 10_000  # rows whose neighbours are looked for, which takes long where there are many inputs
LEAST_POINTS = 4  # different values of the input from which its neighbours say how large the noise is


def looks_like_noise(residual: Array, X: Array) -> bool:
    """Whether the residuals look like noise: none can be predicted from those of neighbouring rows.

    residual: (rows,); X: (rows, inputs). Neighbours are taken in the ranks of all inputs together and of each input
    alone; the correlation of the residuals with the mean of their neighbours' must be within NEIGHBOUR_LEVEL.
    """
    step = max(-(-len(residual) // MOST_NEIGHBOURED), 1)
    residual, X = residual[::step], X[::step]
    rows = len(residual)
    if rows < LEAST_ROWS:
        return True
    # Ranks, so that a few large residuals, or a corner where all are large, do not decide.
    centred = ranks(residual) / rows - 1 / 2
    ranked = np.column_stack([ranks(x) for x in X.T]) / rows
    views = [ranked, *(ranked[:, [i]] for i in range(ranked.shape[1]))] if ranked.shape[1] > 1 else [ranked]
    limit = MUTUAL_NEIGHBOURS * normal_quantile(NEIGHBOUR_LEVEL) + PER_DOUBLING * np.log2(len(views))
    return all(abs(_neighbour_correlation(centred, view)) * np.sqrt(rows) < limit for view in views)


def _neighbour_correlation(residual: Array, view: Array) -> float:
    """The correlation of the residuals, (rows,), with the mean of their neighbours' in a view, (rows, columns)."""
    neighbours = min(NEIGHBOURS, max(LEAST_NEIGHBOURS, len(residual) // ROWS_PER_NEIGHBOUR))
    index = np.asarray(cKDTree(view).query(view, k=neighbours + 1)[1])
    other = index != np.arange(len(view))[:, None]  # among rows that coincide, a row need not be its own nearest
    mean = np.sum(residual[index] * other, axis=1) / other.sum(axis=1)
    spread = float(np.std(mean) * np.std(residual))
    return float(np.mean((mean - mean.mean()) * (residual - residual.mean()))) / spread if spread > 0 else 0.0


def pure_error(data: Dataset) -> tuple[float, int]:
    """The variance of the target among rows with the same inputs, and its degrees of freedom; zeros without such rows.

    In the square of the target's unit.
    """
    rows = data.take(slice(0, MOST_ROWS))
    _, group, counts = np.unique(rows.X, axis=0, return_inverse=True, return_counts=True)
    free = rows.rows - len(counts)
    if not free:
        return 0.0, 0
    group = group.ravel()
    means = np.bincount(group, rows.y) / counts
    return float(np.sum((rows.y - means[group]) ** 2)) / free, free


def lacks_fit(residual: Array, data: Dataset, constants: int) -> bool:
    """Whether residuals are larger than rows with the same inputs differ by: the F test for lack of fit.

    residual: (rows,); constants: how many were fitted. False where too few rows share their inputs.
    Source: Fisher 1922.
    """
    variance, free = pure_error(data)
    others = min(data.rows, MOST_ROWS) - free - constants
    if free < REPLICATES or others < 1:
        return False
    total = float(np.sum(residual[:MOST_ROWS] ** 2))
    excess = max(total - variance * free, 0.0) / others
    return bool(excess > variance * fdtri(others, free, 1 - LACK_OF_FIT_LEVEL))


def neighbour_noise(data: Dataset) -> float:
    """The standard deviation of the noise, in the unit of the target, for one input; 0 where there are too few rows.

    From how far rows lie off the line through their two neighbours; rows with the same value are taken at their mean.
    Source: Gasser, Sroka and Jennen-Steinmetz 1986.
    """
    x, group, counts = np.unique(data.X[:, 0], return_inverse=True, return_counts=True)
    if len(x) < LEAST_POINTS:
        return 0.0
    y = np.bincount(group.ravel(), data.y) / counts
    a = (x[2:] - x[1:-1]) / (x[2:] - x[:-2])
    off = a * y[:-2] + (1 - a) * y[2:] - y[1:-1]
    return float(np.sqrt(np.mean(off**2 / (a**2 / counts[:-2] + (1 - a) ** 2 / counts[2:] + 1 / counts[1:-1]))))
