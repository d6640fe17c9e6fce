"""Monomials: exponents and design matrix."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from kansr.numeric.arrays import Array

Monomial = tuple[int, ...]


def monomials(inputs: int, degree: int, linear: Sequence[bool] = ()) -> list[Monomial]:
    """The exponents of all monomials up to `degree`, the constant first, those of one degree in lexicographic order.

    linear: which inputs have no power above the first, none unless given: a cosine beside its sine, for one.
    """
    found = [
        tuple(choice.count(i) for i in range(inputs))
        for total in range(degree + 1)
        for choice in combinations_with_replacement(range(inputs), total)
    ]
    return [e for e in found if not any(once and p > 1 for once, p in zip(linear, e))]


def design(X: Array, powers: Sequence[Monomial]) -> Array:
    """The values of the monomials, (rows, monomials). X: (rows, inputs)"""
    with np.errstate(all="ignore"):
        return np.column_stack([np.prod(X ** np.array(p), axis=1) for p in powers])


def unit_columns(A: Array) -> tuple[Array, Array]:
    """The columns over their root mean square, (rows, columns), and what they were divided by, 1 for zeros."""
    scale = np.sqrt(np.mean(A * A, axis=0))
    scale[scale == 0] = 1.0
    return A / scale, scale
