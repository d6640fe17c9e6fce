"""What changes nothing on the rows goes: sin(u) of a tiny u is u, and a term below rounding is no term."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.candidate import description_length, likely_square
from kansr.data.dataset import Dataset
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.forms import complete_squares
from kansr.refine.constants import Fit, polish

STRAIGHT = (sympy.sin, sympy.tan, sympy.asin, sympy.atan, sympy.sinh, sympy.tanh, sympy.asinh)  # u at 0
EVEN = (sympy.cos, sympy.cosh)  # 1 at 0
NEAR_SQUARE = 1e-3  # how far from a square constants may be that were fitted each for itself
LARGEST = 60  # operations of a formula that is looked at


def tidied(fit: Fit, data: Dataset, expired: Callable[[], bool] = lambda: False) -> Fit:
    """The fit without what it can do without, and with sums completed to squares where the data do not object."""
    plain = plainer(fit.expr, data, expired)
    fit = fit if plain == fit.expr else polish(plain, data)
    squared = complete_squares(fit.expr, near=NEAR_SQUARE)
    trial = polish(squared, data) if squared != fit.expr else fit
    return min(fit, trial, key=lambda f: description_length(f.expr, f.likely**2, data))


def plainer(expr: sympy.Expr, data: Dataset, expired: Callable[[], bool] = lambda: False) -> sympy.Expr:
    """The formula without what it can do without: a replacement stays if formula and residuals together get shorter."""
    length = _length(expr, data)
    changed = expr.count_ops() <= LARGEST
    while changed:
        changed = False
        for shorter in _replacements(expr):
            if expired():
                return expr
            trial = _length(shorter, data)
            if trial < length:
                expr, length, changed = shorter, trial, True
                break
    return expr


def _replacements(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    for node in sorted(expr.atoms(*STRAIGHT, *EVEN), key=str):
        yield expr.xreplace({node: node.args[0] if node.func in STRAIGHT else sympy.S.One})
    for total in sorted(expr.atoms(sympy.Add), key=str):
        for term in total.args:
            yield expr.xreplace({total: total - term})


def _length(expr: sympy.Expr, data: Dataset) -> float:
    if expr.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I) or not expr.free_symbols:
        return np.inf
    try:
        residual = Tape(expr, data.names).value(data.X) - data.y
    except FormulaError:
        return np.inf
    return description_length(expr, likely_square(residual, data.y), data)
