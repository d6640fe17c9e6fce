"""Sparse polynomials: all monomials at once, then backward elimination while the description gets shorter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import relative_sigma
from kansr.formula.judge.description_length import bits_per_float
from kansr.numeric.arrays import Array
from kansr.numeric.monomials import Monomial, design, monomials, unit_columns
from kansr.numeric.tolerances import EPS, ROUNDING, ROUNDING_RMS, TINY
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.limits import COMMON_TRANSFORMS, MOST_COLUMNS, MOST_TERMS, ROWS_PER_COLUMN

# Degrees of polynomials in all inputs together.
DEGREES = (2, 3, 4, 6)

# Bits by which the description may exceed the shortest before elimination ends: a later column may gain them.
PATIENCE_BITS = 300

# Bits of a term beside its coefficient.
TERM_BITS = 6


def polynomials(data: Dataset, max_misfit: float, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """T(y) = sparse polynomial, for the transforms T and degrees whose relative rms is below `max_misfit`.

    Rows are weighted by 1/sigma², whatever the transform.
    """
    weight = row_weights(data)
    for transform, sign, t in transformed(data.y):
        if transform.name not in (*COMMON_TRANSFORMS, "1/y^2"):
            continue
        last = np.inf
        for degree in DEGREES:
            powers = monomials(len(data.names), degree)
            if len(powers) > min(MOST_COLUMNS, data.rows // ROWS_PER_COLUMN) or expired():
                break
            A, scale = unit_columns(design(data.X, powers))
            kept, w, error = eliminate_columns(A * weight[:, None], t * weight, max_misfit)
            if error < max_misfit and error < 0.5 * last and len(kept) <= MOST_TERMS:
                yield sign * transform.symbolic(
                    fitted_polynomial(data.names, [powers[k] for k in kept], w / scale[kept])
                )
                last = error
            if error < ROUNDING_RMS:
                break


def row_weights(data: Dataset) -> Array:
    """The factors of the rows in weighted least squares, (rows,), of mean square 1."""
    weight = 1 / relative_sigma(data)
    return weight / float(np.sqrt(np.mean(weight**2)))


def polynomial(
    symbols: Sequence[sympy.Expr], powers: Sequence[Monomial], coefficients: Sequence[sympy.Expr]
) -> sympy.Expr:
    """The sum of coefficients times monomials of the symbols."""
    return sympy.Add(*(c * term for c, term in zip(coefficients, monomial_terms(symbols, powers)) if c != 0))


def monomial_terms(symbols: Sequence[sympy.Expr], powers: Sequence[Monomial]) -> list[sympy.Expr]:
    """The monomials of the symbols as expressions."""
    return [sympy.Mul(*(s**p for s, p in zip(symbols, exponents))) for exponents in powers]


def fitted_polynomial(names: Sequence[str], powers: Sequence[Monomial], coefficients: Array) -> sympy.Expr:
    """The polynomial with these coefficients as floats."""
    return polynomial([sympy.Symbol(name) for name in names], powers, [sympy.Float(float(c)) for c in coefficients])


def eliminate_columns(A: Array, t: Array, max_misfit: float) -> tuple[NDArray[np.intp], Array, float]:
    """Backward elimination: the least significant column is dropped while the description gets shorter.

    A: (rows, columns), t: (rows,) -> kept columns, coefficients, rms residual over the rms of t. Where all columns
    together leave more than `max_misfit`, none is dropped. The rows are reduced to a triangular matrix once, so that
    further steps cost the same for any number of rows.
    """
    rows, size = len(t), float(np.sqrt(np.mean(t * t))) or 1.0
    triangle = np.asarray(np.linalg.qr(np.column_stack([A, t]), mode="r"))
    columns, goal = triangle[:, :-1], triangle[:, -1]
    kept: NDArray[np.intp] = np.arange(A.shape[1])
    best: tuple[float, NDArray[np.intp], Array, float] | None = None
    while len(kept):
        Q, R = np.linalg.qr(columns[:, kept])
        inverse = np.linalg.pinv(R, rcond=rows * EPS)
        w = inverse @ (Q.T @ goal)
        error = float(np.linalg.norm(columns[:, kept] @ w - goal)) / np.sqrt(rows) / size
        length = bits_of(error, rows, len(kept))
        if best is None or length <= best[0]:
            best = (length, kept, w, error)
            if len(kept) == A.shape[1] and error > max_misfit:
                break
        elif length > best[0] + PATIENCE_BITS:
            break
        # a coefficient over its standard error is what dropping its column would cost
        significance = np.abs(w) / np.maximum(np.sqrt(np.sum(inverse * inverse, axis=1)), TINY)
        kept = np.delete(kept, int(np.argmin(significance)))
    assert best is not None
    return best[1:]


def bits_of(error: float, rows: int, terms: int) -> float:
    """Bits of rows that are missed by `error`, relative to their rms, and of the terms."""
    noise = max(error, ROUNDING)
    return rows * float(np.log2(noise)) + terms * (bits_per_float(noise, rows) + TERM_BITS)
