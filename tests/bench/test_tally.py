"""Rates of recovery with their intervals."""

from __future__ import annotations

import pytest

from kansr.bench.report.tally import decided_rate, wilson

# hits, trials -> interval: by hand for 0 and 10 of 10, in Newcombe 1998 for 81 of 263
WILSON = {(0, 10): (0.0, 0.2775), (10, 10): (0.7225, 1.0), (81, 263): (0.2553, 0.3662), (0, 0): (0.0, 1.0)}


@pytest.mark.parametrize(("hits", "interval"), WILSON.items())
def test_the_interval_is_that_of_wilson(hits: tuple[int, int], interval: tuple[float, float]) -> None:
    assert wilson(*hits) == pytest.approx(interval, abs=1e-4)


def test_the_rate_among_the_decidable_is_that_of_the_skeleton() -> None:
    said = [("yes", True), ("no", True), ("no", False), ("no", None), ("undecided", True)]
    records = [{"verdicts": {"skeleton": skeleton}, "decidable": decidable} for skeleton, decidable in said]
    rate = decided_rate(records)
    assert rate is not None
    assert (rate["trials"], rate["yes"], rate["undecided"], rate["rate"]) == (3, 1, 1, pytest.approx(1 / 3))
    assert decided_rate(records[2:4]) is None
    assert decided_rate([{"verdicts": {"skeleton": "yes"}}]) is None, "records of earlier versions do not say"
