"""Turn the cells of one column into float64, or say which cell cannot be read and what to do.

Of separated text, columns of plain numbers come here as float64 already: the parser of pandas reads them, in `_bulk` of
`text.py`. What it leaves as text becomes numbers here: plain ones by pandas (`readily`), others by `numerals`, time
stamps by `times`. A reading has to hold for every cell of a column.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Sequence
from numbers import Rational
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.read.numerals import BARE_EXPONENT, PLAIN, Numeral, Style, Written, looks_numeric, read_numeral
from kansr.data.read.times import looks_like_time, read_times
from kansr.numeric.arrays import Array

NUMBER = r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?"
LIMIT = r"[<>≤≥]=?\s*" + NUMBER

# (pattern of an unreadable cell, what to do about it); the first pattern that matches is used.
HINTS: tuple[tuple[str, str], ...] = (
    (
        r"[-+]?\d{1,3}(,\d{3})+",
        "take out the thousands separators or name them with --thousands , (use --decimal , if it is a decimal comma)",
    ),
    (
        r"[-+]?\d{1,3}(\.\d{3})+",
        "take out the thousands separators or name them with --thousands . (use --decimal . if it is a decimal point)",
    ),
    (r"[-+]?\d{1,3}([,. ']\d{3})+([.,]\d+)?", "take out the thousands separators, or name them with --thousands"),
    (r"[-+]?\d*,\d+([eE][-+]?\d+)?", "if the comma is a decimal comma, use --decimal ,"),
    (r"[-+]?\d*\.\d+([eE][-+]?\d+)?", "if the point is a decimal point, use --decimal ."),
    (r"\(?[-+]?[\d.]+(e[-+]?\d+)?([-+][\d.]+(e[-+]?\d+)?)?\*?[ij]\)?", "complex values are not supported"),
    (r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d{2}.*", "turn dates into numbers, such as days since the first one"),
    (r"true|false|yes|no", "write booleans as 0 and 1"),
    (NUMBER, "it is beyond what float64 can hold"),
    (NUMBER + r"[-+]\d{1,3}", "write it as 1.5e-3 if it is a number with an exponent"),
    (
        LIMIT,
        "it is a limit, not a value: name such cells with --na-values, and leave their rows out with --missing drop",
    ),
    (NUMBER + r"\s*%", "write all cells of the column in percent, or none"),
    (NUMBER + r"\s*[^\s\d].*", "cells must be bare numbers; a unit belongs in the column name or a units file"),
)
WHOLE = re.compile(r"[-+]?\d{1,300}", re.ASCII)
LARGEST_EXACT = 2**53  # integers beyond it are not all exact in float64
SHOWN = 40  # characters of a cell that a message repeats
OTHERWISE = "if it means missing, say so with --na-values, or choose columns with --inputs or --ignore"
UNITS = "if this line holds units, take it out and give them with --units"
# Cells that mean a missing value to pandas, and the signs that people write for one.
BLANKS = frozenset(("", "#N/A", "#NA", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"))
BLANKS |= {"-", "--", "?"}
# A column of fewer numbers than this share of its cells is one of text, and left out; of more, one with faulty cells.
MOSTLY_NUMBERS = 0.5
TRUE_FALSE = (("yes", "no"), ("true", "false"), ("on", "off"), ("y", "n"), ("t", "f"), ("ja", "nein"), ("oui", "non"))


class Kind(enum.Enum):
    """What the cells of a column are."""

    EMPTY = "nothing"
    NUMBERS = "numbers"
    PERCENT = "percent"
    TWO_WORDS = "words for true and false"
    TIMES = "time stamps"
    TEXT = "text"


class ParsedColumn(NamedTuple):
    """A column as numbers.

    values: (rows,), nan where a cell is missing; note: what is worth telling; refusal: why it cannot be used, "" if it
    can. written: what is unusual about the numbers. errors: the standard errors beside the values, (rows,), None
    without any. origin: the time stamp from which seconds are counted.
    """

    values: Array
    note: str = ""
    refusal: str = ""
    kind: Kind = Kind.NUMBERS
    written: frozenset[Written] = frozenset()
    errors: Array | None = None
    origin: str = ""


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether the text of a cell is a number with this decimal sign."""
    return re.fullmatch(NUMBER.replace(".,", re.escape(decimal)), cell.strip(), re.ASCII) is not None


