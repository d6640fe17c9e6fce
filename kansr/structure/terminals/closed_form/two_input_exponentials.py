"""Exponentials of two inputs, such as x**y and exp(x/y), as generators of implicit relations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.structure.terminals.limits import STEEP

Symbolic = Callable[[sympy.Expr, sympy.Expr], sympy.Expr]
Logarithm = Callable[[Array, Array], Array]

# Each as sympy, its logarithm on arrays, and whether exchanging the inputs gives another function.
PAIRS: tuple[tuple[Symbolic, Logarithm, bool], ...] = (
    (lambda x, y: x**y, lambda x, y: y * np.log(x), True),
    (lambda x, y: (1 + x) ** y, lambda x, y: y * np.log1p(x), True),
    (lambda x, y: (1 - x) ** y, lambda x, y: y * np.log1p(-x), True),
    (lambda x, y: sympy.exp(x / y), lambda x, y: x / y, True),
    (lambda x, y: sympy.exp(x * y), lambda x, y: x * y, False),
    (lambda x, y: sympy.exp(x + y), lambda x, y: x + y, False),
    (lambda x, y: sympy.exp(x - y), lambda x, y: x - y, False),
)


def two_input_exponentials(inputs: Sequence[sympy.Expr], X: Array) -> Iterator[tuple[sympy.Expr, Array]]:
    """Each function and its values, (rows,), and its inverse where neither of the two is steep; else the smaller one.

    X: (rows, inputs)
    """
    for symbolic, logarithm, ordered in PAIRS:
        for i, j in permutations(range(len(inputs)), 2) if ordered else combinations(range(len(inputs)), 2):
            with np.errstate(all="ignore"):
                u = logarithm(X[:, i], X[:, j])
            if not np.isfinite(u).all() or np.ptp(u) == 0:
                continue
            smaller = 1 if u.max() < -u.min() else -1
            for sign in (smaller, -smaller) if np.abs(u).max() < STEEP else (smaller,):
                yield symbolic(inputs[i], inputs[j]) ** sign, np.exp(sign * u)
