"""The band: the frequencies that rows can tell apart.

Rows at whole multiples of a step, even if most of them are missing, know frequencies up to π over the step only, where
they repeat (Nyquist 1928); scattered rows know higher ones too (Eyer and Bartholdi 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kansr.numeric.arrays import Array

# Distance of a row from a multiple of the step, in steps, up to which it lies there: inputs are written with few
# decimals.
OFF_STEP = 0.1

# Distances of neighbours over the least one, up to which they are one step: twice it would be two.
ONE_STEP = 1.5

# Distances over the range below which two inputs are the same.
SAME = 1e-9

# Rows below which they lie at multiples of a step by chance.
LEAST_ROWS = 8

# Highest frequency of scattered rows, over that of as many evenly spaced ones.
BEYOND_EVEN = 8

# Highest frequency of all, in half turns over the range of the input.
HIGHEST = 2**20


@dataclass(frozen=True, eq=False)
class Band:
    """The input on a scale from −1 to 1, and its highest frequency.

    u: (rows,); middle, half: of the range, in the unit of the input; highest: in half turns over the range.
    """

    u: Array
    middle: float
    half: float
    highest: int

    @property
    def fastest(self) -> float:
        """The highest frequency in radians per unit of u."""
        return float(np.pi / 2 * self.highest)

    @classmethod
    def of(cls, x: Array) -> Band:
        """x: (rows,), not all equal."""
        low, high = float(x.min()), float(x.max())
        middle, half = (low + high) / 2, (high - low) / 2
        step = step_of(x)
        rows = len(x) - 1
        # at π over the step itself a sine would be 0 in all rows
        highest = round((high - low) / step) - 1 if step else BEYOND_EVEN * rows
        return cls((x - middle) / half, middle, half, max(min(highest, HIGHEST), 1))


def step_of(x: Array) -> float:
    """The step whose multiples the rows lie at, in the unit of x; 0 where there is none. x: (rows,)"""
    values = np.unique(x)
    apart = np.diff(values)
    apart = apart[apart > SAME * float(np.ptp(x))]
    if len(apart) < LEAST_ROWS:
        return 0.0
    # the mean of many steps is known better than one of them, and one that is known better reaches further
    step = float(apart[apart < ONE_STEP * apart.min()].mean())
    if np.abs(apart / step - np.rint(apart / step)).max() > OFF_STEP * ONE_STEP:
        return 0.0
    place = np.concatenate([[0.0], np.cumsum(np.rint(apart / step))])
    position = np.concatenate([[0.0], np.cumsum(apart)])
    slope, start = np.polyfit(place, position, 1)
    off = float(np.abs(position - start - slope * place).max())
    return float(slope) if off < OFF_STEP * slope else 0.0
