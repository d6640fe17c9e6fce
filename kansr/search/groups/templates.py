"""Formulas with numbers as forms whose constants are free in every group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.by_group import GroupFit
from kansr.formula.fit.constants import tied_floats

MOST_OWN = 8  # constants of a form that are freed: with more, anything fits a group
NEAR_ONE, NEAR_ZERO = 1.01, 0.01  # where a factor and a term that a formula lacked start; the fit moves them


def templates(expr: sympy.Expr, data: Dataset) -> Iterator[GroupFit]:
    """The formula with its decimals free in every group, with whole numbers too, with a factor or a term more.

    A number that was snapped on the rows of one group may have been near a nice one by chance, and a factor near 1.
    """
    size = typical_size(data.X, data.names)
    seen: set[sympy.Expr] = set()
    all_free = _with_free_numbers(expr)
    more = sympy.Float(NEAR_ONE)
    for option in (expr, all_free, more * all_free, all_free + sympy.Float(NEAR_ZERO)):
        form = free(canonical(option, size), data)
        if form is not None and form.expr not in seen:
            seen.add(form.expr)
            yield form


def free(expr: sympy.Expr, data: Dataset) -> GroupFit | None:
    """The formula with each of its decimals a constant of the groups, which start alike; None for too many of them."""
    numbers = tied_floats(expr)
    if len(numbers) > MOST_OWN or not expr.free_symbols:
        return None
    assert data.grouping is not None
    own = own_names(len(numbers), (*data.names, data.target))
    places = dict(zip(numbers, own))
    form = expr.xreplace({**{-number: -symbol for number, symbol in places.items()}, **places})
    values = np.tile([float(number) for number in numbers], (len(data.grouping.labels), 1))
    return GroupFit(form, own, values)


def own_names(number: int, taken: Sequence[str]) -> tuple[sympy.Symbol, ...]:
    """k0, k1, … without names that are taken."""
    names = (name for i in count() if (name := f"k{i}") not in taken)
    return tuple(sympy.Symbol(next(names)) for _ in range(number))


def _with_free_numbers(expr: sympy.Expr) -> sympy.Expr:
    """The formula with decimals in place of all terms, factors and bases that are numbers, but signs; not exponents."""
    if not expr.args:
        return expr
    if expr.is_Pow:
        base = _number(expr.base) if expr.base.is_number and expr.exp.free_symbols else _with_free_numbers(expr.base)
        return sympy.Pow(base, _with_free_numbers(expr.exp) if expr.exp.free_symbols else expr.exp)
    if expr.is_Add or expr.is_Mul:
        numbers, others = expr.as_independent(*expr.free_symbols, as_Add=expr.is_Add)
        parts = (sympy.Add if expr.is_Add else sympy.Mul).make_args(others)
        kept = numbers if numbers in (expr.func.identity, sympy.S.NegativeOne) and expr.is_Mul else _number(numbers)
        kept = expr.func.identity if numbers == expr.func.identity else kept
        return expr.func(kept, *(_with_free_numbers(part) for part in parts))
    return expr.func(*(_with_free_numbers(arg) for arg in expr.args))


def _number(expr: sympy.Expr) -> sympy.Expr:
    """The number as a decimal, no other of which is equal."""
    return sympy.Float(float(expr)) if expr.is_number else expr
