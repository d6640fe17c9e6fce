"""Matching finds each function of the library in its own curve."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray

from kansr.expression.evaluate import evaluate
from kansr.result.graph import Edge
from kansr.symbolic.library.function import Function
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match

Array = NDArray[np.float64]


x = sympy.Symbol("x")


every_function = pytest.mark.parametrize("function", list(STANDARD), ids=lambda f: f.name)


# Names of rows that are equal as functions of a, b, c and d, so that either is a right answer.
SAME = (
    {"x", "power"},
    {"tanh", "sigmoid"},
    {"sin", "sin^2"},
    {"x^(1/2)", "power"}, {"x^(-1/2)", "power"}, {"x^(3/2)", "power"}, {"x^(-3/2)", "power"},
    {"x^(1/3)", "power"}, {"x^(2/3)", "power"}, {"x^2", "power"}, {"x^3", "power"}, {"x^4", "power"},
    {"x^5", "power"}, {"x^6", "power"}, {"x^-1", "power"}, {"x^-2", "power"}, {"x^-3", "power"}, {"x^-4", "power"},
)  # fmt: skip


def drawn(function: Function, rng: np.random.Generator) -> tuple[Array, EdgeFit]:
    """A curve c·f(a·x + b) + d on a range where it is defined and bends, and what it was made of."""
    low, high = np.clip(function.domain, -2.5, 2.5)
    bounded = np.isfinite(function.domain)
    if function.name in ("x^-1", "x^-2", "x^-3", "x^-4", "exp(1/x)", "power") or bounded[0]:
        low = max(low, 0.3)
    if bounded[1]:
        low, high = (
            function.domain[0] + 0.15 * np.ptp(function.domain),
            function.domain[1] - 0.15 * np.ptp(function.domain),
        )
    c, d = rng.choice([-1, 1], 2) * rng.uniform(0.5, 3, 2)
    if function.free == "p":
        return np.linspace(0.5, 3, 200), EdgeFit(function, rng.choice([-2.3, -1.7, 0.7, 1.3, 2.7]), 0.0, c, d, 1.0)
    a = rng.uniform(0.6, 1.8) if "a" in function.free else 1.0
    b = rng.uniform(-0.5, 0.5) if "b" in function.free else 0.0
    u = np.linspace(low, high, 200)
    return (u - b) / a, EdgeFit(function, a, b, c, d, 1.0)


@every_function
@pytest.mark.parametrize("seed", range(3))
def test_matching_finds_each_function_in_its_own_curve(function: Function, seed: int) -> None:
    points, truth = drawn(function, np.random.default_rng([seed, *function.name.encode()]))
    y = truth.value(points)
    first, *rest = match(Edge("x", "y", points, y))
    assert 1 - first.r2 < 1e-9
    assert first.value(points) == pytest.approx(y, abs=1e-4 * float(np.std(y)))
    own = next((fit for fit in (first, *rest) if fit.function is function), None)
    assert own is not None
    assert 1 - own.r2 < 1e-9
    names = {first.function.name, function.name}
    assert len(names) == 1 or names in SAME or first.function.complexity < function.complexity


# What was drawn, and what is read from it with 1 % noise and few points.
NOISY = {"exp": "exp(0.9*x)", "sin": "sin(2*x + 0.4)", "x": "x", "log": "log(x + 3.2)"}


@pytest.mark.parametrize(("name", "text"), NOISY.items())
def test_noise_does_not_make_the_answer_more_complicated(name: str, text: str) -> None:
    rng = np.random.default_rng(3)
    points = np.sort(rng.uniform(-3, 3, 150))
    y = 2 * evaluate(sympy.sympify(text), {"x": points}) - 1
    noise = 0.01 * float(np.std(y))
    first = match(Edge("x", "y", points, y + rng.normal(0, noise, 150), error=noise))[0]
    assert first.function.name == name
    assert first.r2 > 0.999


CONSTANT = {
    "a flat curve": (np.linspace(0, 1, 50), np.full(50, 2.5)),
    "three points": (np.arange(3.0), np.full(3, 2.5)),
}


@pytest.mark.parametrize(("points", "y"), CONSTANT.values(), ids=CONSTANT)
def test_a_curve_without_a_shape_is_its_mean(points: Array, y: Array) -> None:
    (fit,) = match(Edge("x", "y", points, y))
    assert (fit.c, fit.d) == (0.0, 2.5)


def test_the_fit_that_prints_is_the_fit_that_was_made() -> None:
    points = np.linspace(0.5, 3, 100)
    fits = match(Edge("x", "y", points, np.log(points) + 0.3 * np.sin(points)))
    assert len(fits) > 1
    for fit in fits:
        assert evaluate(fit.expr(x), {"x": points}) == pytest.approx(fit.value(points), rel=1e-9, abs=1e-9)


def test_a_function_of_ones_own_is_matched_like_the_others() -> None:
    softplus = Function("softplus", lambda u: sympy.log(1 + sympy.exp(u)), lambda u: np.log1p(np.exp(u)), complexity=4)
    points = np.linspace(-3, 3, 200)
    first = match(
        Edge("x", "y", points, 2 * np.log1p(np.exp(1.4 * points - 0.6)) + 1), MatchConfig(library=STANDARD + softplus)
    )[0]
    assert first.function is softplus
    assert (first.a, first.b, first.c, first.d) == pytest.approx((1.4, -0.6, 2, 1), rel=1e-6)
