"""When a search may stop after waves have been found."""

from __future__ import annotations

import pytest

from kansr.expression.parse import parse
from kansr.search.stopping import simple_waves


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("3*cos(41*x + 1) + 2", True),
        ("3*exp(-x)*cos(41*x + 1) + 2*x", True),
        ("3*cos(8*x**2 + 41*x)", True),
        ("3*cos(41*x + 1) + cos(93*x) + x", True),
        ("3*cos(41*x + 1) + cos(82*x)", False),
        ("sin(20*pi*x) - sin(60*pi*x)/3", False),
        ("3*cos(41*x + 1) + cos(3*x)", False),
        ("3*cos(41*x + 1) + cos(42*x)", False),
        ("3*exp(-x)*cos(41*x + 1) + cos(93*x)", False),
        ("cos(41*x) + cos(67*x) + cos(95*x) + cos(123*x)", False),
        ("x**2", False),
    ],
)
def test_only_simple_sums_of_waves_end_a_search(text: str, simple: bool) -> None:
    assert simple_waves(parse(text), 1.0) == simple
