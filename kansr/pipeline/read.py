"""The table of a job: from a file, with how its text is written, or from what Python holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from kansr.data.read.file import MEMORY, read_table
from kansr.data.read.layout import header_lines
from kansr.data.read.reservoir import Wanted
from kansr.data.read.table import Table
from kansr.data.roles import as_table
from kansr.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    Source = str | Path | BinaryIO | Table | pd.DataFrame | tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the text of a file is written, and how much of a table may be held.

    sep: the separator, found unless given; decimal: the decimal sign; thousands: the separator of thousands, "" for one
    that is found; header: whether there are names of columns; names: the first and the last line that holds them, found
    if None; na_values: cells that mean a missing value, besides NA and such; sheet: of an xlsx file; memory: bytes.
    """

    sep: str | None = None
    decimal: str = "."
    thousands: str = ""
    header: bool = True
    names: tuple[int, int] | None = None
    encoding: str = "utf-8"
    na_values: tuple[str, ...] = ()
    sheet: str = ""
    memory: int = MEMORY


DEFAULT_READING = Reading()


def reading_of(given: Any, memory: int = MEMORY) -> Reading:
    """What the options of a command, with their names on the command line, say of a file. memory: bytes.

    Raises UsageError for options that do not fit together.
    """
    names = header_lines(given.header)
    if names is not None and given.no_header:
        raise UsageError("--header says where the names of the columns are: leave out either it or --no-header")
    return Reading(
        sep=given.sep,
        decimal=given.decimal,
        thousands=given.thousands,
        header=not given.no_header,
        names=names,
        encoding=given.encoding,
        na_values=tuple(cell.strip() for cell in given.na_values.split(",") if cell.strip()),
        sheet=given.sheet,
        memory=memory,
    )


def read_source(
    source: Source,
    reading: Reading,
    seed: int,
    *,
    labelled: str | None = None,
    wanted: Wanted | None = None,
    enough: Callable[[], bool] = lambda: False,
    every: bool = False,
) -> Table:
    """The table behind a path, "-" for standard input, an open file, a DataFrame, or a pair (X, y).

    Of a table too large to hold, rows are drawn by the seed. labelled, wanted, enough, every: see `read_table`.
    Raises DataError for what cannot be read.
    """
    if not (isinstance(source, str | Path) or hasattr(source, "read")):
        return as_table(source, seed=seed, labelled=labelled, wanted=wanted)
    return read_table(
        cast("str | Path | BinaryIO", source),
        sep=reading.sep,
        decimal=reading.decimal,
        thousands=reading.thousands,
        header=reading.header,
        names=reading.names,
        encoding=reading.encoding,
        missing=reading.na_values,
        sheet=reading.sheet,
        memory=reading.memory,
        seed=seed,
        labelled=labelled,
        wanted=wanted,
        enough=enough,
        every=every,
    )
