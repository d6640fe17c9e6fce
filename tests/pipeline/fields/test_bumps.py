"""Test functions: derivatives move to them, and they are as wide as the data allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.pipeline.fields.bumps import LEAST_HALF, Bump, bump_for, exponent_for


@settings(max_examples=40, deadline=None)
@given(
    order=st.integers(0, 4), half=st.integers(12, 40), waves=st.floats(0.05, 0.4), phase=st.floats(0, 6.3),
    step=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_the_mean_of_a_derivative_needs_none_of_the_data(
    order: int, half: int, waves: float, phase: float, step: float
) -> None:
    bump = Bump(half, exponent_for(half, 4), step)
    places = np.arange(-half, half + 1)
    k = waves / step
    due = bump.weights(0) @ (k**order * np.sin(waves * places + phase + order * np.pi / 2))
    found = bump.weights(order) @ np.sin(waves * places + phase)
    assert found == pytest.approx(due, abs=2e-4 * k**order)


def test_a_bump_has_mean_one() -> None:
    assert Bump(9, 7, 0.1).weights(0).sum() == pytest.approx(1)


@pytest.mark.parametrize("parts", [3, 4])
def test_slow_fields_get_wide_bumps_and_fast_ones_narrow(parts: int) -> None:
    t = np.arange(200)
    slow, fast = (np.sin(k * t)[:, None] * np.ones(3) for k in (0.05, 1.2))
    wide = bump_for(slow, 0, 1.0, 1, parts).half
    assert wide == (200 // parts - 1) // 2
    assert LEAST_HALF <= bump_for(fast, 0, 1.0, 1, parts).half <= 0.6 * wide
