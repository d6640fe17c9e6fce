"""`kansr predict`: a formula applied to the rows of a table, as one column of CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kansr.cli.signature.results.predict import Missing, Predict
from kansr.data.columns import nearest, numbers
from kansr.data.read.cells import counted, label_of
from kansr.errors import DataError, UsageError, printable
from kansr.expression.render import render
from kansr.pipeline.read import read_source, reading_of
from kansr.runtime.files import exists, write
from kansr.runtime.terminal import emit, say
from kansr.store.open_law import is_there, read_law
from kansr.version import __version__

if TYPE_CHECKING:
    from kansr.data.read.table import Table
    from kansr.numeric.arrays import Array
    from kansr.result.law import Law

SCHEMA = 1  # of the JSON object
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet takes a text for a formula


def predict(given: Predict) -> None:
    """Writes the predictions, and says what had to be left out."""
    if given.out is not None and exists(given.out) and not given.force:
        raise UsageError(f"{given.out} is there already; use --force to replace it")
    law = _law(given)
    group = None if law is None or not law.parameters else law.group
    table = read_source(given.file, reading_of(given), 0, labelled=group, every=True)
    if law is None:
        law = read_law(given.source, given.index, given.complexity, table.columns)
    if given.no_header:
        table = _numbered(table, law)
    try:
        values, notes = predicted(law, table, given.missing)
    except DataError as err:
        name = given.source[:40]
        read_as = "" if is_there(given.source) else f" ({name!r} is read as a formula: there is no such file or folder)"
        raise DataError(f"{err}{read_as}") from err
    columns = [law.column(name) for name in law.measured]
    text = _json(law, values) if given.as_json else _csv(law, values)
    if given.out is None:
        emit(text)
    else:
        write(given.out, text)
    if not given.quiet:
        say([*table.notes, *(table.remarks[name] for name in columns if name in table.remarks), *notes])


def _law(given: Predict) -> Law | None:
    """The law of a run; None for a formula, whose names depend on the table."""
    return read_law(given.source, given.index, given.complexity) if is_there(given.source) else None


def predicted(law: Law, table: Table, missing: Missing = Missing.ERROR) -> tuple[Array, list[str]]:
    """The law's values on the rows of a table, (rows kept,), and notes. Raises DataError where columns are missing."""
    columns = [*(law.column(name) for name in law.measured), *([law.group] if law.parameters else [])]
    _check_columns(columns, table)
    stamped = next((name for name in columns if name in table.origins), None)
    if stamped is not None:
        raise DataError(
            f"{table.source}: {stamped!r} holds time stamps, and the law counts from the first one of the table that "
            "it was found in; write this column as seconds since that one"
        )
    X, keep = numbers(table, columns, "error" if missing is Missing.ERROR else "drop")
    if law.parameters:
        labels = table.labels.get(law.group)
        value = law.value_of_groups(
            X[:, :-1], [label_of(number) if labels is None else labels[int(number)] for number in X[:, -1]]
        )
    else:
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
    name = printable(name)
    return f"'{name}" if name.startswith(FORMULA_SIGNS) else name
