"""`kansr predict`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


class Missing(str, enum.Enum):
    """What to do about rows with missing cells."""

    ERROR = "error"
    DROP = "drop"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Predict(Signature):
    """Apply a formula to each row of a table.

    Prints CSV with one column, named as the target (prediction for a formula). A cell is empty where the formula has
    no real value; a note says how many are.
    A formula that begins with a minus comes last, after --.

    \b
    Examples:
      kansr predict runs/kepler new.csv
      kansr predict runs/kepler new.csv --complexity 1 --out predicted.csv
      kansr predict "sqrt(a**3)" planets.csv
    """

    done_by = "kansr.cli.predict.predict"

    source: options.Law
    file: options.File
    index: options.Index = None
    complexity: options.Complexity = None
    out: options.OutFile = None
    force: options.Replace = False
    as_json: options.Json = False
    missing: Annotated[
        Missing, typer.Option(help="Refuse rows with missing cells, leave them out, or leave their prediction empty.")
    ] = Missing.ERROR
    sep: options.Sep = None
    decimal: Annotated[str, typer.Option(help="The decimal sign of the table, . or ,")] = "."
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first line holds data; columns are x0, x1, ….")
    ] = False
    thousands: options.Thousands = ""
    header: options.Header = ""
    sheet: options.Sheet = ""
    encoding: options.Encoding = "utf-8"
    na_values: options.NaValues = ""
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False
    debug: options.Debug = False
