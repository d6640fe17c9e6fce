"""Columns of a table as float64 numbers, and the column whose name comes nearest to a misspelt one."""

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


def numbers(
    table: Table, columns: Sequence[str], missing: Literal["error", "drop"] = "error"
) -> tuple[Array, NDArray[np.bool_]]:
    """The finite values of these columns, (rows kept, columns), and which rows of the table were kept, (rows,)."""
    for name in columns:
        if name not in table.columns:
            raise DataError(f"{table.source} has no column {name!r}; {nearest(name, table.columns)}")
        if name in table.refusals:
            raise DataError(f"{table.source}: {table.refusals[name]}")
    values = table.values[:, [table.columns.index(name) for name in columns]]
    for i, name in enumerate(columns):
        rows = np.flatnonzero(np.isinf(values[:, i]))
        if len(rows):
            where = ", ".join(map(table.place, rows[:3])) + (", …" if len(rows) > 3 else "")
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


def nearest(name: str, columns: Sequence[str]) -> str:
    """The columns with a similar name, as a question, or else some columns that there are."""
    folded = {column.casefold(): column for column in columns}
    near = [folded[match] for match in get_close_matches(name.casefold(), folded, n=3)]
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    more = ", …" if len(columns) > 10 else ""
    return f"the columns are {', '.join(map(repr, columns[:10]))}{more}"
