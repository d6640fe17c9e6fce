"""Backfitting: the values of several unknown functions on the rows, by Gaussian-kernel ridge regression.

All at once where the target is linear in all of them together; otherwise in turn, each fitted to the residuals of the
others (alternating least squares).
Source: Friedman and Stuetzle 1981.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import kernel, solve
from kansr.numeric.tolerances import TINY

# None of these has been measured alone.
ROUNDS = 60  # rounds of alternation at most
ROUNDS_TO_COMPARE = 12  # the same while kernels are compared
CONVERGED = 1e-9  # change of the relative rms in a round, at which the alternation has converged
LENGTHS = (1.5, 0.7, 3.0, 6.0)  # length scales of the kernels, in standard deviations of the arguments
RIDGES = (1e-10, 1e-7, 1e-4, 1e-2)  # added to the diagonal of the kernel, over the mean square of the coefficient
FOLDS = 4  # one row in so many is held out to choose length scale and ridge
CONSTANT = 1.0  # variance of a constant beside the Gaussian kernel, whose variance is 1

Coefficients = Callable[[Sequence[Array], int], tuple[Array, Array]]


def backfit(
    arguments: Sequence[Array],
    target: Array,
    coefficients: Coefficients,
    linear: bool,
    passed: Callable[[], bool] = lambda: False,
) -> tuple[list[Array], float]:
    """The values of each function, (rows,) each, and their held-out error: relative rms, less is better.

    arguments: of each function, (rows, inputs); target: (rows,); coefficients: given the values of all functions and
    the number of one, (a, b), (rows,) each, such that target ≈ a + b·(function of that number); linear: whether no b
    depends on the values; passed: whether there is no more time to compare kernels.
    """
    scaled = [(u - u.mean(axis=0)) / (u.std(axis=0) + TINY) for u in arguments]
    out = np.arange(len(target)) % FOLDS == FOLDS - 1
    separate = _together if linear else _alternated
    best: tuple[float, float, float] = (np.inf, LENGTHS[0], RIDGES[-1])
    for length in LENGTHS:
        for ridge in RIDGES:
            if passed() and np.isfinite(best[0]):
                break
            values = separate(scaled, target, coefficients, length, ridge, ~out, ROUNDS_TO_COMPARE)
            error = _relative_rms(values, target, coefficients, out)
            best = min(best, (error, length, ridge))
    error, length, ridge = best
    return separate(scaled, target, coefficients, length, ridge, np.ones(len(target), dtype=bool), ROUNDS), error


def _together(
    arguments: Sequence[Array],
    target: Array,
    coefficients: Coefficients,
    length: float,
    ridge: float,
    used: Array,
    rounds: int,
) -> list[Array]:
    """All functions at once, from one linear system; rounds plays no part."""
    zeros = [np.zeros(len(target)) for _ in arguments]
    kernels = [_kernel(u, length) for u in arguments]
    pairs = [coefficients(zeros, i) for i in range(len(arguments))]
    weighted = [b[:, None] * K * b[None, :] for K, (_, b) in zip(kernels, pairs)]
    gram = np.sum(weighted, axis=0)[np.ix_(used, used)]
    solved = _solved(gram, (target - pairs[0][0])[used], ridge * float(np.mean([b**2 for _, b in pairs])))
    return [K[:, used] @ (b[used] * solved) for K, (_, b) in zip(kernels, pairs)]


def _alternated(
    arguments: Sequence[Array],
    target: Array,
    coefficients: Coefficients,
    length: float,
    ridge: float,
    used: Array,
    rounds: int,
) -> list[Array]:
    """Each function in turn, fitted to the residuals of the others."""
    kernels = [_kernel(u, length) for u in arguments]
    values: list[Array] = [np.ones(len(target)) for _ in arguments]
    last = np.inf
    for _ in range(rounds):
        for i, K in enumerate(kernels):
            a, b = coefficients(values, i)
            values[i] = _smooth(K, a, b, target, ridge, used)
        error = _relative_rms(values, target, coefficients, used)
        if abs(last - error) <= CONVERGED or not np.isfinite(error):
            break
        last = error
    return values


def _kernel(u: Array, length: float) -> Array:
    """A Gaussian kernel and a constant, (rows, rows). u: standardised arguments, (rows, inputs)"""
    return kernel(u, u, length) + CONSTANT


def _smooth(K: Array, a: Array, b: Array, target: Array, ridge: float, used: Array) -> Array:
    """The values on all rows of the function of least norm with b·function ≈ target - a on the rows used."""
    weight = b[used]
    gram = weight[:, None] * K[np.ix_(used, used)] * weight[None, :]
    size = float(np.mean(weight**2)) or 1.0
    return np.asarray(K[:, used] @ (weight * _solved(gram, (target - a)[used], ridge * size)))


def _solved(gram: Array, right: Array, ridge: float) -> Array:
    """Weights of a kernel ridge regression; not a number where the system is not positive definite."""
    solved = solve(gram, right, ridge)
    return np.full(len(right), np.nan) if solved is None else solved


def _relative_rms(values: Sequence[Array], target: Array, coefficients: Coefficients, rows: Array) -> float:
    """The relative rms of the model on some rows."""
    if not all(np.isfinite(v).all() for v in values):
        return np.inf
    a, b = coefficients(values, 0)
    return float(np.std((a + b * values[0] - target)[rows]) / (np.std(target[rows]) or 1.0))
