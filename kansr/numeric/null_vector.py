"""Null vectors: the linear dependences between the columns of a matrix, from its singular value decomposition."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array

ROUNDING = 1e-14  # singular values below this share of the largest may be zero but for rounding


def null_vector(A: Array, tolerance: float, gap: float) -> Array | None:
    """The one direction v, (columns,), with A·v = 0; None where there is none, or where it is not the only one.

    A: (rows, columns), at least as many rows as columns. tolerance: the smallest singular value over the largest up to
    which it counts as 0; gap: how many times larger the next one is at least.
    """
    space = null_space(A, tolerance, gap, most=1)
    return space[0] if len(space) else None


def null_space(A: Array, tolerance: float, gap: float, most: int | None = None) -> Array:
    """All such directions as orthonormal rows, (directions, columns); none where it is not clear how many there are.

    That is clear where the next singular value is `gap` times the smallest, and more than rounding. most: how many
    directions there may be. The others are as in `null_vector`.
    """
    try:
        _, s, V = np.linalg.svd(A, full_matrices=False)
    except np.linalg.LinAlgError:
        return np.empty((0, A.shape[1]))
    count = int(np.sum(s < tolerance * s[0]))
    count = count if most is None else min(count, most)
    if count == 0 or s[-count - 1] < max(gap * s[-1], ROUNDING * s[0]):
        return np.empty((0, A.shape[1]))
    return np.asarray(V[-count:])


def sparsest(space: Array, negligible: float) -> Array:
    """The sparsest of the directions that elimination finds, (columns,).

    space: (directions, columns), linearly independent rows. They are brought to reduced echelon form, each pivot where
    its row is largest, so that each has directions − 1 zeros at least. negligible: share of a row's largest entry below
    which an entry is 0.
    """
    N = space.copy()
    for r in range(len(N)):
        c = int(np.argmax(np.abs(N[r])))
        for other in range(len(N)):
            if other != r:
                N[other] -= N[other, c] / N[r, c] * N[r]
    counts = [np.count_nonzero(np.abs(row) > negligible * np.abs(row).max()) for row in N]
    return np.asarray(N[int(np.argmin(counts))])