class Labels:
    """The labels in the cells of one column, such as names of experiments, as numbers in the order they are met in.

    known: the number of each label, over all pieces of the table.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        self.known: dict[str, int] = {}

    def read(self, cells: pd.Series) -> Array:
        """The number of the label in each cell, (rows,); nan where the cell is missing."""
        missing = cells.isna().to_numpy()
        numbers = [
            np.nan if none else self.known.setdefault(label_of(cell), len(self.known))
            for cell, none in zip(cells, missing)
        ]
        return np.array(numbers, dtype=np.float64)


def label_of(cell: object) -> str:
    """The label in a cell: the text without blanks about it; a number as it is written shortest, 1.0 as 1."""
    text = str(cell).strip()
    if not is_number(text):
        return text
    if WHOLE.fullmatch(text):  # long ones are identifiers, of which float64 would make one label
        return str(int(text))
    value = float(text)
    if not math.isfinite(value):
        return text
    return str(int(value)) if value.is_integer() and abs(value) < LARGEST_EXACT else repr(value)


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural unless it is 1: "1 row", "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def read_column(
    series: pd.Series, label: str, place: Callable[[int], str], style: Style = PLAIN, origin: str = ""
) -> ParsedColumn:
    """A column of a DataFrame as float64.

    label: what messages call it; place: where a row is, in words such as "line 7"; style: of numbers in cells of text.
    origin: the time stamp from which seconds are counted; the first one of the column unless given.
    """
    kind = getattr(series.dtype, "kind", "O")
    if series.isna().all():
        return ParsedColumn(np.full(len(series), np.nan), kind=Kind.EMPTY)
    if kind == "c":
        return _refused(series, f"{label} holds complex values, which are not supported")
    if kind == "m":
        return ParsedColumn(_floats(series.dt.total_seconds()), f"{label}: durations are read as seconds")
    if kind == "M":
        return _times(series, label, origin) or _refused(series, f"{label}: these dates cannot be read")
    if kind == "b":
        return ParsedColumn(_floats(series), f"{label}: True and False are read as 1 and 0")
    if kind in "iu":
        return ParsedColumn(_floats(series), _precision(label) if len(series) and _beyond_float64(series) else "")
    if kind == "f":
        return ParsedColumn(
            _floats(series),
            f"{label} is {series.dtype}, about 7 digits" if getattr(series.dtype, "itemsize", 8) < 8 else "",
        )
    return _read_objects(series, label, place, style, origin)


def _read_objects(
    series: pd.Series, label: str, place: Callable[[int], str], style: Style, origin: str
) -> ParsedColumn:
    values = readily(series, style.decimal)
    bad = np.flatnonzero((values.isna() & series.notna()).to_numpy())
    if len(bad):
        readings = (_numerals(series, values, bad, style), _two_words(series, label), _times(series, label, origin))
        found = next((reading for reading in readings if reading is not None), None)
        return found or _unreadable(series, values, bad, label, place, style)
    if series.map(lambda cell: isinstance(cell, bool)).any():
        return ParsedColumn(_floats(values), f"{label}: True and False are read as 1 and 0")
    long = series.map(lambda cell: re.fullmatch(r"[-+]?\d{17,}", _text(cell)) is not None).any()
    return ParsedColumn(_floats(values), _precision(label) if long else "")


def readily(series: pd.Series, decimal: str) -> pd.Series:
    """The cells that pandas reads as numbers, the others nan."""
    signs = str.maketrans(",.", ".,") if decimal == "," else {}

    def plain(cell: object) -> object:
        if isinstance(cell, str):
            return cell.strip().translate(signs)
        if isinstance(cell, Rational) and not isinstance(cell, bool):
            return _nearest_float(cell)
        return str(cell) if isinstance(cell, complex) else cell  # to_numeric would read it wrongly

    return pd.to_numeric(series.astype(object).map(plain), errors="coerce")


def _numerals(series: pd.Series, values: pd.Series, bad: NDArray[np.intp], style: Style) -> ParsedColumn | None:
    """The column with its other cells read as numbers in any writing, None where that does not hold for all of them.

    bad: the rows of these cells.
    """
    cells = series.to_numpy(dtype=object)
    numerals = [read_numeral(cells[row], style) if isinstance(cells[row], str) else None for row in bad]
    read = [numeral for numeral in numerals if numeral is not None]
    if len(read) < len(bad):
        return None
    written = frozenset().union(*(numeral.written for numeral in read))
    found = _floats(values).copy()
    found[bad] = [float(numeral.text) for numeral in read]
    bare = style.bare_exponents or _shows_bare_exponents(read, cells[bad].tolist())
    if not _of_one_mind(read, np.delete(found, bad), written, bare) or np.isinf(found[bad]).any():
        return None
    kind = Kind.PERCENT if Written.PERCENT in written else Kind.NUMBERS
    return ParsedColumn(found, kind=kind, written=written, errors=_errors(read, bad, found))


def _of_one_mind(numerals: Sequence[Numeral], others: Array, written: frozenset[Written], bare: bool) -> bool:
    """Whether a column is read for certain. others: its numbers that are written plainly.

    Percent stand at all numbers but 0, all currencies are the same, and exponents without a letter are known to be
    such (bare), since 1.5-3 may be a range.
    """
    plain = [numeral for numeral in numerals if Written.PERCENT not in numeral.written and float(numeral.text)]
    if Written.PERCENT in written and (plain or np.any(others[np.isfinite(others)] != 0)):
        return False
    if len({numeral.currency for numeral in numerals if numeral.currency}) > 1:
        return False
    return bare or Written.NO_LETTER not in written


def _shows_bare_exponents(numerals: Sequence[Numeral], cells: Sequence[str]) -> bool:
    """Whether exponents without a letter follow one digit before the point, and one of them has a plus."""
    bare = [cell for numeral, cell in zip(numerals, cells) if Written.NO_LETTER in numeral.written]
    return all(BARE_EXPONENT.match(cell.strip()) for cell in bare) and any("+" in cell.strip()[1:] for cell in bare)


def _errors(numerals: Sequence[Numeral], rows: NDArray[np.intp], values: Array) -> Array | None:
    """The standard errors beside the values, (rows,), nan where a row has none; None without any."""
    if not any(numeral.error for numeral in numerals):
        return None
    errors = np.full(len(values), np.nan)
    errors[rows] = [float(numeral.error or "nan") for numeral in numerals]
    return errors


def _two_words(series: pd.Series, label: str) -> ParsedColumn | None:
    """The column as 1 and 0, None unless all its cells are one pair of words for true and false."""
    words = series.dropna().map(lambda cell: cell.strip().lower() if isinstance(cell, str) else "")
    pair = next((pair for pair in TRUE_FALSE if words.isin(pair).all()), None)
    if pair is None:
        return None
    values = np.full(len(series), np.nan)
    values[series.notna().to_numpy()] = words.to_numpy() == pair[0]
    return ParsedColumn(values, f"{label}: {pair[0]!r} and {pair[1]!r} are read as 1 and 0", kind=Kind.TWO_WORDS)


def _times(series: pd.Series, label: str, origin: str) -> ParsedColumn | None:
    """The column as seconds since its first time stamp, or since `origin`; None where it holds no time stamps."""
    there = series.notna().to_numpy()
    cells = series[there].tolist()
    if not all(isinstance(cell, str | pd.Timestamp) for cell in cells):
        return None
    found = read_times(cells, origin)
    if found is None:
        return None
    values = np.full(len(series), np.nan)
    values[there] = found.seconds
    note = f"{label}: time stamps are read as seconds since the first one, {found.origin}"
    return ParsedColumn(values, note, kind=Kind.TIMES, origin=found.origin)


def _unreadable(
    series: pd.Series,
    values: pd.Series,
    bad: NDArray[np.intp],
    label: str,
    place: Callable[[int], str],
    style: Style,
) -> ParsedColumn:
    """A column that cannot be read: as text or time stamps where its cells are mostly no numbers."""
    cells = [_text(cell).strip() for cell in series.iloc[bad]]
    faulty = [row for row, cell in zip(bad, cells) if read_numeral(cell, style) is None]
    first = int(faulty[0]) if faulty else int(bad[0])
    cell = _text(series.iloc[first]).strip()
    more = f" (and {counted(len(bad) - 1, 'more such cell')})" if len(bad) > 1 else ""
    hint = UNITS if len(bad) == 1 and first == 0 and hint_for(cell) == OTHERWISE else hint_for(cell)
    refused = _refused(series, f"{place(first)}, {label}: {_shown(cell)} cannot be read as a number{more}; {hint}")
    numbers = int(series.notna().sum()) - len(bad) + _faulty_numbers(cells)
    if numbers >= MOSTLY_NUMBERS * int(series.notna().sum()):
        return refused
    return refused._replace(kind=Kind.TIMES if looks_like_time(cell) else Kind.TEXT)


def _faulty_numbers(cells: Sequence[str]) -> int:
    """How many cells were meant as numbers: in another style, as a limit, or all with the same unit after them."""
    suffixes = {re.sub(rf"^({NUMBER})", "", cell, count=1, flags=re.ASCII).strip() for cell in cells}
    if len(suffixes) == 1 and all(re.match(NUMBER, cell, re.ASCII) and not looks_like_time(cell) for cell in cells):
        return len(cells)
    return sum(looks_numeric(cell) or re.fullmatch(LIMIT, cell, re.ASCII) is not None for cell in cells)


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


def hint_for(cell: str) -> str:
    """What to do about a cell that cannot be read."""
    fits = (hint for pattern, hint in HINTS if re.fullmatch(pattern, cell, re.ASCII | re.IGNORECASE | re.DOTALL))
    return next(fits, OTHERWISE)


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= SHOWN else cell[: SHOWN - 3] + "...")
