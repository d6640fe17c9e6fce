"""Numbers that a person would write."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.expression.nice_numbers import nice_numbers, proposals
from kansr.expression.parse import parse

NICE = {
    "0": 0.0,
    "3": 3.0,
    "1/2": 0.5,
    "-2/3": -2 / 3,
    "pi": np.pi,
    "sqrt(2*pi)": np.sqrt(2 * np.pi),
    "1/sqrt(2*pi)": 1 / np.sqrt(2 * np.pi),
    "pi**2/6": np.pi**2 / 6,
    "4*pi/3": 4 * np.pi / 3,
    "sqrt(3)": np.sqrt(3),
    "1/(4*pi)": 1 / (4 * np.pi),
}


@pytest.mark.parametrize(("text", "value"), NICE.items())
def test_the_first_proposal_within_rounding_is_the_number_meant(text: str, value: float) -> None:
    assert sympy.simplify(proposals(value, max(abs(value), 1) * 1e-10)[0] - parse(text)) == 0


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e3, 1e3, allow_nan=False), st.floats(1e-9, 0.1))
def test_proposals_are_within_the_tolerance(value: float, tolerance: float) -> None:
    numbers = proposals(value, tolerance)
    assert numbers or tolerance < 1e-3  # a number of six digits is always near enough
    for number in numbers:
        assert abs(float(number) - value) <= tolerance * (1 + 1e-6) + 1e-15


def test_nice_numbers_ascend_and_are_what_they_say() -> None:
    values, bits, keys = nice_numbers()
    assert np.all(np.diff(values) > 0)
    assert np.all(bits > 0)
    assert len(keys) == len(values)
