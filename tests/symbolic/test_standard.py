"""The library: every row means the same in all its forms."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray

from kansr.expression.evaluate import evaluate
from kansr.expression.render import render
from kansr.symbolic.library.function import Function, by_differences
from kansr.symbolic.library.standard import STANDARD

Array = NDArray[np.float64]


x = sympy.Symbol("x")


every_function = pytest.mark.parametrize("function", list(STANDARD), ids=lambda f: f.name)


def inside(function: Function, points: int = 41) -> Array:
    """Points within the domain, clear of its ends and of 0, where some rows have a pole or a corner."""
    low, high = np.clip(function.domain, -4, 4)
    margin = 0.05 * (high - low)
    u = np.linspace(low + margin, high - margin, points)
    return u[np.abs(u) > 0.1]


def test_there_are_enough_rows_with_names_of_their_own() -> None:
    assert len(STANDARD) >= 25
    assert len(set(STANDARD.names)) == len(STANDARD)


@every_function
def test_the_symbolic_form_is_the_numeric_one(function: Function) -> None:
    u = inside(function)
    assert evaluate(sympy.sympify(function.symbolic(x)), {"x": u}) == pytest.approx(function.numeric(u), rel=1e-12)


@every_function
def test_the_derivative_is_that_of_the_symbolic_form(function: Function) -> None:
    u = inside(function)
    slope = sympy.diff(function.symbolic(sympy.Symbol("x", real=True)))
    exact = np.array([float(slope.subs(next(iter(slope.free_symbols), x), value)) for value in u])
    given = (function.derivative or by_differences(function.numeric))(u)
    assert given == pytest.approx(exact, rel=1e-6, abs=1e-8)


@every_function
def test_the_slopes_are_differences_by_a_and_b(function: Function) -> None:
    points, a, b, h = np.linspace(0.4, 0.9, 11), 1.1, 0.2, 1e-6
    by_a = (function.inner(points, a + h, b) - function.inner(points, a - h, b)) / (2 * h)
    by_b = (function.inner(points, a, b + h) - function.inner(points, a, b - h)) / (2 * h)
    slopes = function.slopes(points, a, b)
    known = np.isfinite(by_a)
    assert known.sum() > 5
    assert slopes[0][known] == pytest.approx(by_a[known], rel=1e-6, abs=1e-7)
    assert slopes[1][known] == pytest.approx(
        0 * by_b[known] if function.free == "p" else by_b[known], rel=1e-6, abs=1e-7
    )


@every_function
def test_every_row_is_in_the_formula_language(function: Function) -> None:
    assert render(function.expr(x, 1.5, 0.25))


@pytest.mark.parametrize(
    "function", [f for f in STANDARD if f.free != "p" and np.isfinite(f.domain).any()], ids=lambda f: f.name
)
def test_outside_the_domain_there_is_no_value(function: Function) -> None:
    outside = np.array([end + d for end, d in zip(function.domain, (-0.5, 0.5)) if np.isfinite(end)])
    assert np.isnan(function.inner(outside, 1.0, 0.0)).all()
