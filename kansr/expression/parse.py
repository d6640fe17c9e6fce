"""Parse text into a sympy expression. A grammar reads it, nothing is evaluated as code, and its size is limited."""

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


def magnitude(x: sympy.Expr) -> sympy.Expr:
    """|x| for real x.

    sympy takes x as complex and would write |exp(u)| as exp(re(u)), and re(sqrt(x)) with atan2: exponentials are
    positive here.
    """
    positive = {one: sympy.Dummy(positive=True) for one in x.atoms(sympy.exp)}
    size = sympy.Abs(x.xreplace(positive)).replace(sympy.re, lambda inner: inner)
    return size.xreplace({dummy: one for one, dummy in positive.items()})


FUNCTIONS: Mapping[str, Callable[..., sympy.Expr]] = {
    **{f.__name__: f for f in (sympy.exp, sympy.log, sympy.sqrt, sympy.sin, sympy.cos, sympy.tan)},
    **{f.__name__: f for f in (sympy.asin, sympy.acos, sympy.atan, sympy.sinh, sympy.cosh, sympy.tanh)},
    "abs": magnitude,
    "max": sympy.Max,
    "min": sympy.Min,
}
OF_SEVERAL = ("max", "min")  # the functions of two or more arguments
CONSTANTS: Mapping[str, sympy.Expr] = {"pi": sympy.pi, "E": sympy.E}

# Limits that bound time and memory for hostile text. No formula that people write comes near them.
MAX_CHARACTERS = 100_000
MAX_TOKENS = 10_000
MAX_DEPTH = 100  # of nested parentheses, and of the expression tree: sympy recurses a few frames per level
MAX_DIGITS = 400  # of one number; the largest double has 309 digits before the point
MAX_EXPONENT = 1000  # in size; x**1000 overflows for x > 2.04
MAX_BITS = 1 << 16  # total of the exact coefficients in one sum or product: sympy computes with all their digits
MAX_EFFORT = 4000  # evaluations of operations on constants, each counted again for every subexpression around it
MAX_RATIONAL_BITS = 4 * 1024  # of a numerator or denominator that is still converted to a double, which has 1024
SHOWN = 40  # characters of a name or token that a message repeats
LISTED = 10  # names that a message lists

# What people write for an operator, and how the language has it.
_HINTS = {"^": "**", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "²": "**2", "³": "**3"}


def parse(
    text: str,
    *,
    names: Collection[str] | None = None,
    functions: Mapping[str, Callable[..., sympy.Expr]] = FUNCTIONS,
) -> sympy.Expr:
    """Parse a formula.

    Integers and their quotients are exact, decimals are doubles, names are plain symbols.

    names: the variables that may occur; any where None.
    functions: every function of the language by name; `{**FUNCTIONS, "besselj": sympy.besselj}` adds one.

    Raises FormulaError for what is not in the language, is not real and finite, or exceeds a limit; its position is
    None where it is about the formula as a whole.
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text, not {type(text).__name__}")
    _check_size(text)
    try:
        tree = _parser().parse(text)
        return _ExpressionBuilder(text, names, functions).transform(tree).expr
    except UnexpectedInput as err:
        raise _unexpected(text, err) from None
    except VisitError as err:
        if isinstance(err.orig_exc, FormulaError):
            raise err.orig_exc from None
        # sympy fails on some constants, such as asin(sin(10**300)).
        raise FormulaError("sympy cannot build this formula", text) from err


def caret(error: FormulaError, width: int = 72) -> str:
    """The line of the formula in which the error is, with a ^ below the position; "" where the position is unknown.

    width: the most characters of the line that are shown, around the position.
    """
    if error.position is None:
        return ""
    text, position = error.text, min(error.position, len(error.text))
    first = max(text.rfind("\n", 0, position) + 1, position - width // 2)
    line = text[first : first + width].split("\n")[0]
    return f"{line}\n{' ' * (position - first)}^"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence such as " Did you mean 'x'?" for the most similar known name, "" where none is similar."""
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
    """Raise FormulaError for text that is empty, unbalanced, or too long or too deep to parse; linear in its length."""
    if not text.strip():
        raise FormulaError("the formula is empty", text)
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"the formula has {len(text)} characters; at most {MAX_CHARACTERS} are allowed", text)
    opened: list[int] = []
    for match in re.finditer(r"[()]", text):
        if match.group() == "(":
            opened.append(match.start())
            if len(opened) > MAX_DEPTH:
                raise _error(f"more than {MAX_DEPTH} nested parentheses", text, match.start())
        elif not opened:
            raise _error("')' without a matching '('", text, match.start())
        else:
            opened.pop()
    if opened:
        raise _error("'(' is never closed", text, opened[-1])
    if sum(1 for _ in re.finditer(r"\w+|[^\w\s]", text)) > MAX_TOKENS:
        raise FormulaError(f"the formula has more than {MAX_TOKENS} numbers, names and operators", text)


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
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


