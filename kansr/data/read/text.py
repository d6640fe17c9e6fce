"""Read a table of separated text.

The separator, the decimal sign and the header are found from the first lines; the C parser of pandas reads the rest.
The faulty line is looked for only where the result does not fit.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from kansr.data.read.cells import counted, is_number
from kansr.data.read.wide import MAX_COLUMNS, Wanted, picked
from kansr.errors import DataError, UsageError

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "blanks"}  # the first wins a tie
SPELLED = {"\\t": "\t", "tab": "\t", r"\s+": " ", "space": " "}  # names of separators for --sep
SAMPLE = 50  # first lines, which decide the separator and the decimal sign
SAMPLE_LETTERS = 1 << 20  # that these have together at most
EXACT_BELOW = 2**25  # bytes up to which floats are parsed exactly: it takes three times as long
FIRST_EXACT_PANDAS = (3, 1)  # version from which pandas parses floats exactly by default


@dataclass(frozen=True, kw_only=True)
class TextFormat:
    """How a table is written as text.

    sep: found from the text if None; missing: cells that mean a missing value, besides NA and the like; wanted: which
    columns of a very wide table are read.
    """

    sep: str | None = None
    decimal: str = "."
    header: bool = True
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    wanted: Wanted | None = None


class TextTable(NamedTuple):
    """A table as pandas has parsed it.

    lines: the line of the file that each row is on; form: how the table is written, with what was found; columns: the
    positions of the columns that are kept, of `width` in the text.
    """

    names: tuple[str, ...]
    frame: pd.DataFrame
    lines: Sequence[int]
    notes: tuple[str, ...]
    form: TextFormat
    columns: list[int]
    width: int


def read_text(raw: bytes, source: str, form: TextFormat = TextFormat()) -> TextTable:
    """The table in `raw`, which is UTF-8 with lines ended by newlines. Without a header, names are x0, x1, …, y.

    source: its name for messages. Raises DataError, with the line, for what is not a table; UsageError for a separator
    or decimal sign that is not possible.
    """
    raw, first = _without_comments(raw)
    sample = list(_sample(raw))
    decimal, header = form.decimal, form.header
    sep, notes = _separator(sample, form.sep, decimal)
    try:
        top = list(islice(records(sample, sep, first), 2))
    except csv.Error as err:
        raise DataError(f"{source}: {err} at line {first} or after it; this is not a table") from err
    if not top:
        raise DataError(f"{source} is empty: no data rows")
    if not header:
        names = _numbered(len(top[0][1]))
        start = top[0][0]
    else:
        if all(is_number(cell, decimal) for cell in top[0][1] if cell):
            raise DataError(
                f"{source}: line {top[0][0]} holds numbers where column names should be; "
                "use --no-header if the file has no header line"
            )
        if len(top) < 2:
            raise DataError(f"{source}: no data rows under the header in line {top[0][0]}")
        names = _fitting(top[0][1], top[1][1])
        start = top[1][0]
    if decimal == "." and sep != "," and _has_decimal_commas(sample[start - first :], sep):
        decimal = ","
        notes += ("commas are read as decimal signs (as with --decimal ,)",)
    body = _from_line(raw, start - first).rstrip(b"\n ")
    form = replace(form, sep=sep, decimal=decimal)
    places = picked(names, form.wanted, source)
    frame = _bulk(body, source, form, len(names), start, places)
    return _tidied(names, places, frame, _lines(body, start, len(frame), sep), notes, form)


def _sample(raw: bytes) -> Iterator[str]:
    """The first lines, fewer where they are long, but header and a row."""
    letters = 0
    for number, line in enumerate(islice(io.BytesIO(raw), SAMPLE)):
        yield line.decode()
        letters += len(line)
        if number and letters > SAMPLE_LETTERS:
            return


def continued(before: TextTable, raw: bytes, source: str, start: int) -> TextTable:
    """The next rows of a table whose beginning is `before`. start: the number of the first line of `raw`."""
    body = raw.rstrip(b"\n ")
    frame = _bulk(body, source, before.form, before.width, start, before.columns)
    lines = _lines(body, start, len(frame), before.form.sep)
    return before._replace(frame=frame[before.columns], lines=lines, notes=())


def records(lines: Iterable[str], sep: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """(line number, stripped cells) of each record that is not blank. first: the number of the first line."""
    reader = csv.reader(
        (line.replace("\t", " ") for line in lines) if sep == " " else lines, delimiter=sep, skipinitialspace=True
    )
    number = first
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if sep == " ":
            stripped = [cell for cell in stripped if cell]  # none for a blank at the end of the line
        if any(stripped) or len(stripped) > 1:
            yield number, stripped
        number = first + reader.line_num


def _without_comments(raw: bytes) -> tuple[bytes, int]:
    """The text after the blank lines and # comments at its top, and the number of its first line."""
    top = re.match(rb"([ \t]*(#[^\n]*)?\n)*([ \t]*#[^\n]*\Z)?", raw)
    skipped = top.end() if top else 0
    return raw[skipped:], raw.count(b"\n", 0, skipped) + 1


def _separator(sample: Sequence[str], sep: str | None, decimal: str) -> tuple[str, tuple[str, ...]]:
    """The separator that is given, or the one that gives most lines the same number of cells, at least two; notes."""
    if decimal not in (".", ","):
        raise UsageError(f"the decimal sign must be . or , and not {decimal!r}")
    if sep is not None:
        sep = SPELLED.get(sep, sep)
        if len(sep) != 1 or not sep.isascii() or sep in '"\r\n' or sep == decimal:
            raise UsageError(f"the separator must be one ASCII character other than the decimal sign, not {sep!r}")
        return sep, ()

    def agreement(candidate: str) -> int:
        try:
            widths = Counter(len(cells) for _, cells in records(sample, candidate))
        except csv.Error:
            return 0
        return max((count for width, count in widths.items() if width > 1), default=0)

    best = max((candidate for candidate in SEPARATORS if candidate != decimal), key=agreement)
    if not agreement(best):
        return "," if decimal == "." else ";", ()
    return best, () if best == "," else (f"columns are read as separated by {SEPARATORS[best]} (--sep says otherwise)",)


