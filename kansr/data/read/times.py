"""Time stamps as seconds since the first of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from kansr.numeric.arrays import Array

NANOSECONDS = 10**9  # in a second
TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"
ISO = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}{TIME}\s?(?:Z|[-+]\d{{2}}:?\d{{2}})?", re.ASCII)
# Orders of day, month and year, and the pattern of dates that may be written in them.
YEAR_FIRST = rf"(\d{{4}})/(\d{{1,2}})/(\d{{1,2}}){TIME}"
WITH_POINTS = rf"(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){TIME}"
DAY_OR_MONTH_FIRST = rf"(\d{{1,2}})[/-](\d{{1,2}})[/-](\d{{4}}){TIME}"
CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}(?:[.,]\d{1,9})?)", re.ASCII)
TIMELIKE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.*|\d{1,2}:\d{2}\b.*", re.ASCII | re.DOTALL)
ONE_DIGIT_HOUR = re.compile(r"(?<=[ T])(\d):", re.ASCII)
MONTHS, HOURS = 12, 24
SECONDS_IN_HOUR, SECONDS_IN_MINUTE = 3600, 60


class Times(NamedTuple):
    """Time stamps as seconds, (cells,), since `origin`, which is how the first one of the table is written."""

    seconds: Array
    origin: str


def looks_like_time(cell: str) -> bool:
    """Whether a cell holds a date or a time of the day, in whatever order."""
    return TIMELIKE.fullmatch(cell.strip()) is not None


def read_times(cells: Sequence[object], origin: str = "") -> Times | None:
    """Seconds since the first cell, or since `origin`; None where the cells are no time stamps, or may be several.

    Read are ISO 8601, 2024/03/01, 01.03.2024, 03/01/2024 where a day above 12 tells days from months, and times of
    the day, hours:minutes:seconds, that never fall.
    """
    if not len(cells):
        return None
    texts = [_text(cell) for cell in cells]
    begin = origin or texts[0]
    for reader in (_iso, _ordered, _clock):
        found = reader([begin, *texts])
        if found is not None:
            return Times(found[1:] - found[0], begin)
    return None


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else pd.Timestamp(cell).isoformat()  # type: ignore[arg-type]


def _iso(texts: Sequence[str]) -> Array | None:
    if not all(ISO.fullmatch(text) for text in texts):
        return None
    padded = [ONE_DIGIT_HOUR.sub(r"0\1:", text).replace(",", ".") for text in texts]
    try:
        stamps = pd.to_datetime(pd.Series(padded), format="ISO8601", utc=True).dt.as_unit("ns")
    except (ValueError, OverflowError):  # the errors of pandas derive from ValueError
        return None
    nanoseconds = stamps.astype("int64").to_numpy()
    whole, rest = np.divmod(nanoseconds, NANOSECONDS)  # differences of centuries in nanoseconds are no int64
    return np.asarray((whole - whole[0]) + (rest - rest[0]) / NANOSECONDS)


def _ordered(texts: Sequence[str]) -> Array | None:
    """Dates whose order of day, month and year is known."""
    for pattern in (YEAR_FIRST, WITH_POINTS, DAY_OR_MONTH_FIRST):
        matches = [re.fullmatch(pattern, text, re.ASCII) for text in texts]
        if not all(matches):
            continue
        parts = np.array([[int(part) for part in match.groups()[:3]] for match in matches if match])
        order = _order(pattern, parts)
        if order is None:
            return None
        rest = [re.sub(r"^[\d./-]+", "", text) for text in texts]
        dates = ["{:04d}-{:02d}-{:02d}".format(*(part[k] for k in order)) for part in parts.tolist()]
        return _iso([date + time for date, time in zip(dates, rest)])
    return None


def _order(pattern: str, parts: Array) -> tuple[int, int, int] | None:
    """Where year, month and day stand, None where days and months cannot be told apart."""
    if pattern == YEAR_FIRST:
        return (0, 1, 2)
    if pattern == WITH_POINTS or (parts[:, 0] > MONTHS).any():
        return (2, 1, 0)
    return (2, 0, 1) if (parts[:, 1] > MONTHS).any() else None


def _clock(texts: Sequence[str]) -> Array | None:
    """Times of the day, which never fall."""
    matches = [CLOCK.fullmatch(text) for text in texts]
    if not all(matches):
        return None
    parts = [[float(part.replace(",", ".")) for part in match.groups()] for match in matches if match]
    hours, minutes, seconds = np.array(parts).T
    if max(hours) >= HOURS or max(minutes) >= SECONDS_IN_MINUTE or max(seconds) >= SECONDS_IN_MINUTE:
        return None
    total = hours * SECONDS_IN_HOUR + minutes * SECONDS_IN_MINUTE + seconds
    return np.asarray(total) if (np.diff(total[1:]) >= 0).all() else None
