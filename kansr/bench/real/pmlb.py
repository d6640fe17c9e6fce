"""A table of PMLB as SRBench's black-box track gives it to a method: split, thinned and standardised.

La Cava et al. 2021, "Contemporary symbolic regression methods and their relative performance", section 4. Three
quarters of the rows are for training, by the permutation that scikit-learn's `train_test_split` draws from the seed;
of more than MOST_ROWS as many are drawn (SRBench draws with replacement; here no row is drawn twice, since copies of a
row would pass for repeated measurements). Inputs and target have mean 0 and standard deviation 1 on the training rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kansr.bench.real.folder import PMLB, tables
from kansr.data.dataset import Dataset
from kansr.data.read.file import read_table
from kansr.errors import DataError, UsageError
from kansr.expression.identifiers import aliases
from kansr.numeric.arrays import Array

SEEDS = (11284, 11964, 15795, 21575, 22118, 23654, 29802, 5390, 6265, 860)  # SRBench's ten splits, in its order
TARGET = "target"  # the column to be explained
TEST_SHARE = 0.25  # of the rows
MOST_ROWS = 10_000  # for training


@dataclass(frozen=True, eq=False)
class Split:
    """A table split and standardised.

    training, test: the rows, standardised on the training rows; scale: the standard deviation of the target there.
    """

    training: Dataset
    test: Dataset
    scale: float


def seeds(count: int) -> tuple[int, ...]:
    """The first `count` of SRBench's seeds. Raises UsageError where it has no more."""
    if count > len(SEEDS):
        raise UsageError(f"--seeds {count}: SRBench has {len(SEEDS)} splits of each table")
    return SEEDS[:count]


def friedman(name: str) -> bool:
    """Whether a table of PMLB was drawn from Friedman's function, as 62 of SRBench's 122 are."""
    return "_fri_" in name


def split(name: str, data: str, seed: int) -> Split:
    """The table `name` of the folder `data`, split by a seed. Raises DataError for a table that cannot be used."""
    return standardised(*_read(tables(PMLB, data)[name]), seed)


def standardised(X: Array, y: Array, columns: tuple[str, ...], seed: int) -> Split:
    """Rows, X (rows, inputs) and y (rows,), split by a seed and standardised; columns that do not vary become 0."""
    training, test = parted(len(y), seed)
    middle, spread = X[training].mean(axis=0), X[training].std(axis=0)
    level, scale = float(y[training].mean()), float(y[training].std()) or 1.0
    names = aliases(columns)
    scaled, target = (X - middle) / np.where(spread > 0, spread, 1.0), (y - level) / scale
    labels = {name: column for name, column in zip(names, columns) if name != column}
    whole = Dataset(scaled, target, names, TARGET, columns=labels)
    return Split(whole.take(training), whole.take(test), scale)


def parted(rows: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The positions of the training rows and of the test rows."""
    order = np.random.RandomState(seed).permutation(rows)
    tested = math.ceil(TEST_SHARE * rows)
    training, test = order[tested:], order[:tested]
    if len(training) > MOST_ROWS:
        training = np.random.RandomState(seed).choice(training, size=MOST_ROWS, replace=False)
    return training, test


def _read(path: Path) -> tuple[Array, Array, tuple[str, ...]]:
    """The inputs, (rows, inputs), the target, (rows,), and the names of the inputs."""
    table = read_table(path)
    if TARGET not in table.columns:
        raise DataError(f"{path} has no column {TARGET}, which PMLB's tables have")
    if not np.isfinite(table.values).all():
        raise DataError(f"{path} has cells without a number, which PMLB's tables have not")
    place = table.columns.index(TARGET)
    inputs = tuple(column for column in table.columns if column != TARGET)
    return np.delete(table.values, place, axis=1), table.values[:, place], inputs
