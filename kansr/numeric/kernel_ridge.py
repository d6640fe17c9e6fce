"""Gaussian-kernel ridge regression: the mean of a Gaussian process (Rasmussen and Williams 2006, algorithm 2.1).

f(u) = Σ_c w_c·exp(−|u − c|²/2l²) over centres c, with (K + ridge·diag(sigma²))·w = t for the values t at the centres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from kansr.numeric.arrays import Array


def square_distances(U: Array, V: Array) -> Array:
    """Between rows and others, (rows, others). U: (rows, n); V: (others, n)"""
    square = np.sum(U * U, axis=1)[:, None] + np.sum(V * V, axis=1) - 2 * U @ V.T
    return np.asarray(np.maximum(square, 0))


def gaussian(square: Array, length: float) -> Array:
    """The kernels at these squares of distances, of any shape."""
    return np.asarray(np.exp(-square / (2 * length**2)))


def kernel(U: Array, V: Array, length: float) -> Array:
    """Gaussian kernels between rows and others, (rows, others). U: (rows, n); V: (others, n)"""
    return gaussian(square_distances(U, V), length)


def solve(K: Array, t: Array, ridge: Array | float) -> Array | None:
    """w with (K + diag(ridge))·w = t, by Cholesky; None where that is not positive definite to rounding, or not finite.

    K: (rows, rows), any kernel; t: (rows,) or (rows, targets); ridge: (rows,) or one for all.
    """
    A = K.copy()
    A.flat[:: len(A) + 1] += ridge
    try:
        w = cho_solve(cho_factor(A, lower=True, overwrite_a=True, check_finite=False), t, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(w) if np.isfinite(w).all() else None


def slopes(U: Array, centres: Array, parts: Array, length: float) -> Array:
    """The gradient of Σ_c parts, (rows, n), where parts: (rows, centres) are kernels at U times weights."""
    return np.asarray((parts @ centres - U * parts.sum(1, keepdims=True)) / length**2)


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """mean + Σ_c w_c·exp(−|u − c|²/2l²). centres: (count, n); weights: (count,)"""

    centres: Array
    weights: Array
    length: float
    mean: float = 0.0

    def __call__(self, U: Array) -> Array:
        """Values at the rows of U, (rows, n) -> (rows,)."""
        return kernel(U, self.centres, self.length) @ self.weights + self.mean

    def with_gradient(self, U: Array) -> tuple[Array, Array]:
        """Values, (rows,), and gradients, (rows, n), at the rows of U (rows, n)."""
        K = kernel(U, self.centres, self.length)
        return K @ self.weights + self.mean, slopes(U, self.centres, K * self.weights, self.length)


def kernel_ridge(
    U: Array, t: Array, length: float, ridge: float, sigma: Array | float = 1.0, mean: float = 0.0
) -> KernelRidge:
    """The model of the values t, (rows,), at U, (rows, n), which are its centres.

    ridge: over the kernel at distance 0, which is 1; sigma: (rows,), errors of t up to a factor; mean: what the model
    goes to far from all centres. Raises LinAlgError where the kernels are dependent to rounding.
    """
    w = solve(kernel(U, U, length), t - mean, ridge * sigma**2)
    if w is None:
        raise np.linalg.LinAlgError("kernels are dependent to rounding: a larger ridge makes them independent")
    return KernelRidge(U, w, length, mean)


class Trial(NamedTuple):
    """A model of a grid: weights (centres,) or (centres, targets), and its kernels at other rows, (others, centres)."""

    length: float
    ridge: float
    weights: Array
    kernels: Array

    @property
    def values(self) -> Array:
        """At the other rows, (others,) or (others, targets)."""
        return self.kernels @ self.weights


def grid(
    U: Array,
    t: Array,
    others: Array,
    lengths: Iterable[float],
    ridges: Iterable[float],
    sigma: Array | float = 1.0,
) -> Iterator[Trial]:
    """The models of all lengths and ridges, without those that cannot be had; kernels are computed once a length.

    t: (rows,) or (rows, targets), the values at U, (rows, n), above their mean; others: (others, n); sigma: as in
    `kernel_ridge`.
    """
    inside, across, ridges = square_distances(U, U), square_distances(others, U), tuple(ridges)
    for length in lengths:
        K, kernels = gaussian(inside, length), gaussian(across, length)
        for ridge in ridges:
            w = solve(K, t, ridge * sigma**2)
            if w is not None:
                yield Trial(length, ridge, w, kernels)
