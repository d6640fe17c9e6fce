"""The columns of a table as finite numbers; and the column names similar to a misspelt one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kansr.data.read.cells import counted
from kansr.data.read.table import Table
from kansr.errors import DataError
from kansr.numeric.arrays import Array

# Distance of a value from all others over their range, and the same of logarithms, from which a note asks whether it is
# wrong: ten times a value of 1 to 5 is such a one mostly. None of the tables in datasets/ has any.
GAP, LOG_GAP = 2.0, 0.5
FEWEST_TO_STAND_OUT = 12  # rows below which others do not say where a value may lie
SHOWN_ROWS = 3  # places of bad cells that a message lists
SHOWN_COLUMNS = 10  # column names that a message lists
SIMILAR = 3  # similar names that a message offers


def numbers(
    table: Table, columns: Sequence[str], missing: Literal["error", "drop"] = "error"
) -> tuple[Array, NDArray[np.bool_]]:
    """The values of these columns, (rows kept, columns), and which rows of the table were kept, (rows,).

    missing: whether a missing cell is an error or drops its row. Raises DataError for a column that is not there or not
    numeric, for infinite cells, and for missing cells where they are an error.
    """
    for name in columns:
        if name not in table.columns:
            raise DataError(f"{table.source} has no column {name!r}; {nearest(name, table.columns)}")
        if name in table.refusals:
            raise DataError(f"{table.source}: {table.refusals[name]}")
    values = table.values[:, [table.columns.index(name) for name in columns]]
    for i, name in enumerate(columns):
        rows = np.flatnonzero(np.isinf(values[:, i]))
        if len(rows):
            where = ", ".join(map(table.place, rows[:SHOWN_ROWS])) + (", …" if len(rows) > SHOWN_ROWS else "")
            raise DataError(
                f"{table.source}: column {name!r} is infinite in {counted(len(rows), 'row')} ({where}); "
                "correct these cells, or leave them blank and use --missing drop"
            )
    absent = np.isnan(values)
    keep = np.asarray(~absent.any(axis=1))
    if missing == "error" and not keep.all():
        counts = dict(zip(columns, absent.sum(axis=0).tolist()))
        listed = ", ".join(f"{name!r} ({count})" for name, count in counts.items() if count)
        raise DataError(
            f"{table.source}: missing cells in {listed}, the first in {table.place(int(np.argmin(keep)))}; "
            "use --missing drop to leave such rows out"
        )
    return values[keep], keep


def alone(values: Array) -> int | None:
    """The row of the one value that stands far from all others, as a misplaced decimal point makes it; else None.

    values: (rows,). It is GAP ranges of the others away from them, and of the logarithms, where they have one sign, so
    that the largest of values over decades is none.
    """
    if len(values) < FEWEST_TO_STAND_OUT or not np.ptp(values) > 0:
        return None
    row = int(np.argmax(np.abs(values - np.median(values))))
    others = np.delete(values, row)
    size = np.abs(values)
    one_sign = bool((values > 0).all() or (values < 0).all())
    views = [(GAP, values[row], others)]
    views += [(LOG_GAP, np.log(size[row]), np.log(np.delete(size, row)))] if one_sign else []
    far = all(max(value - rest.max(), rest.min() - value) > gap * np.ptp(rest) for gap, value, rest in views)
    return row if far else None


def nearest(name: str, columns: Sequence[str]) -> str:
    """The columns with a similar name, as a question; without any, the first columns of the table."""
    folded = {column.casefold(): column for column in columns}
    near = [folded[match] for match in get_close_matches(name.casefold(), folded, n=SIMILAR)]
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    more = ", …" if len(columns) > SHOWN_COLUMNS else ""
    return f"the columns are {', '.join(map(repr, columns[:SHOWN_COLUMNS]))}{more}"
