"""Transforms and views of the target: they lead back, and there are only those that suit its values."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.expression.evaluate import evaluate
from kansr.numeric.arrays import Array
from kansr.structure.surrogate.target_transforms import TRANSFORMS, Transform, seen_from, views


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: t.name)
def test_a_transform_and_its_inverse_are_the_same_in_symbols(transform: Transform) -> None:
    y = np.linspace(0.1, 0.9, 30)
    t = transform.forward(y)
    assert transform.inverse(t) == pytest.approx(y, rel=1e-12)
    assert evaluate(sympy.sympify(transform.symbolic(sympy.Symbol("u"))), {"u": t}) == pytest.approx(y, rel=1e-12)


TARGETS = {
    "positive": (np.linspace(0.5, 3, 40), {"z", "log z", "1/z", "z^2"}),
    "negative": (np.linspace(-3, -0.5, 40), {"z", "log z", "1/z", "z^2"}),
    "of both signs": (np.linspace(-1, 2, 40), {"z"}),
    "with a zero": (np.linspace(0, 2, 40), {"z"}),
}


@pytest.mark.parametrize(("z", "names"), TARGETS.values(), ids=TARGETS)
def test_there_are_views_only_where_they_are_one_to_one(z: Array, names: set[str]) -> None:
    found = {name: t for name, t, _ in views(z)}
    assert set(found) == names
    assert all(len(np.unique(t)) == len(z) for t in found.values())


@pytest.mark.parametrize("sign", [1, -1])
def test_the_slope_of_a_view_is_its_derivative(sign: int) -> None:
    z, h = sign * np.linspace(0.5, 3, 40), 1e-6
    for (name, _, slope), (_, high, _), (_, low, _) in zip(views(z), views(z + h), views(z - h), strict=True):
        assert slope == pytest.approx((high - low) / (2 * h), rel=1e-6), name


HIDDEN = np.append(np.geomspace(0.1, 50, 60), [-0.02, -0.05, -0.01])  # noise has taken the sign of the small values


@pytest.mark.parametrize("z", [HIDDEN, -HIDDEN, np.geomspace(0.5, 3, 40), -np.geomspace(0.5, 3, 40)], ids=str)
def test_every_view_can_be_turned_back(z: Array) -> None:
    found = views(z, noisy=True)
    assert len(found) > 1
    for name, t, slope in found:
        assert seen_from(name, t, z) == pytest.approx(z, rel=1e-9), name
        h = 1e-6 / np.abs(slope)
        assert (seen_from(name, t + slope * h, z) - z) / h == pytest.approx(np.ones(len(z)), rel=1e-4), name


def test_a_sign_that_noise_hides_is_told_from_one_that_changes() -> None:
    assert "asinh z" in {name for name, _, _ in views(HIDDEN, noisy=True)}
    assert [name for name, _, _ in views(np.linspace(-1, 2, 40), noisy=True)] == ["z"]
    assert [name for name, _, _ in views(HIDDEN)] == ["z"]
