"""Which formulas the units of a table allow."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sympy

from kansr.data.declare_units import constant_values
from kansr.expression.parse import parse
from kansr.units.consistency import dimension_in, fits, objection
from kansr.units.text import dimension_of
from kansr.units.units import Units


def declared(units: Mapping[str, str], target: str = "y", free: bool = False, constants: str = "") -> Units:
    given = constant_values(constants)
    texts = {**units, **{name: constant.unit for name, constant in given.items()}}
    return Units(target, units, {name: dimension_of(unit) for name, unit in texts.items()}, given, free)


MECHANICS = {"x": "m", "z": "m", "t": "s", "v": "m/s", "m": "kg", "a": "1", "y": "m/s"}


@pytest.mark.parametrize(
    "formula",
    [
        "v + x/t",
        "sqrt(v**2 + (x/t)**2)",
        "2.5*v*exp(-x/z)*sin(a)",
        "v*(x/z)**a",
        "v*(x/z)**0.6871",
        "x**0.6*z**0.4/t",
        "v*log(x) - v*log(z)",
        "a*v*(log(x) - 3*log(z) + log(x*z))",
        "exp(log(x) - log(t))",
        "v*abs(x)/sqrt(x**2)",
        "x**(1/3)*z**(2/3)/t",
        "0",
        "3.7",
    ],
)
def test_a_formula_with_the_units_of_its_target_passes(formula: str) -> None:
    assert objection(parse(formula), declared(MECHANICS)) == ""


@pytest.mark.parametrize(
    "formula, part",
    [
        ("x", "x is in m, but y in m/s"),
        ("v + x", "one is in"),
        ("v*exp(x)", "exp(x)"),
        ("v*sin(t)", "sin(t)"),
        ("v*log(x)", "logarithm"),
        ("v*log(x) - v*log(t)", "logarithm"),
        ("v*a**x", "dimensionless"),
        ("v*x**a", "dimensionless"),
        ("v + 3", "no unit"),
        ("v*(x/t/v)**2.5 + 1.5*m", "kg"),
        ("x**1.0000001/t", "but y in m/s"),
    ],
)
def test_what_speaks_against_a_formula_is_named(formula: str, part: str) -> None:
    assert part in objection(parse(formula), declared(MECHANICS))


@pytest.mark.parametrize(
    "formula, possible",
    [
        ("2.5*x", True),
        ("2.5*x + 7.5*v", True),
        ("v*exp(-2.5*t)", True),
        ("v*(log(x) + 2.5)", True),
        ("x", False),
        ("v*exp(-t)", False),
        ("2.5*(x + t)", False),
        ("3.5*(x + 2.5*t)", True),
        ("v*x**a", False),
        ("v*sin(2.5*x + 1.5*t)", True),
        ("v*(2.5*x)**a", True),
    ],
)
def test_fitted_numbers_carry_units_where_they_may(formula: str, possible: bool) -> None:
    assert fits(parse(formula), declared(MECHANICS, free=True)) is possible


def test_a_named_constant_has_its_unit_wherever_it_stands() -> None:
    units = declared(MECHANICS, constants="c=7.5:km/s,d=2:m")
    c, d = units.symbol("c"), units.symbol("d")
    v, x = sympy.symbols("v x")
    for formula in (v**2 / c, v / (1 + v / c), c * sympy.exp(-x / d), sympy.sqrt(c * v), 2 * c):
        assert objection(formula, units) == ""
    for formula in (v / c, v / (c + d), v * sympy.exp(1 / c), 2 * c**2):
        assert objection(formula, units) != ""


def test_a_number_has_one_unit_only() -> None:
    free = declared(MECHANICS, free=True)
    assert dimension_in(parse("x + 2.5*(t + v)"), free) is None
