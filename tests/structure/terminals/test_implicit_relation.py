"""Polynomial relations between the target and simple functions of the inputs."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import misfit, table

from kansr.data.dataset import Dataset
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.limits import MOST_INPUTS

PLAIN = {
    "a polynomial of degree 9": "x**9 - 2*x**5 + 0.5*x**2 - 3",
    "every power": "x**7 + x**6 + x**5 + x**4 + x**3 + x**2 + x",
    "ugly coefficients": "1.23456789*x**3 - 0.98765432*x + 3.1415926",
    "a ratio": "(x**3 - 2*x + 1)/(x**4 + x**2 + 3)",
    "a ratio without a constant term": "(2*x**5 + x**4)/(x**3 + x)",
    "a saturation": "5*x**3/(1.7**3 + x**3)",
    "a ratio of two inputs": "(x + y)**3/(1 + x*y)",
    "a functional response": "x*(1 - x/3) - x*y/(1 + 0.4*x)",
    "a bump": "4/(2 + (x - 1)**2 + (y - 2)**2 + (z + 1)**2)",
    "a mean of speeds": "((x - 0.8*y)*z + 1.8*y*w)/(x + y)",
    "even in both": "1/(1 + x**(-4)) + 1/(1 + y**(-4))",
    "under a root": "sqrt(x**2 + 3*x*y + 1)",
    "a whole square over a root": "(x*w - y*z)/sqrt((x + y)*(z + w)*(x + z)*(y + w))",
    "under a logarithm": "log(x + 2) - log(x**2 + 3)",
}
OTHERS = {
    "waves": "0.5*sin(x - y) - sin(x)",
    "squares of waves": "(cos(y)**2 + 0.1*sin(y)**2)*sin(x)",
    "a cotangent": "cos(x)/tan(y)",
    "exponentials": "x*exp(y)/(1 + exp(y)) + x**2",
    "a wave beside products": "x*y + x*sin(z) - z**2",
    "a logarithm": "x*log(x) + 2*x - 1",
    "two decays": "x*(exp(-y) - exp(-x))/(x - y)",
}
ANGLES = {
    "the height of a star": "asin(sin(x)*sin(y) + cos(x)*cos(y)*cos(z))",
    "aberration": "acos((cos(x) - y)/(1 - y*cos(x)))",
    "a phase": "atan(sin(x)/(cos(x) + y))",
}
JOINT = {
    "an input as exponent": "(x + x**y)/(3 - y*x**y)",
    "interest": "y*(1 - (1 + x)**y)/x",
    "a decay in two places": "x*y - (x - y)*exp(-x*y)",
    "a decay of a sum": "(y - exp(-x - y))/(x + exp(-x - y))",
    "a third input": "z*x**y + (1 - x**y)/y",
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_a_rational_law_is_found_from_the_inputs_alone(text: str) -> None:
    data = table(text)
    found = list(relations(data, inputs_only=True))
    assert min(misfit(expr, data) for expr in found) < 1e-10
    far = table(text, low=0.4, high=3.0, seed=1)
    assert min(misfit(expr, far) for expr in found) < 1e-8


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_a_rational_law_of_simple_functions_is_found(text: str) -> None:
    data = table(text, low=-1.0 if "log" not in text else 0.5, high=3.0)
    assert list(relations(data, inputs_only=True)) == []
    assert min(misfit(expr, data) for expr in relations(data)) < 1e-10


@pytest.mark.parametrize("text", ANGLES.values(), ids=ANGLES)
def test_an_angle_is_found_from_waves_of_angles(text: str) -> None:
    data = table(text, low=0.1, high=0.9)
    assert min(misfit(expr, data) for expr in relations(data)) < 1e-10


@pytest.mark.parametrize("text", JOINT.values(), ids=JOINT)
def test_one_function_of_two_inputs_may_stand_in_several_places(text: str) -> None:
    data = table(text)
    assert min(misfit(expr, data) for expr in relations(data)) < 1e-10
    far = table(text, low=0.4, high=3.0, seed=1)
    assert min(misfit(expr, far) for expr in relations(data)) < 1e-8


# Smooth curves, and whether one is a polynomial under a transform of the target.
SMOOTH = {
    "sin(x)": False, "cos(x)": False, "cosh(x)": False, "sin(x**2)": False, "exp(x)*sin(x)": False, "sin(x)/x": False,
    "exp(sin(x))": False, "cos(x)*exp(-x) + x": False, "atan(x)": False,
    "exp(x)": True, "exp(-x**2)": True, "sqrt(x + 2)": True,
}  # fmt: skip


@pytest.mark.parametrize("box", [(-1.0, 1.0), (0.01, 0.99), (0.5, 2.0), (-0.5, 0.5)], ids=str)
@pytest.mark.parametrize(("text", "exact"), SMOOTH.items())
def test_a_smooth_curve_is_not_taken_for_a_ratio_of_long_polynomials(
    text: str, exact: bool, box: tuple[float, float]
) -> None:
    data = table(text, low=box[0], high=box[1], rows=1500)
    far = table(text, low=box[0] - 0.3, high=box[1] + 0.3, rows=200)
    left = [misfit(expr, far) for expr in relations(data, inputs_only=True)]
    assert bool(left) is exact
    assert max(left, default=0.0) < 1e-9


def test_noise_gives_nothing() -> None:
    data = table("x**3 - 2*x + 1")
    noisy = data.y * (1 + 1e-4 * np.random.default_rng(0).normal(size=data.rows))
    assert list(relations(Dataset(data.X, noisy, data.names, data.target))) == []


def test_too_many_inputs_and_a_clock_that_has_run_out_give_nothing() -> None:
    assert list(relations(table("+".join("abcdefg"[: MOST_INPUTS + 1])))) == []
    assert list(relations(table("x**2"), lambda: True)) == []
