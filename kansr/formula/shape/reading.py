"""Read statements on the shape of a law: `monotone x +; y(x=0) = 0`. The grammar is grammars/shape.lark."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy
from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from kansr.errors import FormulaError
from kansr.expression.parse import did_you_mean, parse
from kansr.formula.shape.box import Box
from kansr.formula.shape.contradictions import contradiction
from kansr.formula.shape.statement import (
    Bound,
    Curved,
    Finite,
    Limit,
    Monotone,
    Parity,
    Periodic,
    Statement,
    Symmetric,
    Value,
)
from kansr.runtime.resources import shipped

MAX_CHARACTERS = 2000  # of all statements; those that people write stay far below
MAX_STATEMENTS = 50
SHOWN = 40  # characters that a message repeats
TARGET = "y"  # what the target may be called, whatever its name, unless an input has that name
KINDS = {  # first word of a statement -> how it is written
    "monotone": "monotone x +",
    "increasing": "increasing x",
    "decreasing": "decreasing x",
    "strictly": "strictly monotone x +",
    "convex": "convex x",
    "concave": "concave x",
    "limit": "limit x->inf = 1",
    "even": "even x",
    "odd": "odd x",
    "symmetric": "symmetric x z",
    "period": "period x = 2*pi",
    "finite": "finite",
}
OF_TARGET = "y >= 0, 0 <= y <= 1 or y(x=0) = 0"


@dataclass(frozen=True, eq=False)
class Shape:
    """What is known of a law: statements, and the box of the inputs in which they hold."""

    statements: tuple[Statement, ...]
    box: Box


def read_shape(text: str, target: str, box: Box) -> Shape:
    """The statements of a text on a law for `target` in the inputs of a box.

    Raises FormulaError, with the position, for what is no statement, names that are no inputs, and statements that no
    formula can meet together.
    """
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"the shape has {len(text)} characters; at most {MAX_CHARACTERS} are allowed", text)
    found: list[Statement] = []
    places: list[int] = []
    for start, part in _parts(text):
        for statement in _read(text, start, part, target, box.names):
            found.append(statement)
            places.append(start)
    if not found:
        raise FormulaError(f"the shape is empty; write statements such as {KINDS['monotone']}; {OF_TARGET}", text)
    if len(found) > MAX_STATEMENTS:
        raise FormulaError(f"the shape has {len(found)} statements; at most {MAX_STATEMENTS} are allowed", text)
    clash = contradiction(found, box)
    if clash:
        raise _error(clash.sentence, text, places[clash.last])
    return Shape(tuple(dict.fromkeys(found)), box)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """(position, text) of what stands between semicolons and is not blank."""
    start = 0
    for part in text.split(";"):
        if part.strip():
            yield start + len(part) - len(part.lstrip()), part.strip()
        start += len(part) + 1


def _read(text: str, start: int, part: str, target: str, inputs: Sequence[str]) -> tuple[Statement, ...]:
    known = part
    if re.match(rf"{re.escape(target)}\s*[<>(]", part):  # a target may be called as a statement begins, such as period
        known = TARGET.ljust(len(target)) + part[len(target) :]
    try:
        tree = _parser().parse(known)
        return tuple(_Statements(text, start, known is not part, target, inputs).transform(tree))
    except UnexpectedInput as err:
        raise _unexpected(text, start, part, err, target) from None
    except VisitError as err:
        raise err.orig_exc from None


@cache
def _parser() -> Lark:
    return Lark(shipped("grammars/shape.lark").read_text(encoding="utf-8"), parser="lalr", lexer="contextual")


def _error(message: str, text: str, position: int) -> FormulaError:
    return FormulaError(f"shape: {message} (at column {position + 1})", text, position)


def _unexpected(text: str, start: int, part: str, err: UnexpectedInput, target: str) -> FormulaError:
    """What is wrong with a statement, and how one that begins with this word is written."""
    word = re.match(r"[A-Za-z_]\w*", part)
    first = word[0] if word else ""
    if first in KINDS:
        where = start + len(part) if getattr(getattr(err, "token", None), "type", "") == "$END" else start + _place(err)
        return _error(f"{_short(part)!r} is not understood; write it as {KINDS[first]}", text, where)
    if first in (TARGET, target):
        return _error(f"{_short(part)!r} is not understood; write {OF_TARGET}", text, start + _place(err))
    near = difflib.get_close_matches(first, KINDS, n=1)
    hint = f"did you mean {KINDS[near[0]]!r}?" if near else f"statements are {', '.join(KINDS.values())}, {OF_TARGET}"
    return _error(f"unknown statement {_short(part)!r}; {hint}", text, start)


def _place(err: UnexpectedInput) -> int:
    return max(err.pos_in_stream or 0, 0)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


class _Statements(Transformer[Token, Any]):
    """Parse tree to statements; each method is the grammar rule of that name. start: where the statement begins."""

    def __init__(self, text: str, start: int, named: bool, target: str, inputs: Sequence[str]) -> None:
        super().__init__()
        self.text, self.first, self.named, self.target, self.inputs = text, start, named, target, inputs

    def monotone(self, children: list[Token]) -> list[Statement]:
        kinds = {child.type: child for child in children}
        way = str(kinds.get("SIGN") or kinds["WAY"])
        return [Monotone(self.input(kinds["NAME"]), way in ("+", "increasing"), "STRICTLY" in kinds)]

    def curved(self, children: list[Token]) -> list[Statement]:
        return [Curved(self.input(children[1]), children[0] == "convex")]

    def bound(self, children: list[Token]) -> list[Statement]:
        name, sign, value = children
        self.check_target(name)
        return [self.limited(sign, value, sign[0] == ">")]

    def between(self, children: list[Token]) -> list[Statement]:
        first, sign, name, other, last = children
        self.check_target(name)
        if sign[0] != other[0]:
            raise self.error("a value lies between two numbers: write 0 <= y <= 1", other)
        return [self.limited(sign, first, sign[0] == "<"), self.limited(other, last, other[0] == ">")]

    def limited(self, sign: Token, value: Token, below: bool) -> Bound:
        number = self.number(value)
        if number.is_infinite:
            raise self.error("a bound is a finite number", value)
        return Bound(number, below, "=" not in sign, self.target)

    def value(self, children: list[Any]) -> list[Statement]:
        name, *places, value = children
        self.check_target(name)
        if len({place for place, _ in places}) < len(places):
            raise self.error("an input has two values", name)
        number = self.number(value)
        if number.is_infinite:
            raise self.error("a value is a finite number; a pole is said with limit x->0 = inf", value)
        return [Value(tuple(places), number, self.target)]

    def place(self, children: list[Token]) -> tuple[str, sympy.Expr]:
        name, value = children
        number = self.number(value)
        if number.is_infinite:
            raise self.error(f"write limit {name}->{value} = … for what happens at infinity", value)
        return self.input(name), number

    def limit(self, children: list[Token]) -> list[Statement]:
        name, to, *value = children
        return [Limit(self.input(name), self.number(to), self.number(value[0]) if value else None)]

    def parity(self, children: list[Token]) -> list[Statement]:
        return [Parity(self.input(children[1]), children[0] == "even")]

    def symmetric(self, children: list[Token]) -> list[Statement]:
        first, second = (self.input(child) for child in children)
        if first == second:
            raise self.error("two different inputs are exchanged", children[1])
        return [Symmetric(first, second)]

    def period(self, children: list[Token]) -> list[Statement]:
        number = self.number(children[1])
        if not number.is_positive or number.is_infinite:
            raise self.error("a period is a positive number", children[1])
        return [Periodic(self.input(children[0]), number)]

    def finite(self, children: list[Token]) -> list[Statement]:
        return [Finite()]

    def input(self, token: Token) -> str:
        name = str(token)
        if name not in self.inputs:
            if name in (self.target, TARGET):
                raise self.error(f"{name} is the target; here an input is named: {', '.join(self.inputs)}", token)
            listed = ", ".join(self.inputs)
            hint = did_you_mean(name, self.inputs)
            raise self.error(f"no input {_short(name)!r}; the inputs are {listed}.{hint}".rstrip("."), token)
        return name

    def check_target(self, token: Token) -> None:
        name = str(token)
        if self.named or name == self.target or (name == TARGET and TARGET not in self.inputs):
            return
        if name in self.inputs:
            raise self.error(f"{name} is an input; the target is {self.target}", token)
        also = "" if TARGET in self.inputs or self.target == TARGET else f", or {TARGET} for short"
        raise self.error(f"{_short(name)!r} is not the target, which is {self.target}{also}", token)

    def number(self, token: Token) -> sympy.Expr:
        text = str(token)
        if text.lstrip("+-") == "inf":
            return -sympy.oo if text.startswith("-") else sympy.oo
        if "inf" in text:
            raise self.error("infinity is written inf or -inf alone", token)
        # with the blanks, positions in the number are positions in the text
        return parse(" " * self.place_of(token) + text.lstrip("+"), names=[])

    def place_of(self, token: Token) -> int:
        return self.first + (token.start_pos or 0)

    def error(self, message: str, token: Token) -> FormulaError:
        return _error(message, self.text, self.place_of(token))
