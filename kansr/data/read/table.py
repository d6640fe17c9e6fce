"""A Table: named columns of float64, with notes on what was found; made of a DataFrame or of arrays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kansr.data.read.cells import Kind, Labels, ParsedColumn, read_column
from kansr.data.read.numerals import PLAIN, Style, Written
from kansr.data.read.reservoir import MAX_COLUMNS, Wanted, picked
from kansr.errors import DataError, printable
from kansr.numeric.arrays import Array

# Words in the last row of a spreadsheet that holds the sums or the means of the rows above it.
SUMS = re.compile(r"\W*(?:(?:grand|sub)[ -]?)?(?:totals?|sum|summe|gesamt|insgesamt|somme)\W*", re.IGNORECASE)
MEANS = re.compile(r"\W*(?:means?|average|avg|mittelwert|mittel|durchschnitt|moyenne)\W*", re.IGNORECASE)
SAME_SUM = 1e-6  # difference over the size of a sum that is rounding: spreadsheets show six digits or more
SHOWN_REASON = 120  # letters of what a library says of a fault that a message repeats
KINDS = "biufcmMOUS"  # of numpy's types: those of one value an element, of which the columns say which are no numbers


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of numbers.

    values: (rows, columns), nan where a cell is missing; source: its name for messages; notes: on the whole table.
    remarks: by column, what to tell when the column is used; refusals: by column, why it cannot be used.
    kinds: of the columns in order; written: by column, what is unusual about its numbers; errors: the column of the
    standard errors beside the values, by the column of these; origins: by column, the time stamp from which seconds
    are counted; units: by column, as a row of the file has them, empty without one.
    lines: the line of the file that each row is from, None without a file.
    total: the number of rows read where only a sample is kept, else 0; again: yields the values of all rows once more,
    in pieces, None where they cannot be read again; it raises DataError where they are not what they were.
    labels: by column, the labels that its numbers count from 0.
    """

    columns: tuple[str, ...]
    values: Array
    source: str = "the table"
    notes: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    written: Mapping[str, frozenset[Written]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[int] | None = None
    total: int = 0
    again: Callable[[], Iterator[Array]] | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """What each column is that holds no numbers: text, or time stamps that cannot be read."""
        return {
            name: kind.value
            for name, kind in zip(self.columns, self.kinds)
            if name in self.refusals and kind in (Kind.TEXT, Kind.TIMES)
        }

    def without(self, names: Collection[str]) -> Table:
        """The table without the columns of these names."""
        return self.with_columns([name for name in self.columns if name not in names])

    def place(self, row: int) -> str:
        """Where a row is: "line 7" of a file, else "row 6", counted from 1."""
        return _place(self.lines, row)

    def with_column(self, name: str, values: Array) -> Table:
        """The table with a further column of numbers, (rows,), at its end."""
        kinds = (*self.kinds, Kind.NUMBERS) if self.kinds else ()
        return replace(
            self, columns=(*self.columns, name), values=np.column_stack([self.values, values]), kinds=kinds, again=None
        )

    def with_columns(self, names: Sequence[str]) -> Table:
        """The table with these of its columns alone."""
        kept = [self.columns.index(name) for name in names]
        kinds = tuple(self.kinds[i] for i in kept) if self.kinds else ()
        again = None if self.again is None else partial(_columns_of, self.again, kept)
        return replace(self, columns=tuple(names), values=self.values[:, kept], kinds=kinds, again=again)


def _columns_of(again: Callable[[], Iterator[Array]], kept: Sequence[int]) -> Iterator[Array]:
    """Some columns of all rows, in pieces."""
    return (piece[:, kept] for piece in again())


def from_frame(
    frame: pd.DataFrame,
    *,
    names: Sequence[str] | None = None,
    source: str = "the table",
    notes: tuple[str, ...] = (),
    lines: Sequence[int] | None = None,
    style: Style = PLAIN,
    before: Table | None = None,
    labels: Labels | None = None,
    wanted: Wanted | None = None,
) -> Table:
    """The table in a DataFrame. names: of its columns, their labels if None; the others as in `Table`.

    style: of numbers in cells of text; before: the table whose next rows these are; labels: of the column whose cells
    are labels, if there is one; those that are met are added; wanted: the columns that are read of very many.
    Raises DataError where two columns have the same name.
    """
    columns = tuple(str(name).strip() for name in (frame.columns if names is None else names))
    if names is None and len(columns) > MAX_COLUMNS:
        places = picked(columns, wanted, source)
        columns, frame = tuple(columns[i] for i in places), frame.iloc[:, places]
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"{source}: column names must differ, but these come twice: {', '.join(map(repr, twice))}")

    def column(i: int, frame: pd.DataFrame) -> ParsedColumn:
        label, name = f"column {columns[i]!r}", columns[i]
        if labels is not None and name == labels.column:
            return ParsedColumn(labels.read(frame.iloc[:, i]), kind=Kind.TEXT)
        origin = "" if before is None else before.origins.get(name, "")
        found = read_column(frame.iloc[:, i], label, lambda row: _place(lines, row), style, origin)
        return found if before is None else _going_on(found, before, name, label, _place(lines, 0))

    parsed = [column(i, frame) for i in range(len(columns))]
    rows = len(frame)
    if before is None and _ends_with_total(frame, parsed):
        notes += (f"left out, as sums or means of the rows above: the last row ({_place(lines, rows - 1)})",)
        frame, lines = frame.iloc[:-1].infer_objects(), None if lines is None else lines[: rows - 1]
        parsed = [column(i, frame) for i in range(len(columns))]
    return _assembled(columns, parsed, Table(columns, np.empty((len(frame), 0)), source, notes, lines=lines), before)


