"""Rounding limits of float64."""

from __future__ import annotations

# Residuals below this share of the target's spread are rounding: no formula is better than another there.
ROUNDING = 1e-10

# Least divisor, or added to one that may be 0: normal in float64, and far below any value that matters.
TINY = 1e-300

# Values of a curve that differ by less than this share of its range are equal up to rounding.
EQUAL_VALUES = 1e-9
