"""Find outliers: rows far from a smooth model of the others, and scattered at random among the inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import relative_sigma
from kansr.formula.judge.levels import OUTLIER_LEVEL, SCATTER_LEVEL, normal_quantile
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.kernel_ridge import KernelRidge, Trial, grid
from kansr.numeric.robust import MAD
from kansr.numeric.standardise import skewed, standard

# The numbers here were measured together, never one by one: results/2026-11-25-noise-and-outliers and
# results/2026-11-27-calibration-and-outliers.

LENGTHS = (1.6, 3.0, 6.0)  # length scales of the kernel, in standard deviations of the inputs
RIDGES = (1e-4, 1e-2, 0.3)  # added to the diagonal of the kernel, whose entries there are 1
CENTRES = 400  # rows at most that the kernel is centred on
SAMPLE = 2000  # rows at most that the model is fitted and compared on
OUTLIER_DISTANCE = normal_quantile(
    OUTLIER_LEVEL
)  # residual of an outlier at least, in standard deviations of the noise
LEAST_SIZE = 1e-6  # the same over the spread: smaller residuals are rounding, or no harm
NEIGHBOURS = 21  # nearest rows, by whose residuals one sees how well the model follows the target there
ROUNDS = 6  # fits at most, each without the outliers of the one before
MOST = 0.25  # share of outliers at most: with more, the law is unusual, not the rows
LEAST_SHARE = 0.5  # share of the sum of squared residuals that outliers of a formula make up at least
LEAST_ROWS = 200  # rows below which a smooth model says too little
MOST_TESTED = 2000  # outliers at most whose neighbours are looked at
CHUNK = 10_000  # rows that the model is evaluated on at a time, for memory

# Tests of where outliers lie by each input: by rank, and by distance from the middle. One of their neighbours is added.
TESTS_PER_INPUT = 2

Numbers = NDArray[np.intp]
Model = Callable[[Array], Array]


def outliers(data: Dataset, rng: np.random.Generator) -> Mask:
    """Which rows are outliers, (rows,).

    A smooth model (Gaussian-kernel ridge regression) is fitted again and again to the rows that are not far from it.
    The residual of an outlier is OUTLIER_DISTANCE times that of most rows, and of its neighbours, which is large too
    where a law is too steep for the model. And outliers must be scattered at random: if where they lie depends on the
    inputs, the law is unusual there, not the rows. Where they are not scattered, none are named.
    """
    none = np.zeros(data.rows, dtype=bool)
    if data.rows < LEAST_ROWS or not np.std(data.y) > 0:
        return none
    sample = rng.permutation(data.rows)[:SAMPLE]
    U, _ = standard(data.X, np.array(skewed(data.X[sample])))
    sigma = relative_sigma(data)
    V, y, sample_sigma = U[sample], data.y[sample], sigma[sample]
    columns = np.sort(V, axis=0)
    tree = cKDTree(_relative_ranks(V, columns))
    near = tree.query(tree.data, k=min(NEIGHBOURS, len(V)))[1]
    far = none[sample]
    for _ in range(ROUNDS):
        model = _smooth_model(V, y, sample_sigma, far)
        size = np.abs(y - model(V)) / sample_sigma
        before, far = far, size > OUTLIER_DISTANCE * MAD * np.median(size)
        if (far == before).all():
            break
    far = _far(size, size, near)
    if not far.any() or far.mean() > MOST or not _scattered(tree.data, far, lambda rows: near[rows]):
        return none
    found: list[Mask] = []
    for start in range(0, data.rows, CHUNK):
        part = slice(start, start + CHUNK)
        near = tree.query(_relative_ranks(U[part], columns), k=min(NEIGHBOURS, len(V)))[1]
        found.append(_far(np.abs(data.y[part] - model(U[part])) / sigma[part], size, near))
    return np.asarray(np.concatenate(found))


def outliers_of_formula(residual: Array, data: Dataset) -> Mask:
    """Which rows are outliers of a formula that follows the others, (rows,); none where they are not scattered.

    residual: of the formula, (rows,), in the unit of the target. A formula shows smaller outliers than a smooth model.
    Where the loss is not robust, they must make up most of the sum of squares.
    """
    size = np.abs(residual) / relative_sigma(data)
    far = np.asarray(size > max(OUTLIER_DISTANCE * MAD * float(np.median(size)), LEAST_SIZE * float(np.std(data.y))))
    minor = not data.robust and np.sum(size[far] ** 2) < LEAST_SHARE * np.sum(size**2)
    if data.rows < LEAST_ROWS or minor or not far.any() or far.mean() > MOST:
        return np.zeros_like(far)
    places = _relative_ranks(data.X, np.sort(data.X, axis=0))

    def near(rows: Numbers) -> Numbers:
        return np.asarray(cKDTree(places).query(places[rows], k=min(NEIGHBOURS, data.rows))[1])

    return far if _scattered(places, far, near) else np.zeros_like(far)


def _relative_ranks(U: Array, columns: Array) -> Array:
    """Ranks of rows, (rows, inputs), among those of the sample by each input, from 0 to 1.

    columns: the inputs of the sample, each sorted, (sample, inputs).
    """
    ranks = [np.searchsorted(column, u) for column, u in zip(columns.T, U.T)]
    return np.column_stack(ranks) / len(columns)


def _far(size: Array, sample: Array, near: Numbers) -> Mask:
    """Which residuals are far larger than those of the sample, and than those of the neighbours there."""
    return size > OUTLIER_DISTANCE * MAD * np.maximum(np.median(sample), np.median(sample[near], axis=1))


def _smooth_model(U: Array, y: Array, sigma: Array, far: Mask) -> Model:
    """Kernel ridge regression on the rows that are not far, with the least median residual on rows held out.

    U: standardised inputs, (rows, inputs); sigma: the relative errors of the rows, see `relative_sigma`, (rows,).
    """
    count = min(CENTRES, len(y) // 2)
    centres = np.flatnonzero(~far[:count])
    middle = float(np.median(y[centres]))
    trials = grid(U[centres], y[centres] - middle, U[count:], LENGTHS, RIDGES, sigma[centres])

    def error(trial: Trial) -> float:
        return float(np.median(np.abs(y[count:] - middle - trial.values) / sigma[count:]))

    best = min(trials, key=error)
    return KernelRidge(U[centres], best.weights, best.length, middle)


def _scattered(places: Array, far: Mask, near: Callable[[Numbers], Numbers]) -> bool:
    """Whether far rows are scattered at random: by each input, by the distance from its middle, and not side by side.

    Kolmogorov-Smirnov tests of the former, a binomial test of the latter, at SCATTER_LEVEL in all (Bonferroni).
    places: relative ranks, (rows, inputs); near: numbers of rows, (n,) -> those of their nearest rows, (n, neighbours),
    with the row itself.
    """
    from scipy.stats import binom, ks_2samp  # slow to import, and seldom needed

    level = SCATTER_LEVEL / (TESTS_PER_INPUT * places.shape[1] + 1)
    for column in places.T:
        for value in (column, np.abs(column - 1 / 2)):
            if ks_2samp(value[far], value[~far]).pvalue < level:
                return False
    rows = np.flatnonzero(far)
    rows = rows[:: -(-len(rows) // MOST_TESTED)]
    beside = far[near(rows)]
    others = beside.sum() - len(rows)
    return bool(binom.sf(others - 1, beside.size - len(rows), far.mean()) >= level)
