"""The values of several unknown functions on the rows, by Gaussian kernel ridge regression.

All at once where the model is linear in all together, otherwise one after another, each fitted to what the others leave
(alternating least squares, as backfitting: Friedman and Stuetzle 1981).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import kernel, solve

ROUNDS, FEW = 60, 12  # of alternation, in the end and while widths and ridges are compared
ENOUGH = 1e-9  # change of the residual's size, over the target's, at which it has converged
WIDTHS = (1.5, 0.7, 3.0, 6.0)  # of the kernels, over the spread of the arguments
RIDGES = (1e-10, 1e-7, 1e-4, 1e-2)
FOLDS = 4  # one row in so many is held out to choose between them

Parts = Callable[[Sequence[Array], int], tuple[Array, Array]]


def backfit(
    arguments: Sequence[Array], target: Array, parts: Parts, linear: bool, expired: Callable[[], bool] = lambda: False
) -> tuple[list[Array], float]:
    """The values of each function, (rows,) each, and the share of the target's spread that they leave on rows held out.

    arguments: (rows, inputs) of each; target: (rows,); parts: given the values of all and a number, (a, b), (rows,)
    each, such that target ≈ a + b·function at that number; linear: whether that b does not depend on the others.
    """
    scaled = [(u - u.mean(axis=0)) / (u.std(axis=0) + 1e-300) for u in arguments]
    out = np.arange(len(target)) % FOLDS == FOLDS - 1
    solve = _together if linear else _alternated
    best: tuple[float, float, float] = (np.inf, WIDTHS[0], RIDGES[-1])
    for width in WIDTHS:
        for ridge in RIDGES:
            if expired() and np.isfinite(best[0]):
                break
            values = solve(scaled, target, parts, width, ridge, ~out, FEW)
            error = _left(values, target, parts, out)
            best = min(best, (error, width, ridge))
    error, width, ridge = best
    return solve(scaled, target, parts, width, ridge, np.ones(len(target), dtype=bool), ROUNDS), error


def _together(
    arguments: Sequence[Array], target: Array, parts: Parts, width: float, ridge: float, used: Array, rounds: int
) -> list[Array]:
    zeros = [np.zeros(len(target)) for _ in arguments]
    kernels = [_kernel(u, width) for u in arguments]
    pairs = [parts(zeros, i) for i in range(len(arguments))]
    weighted = [b[:, None] * K * b[None, :] for K, (_, b) in zip(kernels, pairs)]
    gram = np.sum(weighted, axis=0)[np.ix_(used, used)]
    solved = _solved(gram, (target - pairs[0][0])[used], ridge * float(np.mean([b**2 for _, b in pairs])))
    return [K[:, used] @ (b[used] * solved) for K, (_, b) in zip(kernels, pairs)]


def _alternated(
    arguments: Sequence[Array], target: Array, parts: Parts, width: float, ridge: float, used: Array, rounds: int
) -> list[Array]:
    kernels = [_kernel(u, width) for u in arguments]
    values: list[Array] = [np.ones(len(target)) for _ in arguments]
    last = np.inf
    for _ in range(rounds):
        for i, K in enumerate(kernels):
            a, b = parts(values, i)
            values[i] = _smooth(K, a, b, target, ridge, used)
        left = _left(values, target, parts, used)
        if abs(last - left) <= ENOUGH or not np.isfinite(left):
            break
        last = left
    return values


def _kernel(u: Array, width: float) -> Array:
    return kernel(u, u, width) + 1.0  # and a constant


def _smooth(K: Array, a: Array, b: Array, target: Array, ridge: float, used: Array) -> Array:
    """The function of least norm with b·function ≈ target − a on the rows used, at all rows."""
    weight = b[used]
    gram = weight[:, None] * K[np.ix_(used, used)] * weight[None, :]
    size = float(np.mean(weight**2)) or 1.0
    return np.asarray(K[:, used] @ (weight * _solved(gram, (target - a)[used], ridge * size)))


def _solved(gram: Array, right: Array, ridge: float) -> Array:
    solved = solve(gram, right, ridge)
    return np.full(len(right), np.nan) if solved is None else solved


def _left(values: Sequence[Array], target: Array, parts: Parts, rows: Array) -> float:
    if not all(np.isfinite(v).all() for v in values):
        return np.inf
    a, b = parts(values, 0)
    return float(np.std((a + b * values[0] - target)[rows]) / (np.std(target[rows]) or 1.0))
