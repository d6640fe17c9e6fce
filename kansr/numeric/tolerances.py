"""Rounding limits of float64."""

from __future__ import annotations

import numpy as np

# Residuals below this share of the target's spread are rounding: no formula is better than another there.
ROUNDING = 1e-10

# Least divisor, or added to one that may be 0: normal in float64, and far below any value that matters.
TINY = 1e-300

# Values of a curve that differ by less than this share of its range are equal up to rounding.
EQUAL_VALUES = 1e-9

# The distance from 1 to the next number: 2.2e-16.
EPS = float(np.finfo(np.float64).eps)

# Half of the digits, 1.5e-8: what is left of a difference of two nearly equal numbers, or of a root of one.
SQRT_EPS = EPS**0.5

# The largest whole number whose exponential is finite.
LARGEST_LOG = float(np.floor(np.log(np.finfo(np.float64).max)))

# Relative rms, or share of the largest term, that is rounding where constants come out of one linear system: ten times
# that of a formula whose constants have been fitted together.
ROUNDING_RMS = 10 * ROUNDING

# Root mean square over the largest value at which a sum of squares is as good as 0: half the distance from 1 to the
# next number.
ZERO_RMS = 1e-16

# Singular value of a scaled normal matrix, over the largest, below which rounding hides it: 45 times the distance from
# 1 to the next number.
SINGULAR = 1e-14

# Relative difference of two values that are computed alike from different signs: some 5000 times the distance from 1
# to the next number, for the operations in between.
EQUAL = 1e-12

# Relative rms of a formula that fits exact rows perfectly: nothing but the rounding of its operations is left.
PERFECT = 1e-12
