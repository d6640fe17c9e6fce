"""Dimensions are shown in base units."""

from __future__ import annotations

from kansr.units.dimension import Dimension
from kansr.units.text import dimension_of


def test_a_dimension_is_shown_in_base_units() -> None:
    assert str(dimension_of("N")) == "kg*m/s**2"
    assert str(dimension_of("1/s**0.5")) == "1/s**(1/2)"
    assert str(Dimension()) == "no unit"
