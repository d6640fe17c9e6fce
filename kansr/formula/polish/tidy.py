"""What changes nothing on the rows goes: sin(u) of a tiny u is u, and a term below rounding is no term."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import FormulaError
from kansr.expression.domain import is_real_formula
from kansr.expression.evaluate import Tape, typical_size
from kansr.expression.forms import complete_squares, powers_of_logs
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import Fit, polish
from kansr.formula.fit.error_model import likely_square
from kansr.formula.judge.description_length import description_length, fit_length

STRAIGHT = (sympy.sin, sympy.tan, sympy.asin, sympy.atan, sympy.sinh, sympy.tanh, sympy.asinh)  # u at 0
EVEN = (sympy.cos, sympy.cosh)  # 1 at 0
NEAR_SQUARE = 1e-3  # how far from a square constants may be that were fitted each for itself
LARGEST = 60  # operations of a formula that is looked at


def tidied(fit: Fit, data: Dataset, expired: Callable[[], bool] = lambda: False) -> Fit:
    """The fit without what it can do without, and with sums completed to squares where the data do not object.

    Powers are written as powers, and what is known of an input with two values only, as a straight line.
    """
    plain = straightened(powers_of_logs(fit.expr), data)
    if plain != fit.expr:
        plain = canonical(plain, typical_size(data.X, data.names))
    plain = plainer(plain, data, expired)
    fit = fit if plain == fit.expr else polish(plain, data)
    squared = complete_squares(fit.expr, near=NEAR_SQUARE)
    trial = polish(squared, data) if squared != fit.expr else fit
    return min(fit, trial, key=lambda f: fit_length(f, data))


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


def straightened(expr: sympy.Expr, data: Dataset) -> sympy.Expr:
    """Every function of an input that has two values on the rows as the straight line through both of them.

    No other function can be told from it there, and an indicator counts by what it adds: 1 − 0.15·x.
    """
    for name, x in zip(data.names, data.X.T):
        symbol, ends = sympy.Symbol(name), np.unique(x)
        if len(ends) != 2 or symbol not in expr.free_symbols:
            continue
        curves = [
            node
            for node in sympy.preorder_traversal(expr)
            if node.free_symbols == {symbol} and not (node.is_polynomial() and sympy.degree(node, symbol) == 1)
        ]
        lines = {}
        for node in curves:
            with np.errstate(all="ignore"):
                low, high = Tape(node, (name,)).value(ends[:, None])
            slope = (high - low) / (ends[1] - ends[0])
            start = low - slope * ends[0]
            if np.isfinite(slope) and abs(start) > 0:
                lines[node] = sympy.Float(start) * (1 + sympy.Float(slope / start) * symbol)
        expr = expr.xreplace(lines)
    return expr


def _replacements(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    for node in sorted(expr.atoms(*STRAIGHT, *EVEN), key=str):
        yield expr.xreplace({node: node.args[0] if node.func in STRAIGHT else sympy.S.One})
    for total in sorted(expr.atoms(sympy.Add), key=str):
        for term in total.args:
            yield expr.xreplace({total: total - term})


def _length(expr: sympy.Expr, data: Dataset) -> float:
    if not is_real_formula(expr) or not expr.free_symbols:
        return np.inf
    try:
        residual = Tape(expr, data.names).value(data.X) - data.y
    except FormulaError:
        return np.inf
    return description_length(expr, likely_square(residual, data), data)
