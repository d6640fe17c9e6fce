"""y = c + k·Π f(x_i)**p, with several functions of every input: log|y − c| is linear in log|f(x_i)|, one fit for all p.

Poles and changes of sign do no harm, since a logarithm has the size only; the signs are compared afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.spline_basis import least_squares
from kansr.structure.terminals.closed_form.power_law import fitted_exponent

ROWS = 12  # for each exponent
TRIM = 0.9  # share of the rows that have to fit: near a pole digits are lost
EXACT = 1e-8  # misfit of log|y − c| that is rounding
NOTHING = 1e-6  # exponent or rate that is 0, times what it is multiplied by over the rows
STEPS, STARTED = 25, 0.7  # of the offset, and its misfit from which they are not worth taking
REACH = 700.0  # |x| up to which exp(x) is a number


@dataclass(frozen=True)
class _Atom:
    """A function that may be a factor: the logarithm of its size, and what stands in the formula with exponent p.

    rate: p is any number, since it stands in an exponent.
    """

    log: Callable[[Array], Array]
    symbolic: Callable[[sympy.Expr, sympy.Expr], sympy.Expr]
    odd: Callable[[Array], Array] | None = None  # what has its sign
    rate: bool = False


ATOMS = (
    _Atom(lambda x: np.log(np.abs(x)), lambda x, p: x**p, lambda x: x),
    _Atom(lambda x: x, lambda x, p: sympy.exp(p * x), rate=True),
    _Atom(lambda x: 1 / x, lambda x, p: sympy.exp(p / x), rate=True),
    _Atom(lambda x: x * x, lambda x, p: sympy.exp(p * x**2), rate=True),
    _Atom(lambda x: np.log(np.abs(np.sin(x))), lambda x, p: sympy.sin(x) ** p, np.sin),
    _Atom(lambda x: np.log(np.abs(np.cos(x))), lambda x, p: sympy.cos(x) ** p, np.cos),
    _Atom(lambda x: np.log(np.abs(np.log(x))), lambda x, p: sympy.log(x) ** p, np.log),
)


def products(data: Dataset) -> Iterator[sympy.Expr]:
    """The product without an offset, and beside one where the target lies on both sides of it."""
    known = [(i, atom, values) for i in range(len(data.names)) for atom in ATOMS
             if np.isfinite(values := _finite(atom, data.X[:, i])).all() and np.ptp(values) > 0]  # fmt: skip
    if not known or data.rows < 3 * len(known):
        return
    A = np.column_stack([np.ones(data.rows), *(values for *_, values in known)])
    rows = evenly_spaced_rows(data.rows, ROWS * A.shape[1])
    for offset in (0.0, _offset(A[rows], data.y[rows])):
        if offset is not None:
            expr = _product(data, known, A, rows, offset)
            if expr is not None:
                yield expr


def _finite(atom: _Atom, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return atom.log(x)


def _logs(y: Array, offset: float) -> Array:
    with np.errstate(all="ignore"):
        return np.log(np.abs(y - offset))


def _offset(A: Array, y: Array) -> float | None:
    """Newton's steps from the median: log|y − c − d| is log|y − c| − d/(y − c), so d is one more unknown of the fit."""
    c = float(np.median(y))
    if not y.min() < c < y.max():
        return None
    for step in range(STEPS):
        t = _logs(y, c)
        good = np.isfinite(t)
        inverse = 1 / (y[good] - c)
        # rows on which the step is not small say nothing of it
        weight = 1 / (1 + np.abs(inverse) * np.median(np.abs(y[good] - c)))
        columns = np.column_stack([A[good], inverse]) * weight[:, None]
        size = np.sqrt(np.mean(columns**2, axis=0)) + 1e-300
        w = least_squares(columns / size, (t[good] * weight)[:, None], ridge=1e-14)[:, 0] / size
        left = t[good] - A[good] @ w[:-1]
        if step == 0 and np.median(np.abs(left)) > STARTED * np.median(np.abs(t[good] - np.median(t[good]))):
            return None
        c += float(w[-1])
        if not np.isfinite(c) or abs(w[-1]) <= 1e-15 * abs(c):
            break
    return c if np.isfinite(c) else None


def _product(
    data: Dataset, known: list[tuple[int, _Atom, Array]], A: Array, rows: NDArray[np.intp], offset: float
) -> sympy.Expr | None:
    t = _logs(data.y, offset)
    if np.mean(np.isfinite(t)) < TRIM:
        return None
    use = rows[np.isfinite(t[rows])]
    w = least_squares(A[use], t[use, None], ridge=0.0)[:, 0]
    with np.errstate(all="ignore"):
        left = np.abs(A @ w - t)
    if not np.quantile(left[np.isfinite(left)], TRIM) < EXACT:
        return None
    expr: sympy.Expr = sympy.S.One
    sign = np.ones(data.rows)
    for p, (i, atom, values) in zip(w[1:].tolist(), known):
        if abs(p) * float(np.ptp(values)) < NOTHING:
            continue
        x = sympy.Symbol(data.names[i])
        if atom.rate:
            expr = expr * atom.symbolic(x, sympy.Float(p))
            continue
        exponent = fitted_exponent(p, NOTHING / 3)
        expr = expr * atom.symbolic(x, exponent)
        side = np.sign(atom.odd(data.X[:, i])) if atom.odd is not None else np.ones(data.rows)
        if side.min() < 0 and not exponent.is_Integer:
            return None
        sign = sign * (side ** int(exponent) if exponent.is_Integer else 1.0)
    agreement = float(np.mean(np.sign(data.y - offset) * sign))
    if abs(agreement) < 2 * TRIM - 1:
        return None
    product = sympy.Float(float(np.sign(agreement) * np.exp(w[0]))) * expr
    return product if offset == 0 else sympy.Float(offset) + product
