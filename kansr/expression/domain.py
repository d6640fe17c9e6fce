"""The domain of a formula: conditions from its quotients, radicals, logarithms and inverse trigonometric functions."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from kansr.expression.evaluate import REWRITES
from kansr.expression.render import readable


class Kind(enum.Enum):
    """The condition as text: the first {} is the expression, the second the exponent."""

    POSITIVE = "{} > 0"
    NOT_NEGATIVE = "{} >= 0"
    NOT_ZERO = "{} != 0"
    WHOLE = "{} is an integer"
    UNIT = "-1 <= {} <= 1"
    NOT_NEGATIVE_UNLESS = "{} > 0, or {} is an integer"


@dataclass(frozen=True)
class Condition:
    """A condition on an expression; exponent: what the expression is raised to, for NOT_NEGATIVE_UNLESS."""

    kind: Kind
    expr: sympy.Expr
    exponent: sympy.Expr = sympy.S.One

    def __str__(self) -> str:
        return self.kind.value.format(readable(self.expr), readable(self.exponent))


# The assumption of sympy that implies a condition: True where it holds for all real inputs.
HOLDS: Mapping[Kind, Callable[[sympy.Expr], bool | None]] = {
    Kind.POSITIVE: lambda u: u.is_positive,
    Kind.NOT_NEGATIVE: lambda u: u.is_nonnegative,
    Kind.NOT_ZERO: lambda u: u.is_nonzero,
    Kind.WHOLE: lambda u: u.is_integer,
    Kind.NOT_NEGATIVE_UNLESS: lambda u: u.is_nonnegative,
}
INVERSES = (sympy.asin, sympy.acos)
# What makes an expression unreal, whatever its inputs are.
UNREAL = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)


def is_real_formula(expr: sympy.Expr) -> bool:
    """Whether an expression is free of infinities, the imaginary unit and nan, which make it unreal for all inputs."""
    return not expr.has(*UNREAL)


def domain(expr: sympy.Expr) -> tuple[Condition, ...]:
    """The conditions under which `expr` is real and finite, overflow aside; `str` gives each as text.

    Conditions that hold for all real inputs, or follow from another one on the same expression, are left out.
    """
    real = {symbol: sympy.Symbol(symbol.name, real=True) for symbol in expr.free_symbols}
    found: dict[Condition, None] = {}
    for condition in _conditions(expr):
        holds = HOLDS.get(condition.kind)
        if condition.expr.free_symbols and not (holds and holds(condition.expr.xreplace(real))):
            found[condition] = None
    positive = {c.expr for c in found if c.kind is Kind.POSITIVE}
    weaker = (Kind.NOT_NEGATIVE, Kind.NOT_ZERO, Kind.NOT_NEGATIVE_UNLESS)
    return tuple(c for c in found if not (c.kind in weaker and c.expr in positive))


def _conditions(expr: sympy.Expr) -> Iterator[Condition]:
    """The conditions of all subexpressions, the innermost first."""
    if expr.func in REWRITES:
        yield from _conditions(REWRITES[expr.func](expr.args[0]))
        return
    for arg in expr.args:
        yield from _conditions(arg)
    if expr.is_Pow:
        yield from _of_power(expr.base, expr.exp)
    elif expr.func is sympy.log:
        yield Condition(Kind.POSITIVE, expr.args[0])
    elif expr.func is sympy.tan:
        yield Condition(Kind.NOT_ZERO, sympy.cos(expr.args[0]))
    elif expr.func in INVERSES:
        yield Condition(Kind.UNIT, expr.args[0])


def _of_power(base: Any, exponent: Any) -> Iterator[Condition]:
    if not exponent.is_number:
        if base.is_negative and base.is_number:
            yield Condition(Kind.WHOLE, exponent)
        elif not base.is_positive:
            yield Condition(Kind.NOT_NEGATIVE_UNLESS, base, exponent)
    elif exponent.is_Integer or float(exponent).is_integer():
        if exponent < 0:
            yield Condition(Kind.NOT_ZERO, base)
    else:
        yield Condition(Kind.POSITIVE if exponent < 0 else Kind.NOT_NEGATIVE, base)
