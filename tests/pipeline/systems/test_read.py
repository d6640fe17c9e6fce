"""From a table to runs, and what is refused on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.systems import frame_of, predators

from kansr.data.read.table import from_frame
from kansr.errors import DataError, KansrError, UsageError
from kansr.pipeline.systems.read import series_of

FRAME = frame_of(predators(rows=30))


def changed(**columns: object) -> pd.DataFrame:
    return FRAME.assign(**columns)


def one_row(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[0]].assign(trial=7.0)], ignore_index=True)


BAD = {
    "no such run": (FRAME, {"run": "day"}, DataError, "has no run column 'day'"),
    "a run of one row": (one_row(FRAME), {"run": "trial"}, DataError, "run '7' has 1 row, and a system needs 12"),
    "a time twice": (FRAME.assign(t=FRAME.t.where(FRAME.index != 1, FRAME.t[2])), {}, DataError, "twice in the run"),
    "two runs as one": (FRAME.assign(trial=0.0), {"run": "trial"}, DataError, "twice in run '0'"),
    "the time as a target": (FRAME, {"targets": ["t", "prey"]}, UsageError, "both a target and the time"),
    "the run as a target": (FRAME, {"targets": ["trial"], "run": "trial"}, UsageError, "a target and the run column"),
    "the run as the time": (FRAME, {"run": "t"}, UsageError, "both the time and the run column"),
    "order 3": (FRAME, {"order": 3}, UsageError, "order 1 or 2"),
    "no such target": (FRAME, {"targets": ["pray", "predator"]}, DataError, "no column 'pray'; did you mean 'prey'"),
    "a target twice": (FRAME, {"targets": ["prey", "prey"]}, UsageError, "named twice"),
    "a missing cell": (changed(prey=FRAME.prey.mask(FRAME.index == 4)), {}, DataError, "missing cells in 'prey'"),
    "a run without a name": (
        changed(trial=FRAME.trial.mask(FRAME.index == 4)),
        {"run": "trial"},
        DataError,
        "the run is missing in some rows",
    ),
    "a state that stays": (changed(prey=1.5), {}, DataError, "'prey' is 1.5 in all rows"),
    "nothing but gaps": (
        changed(t=np.cumsum([100.0 if k % 8 == 0 else 1.0 for k in range(60)])),
        {},
        DataError,
        "so many gaps",
    ),
}


@pytest.mark.parametrize(("frame", "options", "kind", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    frame: pd.DataFrame, options: dict[str, object], kind: type[KansrError], words: str
) -> None:
    asked = {"targets": ["prey", "predator"], **options}
    with pytest.raises(kind, match=words) as caught:
        series_of(from_frame(frame), "t", **asked)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_new_run_begins_where_the_time_falls_or_the_run_changes() -> None:
    for run in (None, "trial"):
        series, _ = series_of(from_frame(FRAME), "t", ["prey", "predator"], run)
        assert [len(one.t) for one in series.runs] == [30, 30]
        np.testing.assert_array_equal(series.runs[1].x, FRAME[["prey", "predator"]].to_numpy()[30:])


def test_rows_of_a_named_run_may_be_mixed() -> None:
    mixed = FRAME.sample(frac=1, random_state=0)
    series, _ = series_of(from_frame(mixed), "t", ["prey"], "trial")
    assert all(np.all(np.diff(run.t) > 0) for run in series.runs)


def test_gaps_cut_a_run_in_segments() -> None:
    one = FRAME[FRAME.trial == 0].assign(t=np.concatenate([np.arange(14), 100 + np.arange(16)]).astype(float))
    series, notes = series_of(from_frame(one), "t", ["prey"])
    assert [len(t) for t, _ in series.segments()] == [14, 16]
    assert any("1 gap" in note for note in notes)


def test_names_of_second_order() -> None:
    series, _ = series_of(from_frame(FRAME.rename(columns={"prey": "angle (°)"})), "t", ["angle (°)"], None, 2)
    assert series.names == ("angle", "dangle_dt")
    assert series.targets == ("d2angle_dt2",)
    assert series.columns == {"angle": "angle (°)"}
