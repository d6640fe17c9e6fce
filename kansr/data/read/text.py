"""Read a table of separated text.

The separator, the decimal sign and the header are found from the first lines; the C parser of pandas reads the rest.
Comments between the rows, and the faulty line, are looked for only where the result does not fit.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from kansr.data.read.cells import counted, is_number, readily
from kansr.data.read.layout import Layout, find_layout, undecided
from kansr.data.read.lines import after_separator_line, records, without_comments, without_other_lines, words_of
from kansr.data.read.numerals import THOUSANDS_SIGNS, Marks, Style, looks_numeric, marks_of, style_of
from kansr.data.read.reservoir import MAX_COLUMNS, Wanted, picked
from kansr.errors import DataError, UsageError

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "blanks"}  # the first wins a tie
SPELLED = {"\\t": "\t", "tab": "\t", r"\s+": " ", "space": " "}  # names of separators for --sep
SAMPLE = 50  # first lines, which decide the separator and the decimal sign
LONG_SAMPLE = 500  # first lines, where no table begins in those
SAMPLE_LETTERS = 1 << 20  # that these have together at most
FEWEST_LINES = 4  # of them, however long: of a preamble, names, units and a row
EXACT_BELOW = 2**25  # bytes up to which floats are parsed exactly: it takes three times as long
FIRST_EXACT_PANDAS = (3, 1)  # version from which pandas parses floats exactly by default


@dataclass(frozen=True, kw_only=True)
class TextFormat:
    """How a table is written as text.

    sep: found from the text if None; thousands: separator of thousands, found if ""; bare_exponents: whether exponents
    without a letter are read, found from the text; header: whether there are names of columns; names: the first and the
    last line that holds them, found if None; missing: cells that mean a missing value, besides NA and the like; wanted:
    which columns of a very wide table are read.
    """

    sep: str | None = None
    decimal: str = "."
    thousands: str = ""
    bare_exponents: bool = False
    header: bool = True
    names: tuple[int, int] | None = None
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    wanted: Wanted | None = None


class TextTable(NamedTuple):
    """A table as pandas has parsed it.

    lines: the line of the file that each row is on; form: how the table is written, with what was found; columns: the
    positions of the columns that are kept, of the `layout.names` in the text; units: of the columns that are kept.
    """

    names: tuple[str, ...]
    frame: pd.DataFrame
    lines: Sequence[int]
    notes: tuple[str, ...]
    form: TextFormat
    columns: list[int]
    layout: Layout
    units: tuple[str, ...] = ()


def read_text(raw: bytes, source: str, form: TextFormat = TextFormat()) -> TextTable:
    """The table in `raw`, which is UTF-8 with lines ended by newlines. Without a header, names are x0, x1, …, y.

    source: its name for messages. Raises DataError, with the line, for what is not a table; UsageError for a separator
    or decimal sign that is not possible.
    """
    if form.thousands and (form.thousands not in THOUSANDS_SIGNS or form.thousands == form.decimal == ","):
        raise UsageError(f"the thousands separator is one of . , ' and blank, not {form.thousands!r} (--thousands)")
    try:
        return _read(raw, source, form, SAMPLE)
    except DataError:
        if raw.count(b"\n") <= SAMPLE:
            raise
        with contextlib.suppress(DataError):  # the sentence on the first lines is the one to be told
            return _read(raw, source, form, LONG_SAMPLE)
        raise


def _read(raw: bytes, source: str, form: TextFormat, size: int) -> TextTable:
    """The table, as its first lines look. size: how many of them."""
    raw, first, comment = without_comments(raw)
    raw, named = after_separator_line(raw, form.header)
    notes = (f"line {first} names the separator: {named!r}",) if named else ()
    first, form = first + bool(named), replace(form, sep=(named or None) if form.sep is None else form.sep)
    sample = list(_sample(raw, size))
    sep, found = _separator(sample[-SAMPLE:], form.sep, form.decimal)
    try:
        top = list(records(sample, sep, first))
    except csv.Error as err:
        raise DataError(f"{source}: {err} at line {first} or after it; this is not a table") from err
    if not top:
        raise DataError(f"{source} is empty: no data rows")
    where = form.names if form.header else (0, 0)
    layout = find_layout(top, source, form.decimal, where, words_of(comment, sep))
    form = replace(form, sep=sep)
    layout = replace(layout, names=[" ".join(name.splitlines()) for name in layout.names])
    sample = sample[layout.start - first :]
    if form.decimal == "." and sep != "," and form.thousands != "," and _has_decimal_commas(sample, sep):
        form = replace(form, decimal=",")
        found += ("commas are read as decimal signs (as with --decimal ,)",)
    body = _from_line(raw, layout.start - first).rstrip(b"\n ")
    places = picked(layout.names, form.wanted, source)
    frame, body, cleaned = _parsed(body, source, form, layout, layout.start, places)
    form, frame, styled = _in_style(body, frame, sample, source, form, layout, places)
    table = _tidied(layout, places, frame, _lines(body, layout.start, len(frame), sep), form)
    unclear = (
        undecided(top)
        if form.header and form.names is None and [layout.start] == [number for number, _ in top[1:2]]
        else ""
    )
    if unclear:
        raise DataError(f"{source}: {unclear}")
    return table._replace(notes=(*notes, *found, *layout.notes, *styled, *cleaned, *table.notes))


def _sample(raw: bytes, size: int) -> Iterator[str]:
    """The first lines, fewer than `size` where they are long."""
    letters = 0
    for number, line in enumerate(islice(io.BytesIO(raw), size), 1):
        yield line.decode()
        letters += len(line)
        if number >= FEWEST_LINES and letters > SAMPLE_LETTERS:
            return


def continued(before: TextTable, raw: bytes, source: str, start: int) -> TextTable:
    """The next rows of a table whose beginning is `before`. start: the number of the first line of `raw`."""
    frame, body, notes = _parsed(raw.rstrip(b"\n "), source, before.form, before.layout, start, before.columns)
    lines = _lines(body, start, len(frame), before.form.sep)
    return before._replace(frame=frame[before.columns], lines=lines, notes=notes)


def _parsed(
    body: bytes, source: str, form: TextFormat, layout: Layout, start: int, places: Sequence[int]
) -> tuple[pd.DataFrame, bytes, tuple[str, ...]]:
    """The rows, their text with other lines blank, notes on these. start: the number of the first line of `body`.

    places: the positions of the columns that are needed.
    """
    width = len(layout.names)
    try:
        frame = _bulk(body, source, form, width, start, places)
    except DataError:
        cleaned, notes = without_other_lines(body, form.sep or ",", layout.names, start)
        if cleaned == body or not cleaned.strip():
            raise
        return _bulk(cleaned, source, form, width, start, places), cleaned, notes
    if any(dtype.kind == "O" for dtype in frame.dtypes):  # else every cell is a number
        cleaned, notes = without_other_lines(body, form.sep or ",", layout.names, start)
        if cleaned != body and cleaned.strip():
            return _bulk(cleaned, source, form, width, start, places), cleaned, notes
    return frame, body, ()


def _in_style(
    body: bytes,
    frame: pd.DataFrame,
    sample: Sequence[str],
    source: str,
    form: TextFormat,
    layout: Layout,
    places: Sequence[int],
) -> tuple[TextFormat, pd.DataFrame, tuple[str, ...]]:
    """The form and the rows with the decimal sign and the thousands separator that the cells show, and notes on them.

    Looked at only where there are cells that pandas does not read as numbers.
    """
    texts = [i for i in places if frame[i].dtype == object]
    unread = [i for i in texts if (readily(frame[i], form.decimal).isna() & frame[i].notna()).any()]
    if not unread:
        return form, frame, ()
    marks = Marks()
    for i in texts:
        cells = [cell.strip() for cell in frame[i].dropna() if isinstance(cell, str)]
        if sum(map(looks_numeric, cells)) > len(cells) / 2:
            marks |= marks_of(cell for cell in cells if looks_numeric(cell))
    plain = [i for i in places if i not in texts]
    rows = [cells for _, cells in records(sample, form.sep or ",") if len(cells) == len(layout.names)]
    marks |= marks_of(row[i] for row in rows for i in plain)
    style = style_of(marks, Style(form.decimal, form.thousands))
    notes = []
    if style.decimal != form.decimal:
        notes.append("commas are read as decimal signs (as with --decimal ,)")
    if style.thousands and style.thousands != form.thousands:
        sign = {",": "commas", ".": "points"}[style.thousands]
        notes.append(f"{sign} are read as thousands separators (as with --thousands {style.thousands})")
    changed = style.decimal != form.decimal
    form = replace(form, decimal=style.decimal, thousands=style.thousands, bare_exponents=style.bare_exponents)
    if changed:
        frame = _bulk(body, source, form, len(layout.names), layout.start, places)
    return form, frame, tuple(notes)


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
        except csv.Error:  # no text in this separator
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
    if b'"' in body:  # a quoted cell may go over several lines
        with contextlib.suppress(csv.Error):  # then lines are counted, quoted or not
            begun = [number for number, _ in records(io.StringIO(body.decode()), sep or ",", start)]
            if len(begun) >= rows:
                return begun
    blanks = b" \t" if sep == " " else b" \t".replace((sep or ",").encode(), b"")  # a line of separators is a row
    found = [number for number, line in enumerate(body.split(b"\n"), start) if line.strip(blanks)]
    return found if len(found) >= rows else range(start, start + rows)


def _tidied(
    layout: Layout, places: Sequence[int], frame: pd.DataFrame, lines: Sequence[int], form: TextFormat
) -> TextTable:
    """The table without nameless empty columns and without empty rows at its end; nameless columns get a name."""
    names, notes = layout.names, []
    empty = [i for i in places if not names[i] and frame[i].isna().all()]
    if empty:
        which = ", ".join(str(i + 1) for i in empty)
        notes.append(f"dropped {'column' if len(empty) == 1 else 'columns'} {which}: no name and no values")
    rows = len(frame)
    while rows > 0 and frame.iloc[rows - 1].isna().all():
        rows -= 1
    if rows < len(frame):
        notes.append(f"dropped {counted(len(frame) - rows, 'empty row')} at the end")
    kept = [i for i in places if i not in empty]
    labels = tuple(names[i] or f"column {i + 1}" for i in kept)
    units = tuple(layout.units[i] if i < len(layout.units) else "1" for i in kept) if layout.units else ()
    return TextTable(labels, frame.iloc[:rows][kept], lines[:rows], tuple(notes), form, kept, layout, units)