def _has_decimal_commas(sample: Sequence[str], sep: str) -> bool:
    """Whether commas in the cells can only be decimal commas; in 1,234 alone it may separate thousands."""
    cells = [cell for _, row in records(sample, sep) for cell in row]
    commas = [cell for cell in cells if "," in cell and is_number(cell, ",")]
    points = any("." in cell and is_number(cell) for cell in cells)
    return not points and any(not re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", cell) for cell in commas)


def _numbered(width: int) -> list[str]:
    return [f"x{i}" for i in range(width - 1)] + ["y"]


def _fitting(names: list[str], row: list[str]) -> list[str]:
    """The names, fitted to the first row where only one of header and row ends with a separator."""
    if len(row) == len(names) + 1 and not row[-1]:
        return [*names, ""]
    if len(names) == len(row) + 1 and not names[-1]:
        return names[:-1]
    return names


def _from_line(raw: bytes, count: int) -> bytes:
    offset = 0
    for _ in range(count):
        offset = raw.index(b"\n", offset) + 1
    return raw[offset:]


def _always_exact() -> bool:
    """Whether pandas parses floats exactly by default; such a version warns where it is asked to."""
    return tuple(int(number) for number in pd.__version__.split(".")[:2]) >= FIRST_EXACT_PANDAS


def _bulk(body: bytes, source: str, form: TextFormat, width: int, start: int, places: Sequence[int]) -> pd.DataFrame:
    """The rows, in columns called by their positions. places: the positions that are needed, of `width`."""
    sep, decimal = form.sep or ",", form.decimal
    pointed = decimal == "," and b"." in body  # the exact parser always takes a point for a decimal sign
    exact = len(body) < EXACT_BELOW and not pointed and not _always_exact()
    try:
        frame = pd.read_csv(
            io.BytesIO(body),
            sep=r"\s+" if sep == " " else sep,
            decimal=decimal,
            header=None,
            index_col=False,
            skipinitialspace=True,
            low_memory=False,
            na_values=list(form.missing),
            float_precision="round_trip" if exact else None,
            usecols=list(places) if width > MAX_COLUMNS else None,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as err:
        _refuse_ragged(body, source, sep, width, start, form.header)
        raise DataError(f"{source}: {str(err).strip()}") from err
    if width > MAX_COLUMNS:
        if not _surely_even(body, sep, width):
            _refuse_ragged(body, source, sep, width, start, form.header)
    elif frame.shape[1] != width or (  # a short line is padded with missing cells
        frame[width - 1].isna().any() and not _surely_even(body, sep, width)
    ):
        _refuse_ragged(body, source, sep, width, start, form.header)
    return frame


def _surely_even(body: bytes, sep: str, width: int) -> bool:
    """Whether counting separators proves that every line has `width` cells."""
    if sep == " " or b'"' in body:
        return False
    letters = np.frombuffer(body, dtype=np.uint8)
    ends = np.append(np.flatnonzero(letters == ord("\n")), len(letters))
    before = np.searchsorted(np.flatnonzero(letters == ord(sep)), ends)
    return bool((np.diff(before, prepend=0) == width - 1).all())


def _refuse_ragged(body: bytes, source: str, sep: str, width: int, start: int, header: bool) -> None:
    """Raises DataError for the first line that does not have `width` cells or has an open quotation mark."""
    lines = io.StringIO(body.decode())
    number = start
    whole = "the header" if header else f"line {start}"
    try:
        for number, cells in records(lines, sep, start):
            if len(cells) != width:
                odd = f"line {number} has {counted(len(cells), 'cell')} where {whole} has {width}"
                raise DataError(f"{source}: {odd}; correct that line, or name the separator with --sep")
    except csv.Error as err:
        raise DataError(f"{source}: line {number}: {err}") from err
    if number < start + body.count(b"\n"):
        raise DataError(f"{source}: a quotation mark opened in line {number} is never closed")


def _lines(body: bytes, start: int, rows: int, sep: str | None) -> Sequence[int]:
    if body.count(b"\n") + 1 == rows:
        return range(start, start + rows)
    blanks = b" \t" if sep == " " else b" \t".replace((sep or ",").encode(), b"")  # a line of separators is a row
    found = [number for number, line in enumerate(body.split(b"\n"), start) if line.strip(blanks)]
    return found if len(found) >= rows else range(start, start + rows)


def _tidied(
    names: list[str],
    places: list[int],
    frame: pd.DataFrame,
    lines: Sequence[int],
    notes: tuple[str, ...],
    form: TextFormat,
) -> TextTable:
    """The table without nameless empty columns and without empty rows at its end; nameless columns get a name."""
    empty = [i for i in places if not names[i] and frame[i].isna().all()]
    if empty:
        which = ", ".join(str(i + 1) for i in empty)
        notes += (f"dropped {'column' if len(empty) == 1 else 'columns'} {which}: no name and no values",)
    rows = len(frame)
    while rows > 0 and frame.iloc[rows - 1].isna().all():
        rows -= 1
    if rows < len(frame):
        notes += (f"dropped {counted(len(frame) - rows, 'empty row')} at the end",)
    kept = [i for i in places if i not in empty]
    labels = tuple(names[i] or f"column {i + 1}" for i in kept)
    return TextTable(labels, frame.iloc[:rows][kept], lines[:rows], notes, form, kept, len(names))
