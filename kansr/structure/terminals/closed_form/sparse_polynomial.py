"""Sparse polynomials and rationals of a few inputs: all monomials at once, then as few as describe the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import shares
from kansr.formula.judge.description_length import bits_per_float
from kansr.numeric.arrays import Array
from kansr.numeric.monomials import Monomial, design, monomials, unit_columns
from kansr.numeric.tolerances import ROUNDING
from kansr.structure.surrogate.target_transforms import transformed

MOST_COLUMNS, MOST_TERMS, DEGREES = 130, 16, (2, 3, 4, 6)
ROWS_PER_COLUMN = 20  # of a polynomial that only smoothes
ITERATIONS, SETTLED = 6, 0.3  # of P/Q, and the bits from which the next one would bring nothing
RATIOS = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (3, 3), (4, 4), (6, 4))  # degrees of P and Q
MOST_WITH_NOISE = 5  # of them
POLYNOMIAL_TARGETS = ("y", "1/y", "y^2", "1/y^2", "log(y)")


def polynomials(data: Dataset, threshold: float, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """T(y) = a sparse polynomial, for the transforms T and degrees whose full polynomial misses by < `threshold`.

    `threshold` is relative to the target's spread. Rows weigh by 1/sigma², whatever the transform.
    """
    weight = _weights(data)
    for transform, sign, t in transformed(data.y):
        if transform.name not in POLYNOMIAL_TARGETS:
            continue
        last = np.inf
        for degree in DEGREES:
            powers = monomials(len(data.names), degree)
            if len(powers) > min(MOST_COLUMNS, data.rows // 3) or expired():
                break
            A, scale = unit_columns(design(data.X, powers))
            kept, w, error = _eliminate(A * weight[:, None], t * weight, threshold)
            if error < threshold and error < 0.5 * last and len(kept) <= MOST_TERMS:
                total = _polynomial(data.names, [powers[k] for k in kept], w / scale[kept])
                yield sign * transform.symbolic(total)
                last = error
            if error < 1e-9:
                break


def rationals(
    data: Dataset, threshold: float, expired: Callable[[], bool] = lambda: False, noisy: bool = False
) -> Iterator[sympy.Expr]:
    """y = P/Q with sparse P and Q, by Sanathanan & Koerner's (1963) iteration: linear in both, reweighted by 1/Q.

    The products of Q and y in it are those of Q and what the last iteration came to, as in Gauss and Newton's: noise
    in the columns would make all coefficients too small. noisy: whether not even the first may take y as it is.
    One coefficient of Q has to be fixed at 1; which one is tried in turn, the constant first, because Q need not
    have a constant term. Degrees grow until the misfit is rounding. Rows weigh by 1/sigma² beside.
    """
    weight = _weights(data)
    middle = np.average(data.y, weights=weight**2)
    spread = float(np.sqrt(np.average((data.y - middle) ** 2, weights=weight**2)))
    y = data.y / spread
    start = _smooth(data.X, y, weight) if noisy else y
    for top, bottom in RATIOS[: MOST_WITH_NOISE if noisy else None]:
        P, Q = monomials(len(data.names), top), monomials(len(data.names), bottom)
        if len(P) + len(Q) > min(70, data.rows // 3):
            continue
        A, scale_p = unit_columns(design(data.X, P))
        B, scale_q = unit_columns(design(data.X, Q))
        best: _Ratio | None = None
        for pivot in range(min(len(Q), 12)):
            if expired():
                return
            found = _ratio(A, B, y, start, weight, pivot, max(10 * threshold, 1e-4))
            if found is not None and found.error < threshold and (best is None or found.length < best.length):
                best = found if np.sum(found.p != 0) + np.sum(found.q != 0) <= MOST_TERMS else best
        if best is not None:
            above = _polynomial(data.names, P, best.p / scale_p * spread)
            yield above / _polynomial(data.names, Q, best.q / scale_q)
            if best.error < 1e-8:
                return


def _weights(data: Dataset) -> Array:
    """What the rows are multiplied by, of mean square 1."""
    weight = 1 / shares(data)
    return weight / float(np.sqrt(np.mean(weight**2)))


def _smooth(X: Array, y: Array, weight: Array) -> Array:
    """The values of a full polynomial of the highest degree that many rows allow, (rows,)."""
    allowed = [d for d in DEGREES if len(monomials(X.shape[1], d)) <= len(y) // ROWS_PER_COLUMN]
    A, _ = unit_columns(design(X, monomials(X.shape[1], max(allowed, default=1))))
    values: Array = A @ np.linalg.lstsq(A * weight[:, None], y * weight, rcond=1e-8)[0]
    return values


class _Ratio(NamedTuple):
    """Coefficients of P and Q by their columns, rms misfit, description length."""

    p: Array
    q: Array
    error: float
    length: float


def _ratio(A: Array, B: Array, y: Array, start: Array, trust: Array, pivot: int, hopeless: float) -> _Ratio | None:
    """The best of a few iterations with Q's coefficient `pivot` 1; None where nothing comes near.

    start: values of P/Q to begin with, (rows,); trust: what each row is multiplied by beside the iteration's weights.
    """
    values, below = start, B[:, pivot]
    rest = np.delete(np.arange(B.shape[1]), pivot)
    best: _Ratio | None = None
    for _ in range(ITERATIONS):
        weight = trust / np.maximum(np.abs(below), 1e-3 * float(np.max(np.abs(below))))
        C = np.hstack([A, -B[:, rest] * values[:, None]]) * weight[:, None]
        goal = (values * B[:, pivot] + (y - values) * below) * weight
        kept, w, linear = _eliminate(C, goal, hopeless)
        if linear > hopeless:
            break
        full = np.zeros(C.shape[1])
        full[kept] = w
        p, q = full[: A.shape[1]], np.insert(full[A.shape[1] :], pivot, 1.0)
        below = B @ q
        if np.any(below == 0):
            break
        values = A @ p / below
        error = float(np.sqrt(np.mean((trust * (values - y)) ** 2)))
        length = _length(error, len(y), len(kept))
        if not np.isfinite(length):
            break
        settled = best is not None and abs(length - best.length) < SETTLED
        if best is None or length < best.length:
            best = _Ratio(p, q, error, length)
        if settled or not error > 1e-11:
            break
    return best


def polynomial(
    symbols: Sequence[sympy.Expr], powers: Sequence[Monomial], coefficients: Sequence[sympy.Expr]
) -> sympy.Expr:
    """The sum of coefficients times monomials of the symbols."""
    return sympy.Add(*(c * monomial for c, monomial in zip(coefficients, products(symbols, powers)) if c != 0))


def products(symbols: Sequence[sympy.Expr], powers: Sequence[Monomial]) -> list[sympy.Expr]:
    """The monomials of the symbols."""
    return [sympy.Mul(*(s**p for s, p in zip(symbols, e))) for e in powers]


def _polynomial(names: Sequence[str], powers: Sequence[Monomial], coefficients: Array) -> sympy.Expr:
    return polynomial([sympy.Symbol(name) for name in names], powers, [sympy.Float(float(c)) for c in coefficients])


def _eliminate(A: Array, t: Array, hopeless: float) -> tuple[NDArray[np.intp], Array, float]:
    """Backward elimination: drop the least significant column while the description gets shorter.

    -> kept columns, their coefficients, rms residual over the rms of t. The rows are rotated
    into a triangle once, so that a step costs the same for a hundred rows as for a million. Where all columns
    together leave more than `hopeless`, none is dropped.
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
        length = _length(error, rows, len(kept))
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


def _length(error: float, rows: int, terms: int) -> float:
    """Bits of rows that are missed by `error`, over their rms, and of the terms."""
    noise = max(error, ROUNDING)
    return rows * float(np.log2(noise)) + terms * (bits_per_float(noise, rows) + 6)
