"""Numbers that a person would write."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.expression.complexity import bits
from kansr.expression.nice_numbers import (
    FACTORS,
    exponent_near,
    factor_near,
    fractions_near,
    is_short,
    nice_numbers,
    proposals,
)
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


R = sympy.Rational


def test_factors_come_by_what_they_cost() -> None:
    costs = [bits(number, 0.0) for number in FACTORS]
    assert costs == sorted(costs)


@pytest.mark.parametrize(
    "value, tolerance, number",
    [
        (1.01, 0.02, 1),
        (-0.505, 0.02, -R(1, 2)),
        (5.0, 0.02, None),
        (3.42, 0.15, 3),
        (0.58, 0.15, R(2, 3)),
        (2.0, 0.0, None),
    ],
)
def test_the_cheapest_factor_within_the_tolerance_is_taken(value, tolerance, number) -> None:
    assert factor_near(value, tolerance) == number


@pytest.mark.parametrize(
    "value, number",
    [
        (2.09, 2),
        (-1.46, -R(3, 2)),
        (0.34, R(1, 3)),
        (0.29, None),
        (0.76, R(3, 4)),
        (0.61, R(3, 5)),
        (7, None),
        (0.04, 0),
    ],
)
def test_exponents_read_off_gradients(value, number) -> None:
    assert exponent_near(value) == number


@given(st.floats(-5, 5), st.floats(1e-9, 0.2))
def test_the_exponent_within_one_tolerance_is_the_nearest_fraction(value: float, tolerance: float) -> None:
    found = exponent_near(value, dict.fromkeys((1, 2, 3, 4), tolerance), per_denominator=0.0)
    distances = {R(round(q * value), q): abs(round(q * value) / q - value) for q in (1, 2, 3, 4)}
    if found is None:
        assert min(distances.values()) > tolerance
    else:
        assert distances[found] == min(distances.values()) <= tolerance


def test_fractions_come_in_the_order_of_their_denominators_and_are_not_zero() -> None:
    assert list(fractions_near(0.4999, (1, 2, 3, 4), 0.01)) == [R(1, 2), R(1, 2)]
    assert list(fractions_near(1.3334, (1, 2, 3, 6), 1e-3)) == [R(4, 3), R(4, 3)]
    assert list(fractions_near(1e-12, (1, 2, 24), 0.5)) == []
    assert list(fractions_near(1234.0, (1, 2), 1e-9, largest=1000)) == []


@pytest.mark.parametrize("value, digits, short", [(1.2345, 6, True), (1.2345, 4, False), (1.234 * (1 + 1e-9), 4, True)])
def test_a_short_number_is_said_by_few_digits(value: float, digits: int, short: bool) -> None:
    assert is_short(value, digits) is short
