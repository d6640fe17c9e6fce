"""`kansr predict`: a formula applied to the rows of a table, as one column of CSV."""

from __future__ import annotations

import csv
import enum
import io
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from kansr.cli import options
from kansr.data.columns import nearest, numbers
from kansr.data.read.cells import counted
from kansr.data.read.table import read_table
from kansr.errors import DataError, UsageError
from kansr.expression.render import render
from kansr.runtime.files import write
from kansr.runtime.terminal import emit, say
from kansr.store.open_law import is_there, read_law
from kansr.version import __version__

if TYPE_CHECKING:
    from kansr.data.read.table import Table
    from kansr.numeric.arrays import Array
    from kansr.result.law import Law

SCHEMA = 1  # of the JSON object
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet takes a text for a formula


class Missing(str, enum.Enum):
    """What to do about rows with missing cells."""

    ERROR = "error"
    DROP = "drop"
    KEEP = "keep"


def predict(
    source: options.Law,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The table, or - for stdin.", show_default=False)],
    index: options.Index = None,
    complexity: options.Complexity = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; standard output otherwise.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    missing: Annotated[
        Missing, typer.Option(help="Refuse rows with missing cells, leave them out, or leave their prediction empty.")
    ] = Missing.ERROR,
    sep: Annotated[str | None, typer.Option(help="The separator; found unless given.")] = None,
    decimal: Annotated[str, typer.Option(help="The decimal sign of the table, . or ,")] = ".",
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first line holds data; columns are x0, x1, ….")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
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
    if out is not None and out.exists() and not force:
        raise UsageError(f"{out} is there already; use --force to replace it")
    table = read_table(file, sep=sep, decimal=decimal, header=not no_header)
    law = read_law(source, index, complexity, table.columns)
    if no_header:
        table = _numbered(table, law)
    try:
        values, notes = predicted(law, table, missing)
    except DataError as err:
        read_as = (
            "" if is_there(source) else f" ({source[:40]!r} is read as a formula: there is no such file or folder)"
        )
        raise DataError(f"{err}{read_as}") from err
    text = _json(law, values) if as_json else _csv(law, values)
    if out is None:
        emit(text)
    else:
        write(out, text)
    if not quiet:
        say([*table.notes, *notes])


def predicted(law: Law, table: Table, missing: Missing = Missing.ERROR) -> tuple[Array, list[str]]:
    """The law's values on the rows of a table, (rows kept,), and notes. Raises DataError where columns are missing."""
    columns = [law.column(name) for name in law.inputs]
    _check_columns(columns, table)
    X, keep = numbers(table, columns, "error" if missing is Missing.ERROR else "drop")
    value = law.value(X)
    nothing = int(np.sum(~np.isfinite(value)))
    notes = []
    if nothing:
        notes.append(
            f"the formula has no real value in {counted(nothing, 'row')} of {len(value)}: those cells are empty"
        )
    if keep.all():
        return value, notes
    rows = counted(int((~keep).sum()), "row")
    if missing is Missing.DROP:
        return value, [f"dropped {rows} of {len(keep)}: missing cells", *notes]
    whole = np.full(len(keep), np.nan)
    whole[keep] = value
    return whole, [f"{rows} of {len(keep)} with missing cells: no predictions for these", *notes]


def _check_columns(columns: Sequence[str], table: Table) -> None:
    absent = [name for name in columns if name not in table.columns]
    if len(absent) == 1:
        raise DataError(f"{table.source} has no column {absent[0]!r}; {nearest(absent[0], table.columns)}")
    if absent:
        listed = ", ".join(map(repr, absent))
        raise DataError(f"{table.source} has no columns {listed}; for the first, {nearest(absent[0], table.columns)}")


def _numbered(table: Table, law: Law) -> Table:
    """The table with its last column called x2 and so on, too: it holds the target, called y, or one more input."""
    if "y" in law.inputs:
        return table
    return replace(table, columns=(*table.columns[:-1], f"x{len(table.columns) - 1}"))


def _csv(law: Law, values: Array) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([for_spreadsheet(law.column(law.target))])
    writer.writerows([f"{v:.17g}" if math.isfinite(v) else ""] for v in values.tolist())
    return text.getvalue()


def _json(law: Law, values: Array) -> str:
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "kansr": __version__,
        "target": law.column(law.target),
        "expression": render(law.expr),
        "names": {name: column for name, column in law.columns.items() if name in law.inputs},
        "prediction": [v if math.isfinite(v) else None for v in values.tolist()],
    }
    return json.dumps(found, allow_nan=False) + "\n"


def for_spreadsheet(name: str) -> str:
    """A text that no spreadsheet computes: an apostrophe comes before a sign that would make it a formula."""
    return f"'{name}" if name.startswith(FORMULA_SIGNS) else name
