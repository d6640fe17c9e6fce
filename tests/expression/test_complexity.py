"""How much there is to an expression: nodes as a reader counts them, bits as a code needs them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import bits, complexity, decimal_bits
from kansr.expression.parse import parse
from kansr.formula.fit.error_model import likely_square, spans_decades
from kansr.formula.judge.description_length import bits_per_float, description_length
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square

# fmt: off
NODES = [
    ("x", 1), ("2", 1), ("2.5", 1), ("-x", 2), ("pi", 1), ("2/3", 3),
    ("x + y", 3), ("x - y", 3), ("x*y", 3), ("x/y", 3), ("2*x", 3), ("x/2", 3), ("2*x/3", 5), ("x*y/z", 5),
    ("x**2", 3), ("1/x", 3), ("x**(3/2)", 4), ("x**y", 3), ("x**1.37", 3),
    ("sqrt(x)", 2), ("1/sqrt(x)", 4), ("sqrt(x**2 + y**2)", 8),
    ("exp(x)", 2), ("log(x)", 2), ("sin(x)", 2), ("cos(x)", 2), ("abs(x)", 2), ("tanh(x)", 3), ("asin(x)", 3),
    ("exp(-x)", 3), ("exp(-x**2)", 5), ("x - 2*y", 5), ("-x - y", 3), ("1/(x + y)", 5), ("x/(1 + x)", 5),
    ("2.5*exp(-1.3*x) + 0.4", 8),
]
# fmt: on


@pytest.mark.parametrize(("text", "nodes"), NODES)
def test_the_nodes_that_are_printed_are_counted(text: str, nodes: int) -> None:
    assert complexity(parse(text)) == nodes


# Each costs fewer bits than the next one.
CHEAPER = [
    ("x", "x + y"),
    ("x", "sin(x)"),
    ("sin(x)", "tanh(x)"),
    ("2*x", "7*x"),
    ("x**2", "x**3"),
    ("x**2", "x**(3/2)"),
    ("x**(1/2)", "x**(5/3)"),
    ("2*x", "2.123456789*x"),
    ("2.5*x", "2.123456789*x"),
    ("2*x", "2*x + 1"),
    ("1.2345678*x + 1.2345678", "1.2345678*x + 8.7654321"),
    ("1.2345678*x - 1.2345678", "1.2345678*x - 8.7654321"),
    ("1.2345678*x*(1.2345678 + y)*sin(1.2345678*z)", "1.2345678*x*(1.2345678 + y)*sin(8.7654321*z)"),
]


@pytest.mark.parametrize(("less", "more"), CHEAPER)
def test_what_says_less_costs_less(less: str, more: str) -> None:
    assert bits(parse(less), 30.0, 3) < bits(parse(more), 30.0, 3)


@pytest.mark.parametrize("per_float", [1.0, 4.0, 30.0])
@pytest.mark.parametrize("text", [text for text, _ in NODES])
def test_bits_are_positive_and_grow_with_the_precision(text: str, per_float: float) -> None:
    few, many = bits(parse(text), per_float), bits(parse(text), per_float + 5)
    assert 0 < few <= many
    assert bits(parse(text), per_float, inputs=8) >= few


def test_a_float_costs_its_precision_or_its_decimals() -> None:
    assert bits(sympy.Float(1.2345678901234), 20.0) == 20.0
    assert bits(sympy.Float(0.5), 50.0) == decimal_bits(0.5) < 20
    assert decimal_bits(1.5) == decimal_bits(-1.5) == decimal_bits(15.0) == decimal_bits(0.15)
    assert decimal_bits(1.25) > decimal_bits(1.5)


def test_the_precision_of_a_constant_is_known_by_the_rows_and_the_noise() -> None:
    assert bits_per_float(0.01, 10_000) == pytest.approx(math.log2(1e4))
    assert bits_per_float(0.01, 40_000) == pytest.approx(1 + bits_per_float(0.01, 10_000))
    assert bits_per_float(1.0, 1) == 4.0
    assert bits_per_float(0.0, 10**9) <= 52.0


TARGETS = {
    "decades": (np.geomspace(1e-3, 1e3, 50), True),
    "negative decades": (-np.geomspace(1e-3, 1e3, 50), True),
    "one decade": (np.geomspace(1, 10, 50), False),
    "just wide enough": (np.geomspace(1, 31, 50), True),
    "not quite": (np.geomspace(1, 29, 50), False),
    "both signs": (np.concatenate([-np.geomspace(1e-3, 1, 9), np.geomspace(1e-3, 1, 9)]), False),
    "with a zero": (np.linspace(0, 100, 50), False),
}


def rows_of(y: Array) -> Dataset:
    return Dataset(np.arange(len(y), dtype=float)[:, None], y, ("x",))


@pytest.mark.parametrize(("y", "answer"), TARGETS.values(), ids=TARGETS)
def test_which_targets_span_decades(y: Array, answer: bool) -> None:
    assert spans_decades(y) is answer
    assert spans_decades(1e6 * y) is answer


@pytest.mark.parametrize(("y", "wide"), TARGETS.values(), ids=TARGETS)
def test_relative_errors_are_likelier_only_where_the_target_spans_decades(y: Array, wide: bool) -> None:
    noise = 0.01 * np.random.default_rng(0).normal(size=len(y))
    assert likely_square(noise, rows_of(y)) == pytest.approx(mean_square(noise))
    relative = noise * y
    assert (likely_square(relative, rows_of(y)) < 0.5 * mean_square(relative)) is wide


def test_relative_errors_are_worth_their_geometric_mean() -> None:
    y = np.geomspace(1e-3, 1e3, 101)  # whose geometric mean is 1
    assert likely_square(0.01 * y, rows_of(y)) == pytest.approx(1e-4)


def test_a_residual_without_a_value_is_infinitely_large() -> None:
    y = np.geomspace(1, 100, 5)
    assert likely_square(np.array([0.0, 1.0, np.nan, 0.0, 0.0]), rows_of(y)) == math.inf
    assert mean_square(np.array([0.0, np.inf])) == mean_square(np.array([])) == math.inf


def test_the_law_has_a_shorter_description_than_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 3, 300)
    y = 2.5 * x**2 + rng.normal(0, 0.1, 300)
    data = Dataset(x[:, None], y, ("x",), "y")

    def length(text: str) -> float:
        expr = parse(text)
        value = sympy.lambdify(sympy.Symbol("x"), expr, "numpy")(x)
        return description_length(expr, mean_square(value - y), data)

    truth = length("2.5*x**2")
    assert all(truth < length(text) for text in ("2.5*x", "2.5*x**2 + 0.0001*x", "2.5123*x**2", "2.5*x**2.01", "x**2"))
