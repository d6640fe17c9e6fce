"""The dataset that a law is searched in: inputs, target, stated errors and units, all finite float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kansr.data.grouping import Grouping
from kansr.data.resolution import Rounding
from kansr.numeric.arrays import Array

if TYPE_CHECKING:
    from kansr.units.units import Units


@dataclass(frozen=True, eq=False)
class InputErrors:
    """The standard errors of the inputs, and those of the target beside them.

    X: (rows, inputs), in the units of the inputs, 0 where one is exact. y: (rows,), in the unit of the target, 0 where
    it is exact; None where they are not known, and are estimated as the same for all rows, with each formula.
    absolute: whether they are known as such, or up to a common factor.
    """

    X: Array
    y: Array | None
    absolute: bool = True

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> InputErrors:
        """Those of the rows at `index`."""
        return InputErrors(self.X[index], None if self.y is None else self.y[index], self.absolute)

    def above(self, other: InputErrors) -> InputErrors:
        """Those of these rows and of the rows of another table below them."""
        y = None if self.y is None or other.y is None else np.append(self.y, other.y)
        return InputErrors(np.vstack([self.X, other.X]), y, self.absolute)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs and one target.

    X: (rows, inputs); y: (rows,); float64 and finite, in the units of the table.
    names, target: identifiers of the formula language; columns: the column name of each that differs from it.
    units: None where they are not given.
    sigma: the standard error of each y, (rows,), in the unit of y, or up to a common factor where `relative`; None
    where it is not given. robust: whether Huber's loss takes the place of squares, for errors with heavy tails.
    proportional: whether the errors are taken to be in proportion to the target, which has one sign then.
    rounding: the errors that come from how the numbers are written; None where they are written in full.
    grouping: the groups that rows belong to, whose constants may differ; None where all rows share all constants.
    input_errors: the standard errors of the inputs; None where they are exact. With them `sigma` is what they and the
    target's own make together by the slopes of a smooth model, to weigh rows before a formula is known; what is fitted
    and judged has slopes of its own, see kansr.formula.fit.effective_variance.
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
    proportional: bool = False
    rounding: Rounding | None = None
    grouping: Grouping | None = None
    input_errors: InputErrors | None = None

    @property
    def exact_inputs(self) -> bool:
        """Whether the inputs are exact. Else the law does not predict best: slopes by measured inputs are smaller."""
        return self.input_errors is None

    @property
    def own_errors(self) -> Array | None:
        """The standard error of each y, (rows,), without what errors of inputs add; None where it is not given."""
        return self.stated if self.input_errors is None else self.input_errors.y

    @property
    def stated(self) -> Array | None:
        """The standard error of each y, (rows,), where it is given absolutely; else None."""
        return None if self.relative else self.sigma

    @property
    def rows(self) -> int:
        return len(self.y)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Dataset:
        """The rows at `index`."""
        sigma = None if self.sigma is None else self.sigma[index]
        rounding = None if self.rounding is None else self.rounding.take(index)
        grouping = None if self.grouping is None else self.grouping.take(index)
        input_errors = None if self.input_errors is None else self.input_errors.take(index)
        return replace(
            self,
            X=self.X[index],
            y=self.y[index],
            sigma=sigma,
            rounding=rounding,
            grouping=grouping,
            input_errors=input_errors,
        )

    def column(self, name: str) -> Array:
        """The values of the input `name`, (rows,)."""
        return self.X[:, self.names.index(name)]


# Largest over smallest size of a target, from which its errors are taken to be in proportion to it: a constant error
# that leaves a digit of the smallest value would be nine decades below the largest, which no instrument reaches. Of
# EmpiricalBench, Newton's law ranges over 16 decades and Planck's over 269, both with errors of 10 % of the value.
PROPORTIONAL = 1e8
# The least standard error over the largest: squares of errors in a wider range are no float64. Rows below it count for
# less.
LEAST_ERROR = 1e-100


def with_proportional_errors(data: Dataset) -> Dataset:
    """The dataset with errors in proportion to its target, where they can be no others; else as it is."""
    size = np.abs(data.y)
    one_sign = bool(data.y.min() > 0 or data.y.max() < 0)
    if data.sigma is not None or data.rounding is not None or not one_sign or size.max() < PROPORTIONAL * size.min():
        return data
    return replace(data, sigma=np.maximum(size, LEAST_ERROR * size.max()), relative=True, proportional=True)


def set_aside(rows: int, fraction: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows are held out, (rows,): a `fraction` of them, drawn at random."""
    held_out = np.zeros(rows, dtype=bool)
    held_out[rng.permutation(rows)[: round(fraction * rows)]] = True
    return held_out


def set_aside_of_each(codes: NDArray[np.intp], fraction: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows are held out, (rows,): a `fraction` of each group, rounded down. codes: the group of each row."""
    held_out = np.zeros(len(codes), dtype=bool)
    for group in range(int(codes.max()) + 1):
        rows = rng.permutation(np.flatnonzero(codes == group))
        held_out[rows[: int(fraction * len(rows))]] = True
    return held_out


def split(data: Dataset, fraction: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """(fitting rows, held-out rows), drawn at random; each in the order of the table. fraction: of held-out rows."""
    held_out = set_aside(data.rows, fraction, rng)
    return data.take(~held_out), data.take(held_out)
