"""Simplify an expression: the shortest form that the rules reach, each result checked by value on the data."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.expression.complexity import bits, complexity
from kansr.expression.evaluate import Tape
from kansr.expression.forms import (
    cancel_prefactors,
    common_factors,
    complete_powers,
    complete_squares,
    double_angles,
    few_signs,
    half_angles,
    join_conjugates,
    pythagoras,
    sums_to_products,
    whole_numbers,
)
from kansr.expression.radicals import (
    divide_into_radicals,
    even_power_radicals,
    factor_under_radicals,
    join_radicals,
    leading_power_radicals,
    out_of_radicals,
    unit_term_differences,
    unit_term_radicals,
)
from kansr.expression.rules import ALGEBRA, Rule, join_logs, without_floats
from kansr.numeric.arrays import Array

MAX_OPERATIONS = 120  # of an expression that is rewritten: beyond, sympy's polynomial routines can take minutes
MAX_ROUNDS = 3  # passes over all rules
WIDER = 4.0  # values are also compared on rows this many times as far from their mean
CLEAR_SAVING = 3  # nodes that a form must save to be taken though its values differ outside the data
RELATIVE_TOLERANCE = 1e-9  # relative difference up to which values are equal: rounding, and no more
ABSOLUTE_TOLERANCE = 1e-3  # the same for values near 0: a share of RELATIVE_TOLERANCE times the largest value
TIE_BITS = 20.0  # bits of a float where the code length decides between forms of equal complexity
TIE_OPERATIONS = 8  # below this many operations the text decides between forms of equal code length
SHORTENING: tuple[Rule, ...] = (
    *ALGEBRA, complete_squares, join_conjugates, half_angles, double_angles, pythagoras,
    factor_under_radicals, cancel_prefactors, complete_powers,
)  # fmt: skip


def simplify(
    expr: sympy.Expr,
    X: Array,
    names: tuple[str, ...],
    *,
    rules: Collection[Rule] = SHORTENING,
    rounds: int = MAX_ROUNDS,
    expired: Callable[[], bool] = lambda: False,
) -> sympy.Expr:
    """The form of lowest complexity that the rules reach, with the same values; then the form that textbooks print.

    X: (rows, inputs); names: the inputs in its order. Values are compared on these rows and on rows WIDER times as far
    from their mean. Inputs that are positive on every row are assumed to be positive. rounds: passes over the rules;
    expired: whether to stop with what has been reached.
    """
    wide = X.mean(0) + WIDER * (X - X.mean(0))
    positive = {name for i, name in enumerate(names) if np.all(X[:, i] > 0)}
    assumed = {
        sympy.Symbol(n): sympy.Dummy(n, positive=True) if n in positive else sympy.Dummy(n, real=True) for n in names
    }
    back = {dummy: symbol for symbol, dummy in assumed.items()}
    best = without_abs(expr, X, names)
    for _ in range(rounds):
        start = best
        for rule in rules:
            if expired() or start.count_ops() > MAX_OPERATIONS:
                return best
            rewritten = without_floats(rule)(start.xreplace(assumed)).xreplace(back)
            # sqrt(x**2) -> x holds for x > 0 only: a form that fails on the wider rows must save much.
            places = (X,) if complexity(rewritten) <= complexity(best) - CLEAR_SAVING else (X, wide)
            if _cost(rewritten) < _cost(best) and _agree(rewritten, best, places, names):
                best = rewritten
        if best == start:
            break
    last: tuple[Rule, ...] = (
        lambda e: without_abs(e, X, names),
        join_logs,
        half_angles,
        sums_to_products,
        join_radicals,
        lambda e: out_of_radicals(e, lambda u: _sign(u, X, names)),
        join_conjugates,
        unit_term_radicals,
        divide_into_radicals,
        leading_power_radicals,
        unit_term_differences,
        whole_numbers,
        common_factors,
        few_signs,
        even_power_radicals,
    )
    for rule in last:  # on symbols without assumptions: of positive factors sympy separates radicals again
        joined = rule(best)
        if joined != best and same_values(joined, best, X, names):
            best = joined
    return best


def without_abs(expr: sympy.Expr, X: Array, names: tuple[str, ...]) -> sympy.Expr:
    """abs(u) -> u or -u, where u has one sign on all rows. X: (rows, inputs); names: the inputs in its order."""

    def plain(absolute: sympy.Expr) -> sympy.Expr:
        return _sign(absolute.args[0], X, names) * absolute.args[0] or absolute

    return expr.replace(lambda e: e.func is sympy.Abs, plain)


def _sign(expr: sympy.Expr, X: Array, names: tuple[str, ...]) -> int:
    """1 or -1 where an expression has this sign, or is 0, on all rows; 0 where it has both signs."""
    values = Tape(expr, names).value(X)
    return 1 if np.all(values >= 0) else -1 if np.all(values <= 0) else 0


def _agree(new: sympy.Expr, old: sympy.Expr, places: Collection[Array], names: tuple[str, ...]) -> bool:
    """Whether the new form has the values of the old one wherever the old one is defined, on each set of rows."""
    for X in places:
        defined = np.isfinite(Tape(old, names).value(X))
        if not same_values(new, old, X[defined], names):
            return False
    return True


def same_values(first: sympy.Expr, second: sympy.Expr, X: Array, names: tuple[str, ...]) -> bool:
    """Whether both expressions have the same values on the rows X, (rows, inputs), and are undefined on the same."""
    try:
        a, b = Tape(first, names).value(X), Tape(second, names).value(X)
    except FormulaError:  # the rule has given something that is not real
        return False
    scale = np.nanmax(np.abs(b), initial=0.0)
    rtol = RELATIVE_TOLERANCE
    return bool(np.allclose(a, b, rtol=rtol, atol=rtol * ABSOLUTE_TOLERANCE * scale, equal_nan=True))


def _cost(expr: sympy.Expr) -> tuple[int, float, str]:
    """The order of forms, least first: nodes, bits, and the text of short ones, so that the choice is unique."""
    return complexity(expr), bits(expr, TIE_BITS), sympy.srepr(expr) if expr.count_ops() < TIE_OPERATIONS else ""
