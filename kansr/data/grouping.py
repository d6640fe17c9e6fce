"""The groups of a dataset, such as experiments: one law holds for all, and each may have constants of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kansr.data.read.cells import counted, is_number, label_of
from kansr.data.read.table import Table
from kansr.errors import DataError
from kansr.numeric.arrays import Array

LISTED = 5  # groups that a note names


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which group each row belongs to.

    column: the column of the table that says so; labels: of the groups; codes: the place in `labels` of each row's
    group, (rows,).
    """

    column: str
    labels: tuple[str, ...]
    codes: NDArray[np.intp]

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many rows each group has, (groups,)."""
        return np.bincount(self.codes, minlength=len(self.labels))

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Grouping:
        """The rows at `index`; the labels stay, those of groups without rows too."""
        return replace(self, codes=self.codes[index])

    def without_unused(self) -> Grouping:
        """The same without the labels of groups that have no rows."""
        used = np.flatnonzero(self.counts)
        places = np.cumsum(self.counts > 0) - 1
        return replace(self, labels=tuple(self.labels[i] for i in used), codes=places[self.codes])


def grouping_of(column: str, cells: Sequence[str]) -> Grouping:
    """The groups that the labels of all rows, (rows,), make; numbers in order, then texts in order."""
    labels = tuple(sorted(set(cells), key=_order))
    places = {label: place for place, label in enumerate(labels)}
    return Grouping(column, labels, np.array([places[cell] for cell in cells], dtype=np.intp))


def groups_of_several(
    table: Table, column: str, numbers: Array
) -> tuple[Grouping | None, NDArray[np.bool_], list[str]]:
    """The groups, None where there is one only; which rows are in groups of several, (rows,); and notes.

    numbers: of the labels, or the labels themselves where these are numbers, (rows,). Raises DataError where no group
    has two rows.
    """
    known = table.labels.get(column)
    grouping = grouping_of(column, [label_of(n) if known is None else known[int(n)] for n in numbers])
    several = grouping.counts[grouping.codes] > 1
    notes = []
    if not several.any():
        raise DataError(
            f"{table.source}: every group of {column!r} has one row only, which a constant of its own would fit; "
            "name a column with several rows for each of its values"
        )
    if not several.all():
        alone = [label for label, count in zip(grouping.labels, grouping.counts) if count == 1]
        listed = ", ".join(map(repr, alone[:LISTED])) + (", …" if len(alone) > LISTED else "")
        notes.append(f"left out {counted(len(alone), 'group')} of {column!r} with one row only: {listed}")
        grouping = grouping.take(several).without_unused()
    if len(grouping.labels) == 1:
        only = f"{column!r} has one group only ({grouping.labels[0]!r})"
        notes.append(f"{only}: constants cannot differ, and the search is one without groups")
        return None, several, notes
    return grouping, several, notes


def _order(label: str) -> tuple[bool, float, str]:
    return (False, float(label), label) if is_number(label) else (True, 0.0, label)
