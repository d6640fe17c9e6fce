"""Rows to fit and to judge on: noise is told from what a smooth model cannot follow."""

from __future__ import annotations

from support.tables import table, with_noise

from kansr.search.partition import Rows

ROWS = 1000


def test_noise_is_told_from_what_a_smooth_model_cannot_follow() -> None:
    for text in ("x*y + z", "x*exp(-y)/z"):
        noisy, clean = with_noise(text, 0.02), table(text, rows=ROWS)
        assert Rows(noisy, noisy.take(slice(0, 100))).noisy
        assert not Rows(clean, clean.take(slice(0, 100))).noisy
