"""Rules keep the value, and leave no redundant constant."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from support.expressions import EXPRESSIONS, keeps, real

from kansr.expression.parse import parse
from kansr.expression.rules import ALGEBRA, Rule, canonical, without_floats
from kansr.formula.fit.constants import floats

TEXTS = [
    "x*y + x*z",
    "(x + y)**2 - x**2 - 2*x*y",
    "sqrt(x**2)*sqrt(y)",
    "exp(x)*exp(2*y)/exp(z)",
    "log(x) + 2*log(y) - log(z)",
    "(x**2 - y**2)/(x - y)",
    "1/x + 1/y",
    "1/(1/x + 1/y)",
    "2.5*x*(2.0*y + 6.0)*(0.5*z + 1.25)",
    "sqrt(2.1*x + 4.2*y)",
    "sin(x + 9.5)*cos(y - 20.25)",
    "log(2.0*x + 3.0*y) - log(0.25*z)",
    "(3.0*x - 1.5)**3*(x + 2.0)**(-2)",
    "(-3.0*x - 1.5)**2/sqrt(4.5*y + 9.0)",
    "x**1.5*sqrt(x)/y**-0.5",
    "exp(-x**2/2)*exp(-y**2/2)",
    "abs(x - y)*sin(pi*x)/tanh(z + 0.1)",
    "asin(x/4)*acos(y/4) + atan(z)*sinh(x) - cosh(y)*tan(z/2)",
]


STEPS: dict[str, Rule] = {"canonical": canonical, **{f"textbook {i}": rule for i, rule in enumerate(ALGEBRA)}}


@pytest.mark.parametrize("rule", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_rule_keeps_the_value(rule: Rule, text: str) -> None:
    assert keeps(rule(parse(text)), parse(text))
    assert keeps(without_floats(rule)(parse(text)), parse(text))


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_canonical_keeps_the_value_and_adds_no_floats(expr: sympy.Expr) -> None:
    assume(real(expr))
    assert keeps(canonical(expr), expr)
    assert len(floats(canonical(expr))) <= len(floats(expr)) + 1  # log(2.0·u) has its float as a term


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_canonical_a_second_time_changes_nothing_of_value(expr: sympy.Expr) -> None:
    assume(real(expr))
    once = canonical(expr)
    assert keeps(canonical(once), expr)
    assert len(floats(canonical(once))) <= len(floats(once)) + 1


# What has more constants than the data can tell apart -> the same with as few as it takes.
REDUNDANT = {
    "sqrt(2.1*x + 4.2*y)": 2,
    "log(2.0*x)": 1,
    "1.5*(2.0*x + 6.0)*y": 2,
    "2.5*(2.0*x + 6.0)*(0.5*y + 1.25)": 3,
    "(2.0*x + 3.0)**2": 2,
    "3.0*(2.0*x + 3.0)**(-1)": 2,
    "1.5*exp(0.5*x)": 2,
    "2.0*sin(1.5*x + 9.5)": 3,
    "4.0*(0.5*x + 0.25*y + 1.5)": 3,
    "2.5*abs(2.0*x - 6.0)": 2,
}


@pytest.mark.parametrize(("text", "count"), REDUNDANT.items())
def test_canonical_leaves_no_redundant_float(text: str, count: int) -> None:
    """As many floats as the rank of the derivatives by them: the data determine each one."""
    expr = canonical(parse(text))
    assert len(floats(expr)) == count
    assert keeps(expr, parse(text))


@pytest.mark.parametrize("shift", [-20.0, -3.3, -1.4, 0.0, 0.3, 1.5, 1.7, 4.0, 9.5, 31.0])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_a_phase_is_brought_within_half_a_turn(name: str, shift: float) -> None:
    before = parse(f"{name}(x + ({shift!r}))")
    after = canonical(before)
    assert keeps(after, before)
    phases = [abs(float(c)) for c in floats(after)]
    assert bool(phases) is (shift != 0)
    assert max(phases, default=0.0) <= np.pi / 2 + 1e-12
