"""Test functions of the weak form: bumps (1 − s²)^p of compact support, and how wide they are.

Source: Messenger and Bortz, *Weak SINDy for partial differential equations*, J. Comput. Phys. 443, 110525 (2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY

# Value of a bump one step within its support, which its exponent follows from: what the sum over the grid leaves of
# its ends. 1e-10 as in the paper.
TAIL = 1e-10

# Standard deviations of a bump's spectrum that the corner of the data's spectrum is at: below the corner is signal.
# With 1, 1.5, 2 and 3 the same equations were found in 10 % noise (benchmarks/recovery/fields.py), where most bumps are
# as wide as their axis allows.
CORNER = 2.0

LEAST_HALF = 6  # steps in half a support: with fewer, fourth derivatives of a bump are no smooth sums
NARROWEST = 1.5  # steps that a bump is wide at least, as the standard deviation of a Gaussian like it: the same

PARTS = 3  # supports that an axis is long at least
HELD_OUT_PARTS = 4  # the same of the axis whose last part is held out


@dataclass(frozen=True)
class Bump:
    """(1 − s²)^p on 2m + 1 points of an axis, with sum 1. half: m; exponent: p; step: between two points."""

    half: int
    exponent: int
    step: float

    def weights(self, order: int) -> Array:
        """What a column is multiplied by and summed, for the mean of its derivative of this order, (2m + 1,).

        Integration by parts moves the derivative to the bump: (−1)^q·φ^(q).
        """
        s = np.arange(-self.half, self.half + 1) / self.half
        bump = Polynomial([1.0, 0.0, -1.0]) ** self.exponent
        moved = (-1) ** order * (bump.deriv(order) if order else bump)(s)
        return np.asarray(moved / (self.half * self.step) ** order / np.sum(bump(s)))


def bump_for(column: Array, axis: int, step: float, order: int, parts: int = PARTS) -> Bump:
    """The bump along an axis of the data, as wide as their spectrum says. order: of the highest derivative.

    column: the field, (n_t, n_x, …); parts: supports that the axis is long at least.
    """
    size = column.shape[axis]
    half, most = LEAST_HALF, max((size // parts - 1) // 2, LEAST_HALF)
    corner = corner_of(column, axis)
    for wider in range(half, most + 1):
        half = wider
        if corner * half >= CORNER * math.sqrt(2 * exponent_for(half, order) + 3):
            break
    return Bump(half, exponent_for(half, order), step)


def exponent_for(half: int, order: int) -> int:
    """The exponent at which a bump is TAIL one step within its support, less where it would be too narrow.

    half: at least 2; order: of the highest derivative, which is 0 at the ends all the same.
    """
    by_tail = math.ceil(math.log(TAIL) / math.log((2 * half - 1) / half**2))
    by_width = math.floor(((half / NARROWEST) ** 2 - 3) / 2)
    return max(order + 2, min(by_tail, by_width))


def corner_of(column: Array, axis: int) -> float:
    """Where the spectrum along an axis changes from signal to little: a frequency in radians a step.

    The two lines through the cumulated amplitudes whose relative squared errors are least meet there.
    """
    moved = np.moveaxis(column, axis, -1)
    size = moved.shape[-1]
    window = np.hanning(size + 2)[1:-1]
    amplitude = np.abs(np.fft.rfft((moved - moved.mean(axis=-1, keepdims=True)) * window))
    total = np.cumsum(amplitude.reshape(-1, amplitude.shape[-1]).mean(axis=0))
    if not total[-1] > TINY:
        return float(2 * np.pi / size)
    rising = np.maximum(total / total[-1], TINY)
    last = len(rising) - 1
    places = np.arange(len(rising))
    errors = []
    for k in range(1, last):
        before = rising[k] / k * places[: k + 1]
        after = rising[k] + (1 - rising[k]) / (last - k) * (places[k:] - k)
        misfit = np.sum((1 - before / rising[: k + 1]) ** 2) + np.sum((1 - after / rising[k:]) ** 2)
        errors.append(float(misfit))
    return float(2 * np.pi * (1 + int(np.argmin(errors))) / size) if errors else float(2 * np.pi / size)
