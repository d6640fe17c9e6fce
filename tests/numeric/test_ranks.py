"""Ranks: those of scipy.stats, to the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from kansr.numeric.ranks import even, ranks


@given(st.lists(st.one_of(st.integers(-3, 3), st.floats(allow_nan=False)), min_size=1, max_size=50))
def test_ranks_are_those_of_scipy(x: list[float]) -> None:
    assert np.array_equal(ranks(np.array(x, dtype=float)), rankdata(x))


def test_even_ranks_lie_between_minus_and_plus_one() -> None:
    assert even(np.array([3.0, -1.0, 3.0, 7.0])).tolist() == [0.25, -0.5, 0.25, 1.0]
