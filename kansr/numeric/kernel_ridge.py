"""Gaussian-kernel ridge regression."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array


def kernel(U: Array, V: Array, length: float) -> Array:
    """Gaussian kernels between rows and others, (rows, others). U: (rows, n); V: (others, n)"""
    square = np.sum(U * U, axis=1)[:, None] + np.sum(V * V, axis=1) - 2 * U @ V.T
    return np.exp(-np.maximum(square, 0) / (2 * length**2))
