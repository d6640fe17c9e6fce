"""The groups of a dataset, such as experiments: one law holds for all, and each may have constants of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kansr.data.read.cells import is_number


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


def _order(label: str) -> tuple[bool, float, str]:
    return (False, float(label), label) if is_number(label) else (True, 0.0, label)
