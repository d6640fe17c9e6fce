"""Terms are what they are written as."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.expression.parse import parse
from kansr.expression.render import render
from kansr.pipeline.fields.terms import Term, symbol, terms_of

X, Y = sympy.symbols("x y")
U = sympy.Function("U")(X, Y)


def derivatives(expr: sympy.Expr) -> sympy.Expr:
    """An expression in u, u_x, u_xy, … with the derivatives of U(x, y) for these names."""
    values = {}
    for orders in np.ndindex(5, 5):
        made = U
        for axis, order in zip((X, Y), orders):
            made = made.diff(axis, order) if order else made
        values[symbol("u", ("x", "y"), orders)] = made
    return expr.xreplace(values)


@pytest.mark.parametrize(
    ("power", "orders"), [(1, (0, 0)), (2, (1, 0)), (3, (0, 2)), (2, (1, 1)), (4, (3, 1)), (4, (4, 0)), (0, (0, 0))]
)
def test_a_term_is_the_derivative_of_a_power(power: int, orders: tuple[int, int]) -> None:
    number, written = Term(power, orders).written("u", ("x", "y"))
    due = U**power
    for axis, order in zip((X, Y), orders):
        due = due.diff(axis, order) if order else due
    assert sympy.expand(due - number * derivatives(written)) == 0


@pytest.mark.parametrize("axes", [1, 2])
def test_all_terms_are_different_and_in_the_formula_language(axes: int) -> None:
    written = [term.written("u", ("x", "y")[:axes])[1] for term in terms_of(axes)]
    assert len(set(written)) == len(written) == {1: 21, 2: 61}[axes]
    assert all(parse(render(expr)) == expr for expr in written)


def test_axes_with_long_names() -> None:
    assert str(symbol("height", ("pos",), (2,))) == "height_pos_pos"


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_powers_are_unbiased_in_noise(power: int) -> None:
    u, sigma = 0.7, 0.5
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    noisy = u + sigma * nodes
    term = Term(power, (0,))
    assert weights @ term.values(noisy, sigma) / weights.sum() == pytest.approx(u**power)
    step = 1e-6
    slope = (term.values(noisy + step, sigma) - term.values(noisy - step, sigma)) / (2 * step)
    np.testing.assert_allclose(term.slopes(noisy, sigma), slope, rtol=1e-6, atol=1e-8)
