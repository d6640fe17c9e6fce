"""y = c·Π x_i**p_i, also through a function: log|T(y)| is linear in log|x_i|, signs tell odd exponents from even."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy
from scipy import optimize

from kansr.data.dataset import Array, Dataset
from kansr.expression.evaluate import Tape
from kansr.refine.constants import polish
from kansr.structure.curves import least_squares
from kansr.structure.transforms import transformed

OFFSETS = (0, 1, -1)  # what a power product may stand beside under a function
CANCELLED = 1e-8  # share of a target below which too few digits are left when the offset is taken off
CLEAR = 3.0  # errors from which the logarithm of a value says something
MOST_STEPS = 40  # of least squares
EXACT = 1e-7  # misfit of log|T(y)| that is rounding, on nine rows of ten


def exponents(X: Array, z: Array) -> tuple[float, Array, Array]:
    """log c, the p_i and their standard errors, (inputs,), of the power product nearest to z in logarithms.

    X: (rows, inputs), z: (rows,), neither with a zero.
    """
    A = np.column_stack([np.ones(len(z)), np.log(np.abs(X))])
    t = np.log(np.abs(z))
    w = least_squares(A, t[:, None], ridge=0.0)[:, 0]
    errors = np.std(t - A @ w) * np.sqrt(np.diag(np.linalg.pinv(A.T @ A)))
    return float(w[0]), w[1:], errors[1:]


def power_law(data: Dataset) -> sympy.Expr | None:
    """The power product through the data with fitted exponents, or None where a column has a zero or signs forbid it.

    An exponent within its own uncertainty of a small fraction is taken to be that fraction; 0 drops the input.
    """
    if np.any(data.X == 0) or np.any(data.y == 0) or data.rows < data.X.shape[1] + 2:
        return None
    log_factor, powers, errors = exponents(data.X, data.y)
    expr, sign = _product(data, powers, errors)
    agreement = float(np.mean(np.sign(data.y) * sign))
    if abs(agreement) < 0.99:
        return None
    return sympy.Float(float(np.exp(log_factor)) * np.sign(agreement)) * expr


def power_law_in_noise(data: Dataset, errors: Array) -> sympy.Expr | None:
    """The same for rows with these errors, (rows,), that may hide the sign of small values and more: by least squares.

    Logarithms of the rows that are clear of their errors are where it starts from (Gauss and Newton's method).
    """
    clear = np.abs(data.y) > CLEAR * errors
    if np.any(data.X == 0) or clear.sum() < data.X.shape[1] + 2:
        return None
    A = np.column_stack([np.ones(data.rows), np.log(np.abs(data.X))])
    weight = np.where(clear, np.abs(data.y) / errors, 0.0)[:, None]
    start = least_squares(A * weight, np.log(np.abs(np.where(clear, data.y, 1.0)))[:, None] * weight, ridge=0.0)[:, 0]
    kept = clear if np.any(data.X < 0) else slice(None)  # elsewhere the sign is not known
    A, y, errors = A[kept], data.y[kept], errors[kept]
    sign = np.sign(y) if np.any(data.X < 0) else np.sign(np.sum(y / errors))

    def values(w: Array) -> Array:
        return np.asarray(sign * np.exp(np.minimum(A @ w, 700.0)))

    with np.errstate(all="ignore"):
        fit = optimize.least_squares(
            lambda w: (values(w) - y) / errors, start, lambda w: (values(w) / errors)[:, None] * A, method="lm",
            max_nfev=MOST_STEPS,
        )  # fmt: skip
        doubt = np.sqrt(np.diag(np.linalg.pinv(fit.jac.T @ fit.jac)) * 2 * fit.cost / len(y))
    if not np.isfinite([*fit.x, *doubt]).all():
        return None
    expr, sign = _product(data, fit.x[1:], doubt[1:])
    agreement = float(np.average((np.sign(data.y) * sign)[clear]))
    if abs(agreement) < 0.99:
        return None
    return sympy.Float(float(np.exp(fit.x[0])) * np.sign(agreement)) * expr


def _product(data: Dataset, powers: Array, errors: Array) -> tuple[sympy.Expr, Array]:
    """Π x_i**p_i, with plain exponents where the errors allow them, and its sign, (rows,)."""
    expr: sympy.Expr = sympy.S.One
    sign = np.ones(data.rows)
    for name, x, p, error in zip(data.names, data.X.T, powers, errors):
        exponent = exponent_near(float(p), float(error))
        if exponent == 0:
            continue
        base: sympy.Expr = sympy.Symbol(name)
        if np.any(x < 0):
            if exponent.is_Integer:
                sign = sign * np.sign(x) ** int(exponent)
            else:
                base = sympy.Abs(base)
        expr = expr * base**exponent
    return expr, sign


def close_power_law(data: Dataset, allowed: float) -> Iterator[sympy.Expr]:
    """The power product, where it misses the target by less than `allowed`, over its spread."""
    expr = power_law(data)
    if expr is not None and polish(expr, data, iterations=5, rows=300).rms < allowed * np.std(data.y):
        yield expr


def exponent_near(p: float, error: float) -> sympy.Expr:
    """The fraction that p is within its error, p itself where there is none."""
    fraction = Fraction(p).limit_denominator(4)
    near = abs(float(fraction) - p) <= max(3 * error, 1e-9)
    return sympy.Rational(fraction.numerator, fraction.denominator) if near else sympy.Float(p)


def power_laws_within(data: Dataset) -> Iterator[sympy.Expr]:
    """Formulas T⁻¹(k + c·Π x_i**p_i) and T⁻¹(exp(c·Π x_i**p_i) − k) that leave rounding only, the plainest first.

    k: one of OFFSETS; T: as in `transforms`.
    """
    options = [
        (transform.complexity + abs(k) + 2 * logarithm, transform, sign, t, k, logarithm)
        for transform, sign, t in transformed(data.y)
        for k in OFFSETS
        for logarithm in (False, True)
        if (transform.complexity, k, logarithm) != (0, 0, False)
    ]
    for _, transform, sign, t, k, logarithm in sorted(options, key=lambda option: option[0]):
        expr = _beside(data, t, k, logarithm)
        if expr is not None:
            yield sign * transform.symbolic(expr)


def _beside(data: Dataset, t: Array, k: int, logarithm: bool) -> sympy.Expr | None:
    """k + the power product through t − k, or exp(power product) + k through log(t − k), where it leaves nothing."""
    rest = t - k
    if logarithm:
        if rest.min() <= 0:
            return None
        rest = np.log(rest)
    kept = np.abs(rest) > CANCELLED * np.abs(t)
    if 2 * kept.sum() < data.rows:
        return None
    X, rest = data.X[kept], rest[kept]
    expr = power_law(Dataset(X, rest, data.names, data.target))
    if expr is None:
        return None
    misfit = np.abs(Tape(expr, data.names).value(X) / rest - 1)
    if not np.quantile(misfit, 0.9) < EXACT:
        return None
    return k + (sympy.exp(expr) if logarithm else expr)
