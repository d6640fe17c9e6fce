"""Read a Table from a file, a stream, a DataFrame or arrays: named columns of float64, with notes on what was found."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kansr.data.read.cells import read_column
from kansr.data.read.reservoir import Reservoir, rows_within
from kansr.data.read.streams import Source, identity, opened, pieces
from kansr.data.read.text import TextFormat, TextTable, continued, read_text
from kansr.data.read.wide import MAX_COLUMNS, Wanted, picked
from kansr.errors import DataError
from kansr.numeric.arrays import Array

MEMORY = 2 * 10**9  # bytes that a table may take, unless --memory says otherwise
ROWS_AT_A_TIME = 100_000  # of a parquet file
MAGIC_BYTES = 8  # that tell the formats apart
KINDS = "biufcmMOUS"  # of numpy's types: those of one value an element, of which the columns say which are no numbers
NEEDS_ARROW = "parquet and feather files need: pip install 'kansr[parquet]'"


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of numbers.

    values: (rows, columns), nan where a cell is missing; source: its name for messages; notes: on the whole table.
    remarks: by column, what to tell when the column is used; refusals: by column, why it cannot be used.
    lines: the line of the file that each row is from, None without a file.
    total: the number of rows read where only a sample is kept, else 0; again: yields the values of all rows once more,
    in pieces, None where they cannot be read again; it raises DataError where they are not what they were.
    """

    columns: tuple[str, ...]
    values: Array
    source: str = "the table"
    notes: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[int] | None = None
    total: int = 0
    again: Callable[[], Iterator[Array]] | None = None

    def place(self, row: int) -> str:
        """Where a row is: "line 7" of a file, else "row 6", counted from 1."""
        return _place(self.lines, row)


def read_table(
    source: Source,
    *,
    sep: str | None = None,
    decimal: str = ".",
    header: bool = True,
    encoding: str = "utf-8",
    missing: Sequence[str] = (),
    memory: int = MEMORY,
    seed: int = 0,
    wanted: Wanted | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Table:
    """The table in a file or stream, or on standard input for "-".

    Separated text, parquet, feather, and npz with arrays X and y, each also gzipped; the content decides, not the name.

    sep: the separator, found from the text if None; decimal: "." or ","; header: whether the first line has names.
    missing: cells of a text that mean a missing value, besides NA and the like.
    memory: bytes; of a larger table a random sample of rows is kept, drawn by the seed. wanted: the columns that are
    read of a very wide table. enough: asked after each piece, whether the rest shall not be read, which a note says.

    Raises DataError, with file, line and column, for what cannot be read; UsageError for options that are not possible.
    """
    form = TextFormat(sep=sep, decimal=decimal, header=header, encoding=encoding, missing=tuple(missing), wanted=wanted)
    same = identity(source)

    def parts() -> Iterator[Table]:
        with opened(source) as (name, stream):
            head = stream.peek(MAGIC_BYTES)[:MAGIC_BYTES]
            readers = [reader for magic, reader in BINARY.items() if head.startswith(magic)]
            yield from readers[0](stream, name, memory, wanted) if readers else _texts(stream, name, form)

    def again() -> Iterator[Array]:
        if identity(source) not in (None, same):
            raise DataError(f"{source} has changed since it was read")
        return (part.values for part in parts())

    return _gathered(parts(), memory, seed, None if same is None else again, enough)


def _texts(stream: io.BufferedReader, name: str, form: TextFormat) -> Iterator[Table]:
    """The tables in the pieces of a separated text."""
    text: TextTable | None = None
    line = 1
    for raw in pieces(stream, name, form.encoding):
        text = read_text(raw, name, form) if text is None else continued(text, raw, name, line)
        line += raw.count(b"\n")
        yield from_frame(
            text.frame, names=text.names, source=name, notes=text.notes, lines=text.lines, decimal=text.form.decimal
        )
    if text is None:
        raise DataError(f"{name} is empty: no data rows")


def _gathered(
    parts: Iterator[Table],
    memory: int,
    seed: int,
    again: Callable[[], Iterator[Array]] | None,
    enough: Callable[[], bool] = lambda: False,
) -> Table:
    """One table of the parts; of more rows than `memory` holds, a random sample. enough: as in `read_table`."""
    first = next(parts)
    reservoir = Reservoir(rows_within(memory, len(first.columns)), seed)
    remarks, refusals = dict(first.remarks), dict(first.refusals)
    lines: list[Sequence[int]] = []
    for part in itertools.chain([first], parts):
        reservoir.add(part.values)
        remarks, refusals = {**part.remarks, **remarks}, {**part.refusals, **refusals}
        lines += [] if part.lines is None else [part.lines]
        if enough():
            if next(parts, None) is not None:
                note = f"only the first {reservoir.total} rows were read: the time did not suffice for the others"
                first = replace(first, notes=(*first.notes, note))
            break
    return _kept(first, reservoir, remarks, refusals, lines, again)


def thinned(table: Table, memory: int = MEMORY, seed: int = 0) -> Table:
    """The table, or a random sample of its rows where it has more than `memory`, in bytes, holds."""
    if table.total or len(table.values) <= rows_within(memory, len(table.columns)):
        return table
    return _gathered(iter([table]), memory, seed, lambda: iter([table.values]))


def _kept(
    first: Table,
    reservoir: Reservoir,
    remarks: Mapping[str, str],
    refusals: Mapping[str, str],
    lines: list[Sequence[int]],
    again: Callable[[], Iterator[Array]] | None,
) -> Table:
    values = reservoir.values
    assert values is not None
    table = replace(first, values=values, remarks=remarks, refusals=refusals)
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


def from_frame(
    frame: pd.DataFrame,
    *,
    names: Sequence[str] | None = None,
    source: str = "the table",
    notes: tuple[str, ...] = (),
    lines: Sequence[int] | None = None,
    decimal: str = ".",
    wanted: Wanted | None = None,
) -> Table:
    """The table in a DataFrame. names: of its columns, their labels if None; the others as in `Table`.

    wanted: the columns that are read of very many.

    Raises DataError where two columns have the same name.
    """
    columns = tuple(str(name).strip() for name in (frame.columns if names is None else names))
    if names is None and len(columns) > MAX_COLUMNS:
        places = picked(columns, wanted, source)
        columns, frame = tuple(columns[i] for i in places), frame.iloc[:, places]
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"{source}: column names must differ, but these come twice: {', '.join(map(repr, twice))}")
    values = np.empty(frame.shape)
    remarks, refusals = {}, {}
    for i, name in enumerate(columns):
        column = read_column(frame.iloc[:, i], f"column {name!r}", lambda row: _place(lines, row), decimal)
        values[:, i] = column.values
        if column.note:
            remarks[name] = column.note
        if column.refusal:
            refusals[name] = column.refusal
    return Table(columns, values, source, notes, remarks, refusals, lines)


