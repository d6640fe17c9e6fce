"""Forms that are equal on the rows: what is printed is the one with fewer signs, whole squares and even radicals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy

from kansr.expression import forms, radicals
from kansr.expression.parse import parse
from kansr.expression.render import latex, render
from kansr.expression.simplify import same_values, simplify

NAMES = ("x", "y", "z", "w")
ROWS = np.random.default_rng(3).uniform(0.3, 1.0, (60, 4)) + np.array([1.0, 0.0, 0.0, 0.0])

# (rule, what is found, what is printed); the same text twice where the rule keeps out.
FORMS: list[tuple[Callable, str, str]] = [
    (forms.complete_squares, "x**2 - 2*x*y + y**2 + z", "(x - y)**2 + z"),
    (forms.complete_squares, "w*x**2 + 6*w*x*y + 9*w*y**2 - z", "w*(x + 3*y)**2 - z"),
    (forms.complete_squares, "x**2 - 3*x*y + y**2", "x**2 - 3*x*y + y**2"),
    (forms.join_conjugates, "z/((x - y)**2*(x + y)**2)", "z/(x**2 - y**2)**2"),
    (forms.join_conjugates, "(x - y)*(x + z)", "(x - y)*(x + z)"),
    (forms.half_angles, "1/2 - cos(3*x*y)/2", "sin(3*x*y/2)**2"),
    (forms.half_angles, "0.5 + 0.5*cos(x)", "cos(x/2)**2"),
    (forms.half_angles, "x*(1 - cos(y*z))", "x*(1 - cos(y*z))"),
    (forms.sums_to_products, "z - w*sin(2*x + y) - w*sin(2*x - y)", "z - 2*w*sin(2*x)*cos(y)"),
    (forms.sums_to_products, "cos(x) - cos(y)", "cos(x) - cos(y)"),
    (forms.pythagoras, "z - x*sin(y)**2 + x", "z + x*cos(y)**2"),
    (radicals.factor_under_radicals, "sqrt(x**2*y**2 + 2*x*y**3 + y**4)", "sqrt(y**2*(x + y)**2)"),
    (radicals.factor_under_radicals, "sqrt(x*y*(2/3 - z*w/(x*y)))", "sqrt(2*x*y/3 - z*w)"),
    (radicals.join_radicals, "z*x**(1/3)/(y**(1/3)*w**(2/3))", "z*(x/y)**(1/3)/w**(2/3)"),
    (forms.cancel_prefactors, "x**2*(y + z)/(x**2 + y*z)", "(y + z)/(1 + y*z/x**2)"),
    (forms.cancel_prefactors, "z*(x*y**2 + w)/y**2", "z*(x + w/y**2)"),
    (forms.cancel_prefactors, "x*y/(x*z + y)", "x*y/(x*z + y)"),
    (forms.common_factors, "x*y*cos(z) + y", "y*(x*cos(z) + 1)"),
    (forms.common_factors, "w/(x*z + z)", "w/(z*(x + 1))"),
    (forms.few_signs, "-x*(y**2 - 1)/(z + 1)", "x*(1 - y**2)/(z + 1)"),
    (forms.few_signs, "(-2*x - y)/(x - 3)", "(2*x + y)/(3 - x)"),
    (forms.few_signs, "-x*(y + z - w)", "-x*(y + z - w)"),
    (radicals.divide_into_radicals, "sqrt(2*x*y**2*z - w**2)/(x*y)", "sqrt((2*z - w**2/(x*y**2))/x)"),
    (radicals.divide_into_radicals, "x*y/sqrt(x**2 + y**2)", "x*y/sqrt(x**2 + y**2)"),
    (radicals.divide_into_radicals, "sqrt(x**4 + y)/x", "sqrt(x**4 + y)/x"),
    (radicals.leading_power_radicals, "sqrt((x**4 + y*z)/x**2)", "x*sqrt(1 + y*z/x**4)"),
    (radicals.leading_power_radicals, "sqrt((x**2 + y*z)/x**2)", "sqrt((x**2 + y*z)/x**2)"),
    (
        forms.complete_powers,
        "w*x**3 + 3*w*x**2 + 3*w*x + w + y*x**2 + 2*x*y + y + z",
        "w*(x + 1)**3 + y*(x + 1)**2 + z",
    ),
    (forms.complete_powers, "w*x**2 + y*x + z + 2", "w*x**2 + y*x + z + 2"),
    (forms.powers_of_logs, "x*exp(y*log(z)) + w", "x*z**y + w"),
    (forms.powers_of_logs, "exp(y*log(z) - w)", "z**y*exp(-w)"),
    (radicals.even_power_radicals, "z + x*sqrt(y**2 + x**2*w**2)", "z + sqrt(x**2*y**2 + x**4*w**2)"),
    (radicals.even_power_radicals, "x*sqrt(x**2 + y**2)", "x*sqrt(x**2 + y**2)"),
    (radicals.even_power_radicals, "x*sqrt(1 + x**2*y)", "x*sqrt(1 + x**2*y)"),
    (forms.whole_numbers, "2.0*x + 2.5", "2*x + 2.5"),
    (radicals.unit_term_differences, "sqrt(x**2 - y**2)/(x + y*cos(z))", "sqrt(1 - y**2/x**2)/(1 + y*cos(z)/x)"),
    (radicals.unit_term_differences, "x*sqrt(2*z*w/(x**2 - y**2))", "sqrt(2*z*w/(1 - y**2/x**2))"),
    (radicals.unit_term_differences, "z*y/sqrt(1 - y**2/x**2)", "z*y/sqrt(1 - y**2/x**2)"),
]


@pytest.mark.parametrize(("rule", "found", "printed"), FORMS, ids=[f"{r.__name__} {f}" for r, f, _ in FORMS])
def test_a_form_becomes_the_one_that_is_printed(rule: Callable, found: str, printed: str) -> None:
    form = rule(parse(found))
    assert same_values(form, parse(found), ROWS, NAMES)
    assert form == parse(printed) or render(form) == render(parse(printed))


# A law as a search leaves it -> the law, equal on a box where inputs change their sign as well.
WIDE = {
    "sqrt(2*x*y**2*(z + w) - w**2)/(x*y)": "sqrt(2/x*(z + w - w**2/(2*x*y**2)))",
    "w*z + x*sqrt(y**2*z**2 - 2*y*z*w + x**2*y**2 + w**2)": "sqrt((w - y*z)**2*x**2 + y**2*x**4) + w*z",
    "z*sqrt((x - y)*(x + y)*(x**2 + 2*x*y*cos(w) - y**2*sin(w)**2 + y**2))/(x**2 + 2*x*y*cos(w) - y**2*sin(w)**2 "
    "+ y**2)": "sqrt(1 - y**2/x**2)*z/(1 + y/x*cos(w))",
    "z*x/sqrt(1 - x**2/(4*w**2))": "z*x/sqrt(1 - x**2/(4*w**2))",
}


@pytest.mark.parametrize(("found", "law"), WIDE.items())
def test_a_law_keeps_its_sign_far_from_the_rows(found: str, law: str) -> None:
    form = simplify(parse(found), ROWS, NAMES)
    wide = np.random.default_rng(4).uniform(-3.0, 5.0, (400, 4))
    known = np.isfinite(sympy.lambdify(NAMES, parse(law), "numpy")(*wide.T.astype(complex)).real)
    old, new = (np.real(sympy.lambdify(NAMES, e, "numpy")(*wide[known].T.astype(complex))) for e in (parse(law), form))
    assert np.mean(np.isclose(old, new, rtol=1e-9)) > 0.98


PRINTED = {
    "y - x": "y - x",
    "-x - y": "-x - y",
    "exp(-x**2/2)/sqrt(2*pi)": "exp(-x**2/2)/sqrt(2*pi)",
    "2/sqrt(3*pi*x)": "2/sqrt(3*pi*x)",
    "sqrt(2*(x - y)/z)": "sqrt(2*(x - y)/z)",
    "-3*sqrt(2)*x": "-3*sqrt(2)*x",
    "pi*sqrt(2*x)": "pi*sqrt(2*x)",
    "sqrt(2)*sqrt(x + 1)": "sqrt(2)*sqrt(x + 1)",
}


@pytest.mark.parametrize(("text", "printed"), PRINTED.items())
def test_roots_of_numbers_are_printed_together_and_sums_without_a_leading_minus(text: str, printed: str) -> None:
    assert render(parse(text)) == printed
    assert parse(render(parse(text))) == parse(text)


def test_latex_has_the_same_roots() -> None:
    assert latex(parse("x/sqrt(2*pi)")) == r"\frac{x}{\sqrt{2 \pi}}"
