"""A·z² + B·z + C = 0 with polynomials A, B and C of the inputs, or of their sines and cosines: one null vector.

The larger root of a quadratic, as in Mohr's circle, tight binding or the flight of a ball, has no simpler equation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.numeric.arrays import Array
from kansr.numeric.monomials import design, monomials, unit_columns
from kansr.numeric.null_vector import null_space, sparsest
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomial

MOST_INPUTS, MOST_COLUMNS, MOST_TERMS = 4, 75, 12
DEPENDENT, GAP = 1e-12, 1e3  # smallest singular value over the largest, and the second smallest over it
NEGLIGIBLE = 1e-8  # share of the largest term below which a term is dropped
TURNS = 7.0  # largest |x| that is taken for an angle

Generator = tuple[sympy.Expr, Array]


def quadratics(data: Dataset, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """The root of the first such equation that the rows obey, and has a solution; data: a few inputs without noise."""
    if len(data.names) > MOST_INPUTS:
        return
    plain = [(sympy.Symbol(name), x) for name, x in zip(data.names, data.X.T)]
    sets: list[tuple[list[Generator], int]] = [(plain, degree) for degree in (1, 2, 3)]
    for k, (symbol, x) in enumerate(plain):
        if np.abs(x).max() < TURNS:
            waves = [(sympy.sin(symbol), np.sin(x)), (sympy.cos(symbol), np.cos(x))]
            sets += [([*plain[:k], *plain[k + 1 :], *waves], degree) for degree in (2, 3)]
    for generators, degree in sets:
        if expired():
            return
        root = _root(data, generators, degree)
        if root is not None:
            yield root
            return


def _root(data: Dataset, generators: list[Generator], degree: int) -> sympy.Expr | None:
    symbols, columns = [symbol for symbol, _ in generators], [x for _, x in generators]
    powers = monomials(len(symbols), degree, linear=[symbol.func is sympy.cos for symbol in symbols])
    if 3 * len(powers) > min(MOST_COLUMNS, data.rows // 4):
        return None
    z = data.y / float(np.sqrt(np.mean(data.y**2)))
    sizes = np.array([float(np.sqrt(np.mean(x * x))) or 1.0 for x in columns])
    M = design(np.column_stack([x / s for x, s in zip(columns, sizes)]), powers)
    A, scale = unit_columns(np.hstack([M * (z**k)[:, None] for k in (0, 1, 2)]))
    space = null_space(A, DEPENDENT, GAP)
    if not len(space):
        return None
    vector = sparsest(space, NEGLIGIBLE)
    terms = np.where(np.abs(vector) > NEGLIGIBLE * np.abs(vector).max(), vector / scale, 0.0).reshape(3, -1)
    if np.count_nonzero(terms) > MOST_TERMS or not terms[2].any():
        return None
    terms = terms / np.abs(terms).max()
    names = [symbol / sympy.Float(float(s)) for symbol, s in zip(symbols, sizes)]
    C, B, A2 = (polynomial(names, powers, [sympy.Float(float(c)) for c in row]) for row in terms)
    size = sympy.Float(float(np.sqrt(np.mean(data.y**2))))
    discriminant = sympy.expand(B**2 - 4 * A2 * C)
    roots = [size * (-B + sign * sympy.sqrt(discriminant)) / (2 * A2) for sign in (1, -1)]
    misfits = [_misfit(root, data) for root in roots]
    return roots[int(np.argmin(misfits))] if min(misfits) < 1e-6 else None


def _misfit(root: sympy.Expr, data: Dataset) -> float:
    with np.errstate(all="ignore"):
        residual = Tape(root, data.names).value(data.X) - data.y
    return float(np.sqrt(np.mean(residual**2)) / np.std(data.y)) if np.isfinite(residual).all() else np.inf