class Subexpression(NamedTuple):
    """A part of the formula. constant: it has no variables; height: levels of its tree as it was written."""

    expr: sympy.Expr
    constant: bool
    height: int


@v_args(meta=True)
class _ExpressionBuilder(Transformer_NonRecursive):
    """Parse tree to sympy, bottom up. Each public method up to `power` is the grammar rule of that name."""

    def __init__(
        self, text: str, names: Collection[str] | None, functions: Mapping[str, Callable[..., sympy.Expr]]
    ) -> None:
        super().__init__(visit_tokens=False)
        self.text, self.names, self.functions = text, names, functions
        self.effort = 0

    def number(self, meta: Any, children: list[Token]) -> Subexpression:
        token = str(children[0])
        if len(token) > MAX_DIGITS:
            raise self.error(f"a number of {len(token)} characters; at most {MAX_DIGITS} are allowed", meta)
        if token.isdecimal():
            return self.part(sympy.Integer(int(token)), [], meta)
        value = float(token)
        if math.isinf(value) or (value == 0 and re.match(r"[.0]*[1-9]", token)):
            raise self.error(f"{_short(token)} is outside the range of double precision", meta)
        return self.part(sympy.Float(value), [], meta)

    def name(self, meta: Any, children: list[Token]) -> Subexpression:
        name = str(children[0])
        if name in CONSTANTS:
            return Subexpression(CONSTANTS[name], constant=True, height=1)
        if name in self.functions:
            raise self.error(f"{name} is a function: write {name}(...)", meta)
        if self.names is not None and name not in self.names:
            known = ", ".join(list(self.names)[:LISTED]) + (", ..." if len(self.names) > LISTED else "")
            hint = did_you_mean(name, [*self.names, *CONSTANTS])
            raise self.error(f"no variable {_short(name)!r} among {known or 'none'}.{hint}", meta)
        return Subexpression(sympy.Symbol(name), constant=False, height=1)

    def call(self, meta: Any, children: list[Any]) -> Subexpression:
        name, parts = str(children[0]), children[1:]
        if name not in self.functions:
            hint = did_you_mean(name, self.functions)
            raise self.error(f"no function {_short(name)!r} ({', '.join(self.functions)}).{hint}", meta)
        if name in FUNCTIONS and (len(parts) != 1) != (name in OF_SEVERAL):
            wanted = "two or more arguments" if name in OF_SEVERAL else "one argument"
            raise self.error(f"{name} takes {wanted}, not {len(parts)}", meta)
        try:
            expr = self.functions[name](*(part.expr for part in parts))
        except (TypeError, ValueError) as err:
            raise self.error(f"{name} cannot be applied here: {err}", meta) from err
        return self.part(expr, parts, meta)

    def sum(self, meta: Any, children: list[Any]) -> Subexpression:
        first, *rest = children
        parts = [first, *(_signed(sign, part) for sign, part in zip(rest[::2], rest[1::2]))]
        self.check_bits(parts, meta)
        return self.part(sympy.Add(*(part.expr for part in parts)), parts, meta)

    def product(self, meta: Any, children: list[Any]) -> Subexpression:
        first, *rest = children
        parts = [first, *(self.scaled(sign, part, meta) for sign, part in zip(rest[::2], rest[1::2]))]
        self.check_bits(parts, meta)
        return self.part(sympy.Mul(*(part.expr for part in parts)), parts, meta)

    def signed(self, meta: Any, children: list[Any]) -> Subexpression:
        *signs, part = children
        return _signed("-" if signs.count("-") % 2 else "+", part)

    def power(self, meta: Any, children: list[Any]) -> Subexpression:
        *rest, value = children
        for child in reversed(rest):
            value = _signed(child, value) if isinstance(child, Token) else self.raised(child, value, meta)
        return value

    def scaled(self, sign: str, part: Subexpression, meta: Any) -> Subexpression:
        return part if sign == "*" else self.raised(part, Subexpression(sympy.Integer(-1), True, 0), meta)

    def raised(self, base: Subexpression, exponent: Subexpression, meta: Any) -> Subexpression:
        if exponent.constant and abs(float(exponent.expr)) > MAX_EXPONENT:
            raise self.error(f"an exponent over {MAX_EXPONENT}", meta)
        if base.expr.is_zero and exponent.expr.is_negative:
            raise self.error("division by zero", meta)
        return self.part(sympy.Pow(base.expr, exponent.expr), [base, exponent], meta)

    def part(self, expr: sympy.Expr, parts: list[Subexpression], meta: Any) -> Subexpression:
        """`expr`, built from `parts`. Raises FormulaError unless it is real, finite and within the limits."""
        height = 1 + max((part.height for part in parts), default=0)
        if height > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} nested operations", meta)
        constant = all(part.constant for part in parts)
        factors = [factor for term in sympy.Add.make_args(expr) for factor in sympy.Mul.make_args(term)]
        if any(factor.is_Pow and factor.exp.is_number and abs(float(factor.exp)) > MAX_EXPONENT for factor in factors):
            raise self.error(f"an exponent over {MAX_EXPONENT}", meta)
        if any(factor.is_Pow and factor.base is sympy.zoo for factor in factors):  # 0**(-x), as sympy has it
            raise self.error("division by zero", meta)
        numbers = [expr] if constant else [factor for factor in factors if not factor.free_symbols]
        self.effort += sum(sum(1 for _ in sympy.preorder_traversal(n)) for n in numbers if not n.is_Number)
        if self.effort > MAX_EFFORT:
            raise self.error("too many nested operations on constants", meta)
        if not all(map(_is_double, numbers)):
            raise self.error(f"{self.source(meta)} is not a real number in the range of double precision", meta)
        return Subexpression(expr, constant, height)

    def check_bits(self, parts: list[Subexpression], meta: Any) -> None:
        exact = [c for part in parts for c in (part.expr.as_coeff_Mul()[0],) if c.is_Rational]
        if sum(c.p.bit_length() + c.q.bit_length() for c in exact) > MAX_BITS:
            raise self.error("exact numbers with too many digits in total", meta)

    def source(self, meta: Any) -> str:
        return _short(self.text[meta.start_pos : meta.end_pos])

    def error(self, message: str, meta: Any) -> FormulaError:
        return _error(message, self.text, meta.start_pos)


def _signed(sign: str, part: Subexpression) -> Subexpression:
    return part if sign == "+" else Subexpression(sympy.Mul(sympy.S.NegativeOne, part.expr), part.constant, part.height)


def _is_double(number: sympy.Expr) -> bool:
    """Whether a constant is real and finite. Its parts have been checked, so evaluating one more level is quick."""
    if number.is_Rational and max(number.p.bit_length(), number.q.bit_length()) > MAX_RATIONAL_BITS:
        return False
    try:
        return math.isfinite(float(number))
    except (TypeError, OverflowError):
        return False
