"""Products of functions of single inputs, y = c + k·Π f(x_i)**p: log|y − c| is linear in log|f(x_i)|.

One linear fit gives the exponents of all functions of all inputs. Poles and changes of sign do not disturb it, since a
logarithm holds the size only; the signs are compared afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.judge.exactness import ROW_RESIDUAL
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.spline_basis import least_squares
from kansr.numeric.tolerances import EPS, TINY
from kansr.structure.terminals.closed_form.power_law import fitted_exponent
from kansr.structure.terminals.thresholds import AGREED, MANY_ROWS_PER_COLUMN, MOST_STEPS, NEARLY_ALL, ROWS_PER_COLUMN

# Share of its median size that a first step towards an offset has to leave of log|y − c|, or less, to be gone on with.
STARTED = 0.7


@dataclass(frozen=True)
class _Factor:
    """A function that may be a factor: the logarithm of its size, and what stands in the formula with exponent p.

    has_sign: a function with the same sign; None where it is always positive. is_rate: p stands in an exponential and
    is any number.
    """

    log: Callable[[Array], Array]
    symbolic: Callable[[sympy.Expr, sympy.Expr], sympy.Expr]
    has_sign: Callable[[Array], Array] | None = None
    is_rate: bool = False


FACTORS = (
    _Factor(lambda x: np.log(np.abs(x)), lambda x, p: x**p, lambda x: x),
    _Factor(lambda x: x, lambda x, p: sympy.exp(p * x), is_rate=True),
    _Factor(lambda x: 1 / x, lambda x, p: sympy.exp(p / x), is_rate=True),
    _Factor(lambda x: x * x, lambda x, p: sympy.exp(p * x**2), is_rate=True),
    _Factor(lambda x: np.log(np.abs(np.sin(x))), lambda x, p: sympy.sin(x) ** p, np.sin),
    _Factor(lambda x: np.log(np.abs(np.cos(x))), lambda x, p: sympy.cos(x) ** p, np.cos),
    _Factor(lambda x: np.log(np.abs(np.log(x))), lambda x, p: sympy.log(x) ** p, np.log),
)

Candidates = list[tuple[int, _Factor, Array]]  # the input of a factor, the factor, its logarithm (rows,)


def products_of_functions(data: Dataset) -> Iterator[sympy.Expr]:
    """The product without an offset, and the one with an offset that the target lies on both sides of."""
    candidates = [
        (i, factor, values)
        for i in range(len(data.names))
        for factor in FACTORS
        if np.isfinite(values := _log(factor, data.X[:, i])).all() and np.ptp(values) > 0
    ]
    if not candidates or data.rows < ROWS_PER_COLUMN * len(candidates):
        return
    A = np.column_stack([np.ones(data.rows), *(values for *_, values in candidates)])
    rows = evenly_spaced_rows(data.rows, MANY_ROWS_PER_COLUMN * A.shape[1])
    for offset in (0.0, _offset(A[rows], data.y[rows])):
        if offset is not None:
            expr = _product(data, candidates, A, rows, offset)
            if expr is not None:
                yield expr


def _log(factor: _Factor, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return factor.log(x)


def _log_distance(y: Array, offset: float) -> Array:
    with np.errstate(all="ignore"):
        return np.log(np.abs(y - offset))


def _offset(A: Array, y: Array) -> float | None:
    """The offset c by Newton's method from the median; None where the first step does not bring it nearer.

    log|y − c − d| is log|y − c| − d/(y − c) for small d, so d is one more unknown of the linear fit.
    A: (rows, columns); y: (rows,)
    """
    c = float(np.median(y))
    if not y.min() < c < y.max():
        return None
    for step in range(MOST_STEPS):
        t = _log_distance(y, c)
        finite = np.isfinite(t)
        inverse = 1 / (y[finite] - c)
        # rows near the offset, for which d is not small, get little weight
        weight = 1 / (1 + np.abs(inverse) * np.median(np.abs(y[finite] - c)))
        columns = np.column_stack([A[finite], inverse]) * weight[:, None]
        size = np.sqrt(np.mean(columns**2, axis=0)) + TINY
        w = least_squares(columns / size, (t[finite] * weight)[:, None], ridge=EPS)[:, 0] / size
        residual = t[finite] - A[finite] @ w[:-1]
        if step == 0 and np.median(np.abs(residual)) > STARTED * np.median(np.abs(t[finite] - np.median(t[finite]))):
            return None
        c += float(w[-1])
        if not np.isfinite(c) or abs(w[-1]) <= EPS * abs(c):
            break
    return c if np.isfinite(c) else None


def _product(
    data: Dataset, candidates: Candidates, A: Array, rows: NDArray[np.intp], offset: float
) -> sympy.Expr | None:
    """offset + k·Π f(x_i)**p; None where it does not meet nearly all rows, with their signs.

    A: 1 and the logarithms of the candidates, (rows, columns); rows: those that the exponents are fitted to.
    """
    w = _exponents(A, _log_distance(data.y, offset), rows)
    if w is None:
        return None
    expr: sympy.Expr = sympy.S.One
    sign = np.ones(data.rows)
    for p, (i, factor, values) in zip(w[1:].tolist(), candidates):
        if abs(p) * float(np.ptp(values)) < ROW_RESIDUAL:
            continue
        x = sympy.Symbol(data.names[i])
        exponent = sympy.Float(p) if factor.is_rate else fitted_exponent(p, ROW_RESIDUAL)
        expr = expr * factor.symbolic(x, exponent)
        if factor.has_sign is not None:
            side = np.sign(factor.has_sign(data.X[:, i]))
            if exponent.is_Integer:
                sign = sign * side ** int(exponent)
            elif side.min() < 0:
                return None
    agreement = float(np.mean(np.sign(data.y - offset) * sign))
    if abs(agreement) < AGREED:
        return None
    product = sympy.Float(float(np.sign(agreement) * np.exp(w[0]))) * expr
    return product if offset == 0 else sympy.Float(offset) + product


def _exponents(A: Array, t: Array, rows: NDArray[np.intp]) -> Array | None:
    """The coefficients of A·w = t fitted to some rows, (columns,); None where nearly all rows do not meet it."""
    finite = np.isfinite(t)
    if np.mean(finite) < NEARLY_ALL:
        return None
    used = rows[finite[rows]]
    w = least_squares(A[used], t[used, None], ridge=0.0)[:, 0]
    with np.errstate(all="ignore"):
        residual = np.abs(A @ w - t)
    return w if np.quantile(residual[np.isfinite(residual)], NEARLY_ALL) < ROW_RESIDUAL else None
