"""Columns are written the way round in which they are shorter_tail."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.structure.moves.gradient.sample import shorter_tail


def test_a_column_with_a_long_tail_is_turned_round() -> None:
    near_zero, x = np.linspace(1e-3, 3.0, 200), sympy.Symbol("x")
    for u, expr in ((near_zero, x), (1 / near_zero, 1 / x)):
        values_, said = shorter_tail(u, expr)
        assert said == x and np.allclose(values_, near_zero)
    even = np.linspace(1.0, 2.0, 200)
    assert shorter_tail(1 / even, 1 / x)[1] == 1 / x  # no reason to turn it round
