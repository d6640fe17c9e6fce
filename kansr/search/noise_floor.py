"""The noise floor: what the best surrogate model leaves on rows that it was not fitted to, which no formula can beat.

Each function trains models when it is first asked about a partition, and remembers the answer.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import comparable
from kansr.formula.fit.rounding import digits_floor
from kansr.numeric.robust import typical
from kansr.search.partition import Partition
from kansr.structure.surrogate.error_in_dimensionless_groups import held_out_error_in_dimensionless_groups
from kansr.structure.surrogate.noisy_kernel import FEW, held_out_error, held_out_error_on

NOISY, LARGE = 1e-3, 0.35  # errors of a surrogate over the spread between which they may be noise
LEARNT = 0.7  # of the error is left by twice the rows, where it is noise
BLIND = 0.98  # error over the spread of a surrogate that sees nothing
REMEMBERED = 8  # partitions


@lru_cache(maxsize=REMEMBERED)
def noise_floor(rows: Partition) -> float:
    """The held-out error of the best surrogate over the target's spread; 0 where it cannot be known."""
    if not _can_be_known(rows):
        return 0.0
    return min(_in_columns(rows), _in_groups(rows))


@lru_cache(maxsize=REMEMBERED)
def noise_floor_held_out(rows: Partition) -> float:
    """The same on the very rows that formulas are judged on, since other rows differ by chance."""
    if not _can_be_known(rows):
        return 0.0
    own = max(_in_columns(rows), held_out_error_on(as_compared(rows.judging), as_compared(rows.sample)))
    return min(own, _in_groups(rows))


@lru_cache(maxsize=REMEMBERED)
def is_noisy(rows: Partition) -> bool:
    """Whether what the surrogate misses is noise, not more than it can follow: more rows help little then."""
    if not _can_be_known(rows) or not NOISY < noise_floor(rows) < LARGE:
        return False
    return noise_floor(rows) > LEARNT * held_out_error(rows.sample.X, as_compared(rows.sample).y, FEW // 2)


def as_compared(data: Dataset) -> Dataset:
    """The rows with a target whose errors are alike: its logarithm where they are in proportion to it."""
    return replace(data, y=comparable(data.y, data), sigma=None, proportional=False) if data.proportional else data


def sees_nothing(rows: Partition) -> bool:
    """Whether a surrogate is no better than the mean of the target."""
    return _can_be_known(rows) and noise_floor(rows) > BLIND


def known_noise(rows: Partition) -> float:
    """The errors that are stated over the target's spread, where they are small; 0 where they are not.

    Of one input also those that come from its digits: with more inputs, solvers of exact rows come further.
    """
    data = rows.fitting
    if data.stated is None:
        return digits_noise(rows) if len(data.names) == 1 else 0.0
    return _slight(typical(data.stated), data)


def digits_noise(rows: Partition) -> float:
    """The errors that come from the digits of the target over its spread, where they are small; 0 where not."""
    return _slight(digits_floor(rows.fitting), rows.fitting)


def _slight(error: float, data: Dataset) -> float:
    share = error / (float(np.std(data.y)) or 1.0)
    return share if share < NOISY else 0.0


@lru_cache(maxsize=REMEMBERED)
def _in_columns(rows: Partition) -> float:
    return held_out_error(rows.sample.X, as_compared(rows.sample).y)


def _in_groups(rows: Partition) -> float:
    return np.inf if rows.table.proportional else held_out_error_in_dimensionless_groups(rows.sample, rows.judging)


def _can_be_known(rows: Partition) -> bool:
    return not rows.small and float(np.std(rows.fitting.y)) > 0
