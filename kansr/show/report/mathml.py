"""Print a sympy expression as presentation MathML, which browsers typeset without scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import sympy
from markupsafe import Markup, escape
from sympy.printing.precedence import PRECEDENCE, precedence_traditional
from sympy.printing.printer import Printer

from kansr.expression.render import PositiveFirst, ordered, with_joined_radicals

Number = Callable[[float], str]
OPEN = '<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true">'
MINUS, SLASH = '<mo form="prefix">−</mo>', '<mo lspace="0" rspace="0">/</mo>'
APPLY, GAP = "<mo>&#x2061;</mo>", '<mspace width="0.2em"/>'
SMALL_POWER = 12  # nodes of u up to which exp(u) is printed as a power of e


def six_digits(value: float) -> str:
    """A number with six significant digits."""
    return f"{value:.6g}"


def mathml(expr: sympy.Expr, number: Number = six_digits) -> Markup:
    """The expression as one <math> element. number: a float as decimal text, such as 1.5 or -2e-07."""
    return _math(_MathMLPrinter(number).doprint(with_joined_radicals(expr)))


def pieces(expr: sympy.Expr, number: Number = six_digits, left: str = "") -> list[Markup]:
    """The expression as <math> elements, one for each term of a sum, between which a line may break.

    number: as in `mathml`; left: MathML before the expression.
    """
    printer = _MathMLPrinter(number)
    expr = with_joined_radicals(expr)
    terms = printer.terms(expr) if expr.is_Add else [printer.doprint(expr)]
    return [_math(part) for part in (left + terms[0], *terms[1:])]


def equation(target: str, expr: sympy.Expr, number: Number = six_digits) -> list[Markup]:
    """The equation target = expr, in elements as of `pieces`."""
    return pieces(expr, number, f"{_MathMLPrinter(number).doprint(sympy.Symbol(target))}<mo>=</mo>")


def _math(body: str) -> Markup:
    return Markup(f"{OPEN}{body}</math>")


def decimal(text: str) -> str:
    """The MathML of a number in decimal notation."""
    sign, text = (MINUS, text[1:]) if text.startswith("-") else ("", text)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return f"{sign}<mn>{mantissa}</mn>"
    power = int(exponent)
    shown = f"<mn>{power}</mn>" if power >= 0 else f"<mrow>{MINUS}<mn>{-power}</mn></mrow>"
    ten = f"<msup><mn>10</mn>{shown}</msup>"
    return sign + (ten if mantissa == "1" else f"<mn>{mantissa}</mn><mo>×</mo>{ten}")


class _MathMLPrinter(PositiveFirst, Printer):
    """A printer whose methods return the MathML elements of an expression, side by side."""

    _default_settings: ClassVar[dict[str, Any]] = {"order": None}

    def __init__(self, number: Number) -> None:
        super().__init__()
        self.number = number

    def terms(self, expr: sympy.Add) -> list[str]:
        """The terms of a sum, each with its sign."""
        shown: list[str] = []
        for term in self._as_ordered_terms(expr):
            minus = _negative(term)
            body = self._within(-term if minus else term, PRECEDENCE["Add"] + 1)
            sign = f'<mo form="infix">{"−" if minus else "+"}</mo>' if shown else MINUS if minus else ""
            shown.append(sign + body)
        return shown

    def _print_Add(self, expr: sympy.Add) -> str:
        return "".join(self.terms(expr))

    def _print_Mul(self, expr: sympy.Mul) -> str:
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient.is_negative:
            return MINUS + self._within(-coefficient * rest, PRECEDENCE["Mul"])
        above, below = sympy.fraction(expr, exact=True)
        if below != 1:
            return f"<mfrac>{_row(self._product(above))}{_row(self._product(below))}</mfrac>"
        return self._product(expr)

    def _product(self, expr: sympy.Expr) -> str:
        factors = expr.as_ordered_factors() if expr.is_Mul else [expr]
        if len(factors) == 1:
            return self._print(factors[0])
        shown = self._within(factors[0], PRECEDENCE["Mul"])
        for before, factor in pairwise(factors):
            first = factor.base if factor.is_Pow else factor
            shown += "<mo>×</mo>" if before.is_Number and first.is_Number else GAP
            shown += self._within(factor, PRECEDENCE["Mul"])
        return shown

    def _print_Pow(self, expr: sympy.Pow) -> str:
        base, exponent = expr.base, expr.exp
        if exponent.is_Number and exponent.is_negative:
            return f"<mfrac><mn>1</mn>{_row(self._print(sympy.Pow(base, -exponent, evaluate=False)))}</mfrac>"
        if exponent == 1:
            return self._print(base)
        if exponent == sympy.Rational(1, 2):
            return f"<msqrt>{self._print(base)}</msqrt>"
        if exponent == sympy.Rational(1, 3):
            return f"<mroot>{_row(self._print(base))}<mn>3</mn></mroot>"
        power = _row(self._exponent(exponent))
        if base.is_Function and not isinstance(base, (sympy.exp, sympy.Abs)) and exponent.is_Integer:
            return f"<msup><mi>{escape(base.func.__name__)}</mi>{power}</msup>{APPLY}{self._arguments(base.args)}"
        return f"<msup>{_row(self._within(base, PRECEDENCE['Pow'] + 1))}{power}</msup>"

    def _exponent(self, expr: sympy.Expr) -> str:
        if expr.is_Rational and not expr.is_Integer:
            sign = MINUS if expr.p < 0 else ""
            return f"{sign}<mn>{abs(expr.p)}</mn>{SLASH}<mn>{expr.q}</mn>"
        return str(self._print(expr))

    def _print_exp(self, expr: sympy.Expr) -> str:
        (inner,) = expr.args
        flat = not sympy.fraction(inner)[1].free_symbols
        if flat and len(list(sympy.preorder_traversal(inner))) <= SMALL_POWER:
            return f"<msup><mi>e</mi>{_row(self._exponent(inner))}</msup>"
        return f"<mi>exp</mi>{APPLY}{self._arguments(expr.args)}"

    def _print_Abs(self, expr: sympy.Expr) -> str:
        bars = [f'<mo form="{form}" stretchy="true">|</mo>' for form in ("prefix", "postfix")]
        return f"<mrow>{bars[0]}{self._print(expr.args[0])}{bars[1]}</mrow>"

    def _print_Function(self, expr: sympy.Expr) -> str:
        return f"<mi>{escape(expr.func.__name__)}</mi>{APPLY}{self._arguments(expr.args)}"

    def _print_Max(self, expr: sympy.Expr) -> str:
        return f"<mi>max</mi>{APPLY}{self._arguments(ordered(expr.args))}"

    def _print_Min(self, expr: sympy.Expr) -> str:
        return f"<mi>min</mi>{APPLY}{self._arguments(ordered(expr.args))}"

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        if expr.name.isdigit():  # a number under a joined radical
            return f"<mn>{expr.name}</mn>"
        if expr.name == "pi":
            return "<mi>π</mi>"
        return f'<mi mathvariant="normal">{escape(expr.name)}</mi>'

    def _print_NumberSymbol(self, expr: Any) -> str:
        return f"<mi>{escape(str(expr))}</mi>"

    def _print_Pi(self, expr: Any) -> str:
        return "<mi>π</mi>"

    def _print_Exp1(self, expr: Any) -> str:
        return "<mi>e</mi>"

    def _print_Integer(self, expr: sympy.Integer) -> str:
        return decimal(str(expr.p))

    def _print_Rational(self, expr: sympy.Rational) -> str:
        sign = MINUS if expr.p < 0 else ""
        return f"{sign}<mfrac><mn>{abs(expr.p)}</mn><mn>{expr.q}</mn></mfrac>"

    def _print_Float(self, expr: sympy.Float) -> str:
        return decimal(self.number(float(expr)))

    def _arguments(self, args: Sequence[sympy.Expr]) -> str:
        return f"<mrow><mo>(</mo>{'<mo>,</mo>'.join(map(self._print, args))}<mo>)</mo></mrow>"

    def _within(self, expr: sympy.Expr, level: int) -> str:
        """The expression, in parentheses where its precedence is below `level`."""
        body = str(self._print(expr))
        return f"<mrow><mo>(</mo>{body}<mo>)</mo></mrow>" if precedence_traditional(expr) < level else body


def _negative(term: sympy.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _row(body: str) -> str:
    return f"<mrow>{body}</mrow>"
