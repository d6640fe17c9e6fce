"""How much of what is left of the target is noise: what no function of the inputs could explain."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import fdtri

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.ranks import ranks

# two rows are often each other's neighbours, which makes the correlation of pure noise up to √2 as wide as its formula
NEIGHBOURS, SIGNIFICANT = 8, 4.2
REPLICATES = 10  # degrees of freedom from which rows with the same inputs say how large the noise is
DOUBTED = 1e-3  # chance of as bad a fit if the formula were right, below which it is taken to be wrong
MOST_ROWS = 20_000  # that are looked at
MOST_NEIGHBOURED = 10_000  # whose neighbours are looked for, which takes long where there are many inputs


def unexplained(residual: Array, X: Array) -> bool:
    """Whether the residuals look like noise: those of neighbouring rows know nothing of each other.

    residual: (rows,); X: (rows, inputs). Neighbours are taken in the ranks of all inputs together and of each
    alone, and the correlation of a residual with the mean of its neighbours' is compared with what chance allows.
    """
    step = max(-(-len(residual) // MOST_NEIGHBOURED), 1)
    residual, X = residual[::step], X[::step]
    rows = len(residual)
    if rows < 8:
        return True
    # ranks, so that a few large residuals, or a corner where all are large, do not decide
    even = ranks(residual) / rows - 0.5
    ranked = np.column_stack([ranks(x) for x in X.T]) / rows
    views = [ranked, *(ranked[:, [i]] for i in range(ranked.shape[1]))] if ranked.shape[1] > 1 else [ranked]
    limit = SIGNIFICANT + 0.2 * np.log2(len(views))
    return all(abs(_correlation(even, view)) * np.sqrt(rows) < limit for view in views)


def _correlation(residual: Array, view: Array) -> float:
    neighbours = min(NEIGHBOURS, max(2, len(residual) // 6))
    index = np.asarray(cKDTree(view).query(view, k=neighbours + 1)[1])
    other = index != np.arange(len(view))[:, None]  # among rows that coincide, a row need not come first
    smooth = np.sum(residual[index] * other, axis=1) / other.sum(axis=1)
    spread = float(np.std(smooth) * np.std(residual))
    return float(np.mean((smooth - smooth.mean()) * (residual - residual.mean()))) / spread if spread > 0 else 0.0


def pure_error(data: Dataset) -> tuple[float, int]:
    """The variance of the target among rows with the same inputs, and its degrees of freedom; zeros without such."""
    rows = data.take(slice(0, MOST_ROWS))
    _, group, counts = np.unique(rows.X, axis=0, return_inverse=True, return_counts=True)
    free = rows.rows - len(counts)
    if not free:
        return 0.0, 0
    group = group.ravel()
    means = np.bincount(group, rows.y) / counts
    return float(np.sum((rows.y - means[group]) ** 2)) / free, free


def lacks_fit(residual: Array, data: Dataset, constants: int) -> bool:
    """Whether what is left is more than rows with the same inputs differ by: the F test for lack of fit (Fisher 1922).

    False where too few rows share their inputs to say. residual: (rows,)
    """
    variance, free = pure_error(data)
    others = min(data.rows, MOST_ROWS) - free - constants
    if free < REPLICATES or others < 1:
        return False
    total = float(np.sum(residual[:MOST_ROWS] ** 2))
    excess = max(total - variance * free, 0.0) / others
    return bool(excess > variance * fdtri(others, free, 1 - DOUBTED))


def neighbour_noise(data: Dataset) -> float:
    """The standard deviation of the noise from how far rows lie off the line through their two neighbours by an input.

    For one input (Gasser, Sroka and Jennen-Steinmetz 1986); rows with the same value are taken at their mean.
    """
    x, group, counts = np.unique(data.X[:, 0], return_inverse=True, return_counts=True)
    if len(x) < 4:
        return 0.0
    y = np.bincount(group.ravel(), data.y) / counts
    a = (x[2:] - x[1:-1]) / (x[2:] - x[:-2])
    off = a * y[:-2] + (1 - a) * y[2:] - y[1:-1]
    return float(np.sqrt(np.mean(off**2 / (a**2 / counts[:-2] + (1 - a) ** 2 / counts[2:] + 1 / counts[1:-1]))))
