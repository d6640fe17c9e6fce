"""A table from a file, a stream, a DataFrame or arrays: named columns of float64, and what was noticed on the way."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from kansr.data.cells import read_column
from kansr.data.dataset import Array
from kansr.data.text import read_text
from kansr.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Table:
    """values: (rows, columns), nan where a cell is missing.

    `remarks` and `refusals` belong to single columns, by name: a remark is worth telling when the column is used, a
    refusal is the reason why it cannot be. `lines` is the line of the file each row came from, where there is one.
    """

    columns: tuple[str, ...]
    values: Array
    source: str = "the table"
    notes: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[int] | None = None

    def place(self, row: int) -> str:
        """Where a row is: "line 7" of a file, else "row 6", counted from 1."""
        return _place(self.lines, row)


def read_table(
    source: str | Path | BinaryIO, *, sep: str | None = None, decimal: str = ".", header: bool = True
) -> Table:
    """The table in a file, or on standard input for "-".

    Separated text (the separator is found unless given), parquet, feather and npz with arrays X and y, each also
    gzipped; the content decides, not the name.
    """
    name, raw = _load(source)
    for magic, reader in BINARY.items():
        if raw.startswith(magic):
            return reader(raw, name)
    text = read_text(raw, name, sep=sep, decimal=decimal, header=header)
    return from_frame(
        text.frame, names=text.names, source=name, notes=text.notes, lines=text.lines, decimal=text.decimal
    )


def from_frame(
    frame: pd.DataFrame,
    *,
    names: Sequence[str] | None = None,
    source: str = "the table",
    notes: tuple[str, ...] = (),
    lines: Sequence[int] | None = None,
    decimal: str = ".",
) -> Table:
    """The table in a DataFrame, whose column labels are the names unless others are given."""
    columns = tuple(str(name).strip() for name in (frame.columns if names is None else names))
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


def from_arrays(X: ArrayLike, y: ArrayLike, *, source: str = "the table") -> Table:
    """The table with inputs x0, x1, … and target y; X: (rows, inputs) or (rows,), y: (rows,)."""
    import pandas as pd

    inputs, target = np.asarray(X), np.asarray(y)
    if inputs.ndim == 1:
        inputs = inputs[:, None]
    if inputs.ndim != 2 or target.size != len(inputs) or max(target.shape, default=0) != target.size:
        raise DataError(
            f"{source}: X must be (rows, inputs) and y (rows,), but they are {np.shape(X)} and {np.shape(y)}"
        )
    named = {f"x{i}": inputs[:, i] for i in range(inputs.shape[1])} | {"y": target.ravel()}
    return from_frame(pd.DataFrame(named), source=source)


def _place(lines: Sequence[int] | None, row: int) -> str:
    return f"row {row + 1}" if lines is None else f"line {lines[row]}"


def _load(source: str | Path | BinaryIO) -> tuple[str, bytes]:
    """What to call the source, and its bytes with any gzip layer taken off."""
    name, raw = _bytes(source)
    if not raw.startswith(b"\x1f\x8b"):
        return name, raw
    try:
        return name, gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as err:
        raise DataError(f"{name} is a damaged gzip file ({err}); copy it again") from err


def _bytes(source: str | Path | BinaryIO) -> tuple[str, bytes]:
    if not isinstance(source, str | Path):
        return str(getattr(source, "name", "the stream")), source.read()
    if str(source) == "-":
        return "standard input", sys.stdin.buffer.read()
    try:
        return str(source), Path(source).read_bytes()
    except FileNotFoundError as err:
        raise DataError(f"no such file: {source}") from err
    except IsADirectoryError as err:
        raise DataError(f"{source} is a directory; name a file in it") from err
    except PermissionError as err:
        raise DataError(f"no permission to read {source}") from err
    except (OSError, ValueError) as err:
        raise DataError(f"cannot read {source}: {err}") from err


def _npz(raw: bytes, source: str) -> Table:
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            X, y = arrays["X"], arrays["y"]
    except KeyError as err:
        raise DataError(f"{source}: an npz file must hold arrays named X and y; a spreadsheet saves as CSV") from err
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as err:
        raise DataError(f"{source}: cannot read the arrays X and y ({err}); save them as plain numbers") from err
    return from_arrays(X, y, source=source)


def _parquet(raw: bytes, source: str) -> Table:
    return _arrow(raw, source, "read_parquet")


def _feather(raw: bytes, source: str) -> Table:
    return _arrow(raw, source, "read_feather")


def _arrow(raw: bytes, source: str, reader: str) -> Table:
    import pandas as pd

    try:
        frame = getattr(pd, reader)(io.BytesIO(raw))
    except ImportError as err:
        raise DataError(f"{source}: parquet and feather files need: pip install 'kansr[parquet]'") from err
    except (ValueError, OSError) as err:  # pyarrow's own errors are kinds of these
        raise DataError(f"{source} is damaged: {err}") from err
    return from_frame(frame, source=source)


BINARY: Mapping[bytes, Callable[[bytes, str], Table]] = {
    b"PK": _npz,
    b"PAR1": _parquet,
    b"ARROW1": _feather,
    b"FEA1": _feather,
}
