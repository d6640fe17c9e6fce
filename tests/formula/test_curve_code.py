"""Well-known curves cost a place in a table and their constants; everything else what its nodes cost."""

from __future__ import annotations

import pytest
import sympy

from kansr.expression.complexity import bits
from kansr.expression.parse import parse
from kansr.formula.judge.curve_code import CURVE_BITS, CURVES, curve_bits, shape
from kansr.structure.terminals.parametric_curves.cores import CORES

PER_FLOAT = 6.0
# Functions that are fitted as one but written as two terms, one of them a number, and some that are rare.
NOT_IN_THE_TABLE = {
    "exponential from 0",
    "stretched exponential from 0",
    "difference of exponentials",
    "Morse",
    "exponential of a pole",
    "exponential over a line",
    "breakpoint",
    "limit",
    "floor",
}
SHAPES = {shape(parse(text)) for text in CURVES}


def test_every_place_is_another_shape() -> None:
    assert len(SHAPES) == len(CURVES)


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_functions_that_are_fitted_have_a_place(core) -> None:
    term = 2.3 * core.expr(sympy.Symbol("t") / 7.5, [0.7, 1.3, 1.9][: core.inner])
    assert (shape(term) in SHAPES) == (core.name not in NOT_IN_THE_TABLE)


# Formula, and how many bits it has: `place` for one of the table and `float` for a constant.
LENGTHS = {
    "72.4/(1 + 13.7*exp(-0.067*x))": (1, 3),
    "3.3*exp(-0.31*(x - 2.7)**2)": (1, 3),
    "3.3/(1 + 0.31*(x - 2.7)**2)": (1, 3),
    "3.3*cos(0.52*x + 0.4)": (1, 3),
    "3.3*exp(-1.7*x**1.4)": (1, 3),
    "3.3*x**1.7*exp(-0.2*x)": (1, 3),
}


@pytest.mark.parametrize(("text", "parts"), LENGTHS.items())
def test_a_curve_costs_its_place_and_its_constants(text: str, parts: tuple[int, int]) -> None:
    places, floats = parts
    assert curve_bits(parse(text), PER_FLOAT) == pytest.approx(places * CURVE_BITS + floats * PER_FLOAT)


@pytest.mark.parametrize("text", ["2.3*x + 1.1", "x**2 - 3*x", "2.5", "sin(x)*cos(3.1*x)", "exp(cos(x))", "2*x"])
def test_what_has_no_place_costs_its_nodes(text: str) -> None:
    assert curve_bits(parse(text), PER_FLOAT) == pytest.approx(bits(parse(text), PER_FLOAT))


@pytest.mark.parametrize(
    "text", ["sqrt(pi)*cos(sqrt(2)*x/pi**2 - 1)", "3*cos(10*pi*x + 1/7)", "exp(-x**2/2)/sqrt(2*pi)"]
)
def test_numbers_that_are_no_decimals_cost_what_they_are(text: str) -> None:
    """A constant is not free because it is written as a root or a multiple of pi."""
    assert curve_bits(parse(text), PER_FLOAT) > min(CURVE_BITS, bits(parse(text), 0.0)) + 3.0


@pytest.mark.parametrize(
    "text",
    [
        "exp(0.3*(x - 2)**2)",
        "exp(0.3*exp(-0.4*x))",
        "exp(2.5*x**1.3)",
        "1/(1 - 0.3*exp(-0.4*x))",
        "1/(9 - 0.1*(x - 2)**2)",
    ],
)
def test_what_grows_is_no_peak_and_what_has_a_pole_no_step(text: str) -> None:
    assert shape(parse(text)) not in SHAPES


# Both ways to write the same curve.
ALIKE = [
    ("2.5/(1 + 3.1*exp(-0.4*x))", "1/(0.4 + 1.24*exp(-0.4*x))"),
    ("exp(0.3 - 2*x)", "1.35*exp(-2*x)"),
    ("exp(-(x - 3)**2/2)", "7*exp(-0.5*(x - 1)**2)"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_a_shape_does_not_depend_on_numbers(one: str, other: str) -> None:
    assert shape(parse(one)) == shape(parse(other))
