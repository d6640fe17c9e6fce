"""Spline curves by linear least squares, for structures that are linear in their curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

from kansr.numeric.arrays import Array

DEGREE = 3
TRIM = 0.98


@dataclass(frozen=True, eq=False)
class Basis:
    """Cubic B-splines on the range of one input; on a log scale where that spreads the rows more evenly."""

    low: float
    high: float
    knots: Array
    logarithmic: bool

    def __call__(self, x: Array) -> Array:
        """x: (rows,) -> (rows, G + k); beyond the range, the values at its end."""
        u = np.log(np.maximum(x, np.exp(self.low))) if self.logarithmic else x
        return BSpline.design_matrix(np.clip(u, self.low, self.high), self.knots, DEGREE).toarray()


def basis(x: Array, G: int) -> Basis:
    """A basis of G intervals for the values x (rows,), which must not all be equal."""
    logarithmic = bool(x.min() > 0 and x.max() / x.min() > 20)
    u = np.log(x) if logarithmic else x
    low, high = float(u.min()), float(u.max())
    step = (high - low) / G
    knots = low + step * np.arange(-DEGREE, G + DEGREE + 1, dtype=np.float64)
    knots[DEGREE], knots[-DEGREE - 1] = low, high
    return Basis(low, high, knots, logarithmic)


def least_squares(A: Array, T: Array, ridge: float = 1e-11) -> Array:
    """Coefficients of the columns of A for every column of T, with a ridge relative to the mean diagonal.

    A: (rows, columns); T: (rows, targets) -> (columns, targets). By QR, so that 1e-11 of the target is in reach.
    """
    weight = np.sqrt(ridge * float(np.mean(A * A)) * len(A))
    Q, R = np.linalg.qr(np.vstack([A, weight * np.eye(A.shape[1])]))
    return np.linalg.solve(R, Q[: len(A)].T @ T)


def samples(x: Array, count: int = 200) -> Array:
    """Ascending points of the values x (rows,) to sample a curve at: half by rank, half evenly over the range."""
    by_rank = np.quantile(x, np.linspace(0, 1, count // 2))
    return np.unique(np.concatenate([by_rank, np.linspace(x.min(), x.max(), count - count // 2)]))


def roughness(x: Array, z: Array) -> float:
    """The held-out error, over the spread of z, of the best curve through z over x (rows,), along x or its ranks.

    The worst few rows, mostly those beyond the ends of the curve, are left out.
    """
    ranks = np.argsort(np.argsort(x, kind="stable"), kind="stable").astype(float)
    fitting = np.arange(len(x)) % 4 != 0
    errors = []
    for u in (x, ranks):
        for G in (20, max(len(x) // 6, 21)):
            b = basis(u, G)
            w = least_squares(b(u[fitting]), z[fitting, None])[:, 0]
            squares = (b(u[~fitting]) @ w - z[~fitting]) ** 2
            errors.append(float(np.sqrt(np.mean(squares[squares <= np.quantile(squares, TRIM)]))))
    return min(errors) / (float(np.std(z)) or 1.0)
