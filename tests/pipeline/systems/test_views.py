"""Integrals and views: what a state and the integrals of its right-hand side have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.pipeline.systems.regression.views import NARROW, WIDE, cumulative, views


def halves(t: np.ndarray) -> np.ndarray:
    return (t[1:] + t[:-1]) / 2


@given(st.lists(st.floats(0.05, 1.0), min_size=11, max_size=30), st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_integrals_of_parabolas_are_exact_at_uneven_times(steps: list[float], a: float, b: float) -> None:
    t = np.cumsum(steps)

    def f(u: np.ndarray) -> np.ndarray:
        return 1 + a * u + b * u**2

    def once(u: np.ndarray) -> np.ndarray:
        return u + a * u**2 / 2 + b * u**3 / 3

    def twice(u: np.ndarray) -> np.ndarray:
        return u**2 / 2 + a * u**3 / 6 + b * u**4 / 12

    np.testing.assert_allclose(cumulative(t, f(t), f(halves(t))), once(t) - once(t[0]), atol=1e-9)
    expected = twice(t) - twice(t[0]) - once(t[0]) * (t - t[0])
    np.testing.assert_allclose(cumulative(t, f(t), f(halves(t)), 2), expected, atol=1e-8)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_view_does_not_see_where_a_segment_starts(order: int, width: float) -> None:
    rng = np.random.default_rng(0)
    segments = [np.sort(rng.uniform(0, 5, 60)), np.sort(rng.uniform(7, 9, 40))]
    sigma = rng.uniform(0.5, 2, 100)
    start = np.concatenate([np.full(60, 3.0), np.full(40, -2.0)])
    if order == 2:
        start = start + np.concatenate([2 * segments[0], 5 * segments[1]])
    for view in views(segments, sigma, width, order):
        assert np.abs(view.of(start)).max() < 1e-9
        assert np.abs(view.of(rng.normal(size=100))).max() > 0.1


def test_errors_of_the_rows_are_of_size_one_in_every_view() -> None:
    rng = np.random.default_rng(1)
    t, sigma = np.linspace(0, 4, 400), rng.uniform(0.1, 3, 400)
    for view in views([t], sigma, WIDE):
        seen = view.of(sigma[:, None] * rng.normal(size=(400, 200)))
        assert np.sqrt(np.mean(seen**2)) == pytest.approx(1, rel=0.05)
