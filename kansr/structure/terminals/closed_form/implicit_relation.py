"""Implicit relations T(y)·Q = P with polynomials P and Q of simple functions of the inputs.

In rows without noise the columns of all monomials in P, and of T(y) times those in Q, are linearly dependent, and the
null vector of their matrix holds the coefficients. Degrees and functions grow until there is one null vector. A ratio
of long polynomials meets any smooth curve to the last digit, but its coefficients are not numbers that a person would
write: only few of those may have many digits (results/2026-11-24-terminals).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.expression.nice_numbers import SHORT_TOLERANCE, fractions_near, is_short
from kansr.formula.judge.exactness import LONG_CONSTANTS
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.monomials import design
from kansr.numeric.null_vector import null_vector
from kansr.numeric.tolerances import ROUNDING_RMS
from kansr.structure.surrogate.target_transforms import TRANSFORMS, Transform, transformed
from kansr.structure.terminals.closed_form.generators import Generators, generators
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomial
from kansr.structure.terminals.thresholds import (
    DEPENDENT,
    FEWER_COLUMNS,
    GAP,
    MANY_ROWS_PER_COLUMN,
    MOST_COLUMNS,
    MOST_INPUTS,
    MOST_TERMS,
    ROWS_PER_COLUMN,
)

# Coefficients with many digits that a relation of several inputs may have; of one input: LONG_CONSTANTS, or more where
# there are few terms (results/2026-11-24-terminals).
MOST_LONG = 7

# Denominators of fractions that coefficients are taken for.
DENOMINATORS = (1, 2, 3, 4, 6, 7, 9, 11, 12, 13, 24)

# Size of a numerator below which such a fraction is told from any number with as many digits.
LARGEST_NUMERATOR = 1000

# (degree of P, degree of Q); Q of degree 0 is a constant.
DEGREES = ((1, 0), (2, 0), (1, 1), (3, 0), (2, 1), (1, 2), (2, 2), (4, 0), (3, 1), (3, 2), (1, 3), (2, 3), (3, 3),
           (1, 4), (2, 4), (4, 1), (4, 2), (4, 3), (4, 4))  # fmt: skip

# Further degrees for one input itself, to degree 12 (results/2026-11-24-terminals).
CURVE_DEGREES = ((6, 0), (12, 0), (5, 2), (6, 2), (5, 4), (6, 4), (6, 6))

# Degrees of P and Q together, of functions other than the inputs.
MOST_DEGREE_OF_FUNCTIONS = 4

# Transforms of an angle, which is found from sines and cosines of other angles.
ANGLES = ("sin(y)", "cos(y)", "tan(y)")


def _signed_root(square: sympy.Expr) -> sympy.Expr | None:
    """S/sqrt(Q) of S²/Q, with the sign of S; None where the numerator is no square."""
    above, below = sympy.fraction(sympy.factor(square))
    number, factors = sympy.factor_list(above)
    if any(power % 2 for _, power in factors):
        return None
    return sympy.sqrt(number) * sympy.Mul(*(base ** (power // 2) for base, power in factors)) / sympy.sqrt(below)


IDENTITY, *_ = TRANSFORMS
SIGNED_SQUARE = replace(
    next(transform for transform in TRANSFORMS if transform.name == "y^2"),
    name="y^2, signed",
    symbolic=_signed_root,
    applies=IDENTITY.applies,
)


def relations(
    data: Dataset, expired: Callable[[], bool] = lambda: False, *, inputs_only: bool = False
) -> Iterator[sympy.Expr]:
    """Formulas T⁻¹(P/Q) that leave rounding only, the fewest columns first; none for more than MOST_INPUTS inputs.

    inputs_only: P and Q are polynomials of the inputs or of their squares.
    """
    if len(data.names) > MOST_INPUTS:
        return
    targets = transformed(data.y)
    if data.y.min() < 0 < data.y.max():
        targets.append((SIGNED_SQUARE, 1.0, data.y**2))
    for functions in generators(data, inputs_only):
        found = False
        for transform, sign, t in targets:
            if _plausible(transform, functions, len(data.names)):
                if expired():
                    return
                expr = _first_relation(functions, transform, t, len(data.names), expired)
                if expr is not None:
                    found = True
                    yield sign * expr
        if found:
            return


def _plausible(transform: Transform, functions: Generators, inputs: int) -> bool:
    """Whether textbooks have such a transform beside such functions: simple ones, and angles beside angles."""
    if transform.name in ANGLES and any(functions.cosines):
        return all(symbol.is_Symbol or symbol.func in (sympy.sin, sympy.cos) for symbol in functions.symbols)
    return transform.complexity <= (0 if not functions.inputs_only else 2 if inputs < 3 else 1)


def _first_relation(
    functions: Generators, transform: Transform, t: Array, inputs: int, expired: Callable[[], bool]
) -> sympy.Expr | None:
    """The formula of the lowest degrees; None where there is none."""
    degrees = _degrees(functions, inputs, len(t))
    # where all columns of a matrix are independent, so are those of every part of it
    largest = [d for d in degrees if not any(d != e and d[0] <= e[0] and d[1] <= e[1] for e in degrees)]
    dependent = [d for d in largest if _is_dependent(functions, t, *d)]
    for above, below in degrees:
        if expired():
            return None
        if any(above <= d[0] and below <= d[1] for d in dependent):
            expr = _relation(functions, t, above, below)
            formula = None if expr is None else transform.symbolic(expr)
            if formula is not None:
                return formula
    return None


def _degrees(functions: Generators, inputs: int, rows: int) -> list[tuple[int, int]]:
    """The degrees of P and Q with few enough columns, the fewest first."""
    degrees = DEGREES + (CURVE_DEGREES if inputs == 1 and functions.inputs_only else ())
    most = min(MOST_COLUMNS if functions.inputs_only else FEWER_COLUMNS, rows // ROWS_PER_COLUMN)
    counted = []
    for above, below in degrees:
        count = len(functions.monomials(above)) + len(functions.monomials(below))
        if count <= most and (functions.inputs_only or above + below <= MOST_DEGREE_OF_FUNCTIONS):
            counted.append((count, above, below))
    return [(above, below) for _, above, below in sorted(counted)]


def _is_dependent(functions: Generators, t: Array, above: int, below: int) -> bool:
    """Whether the columns of these degrees are dependent, those of P among themselves not."""
    A = design(functions.columns, functions.monomials(above))
    if not np.isfinite(A).all():
        return False
    M, scale = _matrix(A, design(functions.columns, functions.monomials(below)), t)
    if not np.isfinite(scale).all() or np.any(scale == 0):
        return False
    rows = _enough_rows(len(t), M.shape[1])
    values = np.linalg.svd(M[rows], compute_uv=False)
    if values[-1] > DEPENDENT * values[0]:
        return False
    own = np.ones(1) if functions.inputs_only else np.linalg.svd(M[rows, : A.shape[1]], compute_uv=False)
    return bool(own[-1] > DEPENDENT * own[0])


def _relation(functions: Generators, t: Array, above: int, below: int) -> sympy.Expr | None:
    """P/Q of these degrees; None where it does not meet t, or has too many coefficients with many digits."""
    P, Q = functions.monomials(above), functions.monomials(below)
    one_input = len({symbol for expr in functions.symbols for symbol in expr.free_symbols}) == 1
    A, B = design(functions.columns, P), design(functions.columns, Q)
    found = _sparse_null_vector(*_matrix(A, B, t))
    if found is None:
        return None
    kept, values = found
    full = np.zeros(len(P) + len(Q))
    full[kept] = values
    w, v = full[: len(P)], full[len(P) :]
    if not np.any(v) or max(np.count_nonzero(w), np.count_nonzero(v)) > MOST_TERMS:
        return None
    if not _misfit(A @ w, B @ v, t) < ROUNDING_RMS:
        return None
    numbers = _nice(values, LONG_CONSTANTS if one_input else MOST_LONG)
    if numbers is None:
        return None
    if below == 0:  # a polynomial has its own coefficients
        numbers = [_number(float(c)) for c in values / full[-1]]
    sparse: list[sympy.Expr] = [sympy.S.Zero] * len(full)
    for place, number in zip(kept, numbers):
        sparse[place] = number
    total = polynomial(functions.symbols, P, sparse[: len(P)])
    return total if below == 0 else total / polynomial(functions.symbols, Q, sparse[len(P) :])


def _matrix(A: Array, B: Array, t: Array) -> tuple[Array, Array]:
    """[A, −t·B] with columns of unit rms, and what they were divided by. A, B: the columns of P and of Q."""
    with np.errstate(all="ignore"):
        M = np.hstack([A, -t[:, None] * B])
        M = M / (1.0 + np.abs(t) / np.median(np.abs(t)))[:, None]  # rows near a pole must not outweigh all others
        scale = np.sqrt(np.mean(M * M, axis=0))
        return M / scale, scale


def _enough_rows(rows: int, columns: int) -> NDArray[np.intp]:
    """As many of the rows as a null vector needs."""
    return evenly_spaced_rows(rows, ROWS_PER_COLUMN * columns + MANY_ROWS_PER_COLUMN)


def _sparse_null_vector(M: Array, scale: Array) -> tuple[NDArray[np.intp], Array] | None:
    """The places of the terms that are more than rounding, and their coefficients; None without one null vector.

    M: (rows, columns) of unit rms; scale: what its columns were divided by.
    """
    rows = _enough_rows(*M.shape)
    kept = np.arange(M.shape[1])
    vector = null_vector(M[rows], DEPENDENT, GAP)
    while vector is not None:
        negligible = np.abs(vector) < ROUNDING_RMS * np.abs(vector).max()
        if not negligible.any():
            break
        kept = kept[~negligible]
        vector = null_vector(M[rows][:, kept], DEPENDENT, GAP)
    vector = None if vector is None else null_vector(M[:, kept], DEPENDENT, GAP)
    return None if vector is None else (kept, vector / scale[kept])


def _misfit(P: Array, Q: Array, t: Array) -> float:
    """Rms of P/Q − t over the spread of t, or over t where that is larger. P, Q, t: (rows,)."""
    with np.errstate(all="ignore"):
        residual = P / Q - t
        residual = residual / (np.std(t) + np.abs(t))
    return float(np.sqrt(np.mean(residual * residual)))


def _nice(coefficients: Array, most_long: int) -> list[sympy.Expr] | None:
    """The coefficients over the one that makes the most of them short, whole numbers and fractions exact.

    None where too many have many digits, or where there are more than MOST_TERMS and not all are whole.
    """
    best: tuple[tuple[int, int, float], list[sympy.Expr]] | None = None
    for unit in coefficients:
        numbers = [_number(float(c)) for c in coefficients / unit]
        long = sum(number.is_Float and not is_short(float(number)) for number in numbers)
        rank = (long, sum(not number.is_Integer for number in numbers), float(np.abs(coefficients / unit).max()))
        if best is None or rank < best[0]:
            best = (rank, numbers)
    assert best is not None
    (long, fractions, _), numbers = best
    if long > max(most_long, MOST_LONG - len(numbers)) or (len(numbers) > MOST_TERMS and fractions):
        return None
    return numbers


def _number(value: float) -> sympy.Expr:
    """The fraction that a value is, or the value."""
    return next(fractions_near(value, DENOMINATORS, SHORT_TOLERANCE, LARGEST_NUMERATOR), sympy.Float(value))
