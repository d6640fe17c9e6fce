"""Print a sympy expression: in the formula language, for people, and as LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sympy
from sympy.core.function import Application
from sympy.core.parameters import distribute
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from kansr.errors import FormulaError
from kansr.expression.evaluate import EXTREMES, REWRITES
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import FUNCTIONS

HALF = sympy.Rational(1, 2)
NUMBERS: tuple[Any, ...] = (sympy.Rational, sympy.Float, type(sympy.pi), type(sympy.E), NamedConstant)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# What an expression of the language may consist of, beside its functions.
PRINTABLE: tuple[Any, ...] = (*NUMBERS, sympy.Symbol, sympy.Add, sympy.Mul, sympy.Pow, sympy.Abs, *EXTREMES)


def render(expr: sympy.Expr, *, functions: Mapping[str, Callable[..., sympy.Expr]] = FUNCTIONS) -> str:
    """The expression in the formula language; `parse` reads it back with the same values, to the last bit.

    functions: those of the language, by name. Raises FormulaError for what the language cannot express.
    """
    return _FormulaPrinter(repr).doprint(with_joined_radicals(_in_language(expr, functions)))


def readable(expr: sympy.Expr, digits: int = 6) -> str:
    """The expression for people: the formula language with numbers rounded to `digits` significant digits.

    A factor or an exponent that is rounded to 1 is left out. Raises FormulaError for what the language cannot express.
    """
    plain = with_joined_radicals(_without_ones(_in_language(expr, FUNCTIONS), digits))
    return _FormulaPrinter(lambda value: f"{value:.{digits}g}").doprint(plain)


def _without_ones(expr: sympy.Expr, digits: int) -> sympy.Expr:
    """The expression with whole numbers in place of those that would be written as 1 or -1."""
    ones = {f: sympy.Integer(round(f)) for f in expr.atoms(sympy.Float) if f"{abs(float(f)):.{digits}g}" == "1"}
    if not ones:
        return expr
    with distribute(False):  # sympy would expand 2*(x + y)
        return expr.xreplace(ones)


def mathematics(expr: sympy.Expr, digits: int = 6) -> str:
    """The expression in one line of mathematical notation, 2·x², √y, π; `parse` does not read it."""
    plain = with_joined_radicals(_in_language(expr, FUNCTIONS))
    text = _FormulaPrinter(lambda value: f"{value:.{digits}g}").doprint(plain)
    powers = r"\*\*(?:(\d+)(?![\d.e])|\((-\d+)\))"
    text = re.sub(powers, lambda power: (power[1] or power[2]).translate(SUPERSCRIPTS), text)
    text = re.sub(r"\bsqrt\((\w+)\)", r"√\1", text)
    text = re.sub(r"\bpi\b", "π", text).replace("sqrt(", "√(").replace("**", "^").replace("*", "·")
    return re.sub(r"(?<!e)-", "−", text)  # but not the exponent of 1e-05


def latex(expr: sympy.Expr, digits: int | None = 6) -> str:
    """The expression as LaTeX, numbers rounded to `digits` significant digits; with all digits for None."""
    return _RoundingLatexPrinter(digits).doprint(with_joined_radicals(expr))


def with_joined_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(2)*x/(2*sqrt(pi)) -> x/sqrt(2*pi) and sqrt(2)*sqrt(x) -> sqrt(2*x), for printing only.

    sympy separates such radicals automatically. So the numbers under them become symbols that print alike.
    """

    def join(product: sympy.Mul) -> sympy.Expr:
        coefficient, factors = product.as_coeff_mul()
        radicals = [f for f in factors if f.is_Pow and f.base.is_number and abs(f.exp) == HALF]
        square = sympy.Mul(*radicals) ** 2
        if not radicals or not all(b.is_Rational or b is sympy.pi for b in square.as_powers_dict()):
            return product
        if coefficient.is_Rational and sympy.fraction(square)[0].as_coeff_Mul()[0] % coefficient.q == 0:
            square, coefficient = square / coefficient.q**2, coefficient * coefficient.q
        rest = [f for f in factors if f not in radicals]
        root = next((f for f in rest if f.is_Pow and abs(f.exp) == HALF and not f.base.is_Add), None)
        if root is not None:
            under = _as_symbols(square if root.exp > 0 else 1 / square) * root.base
            return sympy.Mul(coefficient, *(f for f in rest if f is not root), under**root.exp)
        top, bottom = sympy.fraction(square)
        return sympy.Mul(coefficient, *rest, _as_symbols(bottom) ** -HALF) if top == 1 else product

    return expr.replace(lambda e: e.is_Mul, join)