def from_arrays(X: ArrayLike, y: ArrayLike, *, source: str = "the table", wanted: Wanted | None = None) -> Table:
    """The table with inputs x0, x1, … and target y. X: (rows, inputs) or (rows,); y: (rows,).

    Raises DataError for any other shape.
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
    return from_frame(pd.DataFrame(columns), source=source)


def _plain(given: ArrayLike, name: str, source: str) -> NDArray[Any]:
    """The array in what is given. Raises DataError for what is none, or not of plain numbers.

    What is masked becomes nan, as a missing cell.
    """
    try:
        if isinstance(given, np.ma.MaskedArray) and given.dtype.kind in "biuf":
            return np.where(np.ma.getmaskarray(given), np.nan, np.ma.getdata(given))
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError, OverflowError, AttributeError) as err:
        reason = re.split(r"\.\s", str(err))[0]
        raise DataError(f"{source}: {name} is no array of numbers ({type(given).__name__}: {reason})") from err
    if array.dtype.kind not in KINDS:
        raise DataError(
            f"{source}: {name} must be an array of plain numbers, and its elements are of type {array.dtype}"
        )
    return array


def _place(lines: Sequence[int] | None, row: int) -> str:
    return f"row {row + 1}" if lines is None else f"line {lines[row]}"


def _npz(stream: io.BufferedReader, source: str, memory: int, wanted: Wanted | None) -> Iterator[Table]:
    raw = _all(stream, source, memory)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > memory:
                raise DataError(_too_large(source, memory))
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            X, y = arrays["X"], arrays["y"]
    except KeyError as err:
        raise DataError(f"{source}: an npz file must hold arrays named X and y; a spreadsheet saves as CSV") from err
    except (MemoryError, OverflowError) as err:
        raise DataError(f"{source}: {_too_large('an array', memory)}") from err
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as err:
        reason = re.split(r"\.\s", str(err))[0]
        raise DataError(f"{source}: cannot read the arrays X and y ({reason}); save them as plain numbers") from err
    yield from_arrays(X, y, source=source, wanted=wanted)


def _parquet(stream: io.BufferedReader, source: str, memory: int, wanted: Wanted | None) -> Iterator[Table]:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as err:
        raise DataError(f"{source}: {NEEDS_ARROW}") from err
    try:
        there = stream if stream.seekable() else io.BytesIO(_all(stream, source, memory))
        file = ParquetFile(there, pre_buffer=False)  # read-ahead buffers would be held to the end of the file
        names = file.schema_arrow.names
        columns = [names[i] for i in picked(names, wanted, source)] if len(names) > MAX_COLUMNS else None
        if not file.metadata.num_rows:
            yield from_frame(file.read().to_pandas(), source=source)
        for batch in file.iter_batches(ROWS_AT_A_TIME, columns=columns):
            yield from_frame(batch.to_pandas(), source=source)
    except (ValueError, OSError) as err:  # the errors of pyarrow derive from these
        raise DataError(f"{source} is damaged: {err}") from err


def _feather(stream: io.BufferedReader, source: str, memory: int, wanted: Wanted | None) -> Iterator[Table]:
    try:
        frame = pd.read_feather(io.BytesIO(_all(stream, source, memory)))
        yield from_frame(frame, source=source, wanted=wanted)
    except ImportError as err:
        raise DataError(f"{source}: {NEEDS_ARROW}") from err
    except (ValueError, OSError) as err:
        raise DataError(f"{source} is damaged: {err}") from err


def _all(stream: io.BufferedReader, source: str, memory: int) -> bytes:
    """All bytes, for formats that cannot be read in pieces. Raises DataError for more than `memory` bytes."""
    raw = stream.read(memory + 1)
    if len(raw) > memory:
        raise DataError(_too_large(source, memory))
    return raw


def _too_large(source: str, memory: int) -> str:
    return f"{source} has more than {memory / 1e9:.3g} GB (--memory); CSV and parquet are read in pieces"


# The readers of binary formats, by the first bytes of the file.
BINARY: Mapping[bytes, Callable[[io.BufferedReader, str, int, Wanted | None], Iterator[Table]]] = {
    b"PK": _npz,
    b"PAR1": _parquet,
    b"ARROW1": _feather,
    b"FEA1": _feather,
}
