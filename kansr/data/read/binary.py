"""Read tables from binary files: npz, parquet and feather; and spreadsheets, xlsx, as the text they would save as."""

from __future__ import annotations

import csv
import datetime
import io
import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kansr.data.read.cells import Labels
from kansr.data.read.reservoir import MAX_COLUMNS, Wanted, picked
from kansr.data.read.table import Table, from_arrays, from_frame, reason
from kansr.errors import DataError, UsageError
from kansr.runtime.alarm import OutOfTime

ROWS_AT_A_TIME = 100_000  # of a parquet file
NEEDS_ARROW = "parquet and feather files need: pip install 'kansr[parquet]'"
NEEDS_OPENPYXL = "spreadsheets (xlsx) need: pip install 'kansr[xlsx]'; or save the sheet as CSV"
OF_WORKBOOKS = "xl/workbook.xml"  # which every xlsx file holds
OF_OPEN_DOCUMENTS = "content.xml"  # which every ods file holds
OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0"  # first bytes of an xls file
MOST_ROWS = 1 << 20  # of a sheet, in all programs
BYTES_PER_CELL = 32  # in memory, of a sheet that is read, at least
FEWEST_CELLS = 2  # in both directions, of a sheet that may hold a table
# What a damaged archive, one with a password, or an array with a damaged header raises.
DAMAGED = (
    ValueError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)


