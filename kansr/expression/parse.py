"""Text to a sympy expression, by our own grammar: nothing is ever evaluated as text, and limits come before work."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import sympy
from lark import Lark, Token, Transformer_NonRecursive, UnexpectedCharacters, UnexpectedInput, v_args
from lark.exceptions import VisitError

from kansr.errors import FormulaError
from kansr.runtime.resources import shipped


def _magnitude(x: sympy.Expr) -> sympy.Expr:
    """|x| over the reals: sympy takes x as complex and writes |exp(x)| as exp(re(x))."""
    return sympy.Abs(x).replace(sympy.re, lambda inner: inner)


FUNCTIONS: Mapping[str, Callable[..., sympy.Expr]] = {
    **{f.__name__: f for f in (sympy.exp, sympy.log, sympy.sqrt, sympy.sin, sympy.cos, sympy.tan)},
    **{f.__name__: f for f in (sympy.asin, sympy.acos, sympy.atan, sympy.sinh, sympy.cosh, sympy.tanh)},
    "abs": _magnitude,
}
CONSTANTS: Mapping[str, sympy.Expr] = {"pi": sympy.pi, "E": sympy.E}

MAX_CHARACTERS = 100_000
MAX_TOKENS = 10_000
MAX_DEPTH = 100  # of parentheses, and of the expression: sympy recurses a few frames a level
MAX_DIGITS = 400
MAX_EXPONENT = 1000
MAX_BITS = 1 << 16  # of all exact coefficients that meet in one sum or product
MAX_EFFORT = 4000  # operations on plain numbers, each counted whenever a part that it stands in is evaluated

_HINTS = {"^": "**", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "²": "**2", "³": "**3"}


def parse(
    text: str,
    *,
    names: Collection[str] | None = None,
    functions: Mapping[str, Callable[..., sympy.Expr]] = FUNCTIONS,
) -> sympy.Expr:
    """The sympy expression that `text` spells.

    Integers and their quotients are exact, decimals are doubles, names are plain symbols. With `names` only those
    may be used. `functions` holds all functions of the language: `{**FUNCTIONS, "besselj": sympy.besselj}` adds one.
    """
    _check_size(text)
    try:
        tree = _parser().parse(text)
        return _Builder(text, names, functions).transform(tree).expr
    except UnexpectedInput as err:
        raise _unexpected(text, err) from None
    except VisitError as err:
        if isinstance(err.orig_exc, FormulaError):
            raise err.orig_exc from None
        # What sympy itself cannot work out, such as asin(sin(10**300)).
        raise FormulaError("sympy cannot build this formula", text, 0) from err


def caret(error: FormulaError, width: int = 72) -> str:
    """The line of the formula where it went wrong, with a ^ under the place; empty where no place is known."""
    if error.position is None:
        return ""
    text, position = error.text, min(error.position, len(error.text))
    first = max(text.rfind("\n", 0, position) + 1, position - width // 2)
    line = text[first : first + width].split("\n")[0]
    return f"{line}\n{' ' * (position - first)}^"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'?' for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


@cache
def _parser() -> Lark:
    grammar = shipped("grammars/expression.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", propagate_positions=True)


def _error(message: str, text: str, position: int) -> FormulaError:
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    place = f"line {line}, column {column}" if "\n" in text else f"column {column}"
    return FormulaError(f"{message} (at {place})", text, position)


def _check_size(text: str) -> None:
    """Refuse, in one pass over the text, what would be slow or too deep to parse."""
    if not text.strip():
        raise FormulaError("the formula is empty", text, 0)
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"the formula has {len(text)} characters; at most {MAX_CHARACTERS} are read", text, 0)
    opened: list[int] = []
    for match in re.finditer(r"[()]", text):
        if match.group() == "(":
            opened.append(match.start())
            if len(opened) > MAX_DEPTH:
                raise _error(f"more than {MAX_DEPTH} parentheses inside each other", text, match.start())
        elif not opened:
            raise _error("a ')' without its '('", text, match.start())
        else:
            opened.pop()
    if opened:
        raise _error("a '(' that is never closed", text, opened[-1])
    if sum(1 for _ in re.finditer(r"\w+|[^\w\s]", text)) > MAX_TOKENS:
        raise FormulaError(f"the formula has more than {MAX_TOKENS} numbers, names and signs", text, 0)


def _unexpected(text: str, err: UnexpectedInput) -> FormulaError:
    position = err.pos_in_stream or 0
    if isinstance(err, UnexpectedCharacters):
        character = text[position]
        hint = " in a formula"
        if character in _HINTS:
            hint = f": write {_HINTS[character]}"
        elif character.isalpha():
            hint = ": names are made of the letters a to z, digits and _"
        return _error(f"unexpected {character!r}{hint}", text, position)
    token = getattr(err, "token", None)
    if token is None or token.type == "$END":
        return _error("the formula ends too early", text, len(text.rstrip()))
    before = text[:position].rstrip()
    product = token.type in ("NAME", "NUMBER", "LPAR") and (before[-1:].isalnum() or before.endswith((")", "_", ".")))
    hint = ": an operator such as * is missing before it" if product else ""
    return _error(f"unexpected {_short(str(token))!r}{hint}", text, position)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


class Part(NamedTuple):
    """A piece of the formula: its expression, whether it is free of names, and how many levels it has."""

    expr: sympy.Expr
    constant: bool
    height: int


@v_args(meta=True)
class _Builder(Transformer_NonRecursive):
    """Builds sympy objects from the tree, bottom up; each method is a rule of the grammar."""

    def __init__(
        self, text: str, names: Collection[str] | None, functions: Mapping[str, Callable[..., sympy.Expr]]
    ) -> None:
        super().__init__(visit_tokens=False)
        self.text, self.names, self.functions = text, names, functions
        self.effort = 0

    def number(self, meta: Any, children: list[Token]) -> Part:
        token = str(children[0])
        if len(token) > MAX_DIGITS:
            raise self.error(f"a number of {len(token)} characters; at most {MAX_DIGITS} are read", meta)
        if token.isdecimal():
            return self.part(sympy.Integer(int(token)), [], meta)
        value = float(token)
        if math.isinf(value) or (value == 0 and re.match(r"[.0]*[1-9]", token)):
            raise self.error(f"{_short(token)} is outside the range of double precision", meta)
        return self.part(sympy.Float(value), [], meta)

    def name(self, meta: Any, children: list[Token]) -> Part:
        name = str(children[0])
        if name in CONSTANTS:
            return Part(CONSTANTS[name], constant=True, height=1)
        if name in self.functions:
            raise self.error(f"{name} is a function: write {name}(...)", meta)
        if self.names is not None and name not in self.names:
            known = ", ".join(list(self.names)[:10]) + (", ..." if len(self.names) > 10 else "")
            hint = did_you_mean(name, [*self.names, *CONSTANTS])
            raise self.error(f"no variable {_short(name)!r} among {known or 'none'}.{hint}", meta)
        return Part(sympy.Symbol(name), constant=False, height=1)

    def call(self, meta: Any, children: list[Any]) -> Part:
        name, parts = str(children[0]), children[1:]
        if name not in self.functions:
            hint = did_you_mean(name, self.functions)
            raise self.error(f"no function {_short(name)!r} ({', '.join(self.functions)}).{hint}", meta)
        if name in FUNCTIONS and len(parts) != 1:
            raise self.error(f"{name} takes one argument, not {len(parts)}", meta)
        try:
            expr = self.functions[name](*(part.expr for part in parts))
        except (TypeError, ValueError) as err:
            raise self.error(f"{name} cannot be applied here: {err}", meta) from err
        return self.part(expr, parts, meta)

    def sum(self, meta: Any, children: list[Any]) -> Part:
        first, *rest = children
        parts = [first, *(_signed(sign, part) for sign, part in zip(rest[::2], rest[1::2]))]
        self.check_bits(parts, meta)
        return self.part(sympy.Add(*(part.expr for part in parts)), parts, meta)

    def product(self, meta: Any, children: list[Any]) -> Part:
        first, *rest = children
        parts = [first, *(self.scaled(sign, part, meta) for sign, part in zip(rest[::2], rest[1::2]))]
        self.check_bits(parts, meta)
        return self.part(sympy.Mul(*(part.expr for part in parts)), parts, meta)

    def signed(self, meta: Any, children: list[Any]) -> Part:
        *signs, part = children
        return _signed("-" if signs.count("-") % 2 else "+", part)

    def power(self, meta: Any, children: list[Any]) -> Part:
        *rest, value = children
        for child in reversed(rest):
            value = _signed(child, value) if isinstance(child, Token) else self.raised(child, value, meta)
        return value

    def scaled(self, sign: str, part: Part, meta: Any) -> Part:
        return part if sign == "*" else self.raised(part, Part(sympy.Integer(-1), True, 0), meta)

    def raised(self, base: Part, exponent: Part, meta: Any) -> Part:
        if exponent.constant and abs(float(exponent.expr)) > MAX_EXPONENT:
            raise self.error(f"an exponent over {MAX_EXPONENT}", meta)
        if base.expr.is_zero and exponent.expr.is_negative:
            raise self.error("division by zero", meta)
        return self.part(sympy.Pow(base.expr, exponent.expr), [base, exponent], meta)

    def part(self, expr: sympy.Expr, parts: list[Part], meta: Any) -> Part:
        """`expr` made of `parts`, if it is still a finite real expression of bounded depth."""
        height = 1 + max((part.height for part in parts), default=0)
        if height > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} operations inside each other", meta)
        constant = all(part.constant for part in parts)
        factors = [factor for term in sympy.Add.make_args(expr) for factor in sympy.Mul.make_args(term)]
        if any(factor.is_Pow and factor.exp.is_number and abs(float(factor.exp)) > MAX_EXPONENT for factor in factors):
            raise self.error(f"an exponent over {MAX_EXPONENT}", meta)
        if any(factor.is_Pow and factor.base is sympy.zoo for factor in factors):  # 0**(-x), as sympy has it
            raise self.error("division by zero", meta)
        numbers = [expr] if constant else [factor for factor in factors if not factor.free_symbols]
        self.effort += sum(sum(1 for _ in sympy.preorder_traversal(n)) for n in numbers if not n.is_Number)
        if self.effort > MAX_EFFORT:
            raise self.error("too many operations on plain numbers inside each other", meta)
        if not all(map(_is_double, numbers)):
            raise self.error(f"{self.source(meta)} is not a real number in the range of double precision", meta)
        return Part(expr, constant, height)

    def check_bits(self, parts: list[Part], meta: Any) -> None:
        exact = [c for part in parts for c in (part.expr.as_coeff_Mul()[0],) if c.is_Rational]
        if sum(c.p.bit_length() + c.q.bit_length() for c in exact) > MAX_BITS:
            raise self.error("exact numbers with too many digits together", meta)

    def source(self, meta: Any) -> str:
        return _short(self.text[meta.start_pos : meta.end_pos])

    def error(self, message: str, meta: Any) -> FormulaError:
        return _error(message, self.text, meta.start_pos)


def _signed(sign: str, part: Part) -> Part:
    return part if sign == "+" else Part(sympy.Mul(sympy.S.NegativeOne, part.expr), part.constant, part.height)


def _is_double(number: sympy.Expr) -> bool:
    """Whether a constant is real and finite; its own parts are, so one more level is quick to evaluate."""
    if number.is_Rational and max(number.p.bit_length(), number.q.bit_length()) > 4 * 1024:
        return False
    try:
        return math.isfinite(float(number))
    except (TypeError, OverflowError):
        return False
