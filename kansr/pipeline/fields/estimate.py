"""The coefficients of an equation: generalised least squares, corrected for the noise that the terms themselves hold.

Least squares make coefficients too small where columns are noisy, and prefer sets in which one term takes the noise out
of another. With a known covariance of the noise both are known on average, and are taken off (Fuller, Measurement error
models, 1987). Equations are compared by the likelihood of what they leave, with the covariance that each has itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigvalsh, inv

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.pipeline.fields.select import Chosen
from kansr.pipeline.fields.weak import TARGET, Rows

ROUNDS = 5  # of coefficients and covariance in turn; three are enough where noise is small
SETTLED = 1e-2  # standard errors that coefficients move by, below which they do no longer

# Share of the information in columns that their noise may be: above it a correction is larger than what it leaves.
MOST_NOISE = 0.5

# Least over largest eigenvalue of the products of columns of length 1, below which they depend on each other: a
# hundred times where the inverse has no digit that is right.
DEPENDENT = 1e-13


@dataclass(frozen=True, eq=False)
class Equation:
    """Terms with their coefficients. chosen: numbers of terms; values: (terms,); covariance: of them.

    chi_square: what the rows leave, in the noise; log_determinant: of the covariance of the rows; rows: their number.
    """

    chosen: Chosen
    values: Array
    covariance: Array
    chi_square: float
    log_determinant: float
    rows: int


def estimated(rows: Rows, chosen: Chosen, start: Array) -> Equation | None:
    """The equation with these terms; None where they depend on each other, or their noise is too much of them.

    start: coefficients to begin with, (terms,).
    """
    values = start
    for _ in range(ROUNDS):
        factor = cho_factor(rows.covariance(chosen, values), lower=True)
        fitted = _step(rows, chosen, factor)
        if fitted is None:
            return None
        moved, values, covariance = fitted[0] - values, *fitted
        if not np.any(np.abs(moved) > SETTLED * np.sqrt(np.diag(covariance))):
            break
    return judged(rows, chosen, values, covariance)


def judged(rows: Rows, chosen: Chosen, values: Array, covariance: Array) -> Equation:
    """An equation with given coefficients, as these rows see it."""
    factor = cho_factor(rows.covariance(chosen, values), lower=True)
    rest = rows.target - rows.columns[:, list(chosen)] @ values
    chi_square = float(rest @ cho_solve(factor, rest))
    log_determinant = 2 * float(np.sum(np.log(np.diag(factor[0]))))
    return Equation(chosen, values, covariance, chi_square, log_determinant, len(rows))


def _step(rows: Rows, chosen: Chosen, factor: tuple[Array, bool]) -> tuple[Array, Array] | None:
    """The coefficients and their covariance where that of the rows has this factor."""
    if not chosen:
        return np.zeros(0), np.zeros((0, 0))
    columns = rows.columns[:, list(chosen)]
    scale = np.sqrt(np.mean(columns**2, axis=0))
    if not np.all(scale > TINY):
        return None
    weighted = cho_solve(factor, columns / scale)
    gram, product = columns.T @ weighted / scale[:, None], weighted.T @ rows.target
    inverse = cho_solve(factor, np.eye(len(rows)))
    noise = np.array([[_trace(inverse, rows, a, b) for b in (*chosen, TARGET)] for a in chosen])
    noise = noise / scale[:, None] / np.append(scale, 1.0)
    if _dependent(gram) or eigvalsh(noise[:, :-1], gram)[-1] > MOST_NOISE:
        return None
    bread = inv(gram - noise[:, :-1])
    return bread @ (product - noise[:, -1]) / scale, bread @ gram @ bread / np.outer(scale, scale)


def _dependent(gram: Array) -> bool:
    """Whether rounding hides what one of the columns adds to the others. gram: their products, (terms, terms)."""
    length = np.sqrt(np.diag(gram))
    if not np.all(length > 0):
        return True
    sizes = eigvalsh(gram / np.outer(length, length))
    return bool(sizes[0] < DEPENDENT * sizes[-1])


def _trace(inverse: Array, rows: Rows, one: int, other: int) -> float:
    """The mean of the product of the noise of two columns, weighted by the inverse of the covariance of the rows."""
    shared = rows.shared(one, other).tocoo()
    return float(np.sum(inverse[shared.coords] * shared.data))
