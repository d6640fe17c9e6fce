"""Formulas that have no real value, whatever their symbols are."""

import pytest
import sympy

from kansr.expression.domain import is_real_formula

x = sympy.Symbol("x")


@pytest.mark.parametrize(
    "expr", [sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, x + sympy.oo, x - sympy.oo, sympy.I * x, sympy.sqrt(-2) + x]
)
def test_infinite_imaginary_and_undefined_parts_are_no_formula(expr):
    assert not is_real_formula(expr)


@pytest.mark.parametrize("expr", [sympy.S.Zero, x, sympy.sqrt(x) / x, sympy.log(-x), sympy.exp(sympy.pi) * x])
def test_a_formula_that_is_real_somewhere_is_one(expr):
    assert is_real_formula(expr)
