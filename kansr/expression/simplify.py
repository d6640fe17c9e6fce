"""The form of an expression that a textbook would print: the shortest among a few rewrites, each checked by value."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.expression.complexity import bits, complexity
from kansr.expression.evaluate import Tape
from kansr.expression.forms import (
    common_factors,
    complete_squares,
    few_signs,
    half_angles,
    join_conjugates,
    multiplied_waves,
    pythagoras,
    shifted_powers,
    unit_sums,
    whole_angles,
    whole_numbers,
)
from kansr.expression.roots import (
    divided_roots,
    even_roots,
    factored_roots,
    join_roots,
    out_of_roots,
    signed_roots,
    unit_differences,
    unit_roots,
)
from kansr.expression.rules import TEXTBOOK, Rule, join_logs, without_floats
from kansr.numeric.arrays import Array

# Above this many operations sympy's polynomial routines can take minutes, so rewriting stops being worth it.
LARGEST = 120
SHORTENING: tuple[Rule, ...] = (
    *TEXTBOOK, complete_squares, join_conjugates, half_angles, whole_angles, pythagoras,
    factored_roots, unit_sums, shifted_powers,
)  # fmt: skip
CLEARLY = 3  # nodes that a form must save to be taken although it differs far from the rows


def simplify(
    expr: sympy.Expr,
    X: Array,
    names: tuple[str, ...],
    *,
    rules: Collection[Rule] = SHORTENING,
    rounds: int = 3,
    expired: Callable[[], bool] = lambda: False,
) -> sympy.Expr:
    """The cheapest equivalent of `expr` that the rules reach.

    X: (rows, inputs), the rows on which the values must stay what they are, and around which too: a formula is
    compared on a box four times as wide as well. Inputs that are positive on every row are taken to be positive.
    """
    wide = X.mean(0) + 4 * (X - X.mean(0))
    positive = {name for i, name in enumerate(names) if np.all(X[:, i] > 0)}
    assumed = {
        sympy.Symbol(n): sympy.Dummy(n, positive=True) if n in positive else sympy.Dummy(n, real=True) for n in names
    }
    back = {dummy: symbol for symbol, dummy in assumed.items()}
    best = without_abs(expr, X, names)
    for _ in range(rounds):
        start = best
        for rule in rules:
            if expired() or start.count_ops() > LARGEST:
                return best
            rewritten = without_floats(rule)(start.xreplace(assumed)).xreplace(back)
            # A form that holds on fewer rows of the wider box must be worth it: sqrt(x**2) is x, but only for x > 0.
            places = (X,) if complexity(rewritten) <= complexity(best) - CLEARLY else (X, wide)
            if _cost(rewritten) < _cost(best) and _agree(rewritten, best, places, names):
                best = rewritten
        if best == start:
            break
    last: tuple[Rule, ...] = (
        lambda e: without_abs(e, X, names),
        join_logs,
        half_angles,
        multiplied_waves,
        join_roots,
        lambda e: out_of_roots(e, lambda u: _sign(u, X, names)),
        join_conjugates,
        unit_roots,
        divided_roots,
        signed_roots,
        unit_differences,
        whole_numbers,
        common_factors,
        few_signs,
        even_roots,
    )
    for rule in last:  # on plain symbols: sympy takes roots of positive products apart again
        joined = rule(best)
        if joined != best and same_values(joined, best, X, names):
            best = joined
    return best


def without_abs(expr: sympy.Expr, X: Array, names: tuple[str, ...]) -> sympy.Expr:
    """abs(u) as u or −u where u has one sign on all rows: a law says abs only of what changes sign."""

    def plain(absolute: sympy.Expr) -> sympy.Expr:
        return _sign(absolute.args[0], X, names) * absolute.args[0] or absolute

    return expr.replace(lambda e: e.func is sympy.Abs, plain)


def _sign(expr: sympy.Expr, X: Array, names: tuple[str, ...]) -> int:
    """The sign that an expression has on all rows, 0 if it has both."""
    values = Tape(expr, names).value(X)
    return 1 if np.all(values >= 0) else -1 if np.all(values <= 0) else 0


def _agree(new: sympy.Expr, old: sympy.Expr, places: Collection[Array], names: tuple[str, ...]) -> bool:
    """Whether the new form has the old one's values wherever the old one has any; it may have more."""
    for X in places:
        defined = np.isfinite(Tape(old, names).value(X))
        if not same_values(new, old, X[defined], names):
            return False
    return True


def same_values(first: sympy.Expr, second: sympy.Expr, X: Array, names: tuple[str, ...], rtol: float = 1e-9) -> bool:
    """Whether both expressions have the same values on the rows X, undefined on the same ones."""
    try:
        a, b = Tape(first, names).value(X), Tape(second, names).value(X)
    except FormulaError:  # sympy has left the real numbers
        return False
    scale = np.nanmax(np.abs(b), initial=0.0)
    return bool(np.allclose(a, b, rtol=rtol, atol=rtol * 1e-3 * scale, equal_nan=True))


def _cost(expr: sympy.Expr) -> tuple[int, float, str]:
    return complexity(expr), bits(expr, 20.0), sympy.srepr(expr) if expr.count_ops() < 8 else ""
