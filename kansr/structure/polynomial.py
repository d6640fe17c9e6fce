"""Sparse polynomials and rational functions of a few inputs: all monomials at once, then as few as describe the data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np
import sympy

from kansr.candidate import ROUNDING, bits_per_float
from kansr.data.dataset import Array, Dataset
from kansr.structure.curves import least_squares
from kansr.structure.transforms import transformed

MOST_COLUMNS, DEGREES = 130, (2, 3, 4, 6)
POLYNOMIAL_TARGETS = ("y", "1/y", "y^2", "1/y^2", "log(y)")

Monomial = tuple[int, ...]


def monomials(inputs: int, degree: int) -> list[Monomial]:
    """The exponents of all monomials up to `degree`, the constant first."""
    rows = [
        tuple(choice.count(i) for i in range(inputs))
        for total in range(degree + 1)
        for choice in combinations_with_replacement(range(inputs), total)
    ]
    return rows


def polynomials(data: Dataset, threshold: float) -> Iterator[sympy.Expr]:
    """T(y) = a sparse polynomial, for the transforms T and degrees whose full polynomial misses by < `threshold`.

    `threshold` is relative to the target's spread.
    """
    for transform, sign, t in transformed(data.y):
        if transform.name not in POLYNOMIAL_TARGETS:
            continue
        last = np.inf
        for degree in DEGREES:
            powers = monomials(len(data.names), degree)
            if len(powers) > min(MOST_COLUMNS, data.rows // 3):
                break
            A, scale = _design(data.X, powers)
            kept, w, error = _eliminate(A, t)
            if error < threshold and error < 0.5 * last:
                terms = zip((powers[k] for k in kept), w / scale[kept])
                yield sign * transform.symbolic(sympy.Add(*(_term(data.names, p, c) for p, c in terms)))
                last = error
            if error < 1e-9:
                break


def rationals(data: Dataset, threshold: float) -> Iterator[sympy.Expr]:
    """y = P/Q with sparse P and Q, by Sanathanan & Koerner's (1963) iteration: linear in both, reweighted by 1/Q."""
    y = data.y / np.std(data.y)
    for top, bottom in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (3, 3), (4, 4), (6, 4)):
        P, Q = monomials(len(data.names), top), monomials(len(data.names), bottom)[1:]
        if len(P) + len(Q) > min(60, data.rows // 4):
            continue
        A, scale_p = _design(data.X, P)
        B, scale_q = _design(data.X, Q)
        weight = np.ones(data.rows)
        for _ in range(4):
            C = np.hstack([A, -B * y[:, None]]) * weight[:, None]
            kept, w, _ = _eliminate(C, y * weight, centred=False)
            q = 1 + B @ _scatter(kept, w, len(P), len(Q))
            if np.any(q == 0):
                break
            weight = 1 / np.abs(q)
        p = A @ _scatter_top(kept, w, len(P))
        with np.errstate(all="ignore"):
            error = float(np.sqrt(np.mean((p / q - y) ** 2)))
        if np.isfinite(error) and error < threshold:
            number = float(np.std(data.y))
            above = [_term(data.names, P[k], number * c / scale_p[k]) for k, c in zip(kept, w) if k < len(P)]
            below = [_term(data.names, Q[k - len(P)], c / scale_q[k - len(P)]) for k, c in zip(kept, w) if k >= len(P)]
            yield sympy.Add(*above) / sympy.Add(1, *below)
            if error < 1e-8:
                return


def _scatter(kept: Array, w: Array, top: int, bottom: int) -> Array:
    out = np.zeros(bottom)
    for k, value in zip(kept, w):
        if k >= top:
            out[k - top] = value
    return out


def _scatter_top(kept: Array, w: Array, top: int) -> Array:
    out = np.zeros(top)
    for k, value in zip(kept, w):
        if k < top:
            out[k] = value
    return out


def _design(X: Array, powers: list[Monomial]) -> tuple[Array, Array]:
    """Columns of unit root mean square and the factors they were divided by."""
    A = np.column_stack([np.prod(X ** np.array(p), axis=1) for p in powers])
    scale = np.sqrt(np.mean(A * A, axis=0))
    scale[scale == 0] = 1.0
    return A / scale, scale


def _eliminate(A: Array, t: Array, centred: bool = True) -> tuple[Array, Array, float]:
    """Backward elimination: drop the least significant column while the description gets shorter.

    -> kept columns, their coefficients, rms residual over the spread of t
    """
    spread = float(np.std(t)) if centred else float(np.sqrt(np.mean(t * t)))
    kept = np.arange(A.shape[1])
    best: tuple[float, Array, Array, float] | None = None
    while len(kept):
        w = least_squares(A[:, kept], t[:, None], ridge=1e-28)[:, 0]
        error = float(np.sqrt(np.mean((A[:, kept] @ w - t) ** 2))) / spread
        noise = max(error, ROUNDING)
        length = len(t) * np.log2(noise) + len(kept) * (bits_per_float(noise, len(t)) + 6)
        if best is None or length <= best[0]:
            best = (length, kept, w, error)
        elif length > best[0] + 200:
            break
        # With unit columns the coefficient's size over its error is what dropping it would cost.
        gram = np.linalg.pinv(A[:, kept].T @ A[:, kept])
        kept = np.delete(kept, int(np.argmin(np.abs(w) / np.sqrt(np.maximum(np.diag(gram), 1e-300)))))
    assert best is not None
    return best[1], best[2], best[3]


def _term(names: tuple[str, ...], powers: Monomial, coefficient: float) -> sympy.Expr:
    return sympy.Float(float(coefficient)) * sympy.Mul(*(sympy.Symbol(n) ** p for n, p in zip(names, powers)))


