"""The table of a job: from a file, with how its text is written, or from what Python holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from kansr.data.read.table import MEMORY, Table, read_table
from kansr.data.read.wide import Wanted
from kansr.data.roles import as_table

if TYPE_CHECKING:
    import pandas as pd

    Source = str | Path | BinaryIO | Table | pd.DataFrame | tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the text of a file is written, and how much of a table may be held.

    sep: the separator, found unless given; decimal: the decimal sign; header: whether the first line holds names;
    na_values: cells that mean a missing value, besides NA and such; memory: bytes.
    """

    sep: str | None = None
    decimal: str = "."
    header: bool = True
    encoding: str = "utf-8"
    na_values: tuple[str, ...] = ()
    memory: int = MEMORY


DEFAULT_READING = Reading()


def read_source(
    source: Source,
    reading: Reading,
    seed: int,
    wanted: Wanted | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Table:
    """The table behind a path, "-" for standard input, an open file, a DataFrame, or a pair (X, y).

    Of a table too large to hold, rows are drawn by the seed. wanted, enough: see `read_table`.
    Raises DataError for what cannot be read.
    """
    if not (isinstance(source, str | Path) or hasattr(source, "read")):
        return as_table(source, seed=seed, wanted=wanted)
    return read_table(
        cast("str | Path | BinaryIO", source),
        sep=reading.sep,
        decimal=reading.decimal,
        header=reading.header,
        encoding=reading.encoding,
        missing=reading.na_values,
        memory=reading.memory,
        seed=seed,
        wanted=wanted,
        enough=enough,
    )
