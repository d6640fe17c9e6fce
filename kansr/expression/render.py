"""A sympy expression as text: in our formula language, for people, and as LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy.core.function import Application
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from kansr.errors import FormulaError
from kansr.expression.constant import NamedConstant
from kansr.expression.evaluate import REWRITES
from kansr.expression.parse import FUNCTIONS

# What sympy may put into an expression by itself, in terms of the functions of the language.
NUMBERS: tuple[Any, ...] = (sympy.Rational, sympy.Float, type(sympy.pi), type(sympy.E), NamedConstant)
PRINTABLE: tuple[Any, ...] = (*NUMBERS, sympy.Symbol, sympy.Add, sympy.Mul, sympy.Pow, sympy.Abs)


def render(expr: sympy.Expr, *, functions: Mapping[str, Callable[..., sympy.Expr]] = FUNCTIONS) -> str:
    """`expr` in the formula language; `parse` reads the same values back, to the last bit of every number."""
    return _FormulaPrinter(repr).doprint(_in_language(expr, functions))


def readable(expr: sympy.Expr, digits: int = 6) -> str:
    """`expr` for people: the formula language with numbers rounded to `digits` significant digits."""
    return _FormulaPrinter(lambda value: f"{value:.{digits}g}").doprint(_in_language(expr, FUNCTIONS))


def latex(expr: sympy.Expr, digits: int = 6) -> str:
    """`expr` as LaTeX, numbers rounded to `digits` significant digits."""
    return _RoundingLatexPrinter(digits).doprint(expr)


def _in_language(expr: sympy.Expr, functions: Mapping[str, Callable[..., sympy.Expr]]) -> sympy.Expr:
    """`expr` with foreign functions rewritten; raises where something has no place in the language."""
    for foreign, rewrite in REWRITES.items():
        if expr.has(foreign):
            expr = expr.replace(foreign, rewrite)
    for node in sympy.preorder_traversal(expr):
        if isinstance(node, sympy.Float) and not math.isfinite(float(node)):
            raise FormulaError(f"the number {node:.3e} is outside the range of double precision")
        if isinstance(node, Application) and node.func not in PRINTABLE and node.func.__name__ not in functions:
            raise FormulaError(f"{node.func} is not a function of the formula language ({', '.join(functions)})")
        if not isinstance(node, (Application, *PRINTABLE)):
            raise FormulaError(f"{type(node).__name__} is not part of the formula language")
    return expr


class _FormulaPrinter(StrPrinter):
    """sympy's printer knows precedence; this one knows our numbers and our abs."""

    def __init__(self, number: Callable[[float], str]) -> None:
        super().__init__()
        self.number = number

    def _print_Float(self, expr: sympy.Float) -> str:
        return self.number(float(expr))

    def _print_Function(self, expr: sympy.Expr) -> str:
        return f"{expr.func.__name__}({self.stringify(expr.args, ', ')})"

    def _print_Abs(self, expr: sympy.Expr) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "E"

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return "pi"


class _RoundingLatexPrinter(LatexPrinter):
    def __init__(self, digits: int) -> None:
        super().__init__()
        self.digits = digits

    def _print_Float(self, expr: sympy.Float) -> str:
        return str(super()._print_Float(sympy.Float(expr, self.digits)))
