"""The resolution of a column: how many decimals or significant digits its numbers are written with.

A number that is written with d decimals differs from what was measured or computed by up to half a unit in its last
place, evenly distributed: a standard deviation of 1/√12 units (Sheppard 1898; Widrow, Kollár and Liu 1996).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array, evenly_spaced_rows

EVEN = 12.0**-0.5  # standard deviation of an evenly distributed error, in units of its range
MOST_DECIMALS = 12  # that are looked for
MOST_DIGITS = 9  # significant digits that are looked for: with ten, rounding is below what an exact formula may leave
FEWEST_DIGITS = 2  # significant digits of a target that is rounded to digits
FEWEST_DIGITS_OF_INPUT = 3  # the same of an input: 10, 20, 50 are settings, not rounded
SINGLE_BITS = 24  # of the fraction of a number in float32
SAMPLE = 500  # numbers that are looked at first, since most columns are written in full
LARGEST_WHOLE = 2.0**40  # units that a number may have: of more, float64 does not tell whole ones well
ON_GRID = 1e-15  # distance from a whole number over its size, in which a decimal lies that was read as float64
EVENLY_SPACED = 1e-9  # difference of two steps over a step, up to which the steps of settings are equal
DECIDED = 10.0  # standard deviations of rounding that a target spreads over at least; else its digits are the noise
FEW_CLASSES = 10  # different values of a target that looks like classes, at most
ROWS_PER_CLASS = 5  # rows of each at least, on average
MANY_REPEATED = 0.2  # share of rows that repeat another row, from which a note says so


class Written(enum.Enum):
    """What is the same for all numbers of a column."""

    DECIMALS = "decimals"
    DIGITS = "significant digits"
    SINGLE = "single precision"


@dataclass(frozen=True)
class Resolution:
    """How the numbers of a column are written. count: of decimals or digits; bits for single precision."""

    written: Written
    count: int

    def unit(self, column: Array) -> Array:
        """One unit in the last place of each number, (rows,), in the unit of the column."""
        if self.written is Written.DECIMALS:
            return np.full(len(column), 10.0**-self.count)
        size = np.abs(column)
        size = np.where(size > 0, size, size[size > 0].min(initial=1.0))
        if self.written is Written.SINGLE:
            return np.spacing(size.astype(np.float32)).astype(float)
        return np.asarray(10.0 ** (np.floor(np.log10(size)) - self.count + 1))


@dataclass(frozen=True, eq=False)
class Rounding:
    """The standard deviation of the rounding error of each number, in the unit of its column; 0 where it is exact.

    y: (rows,); X: (rows, inputs).
    """

    y: Array
    X: Array

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Rounding:
        """That of the rows at `index`."""
        return Rounding(self.y[index], self.X[index])

    def above(self, other: Rounding) -> Rounding:
        """That of these rows and of those of another table below them."""
        return Rounding(np.append(self.y, other.y), np.vstack([self.X, other.X]))


def rounding_of(X: Array, y: Array) -> Rounding | None:
    """The rounding errors of a table; None where the target is written in full, or is little more than its rounding.

    Inputs that are whole numbers or evenly spaced are settings, and exact. X: (rows, inputs); y: (rows,).
    """
    found = resolution_of(y, FEWEST_DIGITS)
    if found is None:
        return None
    error = EVEN * found.unit(y)
    if not float(np.std(y)) > DECIDED * float(np.sqrt(np.mean(error**2))):
        return None
    return Rounding(error, np.column_stack([_input_error(x) for x in X.T]))


def _input_error(x: Array) -> Array:
    found = resolution_of(x, FEWEST_DIGITS_OF_INPUT)
    if found is None or found == Resolution(Written.DECIMALS, 0) or _evenly_spaced(x):
        return np.zeros(len(x))
    return EVEN * found.unit(x)


def _evenly_spaced(x: Array) -> bool:
    steps = np.diff(np.unique(x))
    return bool(len(steps) and np.ptp(steps) <= EVENLY_SPACED * steps[0])


def resolution_of(column: Array, fewest: int = FEWEST_DIGITS) -> Resolution | None:
    """How a column is written, the coarsest way that holds for all its numbers; None where it is written in full.

    fewest: significant digits at least.
    """
    sample = column[evenly_spaced_rows(len(column), SAMPLE)]
    options = [
        Resolution(Written.DECIMALS, count)
        for count in _first(range(MOST_DECIMALS + 1), lambda n: _decimals(sample, n) and _decimals(column, n))
    ]
    options += [
        Resolution(Written.DIGITS, count)
        for count in _first(range(fewest, MOST_DIGITS + 1), lambda n: _digits(sample, n) and _digits(column, n))
    ]
    if _single(sample):
        options.append(Resolution(Written.SINGLE, SINGLE_BITS))

    def typical_unit(option: Resolution) -> float:
        return float(np.mean(np.log(option.unit(sample))))

    return max(options, key=typical_unit, default=None)


def _first(counts: Sequence[int], holds: Callable[[int], bool]) -> list[int]:
    """The first count that holds, or none."""
    return next(([count] for count in counts if holds(count)), [])


def _decimals(column: Array, count: int) -> bool:
    scaled = column * 10.0**count
    off = np.abs(scaled - np.rint(scaled))
    return bool(np.all(np.abs(scaled) < LARGEST_WHOLE) and np.all(off <= ON_GRID * np.maximum(np.abs(scaled), 1.0)))


def _digits(column: Array, count: int) -> bool:
    size = np.abs(column[column != 0])
    with np.errstate(divide="ignore", invalid="ignore"):  # of numbers below 1e-308
        scaled = size / 10.0 ** (np.floor(np.log10(size)) - count + 1)
    on_grid = np.isfinite(scaled).all() and np.all(np.abs(scaled - np.rint(scaled)) <= ON_GRID * scaled)
    return bool(len(size) and on_grid)


def _single(column: Array) -> bool:
    """Whether every number is one of float32, as such or as the shortest decimal that is read as it."""
    with np.errstate(over="ignore"):
        single = column.astype(np.float32)
    return bool(np.all((single == column) | (np.array([float(str(x)) for x in single]) == column)))


def notes_on_target(X: Array, y: Array, target: str) -> list[str]:
    """What is unusual about the values of a target: whole numbers, few of them, rows that come again and again."""
    notes: list[str] = []
    values = len(np.unique(y))
    if 1 < values <= min(FEW_CLASSES, len(y) / ROWS_PER_CLASS):
        notes.append(
            f"the target {target!r} has only {values} distinct values: this looks like classes, and r² means little"
        )
    elif resolution_of(y) == Resolution(Written.DECIMALS, 0):
        notes.append(
            f"the target {target!r} has only integers: they are taken as rounded, so residuals below 0.5 count as "
            "rounding unless a formula is exact on all rows"
        )
    repeated = len(y) - len(np.unique(np.column_stack([X, y]), axis=0))
    if repeated >= MANY_REPEATED * len(y):
        notes.append(f"{repeated} of {len(y)} rows repeat another row: each copy counts")
    return notes
