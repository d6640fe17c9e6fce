"""How much there is to an expression: nodes as a reader counts them, bits as a code needs them."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import assume, given, settings
from support.expressions import EXPRESSIONS, real

from kansr.expression.complexity import bits, complexity, decimal_bits
from kansr.expression.parse import parse

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


@pytest.mark.parametrize(("text", "nodes"), NODES)
def test_the_nodes_that_are_printed_are_counted(text: str, nodes: int) -> None:
    assert complexity(parse(text)) == nodes


# Each costs fewer bits than the next one.
CHEAPER = [
    ("x", "x + y"),
    ("x", "sin(x)"),
    ("sin(x)", "tanh(x)"),
    ("x + exp(x)", "exp(sin(x))"),
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
    ("tanh(x*y)/(x*y)", "tanh(x*y)/(x*z)"),
    ("(x + y)**2 - sqrt(x + y)", "(x + y)**2 - sqrt(x + z)"),
    ("x*y*z/(exp(x*y) - 1)", "x*y*z/(exp(x*w) - 1)"),
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


















SIZES = {
    "x": 1,
    "x + y": 3,
    "x/y": 3,
    "sqrt(x)": 2,
    "x**2": 3,
    "-x + y": 3,
    "exp(x)": 2,
    "tanh(x)": 3,
    "2.5*x*y": 5,
    "x/2": 3,
}


@pytest.mark.parametrize(("text", "nodes"), SIZES.items())
def test_complexity_counts_the_nodes_as_printed(text: str, nodes: int) -> None:
    assert complexity(parse(text)) == nodes


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_a_part_is_smaller_than_the_whole(expr: sympy.Expr) -> None:
    assume(real(expr) and expr.free_symbols)
    for f in (sympy.sin, sympy.tanh):
        whole = f(expr, evaluate=False)
        assert complexity(whole) > complexity(expr)
        assert bits(whole, 20.0) > bits(expr, 20.0)
