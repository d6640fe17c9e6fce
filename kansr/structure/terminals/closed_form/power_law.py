"""y = c·Π x_i**p_i, also through a function: log|T(y)| is linear in log|x_i|, signs tell odd exponents from even."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy import optimize

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import exponent_near
from kansr.formula.fit.constants import fit_constants
from kansr.numeric.arrays import Array
from kansr.numeric.power_fit import exponents
from kansr.numeric.robust import MAD
from kansr.structure.surrogate.target_transforms import transformed

OFFSETS = (0, 1, -1)  # what a power product may stand beside under a function
CANCELLED = 1e-8  # share of a target below which too few digits are left when the offset is taken off
CLEAR = 3.0  # errors from which the logarithm of a value says something, and within which an exponent is a fraction
DENOMINATORS, ROUNDING = (1, 2, 3, 4), 1e-9  # of exponents, and how far rounding brings them off
MOST_STEPS = 40  # of least squares
LARGEST = 600.0  # logarithm of a value in it
AGREED = 0.99  # how far signs have to agree: 1 where all do, 0 where half of them do
FAR = 4.0  # noise levels within which logarithms are told from those of wrong rows
EXACT = 1e-7  # misfit of log|T(y)| that is rounding, on nine rows of ten


def power_law(data: Dataset) -> sympy.Expr | None:
    """The power product through the data with fitted exponents, or None where a column has a zero or signs forbid it.

    An exponent within its own uncertainty of a small fraction is taken to be that fraction; 0 drops the input.
    """
    if np.any(data.X == 0) or np.any(data.y == 0) or data.rows < data.X.shape[1] + 2:
        return None
    return _product(data, *exponents(data.X, data.y))


def power_law_in_noise(data: Dataset, errors: Array) -> sympy.Expr | None:
    """The same for rows with these errors, (rows,), all above 0, that may hide the sign of small values and more.

    By Levenberg and Marquardt's least squares; logarithms of the rows that are clear of their errors are its start.
    """
    clear = np.abs(data.y) > CLEAR * errors
    if np.any(data.X == 0) or clear.sum() < data.X.shape[1] + 2:
        return None
    log_factor, powers, _ = exponents(data.X[clear], data.y[clear], np.abs(data.y[clear]) / errors[clear])
    signed = bool(np.any(data.X < 0))
    kept = clear if signed else np.ones_like(clear)  # the sign of the others is not known
    A, y, errors = np.column_stack([np.ones(data.rows), np.log(np.abs(data.X))])[kept], data.y[kept], errors[kept]
    sign = np.sign(y) if signed else np.sign(np.sum(y / errors))

    def values(w: Array) -> Array:
        return np.asarray(sign * np.exp(np.minimum(A @ w, LARGEST)))

    start = np.array([log_factor, *powers])
    with np.errstate(all="ignore"):
        if not np.isfinite((values(start) - y) / errors).all():
            return None
        fit = optimize.least_squares(
            lambda w: (values(w) - y) / errors, start, lambda w: (values(w) / errors)[:, None] * A, method="lm",
            max_nfev=MOST_STEPS,
        )  # fmt: skip
    if not np.isfinite([*fit.x, fit.cost]).all() or not np.isfinite(fit.jac).all():
        return None
    doubt = np.sqrt(np.diag(np.linalg.pinv(fit.jac.T @ fit.jac)) * 2 * fit.cost / len(y))
    return _product(data, float(fit.x[0]), fit.x[1:], doubt[1:], clear)


def power_law_beside_wrong_rows(data: Dataset) -> sympy.Expr | None:
    """The same where some rows are grossly wrong, or too noisy to have a logarithm; None where none are seen to be.

    Least absolute differences of logarithms, by reweighting, tell the rows that least squares are then taken of.
    """
    if np.any(data.X == 0) or np.any(data.y == 0) or data.rows < data.X.shape[1] + 2:
        return None
    X, y, weight = np.log(np.abs(data.X)), np.log(np.abs(data.y)), np.ones(data.rows)
    for _ in range(MOST_STEPS):
        log_factor, powers, _ = exponents(data.X, data.y, np.sqrt(weight))
        off = np.abs(y - log_factor - X @ powers)
        level = MAD * float(np.median(off))
        weight = 1 / np.maximum(off, max(level / 10, EXACT))
    right = off <= FAR * max(level, EXACT)
    if right.all():
        return None
    return _product(data, *exponents(data.X[right], data.y[right]), right)


def _product(
    data: Dataset, log_factor: float, powers: Array, errors: Array, clear: NDArray[np.bool_] | slice = slice(None)
) -> sympy.Expr | None:
    """c·Π x_i**p_i, with plain exponents where the errors allow them; None where signs of `clear` rows forbid it."""
    expr: sympy.Expr = sympy.S.One
    sign = np.ones(data.rows)
    for name, x, p, error in zip(data.names, data.X.T, powers, errors):
        exponent = fitted_exponent(float(p), float(error))
        if exponent == 0:
            continue
        base: sympy.Expr = sympy.Symbol(name)
        if np.any(x < 0):
            if exponent.is_Integer:
                sign = sign * np.sign(x) ** int(exponent)
            else:
                base = sympy.Abs(base)
        expr = expr * base**exponent
    agreement = float(np.mean((np.sign(data.y) * sign)[clear]))
    if abs(agreement) < AGREED:
        return None
    return sympy.Float(float(np.exp(log_factor)) * np.sign(agreement)) * expr


def close_power_law(data: Dataset, allowed: float) -> Iterator[sympy.Expr]:
    """The power product, where it misses the target by less than `allowed`, over its spread."""
    expr = power_law(data)
    if expr is not None and fit_constants(expr, data, iterations=5, rows=300).rms < allowed * np.std(data.y):
        yield expr


def fitted_exponent(p: float, error: float) -> sympy.Expr:
    """The fraction that p is within its error, p itself where there is none."""
    within = dict.fromkeys(DENOMINATORS, max(CLEAR * error, ROUNDING))
    fraction = exponent_near(p, within, per_denominator=0.0, largest=np.inf)
    return sympy.Float(p) if fraction is None else fraction


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
