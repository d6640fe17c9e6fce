"""From a table to the runs of a system. What cannot be used is refused in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kansr.data.columns import nearest, numbers
from kansr.data.read.table import Table
from kansr.errors import DataError, UsageError
from kansr.expression.identifiers import aliases
from kansr.numeric.arrays import Array, Mask
from kansr.pipeline.systems.series import FEWEST_ROWS, Run, Series

ORDERS = (1, 2)
MOST_STATES = 10  # states and slopes: terms of pairs and triples of more are too many to be told apart


def series_of(
    table: Table,
    time: str,
    targets: Sequence[str],
    run: str | None = None,
    order: int = 1,
    missing: Literal["error", "drop"] = "error",
) -> tuple[Series, tuple[str, ...]]:
    """The runs of a system, and notes on what was decided.

    time: the independent variable; targets: the states; run: a column that differs from run to run; without one a new
    run begins where the time falls. Times need not be even. order: of the differential equations.
    missing: whether missing cells are an error or drop their rows.

    Raises UsageError for options that do not fit together, DataError for a table that cannot be used.
    """
    _check_options(time, targets, run, order)
    values, keep = numbers(table, [time, *targets], missing)
    labels = _labels(table, run, keep)
    places = np.flatnonzero(keep)
    notes = [*table.notes]
    if not keep.all():
        notes.append(f"dropped {int((~keep).sum())} of {len(keep)} rows with missing cells")
    runs = []
    for label, rows in _runs(labels, values[:, 0], run is not None):
        rows = rows[np.argsort(values[rows, 0], kind="stable")]
        t = values[rows, 0]
        where = f"run {label!r}" if run is not None else f"the run that begins in {table.place(int(places[rows[0]]))}"
        twice = np.flatnonzero(np.diff(t) == 0)
        if len(twice):
            raise DataError(
                f"{table.source}: {time!r} is {t[twice[0]]:g} twice in {where} "
                f"({table.place(int(places[rows[twice[0] + 1]]))}); average such rows, or name the run column "
                "with --run"
            )
        if len(t) < FEWEST_ROWS:
            raise DataError(
                f"{table.source}: {where} has {len(t)} row{'s' * (len(t) != 1)}, and a system needs {FEWEST_ROWS} in "
                f"each run; leave it out, or name the run column with --run"
            )
        runs.append(Run(label, t, np.ascontiguousarray(values[rows, 1:])))
    names = aliases([time, *targets])
    columns = {alias: name for alias, name in zip(names, [time, *targets]) if alias != name}
    series = Series(names[0], names[1:], tuple(runs), order, columns)
    _check_segments(table, time, series)
    cuts = sum(len(one.segments()) for one in runs) - len(runs)
    if cuts:
        notes.append(f"{cuts} gap{'s' * (cuts > 1)} in {time!r}: nothing is interpolated over them")
    lost = series.rows - sum(len(t) for t, _ in series.segments())
    if lost:
        notes.append(f"{lost} rows are in segments too short to use, and are left out of the search")
    return series, tuple(notes)


def _check_options(time: str, targets: Sequence[str], run: str | None, order: int) -> None:
    if order not in ORDERS:
        raise UsageError(f"--order {order}: differential equations of order 1 or 2 are looked for")
    for name in targets:
        if name == time:
            raise UsageError(f"{name!r} cannot be both a target and the time: take it out of --target")
        if name == run:
            raise UsageError(f"{name!r} cannot be both a target and the run column: take it out of --target")
        if list(targets).count(name) > 1:
            raise UsageError(f"the target {name!r} is named twice")
    if run == time:
        raise UsageError(f"{run!r} cannot be both the time and the run column: name another one with --run")
    if len(targets) * order > MOST_STATES:
        raise UsageError(
            f"the system has {len(targets) * order} states, slopes included; at most {MOST_STATES} are allowed"
        )


def _labels(table: Table, run: str | None, keep: Mask) -> list[str]:
    """The run of each row that is kept, as text."""
    if run is None:
        return [""] * int(np.count_nonzero(keep))
    if run not in table.columns:
        raise DataError(f"{table.source} has no run column {run!r}; {nearest(run, table.columns)}")
    if run in table.refusals:
        raise DataError(f"{table.source}: {table.refusals[run]}")
    cells = table.values[keep, table.columns.index(run)]
    if np.isnan(cells).any():
        raise DataError(f"{table.source}: the run is missing in some rows of {run!r}; fill these cells in")
    return [f"{cell:g}" for cell in cells]


def _runs(labels: list[str], t: Array, named: bool) -> list[tuple[str, NDArray[np.intp]]]:
    """(label, rows) of each run, in the order of the table."""
    if named:
        order = list(dict.fromkeys(labels))
        return [(label, np.flatnonzero([one == label for one in labels])) for label in order]
    pieces = np.split(np.arange(len(t)), np.flatnonzero(np.diff(t) < 0) + 1)
    return [(str(number) if len(pieces) > 1 else "", piece) for number, piece in enumerate(pieces, 1)]


def _check_segments(table: Table, time: str, series: Series) -> None:
    for one in series.runs:
        if not one.segments():
            raise DataError(
                f"{table.source}: {time!r} has so many gaps that no {FEWEST_ROWS} rows follow each other without one"
            )
    for name, column in zip(series.states, np.concatenate([one.x for one in series.runs]).T):
        if np.ptp(column) == 0:
            raise DataError(
                f"{table.source}: {series.columns.get(name, name)!r} is {column[0]:g} in all rows, so it is not a "
                "state: take it out of --target"
            )
