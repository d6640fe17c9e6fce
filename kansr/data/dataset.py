"""The rows a law is looked for in: float64, finite, and with names that our formula language can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array

if TYPE_CHECKING:
    from kansr.units.units import Units


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of inputs and one target.

    X: (rows, inputs); y: (rows,); both float64 and finite. `names` and `target` are identifiers of the formula
    language; `columns` maps those that had to be made up (aliases) to the column names of the table. units: None
    where they are not known. sigma: the standard error of each y, (rows,), up to a common factor if `relative`; None
    where it is not known. robust: whether errors may have heavy tails, and far rows count by Huber's loss.
    """

    X: Array
    y: Array
    names: tuple[str, ...]
    target: str = "y"
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Units | None = None
    sigma: Array | None = None
    relative: bool = False
    robust: bool = False

    @property
    def stated(self) -> Array | None:
        """The standard errors, where they are known absolutely."""
        return None if self.relative else self.sigma

    @property
    def rows(self) -> int:
        return len(self.y)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Dataset:
        """The rows at `index`."""
        sigma = None if self.sigma is None else self.sigma[index]
        return replace(self, X=self.X[index], y=self.y[index], sigma=sigma)

    def column(self, name: str) -> Array:
        """The values of the input `name`, (rows,)."""
        return self.X[:, self.names.index(name)]


def set_aside(rows: int, fraction: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows are held out, drawn at random, (rows,)."""
    held_out = np.zeros(rows, dtype=bool)
    held_out[rng.permutation(rows)[: round(fraction * rows)]] = True
    return held_out


def split(data: Dataset, fraction: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """The rows to fit on and the rows held out, drawn at random; each keeps the order of the table."""
    held_out = set_aside(data.rows, fraction, rng)
    return data.take(~held_out), data.take(held_out)