def _as_symbols(number: sympy.Expr) -> sympy.Expr:
    """A product of integers and powers of pi with each factor replaced by a symbol that prints alike."""
    top, bottom = (
        sympy.Mul(*(sympy.Symbol(str(b)) ** e if b is sympy.pi else sympy.Symbol(str(b**e))
                    for b, e in part.as_powers_dict().items() if b != 1))
        for part in sympy.fraction(number)
    )  # fmt: skip
    return top / bottom


def _in_language(expr: sympy.Expr, functions: Mapping[str, Callable[..., sympy.Expr]]) -> sympy.Expr:
    """The expression with the functions of REWRITES replaced. Raises FormulaError for what is not in the language."""
    for foreign, rewrite in REWRITES.items():
        if expr.has(foreign):
            expr = expr.replace(foreign, rewrite)
    for node in sympy.preorder_traversal(expr):
        if isinstance(node, sympy.Float) and not math.isfinite(float(node)):
            raise FormulaError(f"the number {sympy.Float(node, 4)} is outside the range of double precision")
        if isinstance(node, Application) and node.func not in PRINTABLE and node.func.__name__ not in functions:
            raise FormulaError(f"{node.func} is not a function of the formula language ({', '.join(functions)})")
        if not isinstance(node, (Application, *PRINTABLE)):
            raise FormulaError(f"{type(node).__name__} is not part of the formula language")
    return expr


def ordered(arguments: Iterable[sympy.Expr]) -> list[sympy.Expr]:
    """The arguments of max or min, a number first: min(5, x)."""
    return sorted(arguments, key=lambda arg: (bool(arg.free_symbols), str(arg)))


class PositiveFirst:
    """A printer that begins a sum with a positive term where there is one: b - a for -a + b."""

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        terms: list[sympy.Expr] = super()._as_ordered_terms(expr, order)  # type: ignore[misc]
        first = next((i for i, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
        return [terms[first], *terms[:first], *terms[first + 1 :]]


class _FormulaPrinter(PositiveFirst, StrPrinter):
    """sympy's printer with the numbers, abs and E of the formula language."""

    def __init__(self, number: Callable[[float], str]) -> None:
        super().__init__()
        self.number = number

    def _print_Float(self, expr: sympy.Float) -> str:
        return self.number(float(expr))

    def _print_Function(self, expr: sympy.Expr) -> str:
        return f"{expr.func.__name__}({self.stringify(expr.args, ', ')})"

    def _print_Abs(self, expr: sympy.Expr) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_Max(self, expr: sympy.Expr) -> str:
        return f"max({self.stringify(ordered(expr.args), ', ')})"

    def _print_Min(self, expr: sympy.Expr) -> str:
        return f"min({self.stringify(ordered(expr.args), ', ')})"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "E"

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return "pi"


class _RoundingLatexPrinter(PositiveFirst, LatexPrinter):
    def __init__(self, digits: int | None) -> None:
        super().__init__({"inv_trig_style": "full"})
        self.digits = digits

    def _print_Float(self, expr: sympy.Float) -> str:
        shown = sympy.Float(repr(float(expr))) if self.digits is None else sympy.Float(expr, self.digits)
        return str(super()._print_Float(shown))
