"""The noise of a field, from differences of high order, which smooth fields hardly have.

Differences of white noise of order k have a variance binom(2k, k) times as large; what a field adds makes an estimate
larger, so that the least one counts.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from kansr.numeric.arrays import Array

ORDERS = (0, 2, 4, 6, 8)  # of differences along each axis
LEAST_ORDER = 4  # of all axes together
LEAST_POINTS = 16  # points beyond the order that an axis has, for the mean of squares


def noise_of(u: Array) -> float:
    """The standard deviation of white noise in a field, in its unit; an upper bound where the field is rough.

    u: (n_t, n_x, …).
    """
    found = [math.inf]
    for orders in itertools.product(ORDERS, repeat=u.ndim):
        if sum(orders) < LEAST_ORDER or any(n < order + LEAST_POINTS for n, order in zip(u.shape, orders)):
            continue
        differences, gain = u, 1
        for axis, order in enumerate(orders):
            differences = np.diff(differences, order, axis=axis)
            gain *= math.comb(2 * order, order)
        found.append(math.sqrt(float(np.mean(differences**2)) / gain))
    return min(found)
