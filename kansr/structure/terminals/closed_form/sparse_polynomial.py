"""Sparse polynomials of a few inputs: all monomials at once, then as few as describe the data."""

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
from kansr.numeric.tolerances import ROUNDING
from kansr.structure.surrogate.target_transforms import transformed

MOST_COLUMNS, MOST_TERMS, DEGREES = 130, 16, (2, 3, 4, 6)
POLYNOMIAL_TARGETS = ("y", "1/y", "y^2", "1/y^2", "log(y)")


def polynomials(data: Dataset, threshold: float, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """T(y) = a sparse polynomial, for the transforms T and degrees whose full polynomial misses by < `threshold`.

    `threshold` is relative to the target's spread. Rows weigh by 1/sigma², whatever the transform.
    """
    weight = row_weights(data)
    for transform, sign, t in transformed(data.y):
        if transform.name not in POLYNOMIAL_TARGETS:
            continue
        last = np.inf
        for degree in DEGREES:
            powers = monomials(len(data.names), degree)
            if len(powers) > min(MOST_COLUMNS, data.rows // 3) or expired():
                break
            A, scale = unit_columns(design(data.X, powers))
            kept, w, error = eliminate_columns(A * weight[:, None], t * weight, threshold)
            if error < threshold and error < 0.5 * last and len(kept) <= MOST_TERMS:
                total = fitted_polynomial(data.names, [powers[k] for k in kept], w / scale[kept])
                yield sign * transform.symbolic(total)
                last = error
            if error < 1e-9:
                break


def row_weights(data: Dataset) -> Array:
    """What the rows are multiplied by, of mean square 1."""
    weight = 1 / relative_sigma(data)
    return weight / float(np.sqrt(np.mean(weight**2)))


def polynomial(
    symbols: Sequence[sympy.Expr], powers: Sequence[Monomial], coefficients: Sequence[sympy.Expr]
) -> sympy.Expr:
    """The sum of coefficients times monomials of the symbols."""
    return sympy.Add(*(c * monomial for c, monomial in zip(coefficients, products(symbols, powers)) if c != 0))


def products(symbols: Sequence[sympy.Expr], powers: Sequence[Monomial]) -> list[sympy.Expr]:
    """The monomials of the symbols."""
    return [sympy.Mul(*(s**p for s, p in zip(symbols, e))) for e in powers]


def fitted_polynomial(names: Sequence[str], powers: Sequence[Monomial], coefficients: Array) -> sympy.Expr:
    """The polynomial in symbols of these names, with floats."""
    return polynomial([sympy.Symbol(name) for name in names], powers, [sympy.Float(float(c)) for c in coefficients])


def eliminate_columns(A: Array, t: Array, hopeless: float) -> tuple[NDArray[np.intp], Array, float]:
    """Backward elimination: drop the least significant column while the description gets shorter.

    -> kept columns, their coefficients, rms residual over the rms of t. The rows are rotated into a triangle once, so
    that a step costs the same for a hundred rows as for a million. Where all columns together leave more than
    `hopeless`, none is dropped.
    """
    rows, size = len(t), float(np.sqrt(np.mean(t * t))) or 1.0
    triangle = np.asarray(np.linalg.qr(np.column_stack([A, t]), mode="r"))
    columns, goal = triangle[:, :-1], triangle[:, -1]
    kept: NDArray[np.intp] = np.arange(A.shape[1])
    best: tuple[float, NDArray[np.intp], Array, float] | None = None
    while len(kept):
        Q, R = np.linalg.qr(columns[:, kept])
        inverse = np.linalg.pinv(R, rcond=1e-13)
        w = inverse @ (Q.T @ goal)
        error = float(np.linalg.norm(columns[:, kept] @ w - goal)) / np.sqrt(rows) / size
        length = bits_of(error, rows, len(kept))
        if best is None or length <= best[0]:
            best = (length, kept, w, error)
            if len(kept) == A.shape[1] and error > hopeless:
                break
        elif length > best[0] + 300:
            break
        # A coefficient over its standard error is what dropping its column would cost.
        significance = np.abs(w) / np.maximum(np.sqrt(np.sum(inverse * inverse, axis=1)), 1e-300)
        kept = np.delete(kept, int(np.argmin(significance)))
    assert best is not None
    return best[1:]


def bits_of(error: float, rows: int, terms: int) -> float:
    """Bits of rows that are missed by `error`, over their rms, and of the terms."""
    noise = max(error, ROUNDING)
    return rows * float(np.log2(noise)) + terms * (bits_per_float(noise, rows) + 6)
