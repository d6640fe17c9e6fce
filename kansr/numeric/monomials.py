"""Monomials: exponents and design matrix."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from kansr.numeric.arrays import Array

Monomial = tuple[int, ...]


def monomials(inputs: int, degree: int) -> list[Monomial]:
    """The exponents of all monomials up to `degree`, the constant first."""
    return [
        tuple(choice.count(i) for i in range(inputs))
        for total in range(degree + 1)
        for choice in combinations_with_replacement(range(inputs), total)
    ]


def _design(X: Array, powers: list[Monomial]) -> tuple[Array, Array]:
    """Columns of unit root mean square and the factors they were divided by."""
    A = np.column_stack([np.prod(X ** np.array(p), axis=1) for p in powers])
    scale = np.sqrt(np.mean(A * A, axis=0))
    scale[scale == 0] = 1.0
    return A / scale, scale
