"""Power laws y = c·Π x_i**p_i, also under a function and beside a number.

log|T(y)| is linear in log|x_i|, and the signs of the target tell odd exponents from even ones. In noise the exponents
are fitted to the target itself (Levenberg 1944, Marquardt 1963), beside outliers by least absolute differences.
"""

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
from kansr.formula.judge.exactness import ROW_RESIDUAL
from kansr.formula.judge.levels import EXPONENT_LEVEL, ROW_LEVEL, normal_quantile
from kansr.numeric.arrays import Array
from kansr.numeric.power_fit import exponents
from kansr.numeric.robust import MAD
from kansr.numeric.tolerances import LARGEST_LOG, ROUNDING_RMS, SQRT_EPS
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.thresholds import AGREED, COARSE_ROWS, MOST_STEPS, NEARLY_ALL

# Numbers that a power product may stand beside under a function.
OFFSETS = (0, 1, -1)

# Denominators of exponents.
DENOMINATORS = (1, 2, 3, 4)

# Least weight in least absolute differences, as a share of the noise scale of the logarithms.
LEAST_RESIDUAL = 0.1


def power_law(data: Dataset) -> sympy.Expr | None:
    """The power product with fitted exponents; None where a column or the target has a zero, or signs forbid it.

    An exponent within its own uncertainty of a small fraction is that fraction; where that is 0 the input is left out.
    """
    if not _has_logarithms(data):
        return None
    return _product(data, *exponents(data.X, data.y))


def _has_logarithms(data: Dataset) -> bool:
    """Whether there are no zeros, and more rows than constants."""
    return not (np.any(data.X == 0) or np.any(data.y == 0) or data.rows < data.X.shape[1] + 2)


def power_law_in_noise(data: Dataset, errors: Array) -> sympy.Expr | None:
    """The same by nonlinear least squares, from a start that rows clear of their errors give.

    errors: standard errors of the target, (rows,), all above 0; they may hide the sign of small values.
    """
    clear = np.abs(data.y) > normal_quantile(EXPONENT_LEVEL) * errors
    if np.any(data.X == 0) or clear.sum() < data.X.shape[1] + 2:
        return None
    log_factor, powers, _ = exponents(data.X[clear], data.y[clear], np.abs(data.y[clear]) / errors[clear])
    signed = bool(np.any(data.X < 0))
    kept = clear if signed else np.ones_like(clear)  # where inputs have both signs, the sign of the others is not known
    A, y, errors = np.column_stack([np.ones(data.rows), np.log(np.abs(data.X))])[kept], data.y[kept], errors[kept]
    sign = np.sign(y) if signed else np.sign(np.sum(y / errors))

    def values(w: Array) -> Array:
        return np.asarray(sign * np.exp(np.minimum(A @ w, LARGEST_LOG)))

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
    standard_errors = np.sqrt(np.diag(np.linalg.pinv(fit.jac.T @ fit.jac)) * 2 * fit.cost / len(y))
    return _product(data, float(fit.x[0]), fit.x[1:], standard_errors[1:], clear)


def power_law_beside_outliers(data: Dataset) -> sympy.Expr | None:
    """The same where some rows are grossly wrong, or too noisy to have a logarithm; None where no row is.

    Least absolute differences of logarithms, by reweighted least squares, tell which rows are left out of the fit.
    """
    if not _has_logarithms(data):
        return None
    X, y, weight = np.log(np.abs(data.X)), np.log(np.abs(data.y)), np.ones(data.rows)
    for _ in range(MOST_STEPS):
        log_factor, powers, _ = exponents(data.X, data.y, np.sqrt(weight))
        size = np.abs(y - log_factor - X @ powers)
        scale = MAD * float(np.median(size))
        weight = 1 / np.maximum(size, max(LEAST_RESIDUAL * scale, ROW_RESIDUAL))
    kept = size <= normal_quantile(ROW_LEVEL) * max(scale, ROW_RESIDUAL)
    if kept.all():
        return None
    return _product(data, *exponents(data.X[kept], data.y[kept]), kept)


def _product(
    data: Dataset, log_factor: float, powers: Array, errors: Array, clear: NDArray[np.bool_] | slice = slice(None)
) -> sympy.Expr | None:
    """c·Π x_i**p_i, with fractions where the standard errors allow them; None where signs of `clear` rows forbid it."""
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


def fitted_exponent(p: float, error: float) -> sympy.Expr:
    """The fraction that p does not differ from by the z-test, p itself where there is none. error: standard error."""
    within = dict.fromkeys(DENOMINATORS, max(normal_quantile(EXPONENT_LEVEL) * error, ROUNDING_RMS))
    fraction = exponent_near(p, within, per_denominator=0.0, largest=np.inf)
    return sympy.Float(p) if fraction is None else fraction


def close_power_law(data: Dataset, max_misfit: float) -> Iterator[sympy.Expr]:
    """The power product, where its relative rms is below `max_misfit` once its constants are fitted to the target."""
    expr = power_law(data)
    if expr is not None and fit_constants(expr, data, rows=COARSE_ROWS).rms < max_misfit * np.std(data.y):
        yield expr


def power_laws_under_functions(data: Dataset) -> Iterator[sympy.Expr]:
    """Formulas T⁻¹(k + c·Π x_i**p_i) and T⁻¹(exp(c·Π x_i**p_i) + k) that leave rounding only, the simplest first.

    k: one of OFFSETS; T: one of TRANSFORMS.
    """
    options = [
        (transform.complexity + abs(k) + 2 * logarithm, transform, sign, t, k, logarithm)
        for transform, sign, t in transformed(data.y)
        for k in OFFSETS
        for logarithm in (False, True)
        if (transform.complexity, k, logarithm) != (0, 0, False)
    ]
    for _, transform, sign, t, k, logarithm in sorted(options, key=lambda option: option[0]):
        expr = _beside_number(data, t, k, logarithm)
        if expr is not None:
            yield sign * transform.symbolic(expr)


def _beside_number(data: Dataset, t: Array, k: int, logarithm: bool) -> sympy.Expr | None:
    """k + the power product through t − k, or k + exp(power product through log(t − k)); None where one leaves more."""
    rest = t - k
    if logarithm:
        if rest.min() <= 0:
            return None
        rest = np.log(rest)
    kept = np.abs(rest) > SQRT_EPS * np.abs(t)  # where t is nearly k, the difference has lost too many digits
    if 2 * kept.sum() < data.rows:
        return None
    X, rest = data.X[kept], rest[kept]
    expr = power_law(Dataset(X, rest, data.names, data.target))
    if expr is None:
        return None
    relative = np.abs(Tape(expr, data.names).value(X) / rest - 1)
    if not np.quantile(relative, NEARLY_ALL) < ROW_RESIDUAL:
        return None
    return k + (sympy.exp(expr) if logarithm else expr)
