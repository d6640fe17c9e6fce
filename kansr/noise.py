"""How much of what is left of the target is noise: what no function of the inputs could explain."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from kansr.data.dataset import Array

# two rows are often each other's neighbours, which makes the correlation of pure noise up to √2 as wide as its formula
NEIGHBOURS, SIGNIFICANT = 8, 4.2


def unexplained(residual: Array, X: Array) -> bool:
    """Whether the residuals look like noise: those of neighbouring rows know nothing of each other.

    residual: (rows,); X: (rows, inputs). Neighbours are taken in the ranks of all inputs together and of each
    alone, and the correlation of a residual with the mean of its neighbours' is compared with what chance allows.
    """
    rows = len(residual)
    if rows < 8:
        return True
    # ranks, so that a few large residuals, or a corner where all are large, do not decide
    even = rankdata(residual) / rows - 0.5
    ranks = np.column_stack([rankdata(x) for x in X.T]) / rows
    views = [ranks, *(ranks[:, [i]] for i in range(ranks.shape[1]))] if ranks.shape[1] > 1 else [ranks]
    limit = SIGNIFICANT + 0.2 * np.log2(len(views))
    return all(abs(_correlation(even, view)) * np.sqrt(rows) < limit for view in views)


def _correlation(residual: Array, view: Array) -> float:
    neighbours = min(NEIGHBOURS, max(2, len(residual) // 6))
    index = np.asarray(cKDTree(view).query(view, k=neighbours + 1)[1])
    other = index != np.arange(len(view))[:, None]  # among rows that coincide, a row need not come first
    smooth = np.sum(residual[index] * other, axis=1) / other.sum(axis=1)
    spread = float(np.std(smooth) * np.std(residual))
    return float(np.mean((smooth - smooth.mean()) * (residual - residual.mean()))) / spread if spread > 0 else 0.0
