"""Values and their standard errors, written down to the same digit."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kansr.show.digits import measured

WRITTEN = [
    (423.93712, 0.0183, "423.937 ± 0.018"),
    (-0.371845, 0.0046, "-0.3718 ± 0.0046"),
    (3612.3, 123.0, "3610 ± 120"),
    (5.0, 0.0996, "5.00 ± 0.10"),
    (4.2e-5, 1.1e-5, "(4.2 ± 1.1)e-05"),
    (1e9, 2e6, "(1.0000 ± 0.0020)e+09"),
    (0.0, 0.5, "0.00 ± 0.50"),
    (12.25, 0.0, "12.25"),
    (12.25, math.inf, "12.25"),
]


@pytest.mark.parametrize(("value", "error", "text"), WRITTEN)
def test_a_measured_value(value: float, error: float, text: str) -> None:
    assert measured(value, error) == text


sizes = st.floats(1e-12, 1e12)


@given(sizes, st.floats(1e-8, 10.0), st.sampled_from([1, 2]))
def test_value_and_error_end_at_the_same_digit_and_are_close(value: float, share: float, digits: int) -> None:
    error = share * value
    text = measured(value, error, digits)
    first, second = re.fullmatch(r"\(?(.*?) ± (.*?)(?:\)(e.*))?", text).group(1, 2)  # type: ignore[union-attr]
    scale = 10.0 ** int((re.search(r"e([+-]\d+)$", text) or ["", "0"])[1])
    assert len(first.partition(".")[2]) == len(second.partition(".")[2])
    assert abs(float(first) * scale - value) <= error  # rounded by less than its error
    assert float(second) * scale == pytest.approx(error, rel=0.51 if digits == 1 else 0.051)
