"""Roots of quadratics A·z² + B·z + C = 0, whose A, B and C are polynomials of the inputs or of sines and cosines.

All coefficients are the null vector of one matrix. The larger root of a quadratic, as in Mohr's circle, tight binding
or the flight of a ball, has no simpler equation.
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
from kansr.numeric.tolerances import ROUNDING_RMS, SQRT_EPS
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomial
from kansr.structure.terminals.limits import DEPENDENT, FEWER_COLUMNS, GAP, MOST_INPUTS, ROWS_PER_COLUMN

# Largest |x| of an input that is taken for an angle: a little more than a turn.
LARGEST_ANGLE = 7.0

# Terms of A, B and C together: roots with 14 of them meet tanh(x) to 4e-11 of its spread.
MOST_TERMS = 12

NamedColumn = tuple[sympy.Expr, Array]  # a function of the inputs and its values, (rows,)


def quadratics(data: Dataset, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """The root of the first quadratic that rows without noise obey; none for more than MOST_INPUTS inputs."""
    if len(data.names) > MOST_INPUTS:
        return
    for columns, degree in _choices(data):
        if expired():
            return
        root = _root(data, columns, degree)
        if root is not None:
            yield root
            return


def _choices(data: Dataset) -> list[tuple[list[NamedColumn], int]]:
    """What the polynomials are made of, and their degree: the inputs, then sine and cosine in place of one angle."""
    inputs = [(sympy.Symbol(name), x) for name, x in zip(data.names, data.X.T)]
    choices: list[tuple[list[NamedColumn], int]] = [(inputs, degree) for degree in (1, 2, 3)]
    for k, (symbol, x) in enumerate(inputs):
        if np.abs(x).max() < LARGEST_ANGLE:
            of_angle = [(sympy.sin(symbol), np.sin(x)), (sympy.cos(symbol), np.cos(x))]
            choices += [([*inputs[:k], *inputs[k + 1 :], *of_angle], degree) for degree in (2, 3)]
    return choices


def _root(data: Dataset, columns: list[NamedColumn], degree: int) -> sympy.Expr | None:
    """The root nearer to the target; None where there is no such quadratic, or neither root meets the target."""
    symbols, values = [symbol for symbol, _ in columns], [x for _, x in columns]
    powers = monomials(len(symbols), degree, linear=[symbol.func is sympy.cos for symbol in symbols])
    if 3 * len(powers) > min(FEWER_COLUMNS, data.rows // ROWS_PER_COLUMN):
        return None
    size = float(np.sqrt(np.mean(data.y**2)))
    scales = np.array([float(np.sqrt(np.mean(x * x))) or 1.0 for x in values])
    terms = _coefficients(design(np.column_stack([x / s for x, s in zip(values, scales)]), powers), data.y / size)
    if terms is None:
        return None
    scaled = [symbol / sympy.Float(float(s)) for symbol, s in zip(symbols, scales)]
    C, B, A = (polynomial(scaled, powers, [sympy.Float(float(c)) for c in row]) for row in terms)
    discriminant = sympy.expand(B**2 - 4 * A * C)
    roots = [sympy.Float(size) * (-B + sign * sympy.sqrt(discriminant)) / (2 * A) for sign in (1, -1)]
    misfits = [_misfit(root, data) for root in roots]
    return roots[int(np.argmin(misfits))] if min(misfits) < SQRT_EPS else None


def _coefficients(M: Array, z: Array) -> Array | None:
    """Those of C, B and A, (3, monomials), the largest 1; None where there is no null vector, or it has many terms.

    M: (rows, monomials); z: (rows,)
    """
    matrix, scale = unit_columns(np.hstack([M * (z**k)[:, None] for k in (0, 1, 2)]))
    space = null_space(matrix, DEPENDENT, GAP)
    if not len(space):
        return None
    vector = sparsest(space, ROUNDING_RMS)
    kept = np.abs(vector) > ROUNDING_RMS * np.abs(vector).max()
    terms = np.where(kept, vector / scale, 0.0).reshape(3, -1)
    if np.count_nonzero(terms) > MOST_TERMS or not terms[2].any():
        return None
    return np.asarray(terms / np.abs(terms).max())


def _misfit(root: sympy.Expr, data: Dataset) -> float:
    """Rms residual over the spread; inf where the root is not real."""
    with np.errstate(all="ignore"):
        residual = Tape(root, data.names).value(data.X) - data.y
    return float(np.sqrt(np.mean(residual**2)) / np.std(data.y)) if np.isfinite(residual).all() else np.inf
