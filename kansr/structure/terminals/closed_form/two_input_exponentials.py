"""Exponentials of two inputs, that may stand in several places of a law beside the inputs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations

import numpy as np
import sympy

from kansr.numeric.arrays import Array

STEEP = 5.0  # |u| from which exp(u) is so large that nothing else counts beside it

Symbolic = Callable[[sympy.Expr, sympy.Expr], sympy.Expr]
Logarithm = Callable[[Array, Array], Array]

# As sympy, their logarithms on arrays, and whether the inputs may not change places.
PAIRS: tuple[tuple[Symbolic, Logarithm, bool], ...] = (
    (lambda x, y: x**y, lambda x, y: y * np.log(x), True),
    (lambda x, y: (1 + x) ** y, lambda x, y: y * np.log1p(x), True),
    (lambda x, y: (1 - x) ** y, lambda x, y: y * np.log1p(-x), True),
    (lambda x, y: sympy.exp(x / y), lambda x, y: x / y, True),
    (lambda x, y: sympy.exp(x * y), lambda x, y: x * y, False),
    (lambda x, y: sympy.exp(x + y), lambda x, y: x + y, False),
    (lambda x, y: sympy.exp(x - y), lambda x, y: x - y, False),
)


def joint(inputs: Sequence[sympy.Expr], X: Array) -> Iterator[tuple[sympy.Expr, Array]]:
    """Each with its values on the rows X, (rows, inputs), and then its inverse; what is large is left out."""
    for symbolic, logarithm, ordered in PAIRS:
        for i, j in permutations(range(len(inputs)), 2) if ordered else combinations(range(len(inputs)), 2):
            with np.errstate(all="ignore"):
                t = logarithm(X[:, i], X[:, j])
            if not np.isfinite(t).all() or np.ptp(t) == 0:
                continue
            small = 1 if t.max() < -t.min() else -1
            for sign in (small, -small) if np.abs(t).max() < STEEP else (small,):
                yield symbolic(inputs[i], inputs[j]) ** sign, np.exp(sign * t)
