"""Time stamps as seconds since the first one, where they can be read in one way only."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.read.file import read_table
from kansr.data.read.times import read_times
from kansr.data.roles import dataset

ROWS = "".join(f"{{}},{k},{k * k}\n" for k in range(1, 7))

stamps = st.lists(
    st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)).map(lambda t: t.replace(microsecond=0)),
    min_size=2,
    max_size=6,
)
FORMS = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S"]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20)
@given(stamps)
def test_seconds_since_the_first(form: str, times: list[datetime]) -> None:
    found = read_times([time.strftime(form) for time in times])
    assert found is not None
    assert found.seconds.tolist() == [(time - times[0]).total_seconds() for time in times]


def test_the_zero_may_be_given() -> None:
    found = read_times(["2024-03-01 08:00:10"], "2024-03-01 08:00:00")
    assert found is not None
    assert (found.seconds.tolist(), found.origin) == ([10.0], "2024-03-01 08:00:00")


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (["03/01/2024", "03/13/2024"], [0, 12 * 86400]),
        (["01/03/2024", "13/03/2024"], [0, 12 * 86400]),
        (["03/01/2024", "03/02/2024"], None),
        (["2024-03-01T00:00:00+01:00", "2024-03-01T00:00:00Z"], [0, 3600]),
        (["8:00:00", "8:00:01,5"], [0, 1.5]),
        (["23:59:59", "00:00:01"], None),
        (["12:30", "12:31"], None),
        (["2024-02-30", "2024-03-01"], None),
        (["2024-03-01", "soon"], None),
        (["1.2.3", "1.2.4"], None),
        ([], None),
    ],
)
def test_only_what_is_certain(cells: list[str], seconds: list[float] | None) -> None:
    found = read_times(cells)
    assert (None if found is None else found.seconds.tolist()) == seconds


def test_a_column_of_time_stamps() -> None:
    begin = datetime(2024, 3, 1, 8, tzinfo=timezone.utc)
    cells = [(begin + timedelta(minutes=15 * k)).strftime("%Y-%m-%d %H:%M") for k in range(6)]
    data, notes = dataset(read_table(io.BytesIO(("t,x,y\n" + ROWS.format(*cells)).encode())))
    assert data.X[:, 0].tolist() == [900.0 * k for k in range(6)]
    assert any("seconds since the first one, 2024-03-01 08:00" in note for note in notes)


def test_time_stamps_that_cannot_be_read_are_left_out() -> None:
    cells = [f"0{k}/01/2024" for k in range(1, 7)]
    data, notes = dataset(read_table(io.BytesIO(("t,x,y\n" + ROWS.format(*cells)).encode())))
    assert data.names == ("x",)
    assert any("'t' (time stamps)" in note for note in notes)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_of_a_frame(zone: str | None) -> None:
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=6, freq="h", tz=zone), "y": range(6)})
    assert dataset(frame)[0].X[:, 0].tolist() == [3600.0 * k for k in range(6)]
    frame["t"] = frame["t"] - frame["t"].iloc[0]
    assert dataset(frame)[0].X[:, 0].tolist() == [3600.0 * k for k in range(6)]
