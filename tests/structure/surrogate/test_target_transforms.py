"""Transforms of the target: what a row says of its slope and power is what its functions do."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.expression.evaluate import evaluate
from kansr.numeric.arrays import Array
from kansr.structure.surrogate.target_transforms import TRANSFORMS, Transform, View, powers, views

Y = np.linspace(0.5, 1.5, 30)
SLOPED = [transform for transform in TRANSFORMS if transform.slope is not None]


@pytest.mark.parametrize("transform", SLOPED, ids=lambda t: t.name)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_slope_is_the_derivative_on_either_side_of_zero(transform: Transform, sign: int) -> None:
    h = 1e-6
    here, high, low = (View.of(transform, sign * Y + d) for d in (0.0, h, -h))
    assert here.slope == pytest.approx((high.t - low.t) / (2 * h), rel=1e-7)
    assert here.target(here.t) == pytest.approx(sign * Y, rel=1e-14)


def test_powers_are_found_by_their_exponents() -> None:
    found = powers(1, 0, -1, 2, -2)
    assert found[1].forward(Y) == pytest.approx(np.log(Y))
    for transform, exponent in zip(found, (1, None, -1, 2, -2)):
        if exponent is not None:
            assert transform.forward(Y) == pytest.approx(Y**exponent, rel=1e-14)
        t = sympy.Symbol("t", positive=True)
        assert sympy.simplify(transform.written(transform.symbolic(t)) - t) == 0


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: t.name)
def test_a_transform_and_its_inverse_are_the_same_in_symbols(transform: Transform) -> None:
    y = np.linspace(0.1, 0.9, 30)
    t = transform.forward(y)
    assert transform.inverse(t) == pytest.approx(y, rel=1e-12)
    assert evaluate(sympy.sympify(transform.symbolic(sympy.Symbol("u"))), {"u": t}) == pytest.approx(y, rel=1e-12)


TARGETS = {
    "positive": (np.linspace(0.5, 3, 40), {"y", "log(y)", "1/y", "y^2"}),
    "negative": (np.linspace(-3, -0.5, 40), {"y", "log(y)", "1/y", "y^2"}),
    "of both signs": (np.linspace(-1, 2, 40), {"y"}),
    "with a zero": (np.linspace(0, 2, 40), {"y"}),
}


@pytest.mark.parametrize(("z", "names"), TARGETS.values(), ids=TARGETS)
def test_there_are_views_only_where_they_are_one_to_one(z: Array, names: set[str]) -> None:
    found = {view.name: view.t for view in views(z)}
    assert set(found) == names
    assert all(len(np.unique(t)) == len(z) for t in found.values())


@pytest.mark.parametrize("sign", [1, -1])
def test_the_slope_of_a_view_is_its_derivative(sign: int) -> None:
    z, h = sign * np.linspace(0.5, 3, 40), 1e-6
    for view, high, low in zip(views(z), views(z + h), views(z - h)):
        assert view.slope == pytest.approx((high.t - low.t) / (2 * h), rel=1e-6), view.name


HIDDEN = np.append(np.geomspace(0.1, 50, 60), [-0.02, -0.05, -0.01])  # noise has taken the sign of the small values


@pytest.mark.parametrize("z", [HIDDEN, -HIDDEN, np.geomspace(0.5, 3, 40), -np.geomspace(0.5, 3, 40)], ids=str)
def test_every_view_can_be_turned_back(z: Array) -> None:
    found = views(z, noisy=True)
    assert len(found) > 1
    for view in found:
        assert view.target(view.t) == pytest.approx(z, rel=1e-9), view.name
        h = 1e-6 / np.abs(view.slope)
        assert (view.target(view.t + view.slope * h) - z) / h == pytest.approx(np.ones(len(z)), rel=1e-4), view.name


def test_a_sign_that_noise_hides_is_told_from_one_that_changes() -> None:
    assert "asinh(y)" in {view.name for view in views(HIDDEN, noisy=True)}
    assert [view.name for view in views(np.linspace(-1, 2, 40), noisy=True)] == ["y"]
    assert [view.name for view in views(HIDDEN)] == ["y"]
