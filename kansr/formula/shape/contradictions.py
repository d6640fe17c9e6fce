"""Statements on a shape that no formula can meet together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import sympy

from kansr.formula.shape.box import Box
from kansr.formula.shape.statement import Bound, Limit, Monotone, Parity, Statement, Value


class Contradiction(NamedTuple):
    """sentence: which statements, and why; last: the number of the last of them."""

    sentence: str
    last: int


def contradiction(statements: Sequence[Statement], box: Box) -> Contradiction | None:
    """The first statements that no formula of use meets together, as far as that is plain; None without any."""
    for last, statement in enumerate(statements):
        for other in statements[:last]:
            why = _why(other, statement, box) or _why(statement, other, box)
            if why:
                return Contradiction(f"{other} and {statement} contradict each other: {why}", last)
    values = [s for s in statements if isinstance(s, Value)]
    for last, statement in enumerate(statements):
        if isinstance(statement, Monotone):
            for one, other in combinations(values, 2):
                if _against(one, other, statement, box):
                    return Contradiction(f"{one} and {other} contradict {statement}", last)
    return None


def _why(one: Statement, other: Statement, box: Box) -> str:
    if isinstance(one, Monotone) and isinstance(other, Monotone):
        both = one.input == other.input and one.rising != other.rising
        return "a function that both rises and falls along an input does not depend on it" if both else ""
    if isinstance(one, Bound) and isinstance(other, Bound) and one.below and not other.below:
        strict = one.strict or other.strict
        nothing = one.value > other.value or (strict and _same(one.value, other.value))
        return "no value satisfies both" if nothing else ""
    if isinstance(one, Bound) and isinstance(other, Value) and _inside(other, box):
        return "the value is beyond the bound" if _beyond(one, other) else ""
    if isinstance(one, Value) and isinstance(other, Value):
        return _of_values(one, other)
    if isinstance(one, Limit) and isinstance(other, Limit) and one.input == other.input and _same(one.to, other.to):
        return _of_limits(one, other)
    if isinstance(one, Parity) and isinstance(other, Parity) and one.input == other.input and one.even != other.even:
        return "only the function 0 is both even and odd"
    if isinstance(one, Parity) and not one.even and isinstance(other, Value):
        at_zero = other.point.get(one.input) == 0 and not _same(other.value, sympy.S.Zero)
        return f"an odd function is 0 where {one.input} is 0" if at_zero else ""
    if (
        isinstance(one, Monotone)
        and isinstance(other, Parity)
        and one.strict
        and other.even
        and one.input == other.input
    ):
        low, high = box.range(one.input)
        return "an even function that rises on one side of 0 falls on the other" if low < 0 < high else ""
    return ""


def _against(first: Value, second: Value, rising: Monotone, box: Box) -> bool:
    """Whether two values at points of the box, which differ in one input, contradict a monotone course along it."""
    at = first.point, second.point
    differing = [name for name in at[0] if at[0][name] != at[1].get(name)]
    if set(at[0]) != set(at[1]) or differing != [rising.input] or not (_inside(first, box) and _inside(second, box)):
        return False
    if _same(first.value, second.value):
        return rising.strict
    return (at[1][rising.input] > at[0][rising.input]) != (bool(second.value > first.value) == rising.rising)


def _same(one: sympy.Expr, other: sympy.Expr) -> bool:
    """Whether two numbers are one as floats: to sympy 0.5 and 1/2 are two."""
    return float(one) == float(other)


def _inside(value: Value, box: Box) -> bool:
    return all(box.range(name)[0] <= place <= box.range(name)[1] for name, place in value.point.items())


def _beyond(bound: Bound, value: Value) -> bool:
    room = value.value - bound.value if bound.below else bound.value - value.value
    return bool(room <= 0 if bound.strict else room < 0)


def _of_values(one: Value, other: Value) -> str:
    """Two values at one point, or where the points may be one: what one of them does not name is any number."""
    here, there = one.point, other.point
    meet = all(here[name] == there[name] for name in here.keys() & there.keys())
    return "a function has one value at each point" if meet and not _same(one.value, other.value) else ""


def _of_limits(one: Limit, other: Limit) -> str:
    if one.value is not None and other.value is not None:
        return "" if _same(one.value, other.value) else "a function has one limit"
    given = one.value if one.value is not None else other.value
    return "infinity is not finite" if given is not None and given.is_infinite else ""
