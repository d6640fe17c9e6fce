"""Sparse rational functions P/Q: Sanathanan and Koerner's (1963) iteration with backward elimination of monomials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.monomials import Monomial, design, monomials, unit_columns
from kansr.numeric.tolerances import ROUNDING, ROUNDING_RMS, SQRT_EPS
from kansr.structure.terminals.closed_form.sparse_polynomial import (
    DEGREES,
    bits_of,
    eliminate_columns,
    fitted_polynomial,
    row_weights,
)
from kansr.structure.terminals.limits import FEWER_COLUMNS, MANY_ROWS_PER_COLUMN, MOST_TERMS, ROWS_PER_COLUMN

# Degrees of P and Q, the fewest columns first.
DEGREES_OF_RATIOS = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (3, 3), (4, 4), (6, 4))

# Of them, how many are tried in noise, which leaves no more columns to be told apart.
MOST_IN_NOISE = 5

# Iterations; one that gains less than SETTLED_BITS of description is the last.
ITERATIONS = 6
SETTLED_BITS = 0.3

# Coefficients of Q that are set to 1 in turn.
MOST_PIVOTS = 12

# Times `max_misfit` that the linear problem may leave: later iterations leave less of the target.
LINEAR_MISFIT = 10.0

# Share of the largest |Q| below which the weight 1/|Q| does not grow: a pole must not outweigh all other rows.
LEAST_DENOMINATOR = 1e-3


def rationals(
    data: Dataset, max_misfit: float, expired: Callable[[], bool] = lambda: False, noisy: bool = False
) -> Iterator[sympy.Expr]:
    """y = P/Q with sparse P and Q, whose rms over the spread is below `max_misfit`, the lowest degrees first.

    The problem is linear in the coefficients of P and Q, reweighted by 1/Q. In noise the columns of Q·y would make all
    coefficients too small, so y is replaced by the values of the last iteration there; `noisy`: in the first iteration
    by those of a polynomial. One coefficient of Q is set to 1, each in turn, because Q need not have a constant term.
    Rows are weighted by 1/sigma² as well.
    """
    weight = row_weights(data)
    mean = np.average(data.y, weights=weight**2)
    spread = float(np.sqrt(np.average((data.y - mean) ** 2, weights=weight**2)))
    y = data.y / spread
    start = _smooth(data.X, y, weight) if noisy else y
    for above, below in DEGREES_OF_RATIOS[: MOST_IN_NOISE if noisy else None]:
        P, Q = monomials(len(data.names), above), monomials(len(data.names), below)
        if len(P) + len(Q) > min(FEWER_COLUMNS, data.rows // ROWS_PER_COLUMN):
            continue
        problem = _RatioProblem.of(data.X, P, Q, y, weight)
        best: _Ratio | None = None
        for pivot in range(min(len(Q), MOST_PIVOTS)):
            if expired():
                return
            found = _ratio(problem, start, pivot, LINEAR_MISFIT * max_misfit)
            if found is not None and found.error < max_misfit and (best is None or found.length < best.length):
                best = found if found.terms <= MOST_TERMS else best
        if best is not None:
            numerator = fitted_polynomial(data.names, P, best.p / problem.scale_P * spread)
            yield numerator / fitted_polynomial(data.names, Q, best.q / problem.scale_Q)
            if best.error < ROUNDING_RMS:
                return


def _smooth(X: Array, y: Array, weight: Array) -> Array:
    """The values of a full polynomial of the highest degree that many rows allow, (rows,)."""
    allowed = [d for d in DEGREES if len(monomials(X.shape[1], d)) <= len(y) // MANY_ROWS_PER_COLUMN]
    A, _ = unit_columns(design(X, monomials(X.shape[1], max(allowed, default=1))))
    values: Array = A @ np.linalg.lstsq(A * weight[:, None], y * weight, rcond=SQRT_EPS)[0]
    return values


class _RatioProblem(NamedTuple):
    """A, B: columns of P and Q of unit rms, (rows, columns), and their scales; y, weight: (rows,), y of spread 1."""

    A: Array
    B: Array
    scale_P: Array
    scale_Q: Array
    y: Array
    weight: Array

    @classmethod
    def of(cls, X: Array, P: list[Monomial], Q: list[Monomial], y: Array, weight: Array) -> _RatioProblem:
        A, scale_P = unit_columns(design(X, P))
        B, scale_Q = unit_columns(design(X, Q))
        return cls(A, B, scale_P, scale_Q, y, weight)


class _Ratio(NamedTuple):
    """Coefficients of P and Q by their columns; rms residual over the spread; description length in bits."""

    p: Array
    q: Array
    error: float
    length: float

    @property
    def terms(self) -> int:
        return int(np.sum(self.p != 0) + np.sum(self.q != 0))


def _ratio(problem: _RatioProblem, start: Array, pivot: int, max_misfit: float) -> _Ratio | None:
    """The shortest description among the iterations with Q's coefficient `pivot` 1.

    start: values of P/Q to begin with, (rows,). None where the linear problem leaves more than `max_misfit`.
    """
    A, B, _, _, y, weight = problem
    values, denominator = start, B[:, pivot]
    rest = np.delete(np.arange(B.shape[1]), pivot)
    best: _Ratio | None = None
    for _ in range(ITERATIONS):
        size = np.abs(denominator)
        w = weight / np.maximum(size, LEAST_DENOMINATOR * float(np.max(size)))
        C = np.hstack([A, -B[:, rest] * values[:, None]]) * w[:, None]
        goal = (values * B[:, pivot] + (y - values) * denominator) * w
        kept, coefficients, linear_misfit = eliminate_columns(C, goal, max_misfit)
        if linear_misfit > max_misfit:
            break
        full = np.zeros(C.shape[1])
        full[kept] = coefficients
        p, q = full[: A.shape[1]], np.insert(full[A.shape[1] :], pivot, 1.0)
        denominator = B @ q
        if np.any(denominator == 0):
            break
        values = A @ p / denominator
        error = float(np.sqrt(np.mean((weight * (values - y)) ** 2)))
        length = bits_of(error, len(y), len(kept))
        if not np.isfinite(length):
            break
        settled = best is not None and abs(length - best.length) < SETTLED_BITS
        if best is None or length < best.length:
            best = _Ratio(p, q, error, length)
        if settled or not error > ROUNDING:
            break
    return best