def _assembled(columns: Sequence[str], parsed: Sequence[ParsedColumn], table: Table, before: Table | None) -> Table:
    """The table of these columns, each with the errors beside its values in a column of their own before it."""
    errors: dict[str, str] = {} if before is None else dict(before.errors)
    made: list[tuple[str, Array, Kind]] = []
    written = {name: column.written for name, column in zip(columns, parsed) if column.written}
    remarks = {name: column.note for name, column in zip(columns, parsed) if column.note}
    for name, column in zip(columns, parsed):
        if before is None and column.errors is not None:
            if bool(np.all(column.errors[np.isfinite(column.values)] > 0)):
                errors[name] = _unused(f"{name}_error", columns)
            else:
                remarks[name] = f"column {name!r}: errors beside the values are left out: not every cell has one"
        if name in errors:
            beside = column.errors if column.errors is not None else np.full(len(column.values), np.nan)
            made.append((errors[name], beside, Kind.NUMBERS))
        made.append((name, column.values, column.kind))
    return replace(
        table,
        columns=tuple(name for name, _, _ in made),
        values=np.column_stack([values for _, values, _ in made]) if made else table.values,
        remarks=remarks,
        refusals={name: column.refusal for name, column in zip(columns, parsed) if column.refusal},
        kinds=tuple(kind for _, _, kind in made),
        written=written,
        errors=errors,
        origins={name: column.origin for name, column in zip(columns, parsed) if column.origin},
    )


def _unused(name: str, names: Sequence[str]) -> str:
    """The name, made longer until it is none of these."""
    while name in names:
        name += "_"
    return name


def _going_on(column: ParsedColumn, before: Table, name: str, label: str, place: str) -> ParsedColumn:
    """The next rows of a column, refused where they are of another kind than those before."""
    was = before.kinds[before.columns.index(name)]
    if column.refusal or Kind.EMPTY in (was, column.kind) or column.kind is was or name in before.refusals:
        return column
    why = f"{label} holds {was.value} at first, and from {place} on {column.kind.value}; write all alike"
    return ParsedColumn(np.full(len(column.values), np.nan), refusal=why, kind=was)


def _ends_with_total(frame: pd.DataFrame, parsed: Sequence[ParsedColumn]) -> bool:
    """Whether the last row holds the sums or the means of the others, as one of its cells says.

    That cell stands among numbers, or numbers in the row are what it says.
    """
    if len(frame) < 3:
        return False
    last = [cell.strip() if isinstance(cell, str) else "" for cell in frame.iloc[-1]]
    labels = [i for i, cell in enumerate(last) if SUMS.fullmatch(cell) or MEANS.fullmatch(cell)]
    if len(labels) != 1:
        return False
    said = parsed[labels[0]]
    if said.refusal and said.kind is Kind.NUMBERS:
        above = read_column(frame.iloc[:-1, labels[0]].infer_objects(), "", str)
        return not above.refusal
    mean = MEANS.fullmatch(last[labels[0]]) is not None
    values = [column.values for column in parsed if column.kind is not Kind.TEXT and np.isfinite(column.values[-1])]
    return any(_is_total(column, mean) for column in values)


def _is_total(column: Array, mean: bool) -> bool:
    above = column[:-1][np.isfinite(column[:-1])]
    total = float(above.mean() if mean else above.sum()) if len(above) else 0.0
    return total != 0 and bool(abs(column[-1] - total) <= SAME_SUM * float(np.abs(above).max(initial=abs(total))))


def from_arrays(
    X: ArrayLike,
    y: ArrayLike,
    *,
    source: str = "the table",
    labels: Labels | None = None,
    wanted: Wanted | None = None,
) -> Table:
    """The table with inputs x0, x1, … and target y. X: (rows, inputs) or (rows,); y: (rows,).

    labels, wanted: see `from_frame`. Raises DataError for any other shape.
    """
    inputs, target = _plain(X, "X", source), _plain(y, "y", source)
    if inputs.ndim == 1:
        inputs = inputs[:, None]
    if inputs.ndim != 2 or target.size != len(inputs) or max(target.shape, default=0) != target.size:
        raise DataError(
            f"{source}: X must be (rows, inputs) and y (rows,), but they are {np.shape(X)} and {np.shape(y)}"
        )
    names = [*(f"x{i}" for i in range(inputs.shape[1])), "y"]
    places = picked(names, wanted, source)
    named = {names[i]: inputs[:, i] if i < inputs.shape[1] else target.ravel() for i in places}
    columns = {name: pd.Series(column, dtype=column.dtype) for name, column in named.items()}  # objects stay objects
    return from_frame(pd.DataFrame(columns), source=source, labels=labels)


def _plain(given: ArrayLike, name: str, source: str) -> NDArray[Any]:
    """The array in what is given. Raises DataError for what is none, or not of plain numbers.

    What is masked becomes nan, as a missing cell.
    """
    try:
        if isinstance(given, np.ma.MaskedArray) and given.dtype.kind in "biuf":
            return np.where(np.ma.getmaskarray(given), np.nan, np.ma.getdata(given))
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError, OverflowError, AttributeError) as err:
        raise DataError(f"{source}: {name} is not an array of numbers ({type(given).__name__}: {reason(err)})") from err
    if array.dtype.kind not in KINDS:
        raise DataError(
            f"{source}: {name} must be an array of plain numbers, and its elements are of type {array.dtype}"
        )
    return array


def reason(err: Exception) -> str:
    """The first sentence of what a library says of a fault, in one line, without what it quotes of a damaged file."""
    return printable(" ".join(re.split(r"\.\s", str(err))[0].split()))[:SHOWN_REASON] or type(err).__name__


def _place(lines: Sequence[int] | None, row: int) -> str:
    return f"row {row + 1}" if lines is None else f"line {lines[row]}"
