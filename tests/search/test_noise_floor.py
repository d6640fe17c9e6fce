"""The noise floor: noise is told from what a surrogate cannot follow."""

from __future__ import annotations

import pytest
from support.tables import table, with_noise

from kansr.search.noise_floor import is_noisy, sees_nothing
from kansr.search.partition import Partition


@pytest.mark.parametrize("text", ["x*y + z", "x*exp(-y)/z"])
def test_noise_is_told_from_what_a_smooth_model_cannot_follow(text: str) -> None:
    noisy, clean = with_noise(text, 0.02), table(text, rows=1000)
    assert is_noisy(Partition.between(noisy, noisy.take(slice(0, 100))))
    assert not is_noisy(Partition.between(clean, clean.take(slice(0, 100))))


@pytest.mark.parametrize(("share", "nothing"), [(0.5, False), (30.0, True)])
def test_a_law_below_the_noise_is_not_seen(share: float, nothing: bool) -> None:
    assert sees_nothing(Partition.of(with_noise("x*y + z", share, rows=400), 0.25)) is nothing
