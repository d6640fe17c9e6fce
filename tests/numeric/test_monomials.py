"""Monomials up to a degree."""

from __future__ import annotations

from kansr.numeric.monomials import monomials


def test_monomials_are_complete_and_distinct() -> None:
    powers = monomials(3, 4)
    assert powers[0] == (0, 0, 0)
    assert len(powers) == len(set(powers)) == 35  # C(3 + 4, 4)
    assert max(map(sum, powers)) == 4
