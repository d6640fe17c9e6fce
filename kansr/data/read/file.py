"""Read a Table from a file or a stream: separated text, JSON lines, spreadsheets, parquet, feather and npz."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kansr.data.read.binary import BINARY, whole, workbook_text
from kansr.data.read.cells import Labels
from kansr.data.read.json_lines import is_json, json_tables
from kansr.data.read.numerals import Style
from kansr.data.read.reservoir import Reservoir, Wanted, all_within, rows_within
from kansr.data.read.streams import Source, identity, opened, pieces
from kansr.data.read.table import Table, from_frame
from kansr.data.read.text import TextFormat, TextTable, continued, read_text
from kansr.errors import DataError, UsageError
from kansr.numeric.arrays import Array

MEMORY = 2 * 10**9  # bytes that a table may take, unless --memory says otherwise
HEAD = 64  # bytes at the beginning that tell the formats apart
ARCHIVE = b"PK"  # the first bytes of a zip archive, which npz and xlsx files are


def read_table(
    source: Source,
    *,
    sep: str | None = None,
    decimal: str = ".",
    thousands: str = "",
    header: bool = True,
    names: tuple[int, int] | None = None,
    encoding: str = "utf-8",
    missing: Sequence[str] = (),
    sheet: str = "",
    memory: int = MEMORY,
    seed: int = 0,
    labelled: str | None = None,
    wanted: Wanted | None = None,
    enough: Callable[[], bool] = lambda: False,
    every: bool = False,
) -> Table:
    """The table in a file or stream, or on standard input for "-".

    Separated text, JSON lines, xlsx, parquet, feather, and npz with arrays X and y, each also gzipped; the content
    decides, not the name.

    sep: the separator, found from the text if None; decimal: "." or ","; thousands: the separator of thousands, found
    where it is certain if ""; header: whether there are names of columns; names: the first and the last line that holds
    them, found if None; missing: cells of a text that mean a missing value, besides NA and the like; sheet: of an xlsx
    file, its first table if "". memory: bytes; of a larger table a random sample of rows is kept, drawn by the seed.
    labelled: a column whose cells are labels, numbers or not. wanted: the columns that are read of a very wide table.
    enough: asked after each piece, whether the rest shall not be read, which a note says. every: whether all rows are
    kept, and a table is refused whose numbers take more than `memory`.

    Raises DataError, with file, line and column, for what cannot be read; UsageError for options that are not possible.
    """
    form = TextFormat(
        sep=sep,
        decimal=decimal,
        thousands=thousands,
        header=header,
        names=names,
        encoding=encoding,
        missing=tuple(missing),
        wanted=wanted,
    )
    labels = None if labelled is None else Labels(labelled)
    same = identity(source)

    def parts() -> Iterator[Table]:
        with opened(source) as (name, stream):
            yield from _tables(stream, name, form, sheet, memory, labels)

    def again() -> Iterator[Array]:
        if identity(source) not in (None, same):
            raise DataError(f"{source} has changed since it was read")
        return (part.values for part in parts())

    most = all_within if every else rows_within
    table = _gathered(parts(), partial(most, memory), seed, None if same is None else again, enough)
    if every and table.total:
        raise DataError(f"{table.source} has {table.total} rows, which take more than {memory / 1e9:.3g} GB; divide it")
    return table if labels is None else replace(table, labels={labels.column: tuple(labels.known)})


def _tables(
    stream: io.BufferedReader[Any], name: str, form: TextFormat, sheet: str, memory: int, labels: Labels | None
) -> Iterator[Table]:
    """The tables in the pieces of a file, whatever its format."""
    head = stream.peek(HEAD)[:HEAD]
    if head.startswith(ARCHIVE):
        raw = whole(stream, name, memory)
        book = workbook_text(raw, name, memory, sheet)
        if book is not None:
            text, note = book
            yield from _texts(_stream(text), name, replace(form, sep=",", encoding="utf-8"), labels, note)
            return
        stream = _stream(raw)
    if sheet:
        raise UsageError(f"{name} is not an xlsx file: leave out --sheet")
    readers = [reader for magic, reader in BINARY.items() if head.startswith(magic)]
    if readers:
        yield from readers[0](stream, name, memory, labels, form.wanted)
    elif is_json(head):
        yield from json_tables(stream, name, form.encoding, memory, labels, form.wanted)
    else:
        yield from _texts(stream, name, form, labels)


def _stream(raw: bytes) -> io.BufferedReader[Any]:
    return io.BufferedReader(io.BytesIO(raw))


def _texts(
    stream: io.BufferedReader[Any], name: str, form: TextFormat, labels: Labels | None, note: str = ""
) -> Iterator[Table]:
    """The tables in the pieces of a separated text. note: on the whole of it."""
    text: TextTable | None = None
    table: Table | None = None
    line = 1
    for piece in pieces(stream, name, form.encoding):
        if text is not None and not piece.raw.strip():  # blank lines at the end
            continue
        text = read_text(piece.raw, name, form) if text is None else continued(text, piece.raw, name, line)
        line += piece.raw.count(b"\n")
        found = from_frame(
            text.frame,
            names=text.names,
            source=name,
            notes=(*filter(None, (note, piece.note)), *text.notes),
            lines=text.lines,
            style=Style(text.form.decimal, text.form.thousands, text.form.bare_exponents),
            before=table,
            labels=labels,
        )
        found = replace(found, units=dict(zip(text.names, text.units)))
        table, note = found if table is None else table, ""
        yield found
    if text is None:
        raise DataError(f"{name} is empty: no data rows")


def _gathered(
    parts: Iterator[Table],
    most: Callable[[int], int],
    seed: int,
    again: Callable[[], Iterator[Array]] | None,
    enough: Callable[[], bool] = lambda: False,
) -> Table:
    """One table of the parts; of more rows than `most` for its columns, a random sample. enough: as in `read_table`."""
    first = next(parts)
    reservoir = Reservoir(most(len(first.columns)), seed)
    lines: list[Sequence[int]] = []
    table = first
    for part in itertools.chain([first], parts):
        reservoir.add(part.values)
        table = _with_remarks(table, part)
        lines += [] if part.lines is None else [part.lines]
        if enough():
            if next(parts, None) is not None:
                note = f"only the first {reservoir.total} rows were read: not enough time for the others"
                table = replace(table, notes=(*table.notes, note))
            break
    return _kept(table, reservoir, lines, again)


def _with_remarks(table: Table, part: Table) -> Table:
    """The table with what is to be told of its next rows, too."""
    if part is table:
        return table
    both = {name: table.written.get(name, frozenset()) | written for name, written in part.written.items()}
    return replace(
        table,
        notes=(*table.notes, *part.notes),
        remarks={**part.remarks, **table.remarks},
        refusals={**part.refusals, **table.refusals},
        written={**table.written, **both},
    )


def thinned(table: Table, memory: int = MEMORY, seed: int = 0) -> Table:
    """The table, or a random sample of its rows where it has more than `memory`, in bytes, holds."""
    if table.total or len(table.values) <= rows_within(memory, len(table.columns)):
        return table
    return _gathered(iter([table]), partial(rows_within, memory), seed, lambda: iter([table.values]))


def _kept(
    first: Table,
    reservoir: Reservoir,
    lines: list[Sequence[int]],
    again: Callable[[], Iterator[Array]] | None,
) -> Table:
    values = reservoir.values
    assert values is not None
    table = replace(first, values=values)
    if reservoir.total == len(values):
        return replace(table, lines=list(itertools.chain.from_iterable(lines)) if len(lines) > 1 else first.lines)
    where = [part[row] for part, rows in _by_part(lines, reservoir.rows) for row in rows]
    note = f"{reservoir.total} rows, of which {len(values)} drawn at random (--seed) are used"
    notes = (*first.notes, note)
    return replace(table, notes=notes, lines=where or None, total=reservoir.total, again=again)


def _by_part(lines: list[Sequence[int]], rows: NDArray[np.intp]) -> Iterator[tuple[Sequence[int], list[int]]]:
    """The lines of each part, with the rows kept of it, counted from the beginning of the part."""
    start = 0
    for part in lines:
        inside = rows[(rows >= start) & (rows < start + len(part))] - start
        yield part, inside.tolist()
        start += len(part)