def workbook_text(raw: bytes, source: str, memory: int, sheet: str = "") -> tuple[bytes, str] | None:
    """A sheet of an xlsx file as CSV, with its rows on lines of the same numbers, and a note; None for other archives.

    sheet: its name; the first that may hold a table unless given. Raises DataError for a file that is damaged or needs
    openpyxl, UsageError for a sheet that is not there.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    except DAMAGED:
        return None
    if OF_OPEN_DOCUMENTS in sizes:
        raise DataError(f"{source} is an OpenDocument spreadsheet; save the sheet as CSV or xlsx")
    if OF_WORKBOOKS not in sizes:
        return None
    if sum(sizes.values()) > memory:
        raise DataError(_too_large(source, memory))
    sheets = _sheets(raw, source, memory)
    if sheet and sheet not in sheets:
        raise UsageError(f"{source} has no sheet {sheet!r}; its sheets are {', '.join(map(repr, sheets))}")
    filled = [name for name, rows in sheets.items() if min(len(rows), _width(rows)) >= FEWEST_CELLS]
    name = sheet or next(iter(filled), next(iter(sheets), ""))
    others = f", of {len(sheets)} sheets (--sheet says otherwise)" if len(sheets) > 1 and not sheet else ""
    return _as_csv(sheets.get(name, []), source, memory), f"the sheet {name!r} is read{others}"


def _sheets(raw: bytes, source: str, memory: int) -> dict[str, list[tuple[Any, ...]]]:
    """The values of all cells, by sheet and row. Raises DataError for more than `memory` bytes."""
    try:
        from openpyxl import load_workbook
    except ImportError as err:
        raise DataError(f"{source}: {NEEDS_OPENPYXL}") from err
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles and the like, which hold no numbers
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            return _within(book.worksheets, source, memory)
    except (DataError, OutOfTime):
        raise
    except MemoryError as err:
        raise DataError(_too_large(source, memory)) from err
    except Exception as err:  # whatever openpyxl and the parser of XML make of a damaged file
        raise DataError(f"{source} is damaged ({type(err).__name__}); save it anew, or as CSV") from err


def _within(worksheets: Sequence[Any], source: str, memory: int) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of these sheets, which may have blank rows and columns of any number, as long as they are few enough."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    size = 0
    for sheet in worksheets:
        sheet.reset_dimensions()  # what the file says of them may be wrong
        rows: list[tuple[Any, ...]] = []
        found[sheet.title] = rows
        for row in sheet.iter_rows(values_only=True):
            size += BYTES_PER_CELL * (1 + len(row))
            if size > memory:
                raise DataError(_too_large(source, memory))
            if len(rows) == MOST_ROWS:
                raise DataError(f"{source} is damaged: a sheet has at most {MOST_ROWS} rows")
            rows.append(row)
    return found


def _width(rows: Sequence[Sequence[Any]]) -> int:
    return max((sum(cell is not None for cell in row) for row in rows), default=0)


def _as_csv(rows: Sequence[Sequence[Any]], source: str, memory: int) -> bytes:
    """Rows as lines, without empty columns at the left and the right; an empty row is a blank line.

    Raises DataError for more than `memory` bytes.
    """
    used = {j for row in rows for j, cell in enumerate(row) if cell is not None}
    low, high = min(used, default=0), max(used, default=-1) + 1
    if BYTES_PER_CELL * len(rows) * (high - low) > memory:
        raise DataError(_too_large(source, memory))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for row in rows:
        cells = [_plain(row[j]) if j < len(row) else "" for j in range(low, high)]
        if any(cell != "" for cell in cells):
            writer.writerow(cells)
        else:
            text.write("\n")
    return text.getvalue().encode(errors="backslashreplace")


def _plain(cell: Any) -> Any:
    """A cell as CSV has it: a number, or text in one line."""
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        text = cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)
        return " ".join(text.splitlines())
    return cell


def _npz(
    stream: io.BufferedReader, source: str, memory: int, labels: Labels | None, wanted: Wanted | None
) -> Iterator[Table]:
    raw = whole(stream, source, memory)
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
    except OutOfTime:
        raise
    except DAMAGED as err:
        raise DataError(
            f"{source}: cannot read the arrays X and y ({reason(err)}); save them as plain numbers"
        ) from err
    yield from_arrays(X, y, source=source, labels=labels, wanted=wanted)


def _parquet(
    stream: io.BufferedReader, source: str, memory: int, labels: Labels | None, wanted: Wanted | None
) -> Iterator[Table]:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as err:
        raise DataError(f"{source}: {NEEDS_ARROW}") from err
    try:
        there = stream if stream.seekable() else io.BytesIO(whole(stream, source, memory))
        file = ParquetFile(there, pre_buffer=False)  # read-ahead buffers would be held to the end of the file
        names = file.schema_arrow.names
        columns = [names[i] for i in picked(names, wanted, source)] if len(names) > MAX_COLUMNS else None
        if not file.metadata.num_rows:
            yield from_frame(file.read(columns=columns).to_pandas(), source=source, labels=labels)
        for batch in file.iter_batches(ROWS_AT_A_TIME, columns=columns):
            yield from_frame(batch.to_pandas(), source=source, labels=labels)
    except OutOfTime:
        raise
    except (ValueError, OSError) as err:  # the errors of pyarrow derive from these
        raise DataError(f"{source} is damaged: {reason(err)}") from err


def _feather(
    stream: io.BufferedReader, source: str, memory: int, labels: Labels | None, wanted: Wanted | None
) -> Iterator[Table]:
    try:
        frame = pd.read_feather(io.BytesIO(whole(stream, source, memory)))
        yield from_frame(frame, source=source, labels=labels, wanted=wanted)
    except ImportError as err:
        raise DataError(f"{source}: {NEEDS_ARROW}") from err
    except OutOfTime:
        raise
    except (ValueError, OSError) as err:
        raise DataError(f"{source} is damaged: {reason(err)}") from err


def whole(stream: io.BufferedReader, source: str, memory: int) -> bytes:
    """All bytes, for formats that cannot be read in pieces. Raises DataError for more than `memory` bytes."""
    raw = stream.read(memory + 1)
    if len(raw) > memory:
        raise DataError(_too_large(source, memory))
    return raw


def _too_large(source: str, memory: int) -> str:
    return f"{source} has more than {memory / 1e9:.3g} GB (--memory); CSV and parquet are read in pieces"


def _old_spreadsheet(
    stream: io.BufferedReader, source: str, memory: int, labels: Labels | None, wanted: Wanted | None
) -> Iterator[Table]:
    raise DataError(f"{source} is a spreadsheet in an old format (xls); save it as xlsx or CSV")


# The readers of binary formats, by the first bytes of the file.
BINARY: Mapping[bytes, Callable[[io.BufferedReader, str, int, Labels | None, Wanted | None], Iterator[Table]]] = {
    b"PK": _npz,
    b"PAR1": _parquet,
    b"ARROW1": _feather,
    b"FEA1": _feather,
    OLD_SPREADSHEET: _old_spreadsheet,
}
