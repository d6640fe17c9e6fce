"""y = c·Π x_i**p_i: log|y| is linear in log|x_i|, and signs decide between odd and even exponents."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.refine.constants import polish
from kansr.structure.curves import least_squares


def power_law(data: Dataset) -> sympy.Expr | None:
    """The power product through the data with fitted exponents, or None where a column has a zero or signs forbid it.

    An exponent within its own uncertainty of a small fraction is taken to be that fraction; 0 drops the input.
    """
    if np.any(data.X == 0) or np.any(data.y == 0) or data.rows < data.X.shape[1] + 2:
        return None
    A = np.column_stack([np.ones(data.rows), np.log(np.abs(data.X))])
    t = np.log(np.abs(data.y))
    w = least_squares(A, t[:, None], ridge=0.0)[:, 0]
    noise = float(np.std(t - A @ w))
    errors = noise * np.sqrt(np.diag(np.linalg.pinv(A.T @ A)))
    expr: sympy.Expr = sympy.S.One
    sign = np.ones(data.rows)
    for name, x, p, error in zip(data.names, data.X.T, w[1:], errors[1:]):
        exponent = _exponent(float(p), float(error))
        if exponent == 0:
            continue
        base: sympy.Expr = sympy.Symbol(name)
        if np.any(x < 0):
            if exponent.is_Integer:
                sign = sign * np.sign(x) ** int(exponent)
            else:
                base = sympy.Abs(base)
        expr = expr * base**exponent
    agreement = float(np.mean(np.sign(data.y) * sign))
    if abs(agreement) < 0.99:
        return None
    return sympy.Float(float(np.exp(w[0])) * np.sign(agreement)) * expr


def close_power_law(data: Dataset, allowed: float) -> Iterator[sympy.Expr]:
    """The power product, where it misses the target by less than `allowed`, over its spread."""
    expr = power_law(data)
    if expr is not None and polish(expr, data, iterations=5, rows=300).rms < allowed * np.std(data.y):
        yield expr


def _exponent(p: float, error: float) -> sympy.Expr:
    fraction = Fraction(p).limit_denominator(4)
    near = abs(float(fraction) - p) <= max(3 * error, 1e-9)
    return sympy.Rational(fraction.numerator, fraction.denominator) if near else sympy.Float(p)
