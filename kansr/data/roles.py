"""From a Table to a Dataset: which column is the target, which are inputs, and which rows stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kansr.data.columns import SHOWN_COLUMNS, alone, nearest, numbers
from kansr.data.dataset import Dataset, with_proportional_errors
from kansr.data.derivative import rates
from kansr.data.grouping import groups_of_several
from kansr.data.read.cells import Labels, counted
from kansr.data.read.file import read_table, thinned
from kansr.data.read.numerals import Written
from kansr.data.read.reservoir import MAX_COLUMNS, Wanted
from kansr.data.read.table import Table, from_arrays, from_frame
from kansr.data.resolution import notes_on_target, rounding_of
from kansr.data.stated_errors import LARGEST, SMALLEST, ErrorsOfRows, Sigma, StatedErrors, notes_on_errors, read_errors
from kansr.errors import DataError, UsageError
from kansr.expression.identifiers import aliases
from kansr.numeric.arrays import Array

if TYPE_CHECKING:
    import pandas as pd

MIN_ROWS = 5  # fewer rows fit almost any formula
SAME_TOLERANCE = 1e-12  # deviation over the range, up to which one input is a linear function of another
ROWS_PER_INPUT = 10  # below this, formulas may fit by chance, and a note says so
FEW_ROWS = 200  # up to which one row may bend a law
HASH_DIGITS = 9  # to which columns are rounded before they are compared by hash


def as_table(
    data: Table | str | Path | BinaryIO | pd.DataFrame | tuple[ArrayLike, ArrayLike],
    *,
    seed: int = 0,
    labelled: str | None = None,
    wanted: Wanted | None = None,
) -> Table:
    """A Table of a path, an open binary file, a DataFrame, a pair (X, y), or a Table.

    Of more rows than are kept, some are drawn at random by the seed. labelled: a column whose cells are labels, numbers
    or not; wanted: what is read of very many columns. Raises UsageError for anything else, and DataError for what
    cannot be read.
    """
    if isinstance(data, Table):
        return data
    labels = None if labelled is None else Labels(labelled)
    if isinstance(data, tuple) and len(data) == 2:
        table = from_arrays(*data, labels=labels, wanted=wanted)
    elif hasattr(data, "iloc"):  # a DataFrame, without importing pandas to ask
        table = from_frame(cast("pd.DataFrame", data), labels=labels, wanted=wanted)
    elif isinstance(data, str | Path) or hasattr(data, "read"):
        return read_table(data, seed=seed, labelled=labelled, wanted=wanted)
    else:
        raise UsageError(f"a table is a path, a DataFrame or a pair (X, y), not {type(data).__name__}")
    table = thinned(table, seed=seed)
    return table if labels is None else replace(table, labels={labels.column: tuple(labels.known)})


def default_target(table: Table) -> str:
    """The column that is the target where none is named: the last one that holds numbers."""
    return _filled(_without_texts(table, ())[0])[-1]


def dataset(
    data: Table | str | Path | BinaryIO | pd.DataFrame | tuple[ArrayLike, ArrayLike],
    *,
    target: str | None = None,
    inputs: Sequence[str] | None = None,
    missing: Literal["error", "drop"] = "error",
    sigma: Sigma | None = None,
    absolute_sigma: bool = True,
    derivative: str | None = None,
    ignore: Sequence[str] = (),
    group: str | None = None,
) -> tuple[Dataset, tuple[str, ...]]:
    """The dataset to search, and notes on what was decided and dropped.

    target: the last column if None; inputs: all other columns if None. Only the columns in use are checked.
    ignore: columns that are neither. Columns of text, and of time stamps that cannot be read, are left out too unless
    they are named.
    missing: whether a missing cell is an error or drops its row.
    sigma: the column with the standard error of each value of the target, in the unit of the target, or up to a common
    factor unless absolute_sigma; and errors of inputs, see kansr.data.stated_errors. These columns are no inputs unless
    `inputs` names them. Without it, errors that stand beside the values of the target in the same cells are taken.
    derivative: the column by which the target is differentiated; the derivative is the new target.
    group: the column that says which group each row belongs to; it is not an input. Groups of one row are left out.

    Raises DataError for a table that cannot be used, UsageError for options that do not fit together.
    """
    whole = as_table(data, labelled=group)
    stated, table = read_errors(sigma, whole)
    named = {name for name in (target, *stated.all_columns, derivative, group, *(inputs or ())) if name is not None}
    table, left_out = _without_texts(_without_ignored(table, ignore, named), named)
    table, stated = _with_errors(table, target, stated, derivative, group, named)
    if derivative is not None:
        if sigma is not None:
            raise UsageError(
                "--sigma cannot be combined with --derivative, whose errors are estimated: leave one of them out"
            )
        if group is not None:
            raise UsageError("--group cannot be combined with --derivative: leave one of them out")
        table, target, column = rates(table, derivative, target, inputs, missing)
        stated = StatedErrors(column)
    y_name, x_names, notes = _roles(table, target, inputs, stated, group, whole.columns[-1:])
    notes += left_out
    if sigma is None and stated.unnamed is not None and table.errors.get(y_name) == stated.unnamed:
        notes.append(f"the standard errors of {y_name!r} are those beside its values (--sigma names others)")
    aside = [*stated.columns(y_name), *([] if group is None else [group])]
    columns = [*x_names, *aside, y_name]
    notes += [table.remarks[name] for name in columns if name in table.remarks] + _on_writing(table, columns)
    values, keep = numbers(table, columns, missing)
    if not keep.all():
        notes.append(f"dropped {int((~keep).sum())} of {len(keep)} rows with missing cells")
    beside = dict(zip(aside, values[:, len(x_names) : -1].T))
    values = np.delete(values, slice(len(x_names), -1), axis=1)
    errors = ErrorsOfRows.of(stated, table, y_name, beside, keep)
    grouping = None
    if group is not None:
        if errors.inputs:
            raise UsageError("--group cannot be combined with errors of inputs: leave one of them out")
        grouping, several, why = groups_of_several(table, group, beside[group])
        values, errors = values[several], errors.take(several)
        notes += why
    if len(values) < MIN_ROWS:
        raise DataError(f"{table.source}: a law needs at least {MIN_ROWS} rows, and here are {len(values)}")
    for name, size in zip((*x_names, y_name), np.abs(values).max(axis=0)):
        if size > LARGEST or 0 < size < SMALLEST:
            raise DataError(
                f"{table.source}: column {name!r} has values of size {size:.0e}, whose squares float64 cannot hold; "
                f"give it in other units, so that its largest value is between {SMALLEST:g} and {LARGEST:g}"
            )
    useful, why = _useful(x_names, values, y_name)
    notes += why
    if not useful:
        raise DataError(f"{table.source}: no input is left ({'; '.join(why)})")
    if len(values) < ROWS_PER_INPUT * len(useful):
        few = f"{len(values)} rows are few for {counted(len(useful), 'input')}"
        notes.append(f"warning: {few}: a formula may fit them by chance ({ROWS_PER_INPUT} rows an input are advisable)")
    notes += _standing_out(table, [x_names[i] for i in useful], values[:, useful], keep)
    if _constant(values[:, -1]):
        notes.append(f"the target {y_name!r} is constant: {values[0, -1]:g}")
    columns = [*(x_names[i] for i in useful), y_name]
    names = aliases(columns)
    renamed = {alias: name for alias, name in zip(names, columns) if alias != name}
    X, y = np.ascontiguousarray(values[:, useful]), values[:, -1].copy()
    notes += notes_on_target(X, y, y_name)
    found = Dataset(X, y, names[:-1], names[-1], renamed, grouping=grouping, rounding=rounding_of(X, y))
    found = errors.stated_in(found, columns[:-1], absolute=absolute_sigma)
    notes += notes_on_errors(stated, y_name, [name for name in columns[:-1] if name in errors.inputs])
    found = with_proportional_errors(found)
    if found.proportional:
        notes.append(f"errors are taken to be in proportion to {y_name!r}, which ranges over {_decades(y)} decades")
    return found, tuple(notes)


def _without_ignored(table: Table, ignore: Sequence[str], named: Collection[str]) -> Table:
    """The table without the columns that the user leaves out. named: those that the user asks for."""
    for name in ignore:
        if name not in table.columns:
            raise DataError(f"{table.source} has no column {name!r} to ignore; {nearest(name, table.columns)}")
        if name in named:
            raise UsageError(f"the column {name!r} is both asked for and ignored; take it out of one of them")
    return table.without(ignore) if ignore else table


def _without_texts(table: Table, named: Collection[str]) -> tuple[Table, list[str]]:
    """The table without columns that hold no numbers, and a note on them; they stay where no input would be left.

    named: columns that the user asks for, which stay and are refused.
    """
    texts = {name: what for name, what in table.texts().items() if name not in named}
    without = table.without(texts)
    if not texts or len(without.columns) - len(_blank(without)) < 2:
        return table, []
    listed = ", ".join(f"{name!r} ({what})" for name, what in texts.items())
    return without, [f"left out, since they cannot be read as numbers: {listed}"]


def _with_errors(
    table: Table,
    target: str | None,
    stated: StatedErrors,
    derivative: str | None,
    group: str | None,
    named: Collection[str],
) -> tuple[Table, StatedErrors]:
    """The table without errors beside values, but for those of the target; and what is stated with the column of these.

    stated: what the user says, which comes first; named: columns that the user asks for.
    """
    beside = {error: value for value, error in table.errors.items() if error in table.columns}
    if not beside:
        return table, stated
    blank = _blank(table)
    filled = [name for name in table.columns if name not in (*blank, *beside, *stated.all_columns, group)]
    chosen = target if target is not None else next(reversed(filled), None)
    if chosen is not None and derivative is None:
        stated = stated.beside(chosen, next((error for error, value in beside.items() if value == chosen), None))
    return table.without({e for e in beside if e not in stated.all_columns and e not in named}), stated


def _on_writing(table: Table, columns: Sequence[str]) -> list[str]:
    """One note for everything that is unusual about how numbers are written, with its columns."""
    notes = []
    for written in Written:
        which = [name for name in columns if written in table.written.get(name, ())]
        if which:
            more = ", …" if len(which) > SHOWN_COLUMNS else ""
            listed = ", ".join(map(repr, which[:SHOWN_COLUMNS])) + more
            notes.append(f"{'column' if len(which) == 1 else 'columns'} {listed}: {written.value}")
    return notes


def _standing_out(table: Table, names: Sequence[str], X: Array, keep: NDArray[np.bool_]) -> list[str]:
    """Notes on inputs of few rows with one value far from all others, which formulas would be bent for.

    X: (rows, inputs); keep: which rows of the table they are. Of many rows outliers are told by the law.
    """
    if len(X) > FEW_ROWS:
        return []
    rows = ((name, column, alone(column)) for name, column in zip(names, X.T))
    return [
        f"warning: {name!r} is {column[row]:g} in {table.place(int(np.flatnonzero(keep)[row]))}, far from all other "
        "values: if it is wrong, correct it, since formulas rest on it"
        for name, column, row in rows
        if row is not None
    ]


def _decades(y: Array) -> int:
    return int(np.ptp(np.log10(np.abs(y))))


def _roles(
    table: Table,
    target: str | None,
    inputs: Sequence[str] | None,
    stated: StatedErrors,
    group: str | None,
    last_of_all: Sequence[str],
) -> tuple[str, list[str], list[str]]:
    """The target, the inputs, and the notes so far. last_of_all: the last column of the whole table."""
    if len(table.columns) < 2:
        only = f" ({table.columns[0]!r})" if table.columns else ""
        raise DataError(
            f"{table.source} has one column only{only}, but a law needs a target and at least one input; "
            "if there are more, name the separator with --sep"
        )
    notes = list(table.notes)
    blank, filled = _blank(table), _filled(table)
    if len(filled) < len(table.columns):
        notes.append(f"left out, without values: {', '.join(map(repr, blank))}")
    if target is None:
        left = [name for name in filled if name not in (*stated.all_columns, group)]
        if not left:
            raise DataError(f"{table.source}: no column is left for the target but {' and '.join(map(repr, filled))}")
        target = left[-1]
        after = filled[filled.index(target) + 1 :]
        if not after and target not in last_of_all and last_of_all[0] not in blank:
            after = list(last_of_all)
        last = f"the last column but for {' and '.join(map(repr, after))}" if after else "the last column"
        notes.append(f"target: {target} ({last})")
    if inputs is None:
        inputs = [name for name in filled if name not in (target, *stated.all_columns, group)]
    errors = stated.columns(target)
    for name in (target, *inputs, *errors, *([] if group is None else [group])):
        if name not in table.columns:
            raise DataError(f"{table.source} has no column {name!r}; {nearest(name, table.columns)}")
    if target in errors:
        raise DataError(f"{table.source}: {target!r} cannot be both the target and {errors[target]}")
    if target in inputs:
        raise DataError(f"{table.source}: the target {target!r} is also among the inputs; take it out of one of them")
    stated.check(target, inputs)
    for taken, what in {target: "the target", **errors}.items():
        if group is not None and taken == group:
            raise DataError(
                f"{table.source}: {group!r} cannot be both {what} and the group of a row; name another column"
            )
    if group in inputs:
        raise DataError(f"{table.source}: the group {group!r} is also among the inputs; take it out of one of them")
    chosen = list(dict.fromkeys(inputs))
    if not chosen:
        raise DataError(f"{table.source}: no inputs are named; a law needs at least one")
    if len(chosen) + 1 > MAX_COLUMNS:
        raise DataError(
            f"{table.source} has {len(chosen) + 1} columns; at most {MAX_COLUMNS} are allowed: "
            "choose some with --inputs"
        )
    return target, chosen, notes


def _blank(table: Table) -> list[str]:
    """The columns in which every cell is missing."""
    empty = [bool(np.isnan(column).all()) for column in table.values.T]
    return [name for name, none in zip(table.columns, empty) if none and name not in table.refusals]


def _filled(table: Table) -> list[str]:
    """The columns that hold values; all where fewer than two do."""
    blank = _blank(table)
    filled = [name for name in table.columns if name not in blank]
    return filled if len(filled) > 1 else list(table.columns)


def _useful(names: Sequence[str], values: Array, target: str) -> tuple[list[int], list[str]]:
    """The positions of the inputs to use, and notes on the others.

    An input is dropped if it is constant, equal to the target, or a linear function of an earlier input.
    values: (rows, inputs + 1), the target last.
    """
    seen: dict[int, int] = {}
    useful: list[int] = []
    notes: list[str] = []
    for i, name in enumerate(names):
        column = values[:, i]
        if _constant(column):
            notes.append(f"dropped input {name!r}: constant ({column[0]:g})")
            continue
        twin = seen.setdefault(_shape(column), i)
        factor, shift = _line(values[:, twin], column)
        if np.array_equal(column, values[:, -1]):
            notes.append(f"warning: dropped input {name!r}: the same values as the target {target!r}")
        elif twin == i or not np.allclose(
            factor * values[:, twin] + shift, column, rtol=0, atol=SAME_TOLERANCE * np.ptp(column)
        ):
            useful.append(i)
        else:
            same = (factor, shift) == (1, 0)
            what = f"the same values as {names[twin]!r}" if same else f"{_spelled(factor, names[twin], shift)} exactly"
            notes.append(f"dropped input {name!r}: {what}, which a law can use instead")
    return useful, notes


def _constant(column: Array) -> bool:
    return bool(column.min() == column.max())


def _shape(column: Array) -> int:
    """A hash that is equal for columns which are linear functions of each other, rare cases of rounding aside."""
    unit = (column - column.min()) / np.ptp(column)
    unit = unit if unit[0] + unit[-1] + unit.sum() < 1 + len(unit) / 2 else 1 - unit
    return hash((unit.round(HASH_DIGITS) + 0.0).tobytes())  # + 0.0 turns -0.0 into 0.0


def _line(x: Array, y: Array) -> tuple[float, float]:
    """(a, b) of the line y = a·x + b through the two rows with the least and the largest x."""
    low, high = int(np.argmin(x)), int(np.argmax(x))
    a = float((y[high] - y[low]) / (x[high] - x[low]))
    return a, float(y[low] - a * x[low])


def _spelled(factor: float, name: str, shift: float) -> str:
    """factor·name + shift in words."""
    scaled = repr(name) if factor == 1 else f"{factor:.6g} times {name!r}"
    return scaled + (f" plus {shift:.6g}" if shift else "")
