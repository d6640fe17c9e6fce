"""Which of many inputs are worth a search: those that go along with the target, alone or in pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.ranks import even

MANY = 40  # inputs up to which all are kept, and the most that are
FILL = 10  # inputs that are kept at least, whether chance could have made them look so or not
ROWS = 2000  # that are looked at
ALONE, PAIRED = 4.5, 6.0  # correlations, in units of what chance leaves, that show that an input or a pair matters
ROUNDS = 4  # of taking off what has been seen, and looking again


def screened(X: Array, y: Array) -> NDArray[np.intp]:
    """The inputs to keep, ascending. X: (rows, inputs); y: (rows,).

    Correlations of the target (as it is, its ranks, its logarithm) with Legendre's first three polynomials over the
    ranks of each input, then again with what the inputs seen leave of it, and at last with the products of two: a sure
    screening as of Fan and Lv (2008), made iterative.
    """
    rows = np.random.default_rng(0).permutation(len(y))[:ROWS]
    U = np.apply_along_axis(even, 0, X[rows])
    waves = np.stack([U, (3 * U**2 - 1) / 2, (5 * U**3 - 3 * U) / 2])
    waves = (waves - waves.mean(1, keepdims=True)) / waves.std(1, keepdims=True)
    size = np.abs(y[rows])
    sides = [even(y[rows]), y[rows], *([np.log(size)] if size.min() > 0 else [])]
    score = np.max([_scores(waves, side) for side in sides], axis=0)
    best = np.argsort(-score, kind="stable")
    return np.sort(best[: np.clip(int((score > 1).sum()), FILL, MANY)])


def _scores(waves: Array, side: Array) -> Array:
    """How sure it is that each input matters: above 1 is more than chance. waves: (3, rows, inputs), of unit size."""
    rows, count = waves.shape[1:]
    score = np.zeros(count)
    left = side
    for _ in range(ROUNDS):
        unit = (left - left.mean()) / (left.std() or 1.0)
        now = np.abs(np.einsum("dri,r->di", waves, unit)).max(0) / np.sqrt(rows) / ALONE
        new = (now > 1) & (score <= 1)
        score = np.maximum(score, now)
        if not new.any():
            break
        seen = np.argsort(-score, kind="stable")[: min(MANY, int((score > 1).sum()), rows // 12)]
        features = np.column_stack([np.ones(rows), *waves[:, :, seen]])
        left = side - features @ np.linalg.lstsq(features, side, rcond=None)[0]
    unit = (left - left.mean()) / (left.std() or 1.0)
    pairs = np.abs((waves[0] * unit[:, None]).T @ waves[0]) / np.sqrt(rows) / PAIRED
    np.fill_diagonal(pairs, 0.0)
    return np.asarray(np.maximum(score, pairs.max(0)))
