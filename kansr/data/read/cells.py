"""Turn the cells of one column into float64, or say which cell cannot be read and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from numbers import Rational
from typing import NamedTuple

import numpy as np
import pandas as pd

from kansr.numeric.arrays import Array

NUMBER = r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?"

# (pattern of an unreadable cell, what to do about it); the first pattern that matches is used.
HINTS: tuple[tuple[str, str], ...] = (
    (r"[-+]?\d{1,3}(,\d{3})+", "take out the thousands separators, or use --decimal , if the comma is a decimal comma"),
    (r"[-+]?\d{1,3}([,. ']\d{3})+([.,]\d+)?", "take out the thousands separators"),
    (r"[-+]?\d*,\d+([eE][-+]?\d+)?", "if the comma is a decimal comma, use --decimal ,"),
    (r"[-+]?\d*\.\d+([eE][-+]?\d+)?", "if the point is a decimal point, use --decimal ."),
    (r"\(?[-+]?[\d.]+(e[-+]?\d+)?([-+][\d.]+(e[-+]?\d+)?)?\*?[ij]\)?", "complex values are not supported"),
    (r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d{2}.*", "turn dates into numbers, such as days since the first one"),
    (r"true|false|yes|no", "write booleans as 0 and 1"),
    (NUMBER, "it is beyond what float64 can hold"),
    (NUMBER + r"\s*[^\s\d].*", "cells must be bare numbers; a unit belongs in the column name or a units file"),
)
LARGEST_EXACT = 2**53  # integers beyond it are not all exact in float64
SHOWN = 40  # characters of a cell that a message repeats
OTHERWISE = "if it means missing, say so with --na-values, or leave the column out with --inputs"
UNITS = "if this line holds units, take it out and give them with --units"


class ParsedColumn(NamedTuple):
    """A column as numbers.

    values: (rows,), nan where a cell is missing; note: what is worth telling; refusal: why it cannot be used, "" if it
    can.
    """

    values: Array
    note: str = ""
    refusal: str = ""


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether the text of a cell is a number with this decimal sign."""
    return re.fullmatch(NUMBER.replace(".,", re.escape(decimal)), cell.strip(), re.ASCII) is not None


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural unless it is 1: "1 row", "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def read_column(series: pd.Series, label: str, place: Callable[[int], str], decimal: str = ".") -> ParsedColumn:
    """A column of a DataFrame as float64.

    label: what messages call it; place: where a row is, in words such as "line 7"; decimal: the sign in cells of text.
    """
    kind = getattr(series.dtype, "kind", "O")
    if kind == "c":
        return _refused(series, f"{label} holds complex values, which are not supported")
    if kind in "mM":
        return _refused(series, f"{label} holds dates or times; {_hint('1999-12-31')}")
    if kind == "b":
        return ParsedColumn(_floats(series), f"{label}: True and False are read as 1 and 0")
    if kind in "iu":
        return ParsedColumn(_floats(series), _precision(label) if len(series) and _beyond_float64(series) else "")
    if kind == "f":
        return ParsedColumn(
            _floats(series),
            f"{label} is {series.dtype}, about 7 digits" if getattr(series.dtype, "itemsize", 8) < 8 else "",
        )
    return _read_objects(series, label, place, decimal)


def _read_objects(series: pd.Series, label: str, place: Callable[[int], str], decimal: str) -> ParsedColumn:
    signs = str.maketrans(",.", ".,") if decimal == "," else {}

    def plain(cell: object) -> object:
        if isinstance(cell, str):
            return cell.strip().translate(signs)
        if isinstance(cell, Rational) and not isinstance(cell, bool):
            return _nearest_float(cell)
        return str(cell) if isinstance(cell, complex) else cell  # to_numeric would read it wrongly

    values = pd.to_numeric(series.astype(object).map(plain), errors="coerce")
    bad = np.flatnonzero((values.isna() & series.notna()).to_numpy())
    if len(bad):
        first = int(bad[0])
        cell = _text(series.iloc[first]).strip()
        more = f" (and {counted(len(bad) - 1, 'more such cell')})" if len(bad) > 1 else ""
        hint = UNITS if len(bad) == 1 and first == 0 and _hint(cell) == OTHERWISE else _hint(cell)
        return _refused(series, f"{place(first)}, {label}: {_shown(cell)} cannot be read as a number{more}; {hint}")
    if series.map(lambda cell: isinstance(cell, bool)).any():
        return ParsedColumn(_floats(values), f"{label}: True and False are read as 1 and 0")
    long = series.map(lambda cell: re.fullmatch(r"[-+]?\d{17,}", _text(cell)) is not None).any()
    return ParsedColumn(_floats(values), _precision(label) if long else "")


def _nearest_float(cell: Rational) -> float | None:
    """An integer or fraction as a float; None beyond what float64 can hold."""
    try:
        return float(cell)
    except OverflowError:
        return None


def _text(cell: object) -> str:
    """A cell as text; Python writes no integers of thousands of digits."""
    try:
        return str(cell)
    except ValueError:
        return "9" * SHOWN


def _floats(series: pd.Series) -> Array:
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _refused(series: pd.Series, why: str) -> ParsedColumn:
    return ParsedColumn(np.full(len(series), np.nan), refusal=why)


def _beyond_float64(series: pd.Series) -> bool:
    return bool(series.max() > LARGEST_EXACT or series.min() < -LARGEST_EXACT)


def _precision(label: str) -> str:
    return f"{label} has integers beyond 2^53, which lose their last digits in float64"


def _hint(cell: str) -> str:
    """What to do about a cell that cannot be read."""
    fits = (hint for pattern, hint in HINTS if re.fullmatch(pattern, cell, re.ASCII | re.IGNORECASE | re.DOTALL))
    return next(fits, OTHERWISE)


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= SHOWN else cell[: SHOWN - 3] + "...")
