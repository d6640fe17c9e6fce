"""Tidy a formula: take out what changes nothing on the rows. sin(u) of a tiny u is u, a term below rounding is 0."""

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
from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.fit.error_model import error_ms_of
from kansr.formula.fit.rounding import rounding_error
from kansr.formula.judge.description_length import description_length, fit_length

NEARLY_U = (sympy.sin, sympy.tan, sympy.asin, sympy.atan, sympy.sinh, sympy.tanh, sympy.asinh)  # of a tiny u
NEARLY_ONE = (sympy.cos, sympy.cosh)  # of a tiny u
# Relative distance from a complete square up to which it is tried: fitted constants miss it by their errors. The
# description length decides; never measured alone.
SQUARE_TOLERANCE = 1e-3
MOST_OPERATIONS = 60  # size of a formula, above which no replacement is tried: it would take too long


def tidy(fit: Fit, data: Dataset, passed: Callable[[], bool] = lambda: False) -> Fit:
    """The fit without what changes nothing on the rows, its powers as powers, and its squares completed.

    A function of an input with only two values becomes a straight line. passed: whether there is no more time.
    """
    expr = lines_of_two_values(powers_of_logs(fit.expr), data)
    if expr != fit.expr:
        expr = canonical(expr, typical_size(data.X, data.names))
    expr = without_negligible(expr, data, passed)
    fit = fit if expr == fit.expr else fit_constants(expr, data)
    squared = complete_squares(fit.expr, near=SQUARE_TOLERANCE)
    trial = fit_constants(squared, data) if squared != fit.expr else fit
    return min(fit, trial, key=lambda f: fit_length(f, data))


def without_negligible(expr: sympy.Expr, data: Dataset, passed: Callable[[], bool] = lambda: False) -> sympy.Expr:
    """The formula without what changes next to nothing: a replacement stays if the description gets shorter."""
    length = _length(expr, data)
    changed = expr.count_ops() <= MOST_OPERATIONS
    while changed:
        changed = False
        for shorter in _replacements(expr):
            if passed():
                return expr
            trial = _length(shorter, data)
            if trial < length:
                expr, length, changed = shorter, trial, True
                break
    return expr


def lines_of_two_values(expr: sympy.Expr, data: Dataset) -> sympy.Expr:
    """The formula with each function of an input that has only two values on the rows as the line through both.

    Nothing tells the two apart there, and the effect of an indicator is read off its slope: 1 - 0.15·x.
    """
    for name, x in zip(data.names, data.X.T):
        symbol, ends = sympy.Symbol(name), np.unique(x)
        if len(ends) != 2 or symbol not in expr.free_symbols:
            continue
        functions = [
            node
            for node in sympy.preorder_traversal(expr)
            if node.free_symbols == {symbol} and not (node.is_polynomial() and sympy.degree(node, symbol) == 1)
        ]
        lines = {}
        for node in functions:
            with np.errstate(all="ignore"):
                low, high = Tape(node, (name,)).value(ends[:, None])
            slope = (high - low) / (ends[1] - ends[0])
            start = low - slope * ends[0]
            if np.isfinite(slope) and abs(start) > 0:
                lines[node] = sympy.Float(start) * (1 + sympy.Float(slope / start) * symbol)
        expr = expr.xreplace(lines)
    return expr


def _replacements(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    """The formula with one function replaced by what it is near 0, or without one term."""
    for node in sorted(expr.atoms(*NEARLY_U, *NEARLY_ONE), key=str):
        yield expr.xreplace({node: node.args[0] if node.func in NEARLY_U else sympy.S.One})
    for total in sorted(expr.atoms(sympy.Add), key=str):
        for term in total.args:
            yield expr.xreplace({total: total - term})


def _length(expr: sympy.Expr, data: Dataset) -> float:
    """The description length of the formula as it is, in bits; inf where it has no value on some row."""
    if not is_real_formula(expr) or not expr.free_symbols:
        return np.inf
    try:
        tape = Tape(expr, data.names)
    except FormulaError:
        return np.inf
    residual = tape.value(data.X) - data.y
    return description_length(expr, error_ms_of(residual, data, rounding_error(tape.value, residual, data)), data)
