"""Statements on the shape of a law. Each says itself as text, in the grammar of shape.lark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

from kansr.expression.render import readable


def number(value: sympy.Expr) -> str:
    """A number as text; inf for infinity."""
    return {sympy.oo: "inf", -sympy.oo: "-inf"}.get(value) or readable(value)


@dataclass(frozen=True)
class Monotone:
    """The target does not fall, or not rise, along an input, the others fixed; strict: nor stays on any interval."""

    input: str
    rising: bool
    strict: bool = False

    def __str__(self) -> str:
        return f"{'strictly ' if self.strict else ''}monotone {self.input} {'+' if self.rising else '-'}"


@dataclass(frozen=True)
class Curved:
    """The target is convex, or concave, along an input, the others fixed."""

    input: str
    convex: bool

    def __str__(self) -> str:
        return f"{'convex' if self.convex else 'concave'} {self.input}"


@dataclass(frozen=True)
class Bound:
    """The target is at least, or at most, a number; strict: and not equal to it."""

    value: sympy.Expr
    below: bool  # whether the number is a lower bound
    strict: bool = False
    target: str = field(default="y", compare=False)

    def __str__(self) -> str:
        return f"{self.target} {'>' if self.below else '<'}{'' if self.strict else '='} {number(self.value)}"


@dataclass(frozen=True)
class Value:
    """The target has a value where some inputs have theirs, whatever the others are in the box."""

    at: tuple[tuple[str, sympy.Expr], ...]
    value: sympy.Expr
    target: str = field(default="y", compare=False)

    @property
    def point(self) -> Mapping[str, float]:
        return {name: float(value) for name, value in self.at}

    def __str__(self) -> str:
        where = ", ".join(f"{name}={number(value)}" for name, value in self.at)
        return f"{self.target}({where}) = {number(self.value)}"


@dataclass(frozen=True)
class Limit:
    """The limit along an input; value: None where it only has to be finite."""

    input: str
    to: sympy.Expr
    value: sympy.Expr | None

    def __str__(self) -> str:
        end = "finite" if self.value is None else f"= {number(self.value)}"
        return f"limit {self.input}->{number(self.to)} {end}"


@dataclass(frozen=True)
class Parity:
    """The target is the same, or its negative, where an input changes its sign."""

    input: str
    even: bool

    def __str__(self) -> str:
        return f"{'even' if self.even else 'odd'} {self.input}"


@dataclass(frozen=True)
class Symmetric:
    """The target is the same where two inputs exchange their values."""

    first: str
    second: str

    def __str__(self) -> str:
        return f"symmetric {self.first} {self.second}"


@dataclass(frozen=True)
class Periodic:
    """The target is the same where an input grows by the period."""

    input: str
    period: sympy.Expr

    def __str__(self) -> str:
        return f"period {self.input} = {number(self.period)}"


@dataclass(frozen=True)
class Finite:
    """The target has a value everywhere in the box: no pole, no root of a negative number."""

    def __str__(self) -> str:
        return "finite"


Statement = Monotone | Curved | Bound | Value | Limit | Parity | Symmetric | Periodic | Finite
