"""Rows that are grossly wrong: far from a smooth model of the others, and strewn anywhere among the inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import shares
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.kernel_ridge import KernelRidge, Trial, grid
from kansr.numeric.robust import MAD
from kansr.numeric.standardise import skewed, standard

LENGTHS, RIDGES = (1.6, 3.0, 6.0), (1e-4, 1e-2, 0.3)
CENTRES, SAMPLE = 400, 2000  # rows the kernel is spanned by, and rows it is judged on
FAR = 8.0  # noise levels from which a row is grossly wrong: not one normal error in 1e15 is
GROSS = 1e-6  # share of the spread below which nothing is
NEIGHBOURS = 21  # rows whose residuals say how well the model follows the target there
ROUNDS = 6  # of leaving out what is far and fitting again
MOST = 0.25  # share of rows that may be wrong
CHANCE = 0.02  # that rows strewn at random look as if they were not
LEAST = 200  # rows below which a smooth model says too little
ASKED = 2000  # far rows whose neighbours are looked at
CHUNK = 10_000  # rows that the model is asked about at once

Numbers = NDArray[np.intp]
Model = Callable[[Array], Array]


def outliers(data: Dataset, rng: np.random.Generator) -> Mask:
    """Which rows are grossly wrong, (rows,).

    A smooth model (Gaussian-kernel ridge regression) is fitted again and again to the rows that are not far from it.
    Grossly wrong is what is FAR times as far from it as most rows, and as its neighbours: where a law is too steep for
    the model, they have large residuals too. And such rows must be strewn at random: if they know anything of the
    inputs, it is the law that is unusual there, not the rows. None are named where that cannot be said.
    """
    none = np.zeros(data.rows, dtype=bool)
    if data.rows < LEAST or not np.std(data.y) > 0:
        return none
    sample = rng.permutation(data.rows)[:SAMPLE]
    U, _ = standard(data.X, np.array(skewed(data.X[sample])))
    share = shares(data)
    V, y, loud = U[sample], data.y[sample], share[sample]
    columns = np.sort(V, axis=0)
    tree = cKDTree(_places(V, columns))
    near = tree.query(tree.data, k=min(NEIGHBOURS, len(V)))[1]
    far = none[sample]
    for _ in range(ROUNDS):
        model = _smooth(V, y, loud, far)
        size = np.abs(y - model(V)) / loud
        before, far = far, size > FAR * MAD * np.median(size)
        if (far == before).all():
            break
    far = _far(size, size, near)
    if not far.any() or far.mean() > MOST or not _strewn(tree.data, far, lambda rows: near[rows]):
        return none
    found: list[Mask] = []
    for start in range(0, data.rows, CHUNK):
        part = slice(start, start + CHUNK)
        near = tree.query(_places(U[part], columns), k=min(NEIGHBOURS, len(V)))[1]
        found.append(_far(np.abs(data.y[part] - model(U[part])) / share[part], size, near))
    return np.asarray(np.concatenate(found))


def shown_by(residual: Array, data: Dataset) -> Mask:
    """Which rows a formula that follows the others shows to be grossly wrong, (rows,); none where they are together.

    residual: (rows,), what the formula leaves. A formula knows of smaller errors than a smooth model does. Where errors
    are not known to have heavy tails, wrong rows must be most of what it leaves.
    """
    size = np.abs(residual) / shares(data)
    far = np.asarray(size > max(FAR * MAD * float(np.median(size)), GROSS * float(np.std(data.y))))
    little = not data.robust and np.sum(size[far] ** 2) < 0.5 * np.sum(size**2)
    if data.rows < LEAST or little or not far.any() or far.mean() > MOST:
        return np.zeros_like(far)
    places = _places(data.X, np.sort(data.X, axis=0))

    def near(rows: Numbers) -> Numbers:
        return np.asarray(cKDTree(places).query(places[rows], k=min(NEIGHBOURS, data.rows))[1])

    return far if _strewn(places, far, near) else np.zeros_like(far)


def _places(U: Array, columns: Array) -> Array:
    """Where rows stand among those of the sample by each input, from 0 to 1. columns: (sample, inputs), sorted."""
    ranks = [np.searchsorted(column, u) for column, u in zip(columns.T, U.T)]
    return np.column_stack(ranks) / len(columns)


def _far(size: Array, known: Array, near: Numbers) -> Mask:
    """Which residuals are large beside those of the sample, `known`, and of the neighbours there."""
    return size > FAR * MAD * np.maximum(np.median(known), np.median(known[near], axis=1))


def _smooth(U: Array, y: Array, loud: Array, far: Mask) -> Model:
    """The model of the rows that are not far with the least median residual on rows that it is not spanned by.

    loud: the errors of the rows over the typical one, (rows,).
    """
    count = min(CENTRES, len(y) // 2)
    centres = np.flatnonzero(~far[:count])
    middle = float(np.median(y[centres]))
    trials = grid(U[centres], y[centres] - middle, U[count:], LENGTHS, RIDGES, loud[centres])

    def level(trial: Trial) -> float:
        return float(np.median(np.abs(y[count:] - middle - trial.values) / loud[count:]))

    best = min(trials, key=level)
    return KernelRidge(U[centres], best.weights, best.length, middle)


def _strewn(places: Array, far: Mask, near: Callable[[Numbers], Numbers]) -> bool:
    """Whether far rows lie as others do, by each input and from its middle (Kolmogorov–Smirnov), and not together.

    near: numbers of rows, (n,) -> those of the rows next to each, (n, neighbours), each row its own.
    """
    from scipy.stats import binom, ks_2samp  # takes long to load, and is seldom asked for

    level = CHANCE / (2 * places.shape[1] + 1)
    for column in places.T:
        for value in (column, np.abs(column - 0.5)):
            if ks_2samp(value[far], value[~far]).pvalue < level:
                return False
    rows = np.flatnonzero(far)
    rows = rows[:: -(-len(rows) // ASKED)]
    beside = far[near(rows)]
    others = beside.sum() - len(rows)
    return bool(binom.sf(others - 1, beside.size - len(rows), far.mean()) >= level)
