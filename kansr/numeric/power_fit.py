"""A power product by least squares of logarithms."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import least_squares


def exponents(X: Array, z: Array, weight: Array | float = 1.0) -> tuple[float, Array, Array]:
    """log c, the p_i and their standard errors, (inputs,), of the power product nearest to z in logarithms.

    X: (rows, inputs), z: (rows,), neither with a zero; weight: (rows,), of the logarithms' differences.
    """
    A = np.column_stack([np.ones(len(z)), np.log(np.abs(X))])
    t = np.log(np.abs(z)) * weight
    A = A * np.broadcast_to(weight, len(z))[:, None]
    w = least_squares(A, t[:, None], ridge=0.0)[:, 0]
    errors = np.std(t - A @ w) * np.sqrt(np.diag(np.linalg.pinv(A.T @ A)))
    return float(w[0]), w[1:], errors[1:]
