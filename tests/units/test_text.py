"""Units are read from text, and what is none is refused in one sentence."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.errors import DataError
from kansr.units.dimension import Dimension
from kansr.units.text import dimension_of


@pytest.mark.parametrize(
    "text, same",
    [
        ("kg*m/s**2", "N"),
        ("kg m s^-2", "N"),
        ("kg·m/s²", "N"),
        ("m s⁻¹", "km/h"),
        ("eV", "J"),
        ("1", "dimensionless"),
        ("rad", "1"),
        ("%", "1"),
        ("°", "1"),
        ("J/(kg*K)", "m**2/s**2/K"),
        ("MPa*m**(1/2)", "Pa*m**0.5"),
        ("1/s", "Hz"),
        ("1e3*m", "km"),
        ("µm", "m"),
        ("kg*m**2/s**2/V", "C"),
        ("statC**2", "dyn*cm**2"),
    ],
)
def test_units_of_one_dimension_are_alike(text: str, same: str) -> None:
    assert dimension_of(text) == dimension_of(same)


HOSTILE = [
    "__import__('os').system('true')",
    "().__class__",
    "10**10**10",
    "m**10**10",
    "m**99999999",
    "(" * 5000 + "m" + ")" * 5000,
    "m*" * 100_000 + "m",
    "m;m",
    "lambda: 0",
    "m[0]",
    "\x00",
]


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "write 1"),
        ("furlongs_per", "no unit is called 'furlongs_per'"),
        ("Kelvin", "did you mean kelvin"),
        ("degC", "convert the column to K"),
        ("dB", "does not count from zero"),
        ("Nm", "write N*m"),
        ("J/kg K", "parentheses"),
        ("m**0", "exponent"),
        ("kg*m/", "write it like"),
        *((text, "") for text in HOSTILE),
    ],
)
def test_what_is_no_unit_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        dimension_of(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_unit_or_a_data_error(text: str) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(dimension_of(text), Dimension)
