"""Sparse rational functions of a few inputs, P/Q with as few monomials in both as describe the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.monomials import design, monomials, unit_columns
from kansr.structure.terminals.closed_form.sparse_polynomial import (
    DEGREES,
    MOST_TERMS,
    bits_of,
    eliminate_columns,
    fitted_polynomial,
    row_weights,
)

ROWS_PER_COLUMN = 20  # of a polynomial that only smoothes
ITERATIONS, SETTLED = 6, 0.3  # of P/Q, and the bits from which the next one would bring nothing
RATIOS = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (3, 3), (4, 4), (6, 4))  # degrees of P and Q
MOST_WITH_NOISE = 5  # of them


def rationals(
    data: Dataset, threshold: float, expired: Callable[[], bool] = lambda: False, noisy: bool = False
) -> Iterator[sympy.Expr]:
    """y = P/Q with sparse P and Q, by Sanathanan & Koerner's (1963) iteration: linear in both, reweighted by 1/Q.

    The products of Q and y in it are those of Q and what the last iteration came to, as in Gauss and Newton's: noise
    in the columns would make all coefficients too small. noisy: whether not even the first may take y as it is.
    One coefficient of Q has to be fixed at 1; which one is tried in turn, the constant first, because Q need not
    have a constant term. Degrees grow until the misfit is rounding. Rows weigh by 1/sigma² beside.
    """
    weight = row_weights(data)
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
            above = fitted_polynomial(data.names, P, best.p / scale_p * spread)
            yield above / fitted_polynomial(data.names, Q, best.q / scale_q)
            if best.error < 1e-8:
                return


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
        kept, w, linear = eliminate_columns(C, goal, hopeless)
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
        length = bits_of(error, len(y), len(kept))
        if not np.isfinite(length):
            break
        settled = best is not None and abs(length - best.length) < SETTLED
        if best is None or length < best.length:
            best = _Ratio(p, q, error, length)
        if settled or not error > 1e-11:
            break
    return best
