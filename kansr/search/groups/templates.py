"""Formulas with numbers as forms whose constants are free in every group."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.by_group import GroupFit
from kansr.formula.fit.constants import replaced, tied_floats

MOST_OWN = 8  # constants of a form that are freed: with more, anything fits a group
NEAR_ONE, NEAR_ZERO = 1.01, 0.01  # where a factor and a term that a formula lacked start; the fit moves them


def templates(expr: sympy.Expr, data: Dataset) -> Iterator[GroupFit]:
    """The formula with its decimals free in every group, with whole numbers too, with a factor or a term more.

    A number that was snapped on the rows of one group may have been near a nice one by chance, and a factor near 1.
    """
    size = typical_size(data.X, data.names)
    seen: set[sympy.Expr] = set()
    all_free = _with_free_numbers(expr, set(expr.atoms(sympy.Float)))
    more = sympy.Float(NEAR_ONE)
    for option in (expr, all_free, more * all_free, all_free + sympy.Float(NEAR_ZERO)):
        form = free(canonical(option, size), data)
        if form is not None and form.expr not in seen:
            seen.add(form.expr)
            yield form


def free(expr: sympy.Expr, data: Dataset, most: float = MOST_OWN) -> GroupFit | None:
    """The formula with each of its decimals a constant of the groups, which start alike; None for more than `most`."""
    numbers = tied_floats(expr)
    if len(numbers) > most or not expr.free_symbols:
        return None
    assert data.grouping is not None
    own = own_names(len(numbers), (*data.names, data.target))
    values = np.tile([float(number) for number in numbers], (len(data.grouping.labels), 1))
    return GroupFit(replaced(expr, dict(zip(numbers, own))), own, values)


def own_names(number: int, taken: Sequence[str]) -> tuple[sympy.Symbol, ...]:
    """k0, k1, … without names that are taken."""
    names = (name for i in count() if (name := f"k{i}") not in taken)
    return tuple(sympy.Symbol(next(names)) for _ in range(number))


def apart(value: float, taken: Collection[sympy.Float]) -> sympy.Float:
    """The number as a constant of its own: one that is equal to another, or to its negative, would be one with it."""
    number = sympy.Float(value)
    while number in taken or -number in taken:
        number = sympy.Float(float(np.nextafter(float(number), np.inf)))
    return number


def _with_free_numbers(expr: sympy.Expr, taken: set[sympy.Float]) -> sympy.Expr:
    """The formula with decimals in place of all terms, factors and bases that are numbers, but signs; not exponents.

    taken: the decimals so far, to which those are added.
    """
    if not expr.args:
        return expr
    if expr.is_Pow:
        power = _with_free_numbers(expr.exp, taken) if expr.exp.free_symbols else expr.exp
        fixed = expr.base.is_number and expr.exp.free_symbols
        return sympy.Pow(_number(expr.base, taken) if fixed else _with_free_numbers(expr.base, taken), power)
    if expr.is_Add or expr.is_Mul:
        number, others = expr.as_independent(*expr.free_symbols, as_Add=expr.is_Add)
        if number != expr.func.identity and not (expr.is_Mul and number == sympy.S.NegativeOne):
            number = _number(number, taken)
        return expr.func(number, *(_with_free_numbers(part, taken) for part in expr.func.make_args(others)))
    return expr.func(*(_with_free_numbers(arg, taken) for arg in expr.args))


def _number(expr: sympy.Expr, taken: set[sympy.Float]) -> sympy.Float:
    """The number as a decimal, no other of which is equal; one that is a decimal stays."""
    number = expr if expr.is_Float else apart(float(expr), taken)
    taken.add(number)
    return number
