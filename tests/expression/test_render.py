"""Formulas are written so that they can be read again."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.errors import FormulaError
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.expression.render import latex, readable, render

x, y = sympy.symbols("x y")


POINT = {"x": 1.3, "y": 0.7, "beta": 0.4, "I": 2.2, "N": 3.1}


def at(expr: sympy.Expr) -> float:
    return float(evaluate(expr, {name: np.array([value]) for name, value in POINT.items()})[0])


RENDERED = {
    x - y: "x - y",
    1 / x: "1/x",
    -1 / x: "-1/x",
    1 / sympy.sqrt(x): "1/sqrt(x)",
    sympy.Rational(-3, 4) * x: "-3*x/4",
    x ** sympy.Rational(1, 3): "x**(1/3)",
    sympy.Rational(1, 2) ** x: "(1/2)**x",
    (x**y) ** 2.5: "(x**y)**2.5",
    sympy.Float("0.1", 50): "0.1",
    sympy.Float(1e-5) * x: "1e-05*x",
    sympy.Abs(x) * sympy.E: "E*abs(x)",
    sympy.Max(x, y, 5) - sympy.Min(y, 2.5): "max(5, x, y) - min(2.5, y)",
    sympy.sec(x): "1/cos(x)",
    sympy.cot(x): "cos(x)/sin(x)",
    sympy.exp(sympy.re(x)): "exp(x)",
    sympy.Mul(-2, x + 1, evaluate=False): "-2*(x + 1)",
}


@pytest.mark.parametrize(("expr", "text"), RENDERED.items(), ids=str)
def test_renders(expr: sympy.Expr, text: str) -> None:
    assert render(expr) == text
    assert at(parse(text)) == pytest.approx(at(expr.replace(sympy.re, lambda u: u).rewrite(sympy.cos)), rel=1e-15)


@pytest.mark.parametrize(
    "expr",
    [
        *(sympy.I * x, sympy.oo, sympy.zoo, sympy.nan, sympy.gamma(x), sympy.EulerGamma, x > 0, sympy.floor(x)),
        *(sympy.Piecewise((x, x > 0), (y, True)), sympy.Float("1e400"), sympy.Integral(x, x), sympy.floor(x)),
    ],
    ids=str,
)
def test_refuses_to_render_what_is_outside_the_language(expr: sympy.Expr) -> None:
    with pytest.raises(FormulaError):
        render(expr)


def test_people_see_fewer_digits() -> None:
    expr = sympy.Float(1 / 3) * x**2 + sympy.Float(2.0)
    assert readable(expr, digits=3) == "0.333*x**2 + 2"
    assert latex(expr) == "0.333333 x^{2} + 2.0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2*(0.5*exp(-0.99999999*b) + exp(-0.5*c))**1.00000001", "2*(exp(-0.5*c) + 0.5*exp(-b))"),
        ("1.0000001*(a + b)", "a + b"),
        ("-1.0000001*(a + b)", "-a - b"),
        ("a + 1.0000001", "a + 1"),
        ("1.0001*a", "1.0001*a"),
    ],
)
def test_people_are_shown_no_factor_or_exponent_that_is_1(text, shown):
    assert readable(parse(text)) == shown
