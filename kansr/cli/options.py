"""Options that commands on a table share, each declared once, and the reading that comes with them."""

from __future__ import annotations

import enum
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kansr.errors import UsageError

if TYPE_CHECKING:
    from kansr.data.dataset import Dataset
    from kansr.data.read.table import Table

LOADING = 5.0  # seconds before a search that its time limit includes; more is the reading of a large table
LEAST = 0.25  # share of the limit that is left for the search in any case


class MissingName(str, enum.Enum):
    """What to do about rows with missing cells."""

    ERROR = "error"
    DROP = "drop"


class LossName(str, enum.Enum):
    """What far rows count for."""

    AUTO = "auto"
    SQUARED = "squared"
    HUBER = "huber"


File = Annotated[str, typer.Argument(metavar="FILE|-", help="The table, or - for stdin.", show_default=False)]
Law = Annotated[
    str, typer.Argument(metavar="RUN|FORMULA", help="A run's folder or file, or a formula.", show_default=False)
]
Index = Annotated[int | None, typer.Option(help="Which formula of the run's front, counted from 0, simplest first.")]
Complexity = Annotated[int | None, typer.Option(help="Which formula of the run's front, by complexity.")]
Target = Annotated[str | None, typer.Option(help="The column to explain; the last one unless named.")]
Inputs = Annotated[str | None, typer.Option(metavar="A,B", help="The columns to use; all others unless named.")]
Sigma = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column with the standard error of each target value.")
]
Loss = Annotated[
    LossName, typer.Option(help="auto leaves out wrong rows, huber counts far ones for less, squared does neither.")
]
Units = Annotated[
    str | None,
    typer.Option(metavar="FILE|A=M,B=S", help="The unit of each column, 1 for none; a list or a CSV file."),
]
Constants = Annotated[str, typer.Option(metavar="C=3E8:M/S", help="Constants with units to offer, by name.")]
Dimensional = Annotated[bool, typer.Option("--dimensional-constants", help="Fitted numbers may carry units.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]
TimeLimit = Annotated[float, typer.Option(metavar="SECONDS", help="When to stop at the latest.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes to use.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Write discovery.json and front.csv there.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result in --out.")]
Missing = Annotated[MissingName, typer.Option(help="What to do about rows with missing cells.")]
Sep = Annotated[str | None, typer.Option(help="The separator; found unless given.")]
Decimal = Annotated[str, typer.Option(help="The decimal sign, . or ,")]
NoHeader = Annotated[bool, typer.Option("--no-header", help="The first line holds data.")]
Encoding = Annotated[str, typer.Option(help="How the letters of the file are written.")]
NaValues = Annotated[str, typer.Option(metavar="A,B", help="Cells that mean missing, besides NA.")]
Memory = Annotated[str, typer.Option(metavar="SIZE", help="What may be held; of more rows, some are drawn.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no progress.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def checked(time_limit: float) -> None:
    """Raises UsageError for seconds that cannot be."""
    if not (0 < time_limit < math.inf):
        raise UsageError(f"--time-limit must be a positive number of seconds, not {time_limit:g}")


def remaining(time_limit: float, since: float) -> float:
    """The seconds that a search has, for a command that began at `since` to end at its limit.

    Python takes a second or more to load what a search needs.
    """
    return max(time_limit - min(time.monotonic() - since, LOADING), LEAST * time_limit)


def read(
    file: str, sep: str | None, decimal: str, no_header: bool, inputs: str | None, **more: Any
) -> tuple[Table, list[str] | None]:
    """The table, and the names of the columns to use; a column name may hold a comma. more: options of read_table."""
    from kansr.data.read.table import read_table

    table = read_table(file, sep=sep, decimal=decimal, header=not no_header, **more)
    chosen = None if inputs is None else [inputs] if inputs in table.columns else inputs.split(",")
    return table, None if chosen is None else [name.strip() for name in chosen]


def with_units(data: Dataset, units: str | None, constants: str, free: bool, table: Table) -> Dataset:
    """The rows with the units and the constants that were given for the table."""
    from kansr.data.declare_units import with_units as declared

    return declared(data, units, constants, free=free, known=table.columns)
