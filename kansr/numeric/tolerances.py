"""Rounding limits of float64."""

from __future__ import annotations

# Residuals below this share of the target's spread are rounding: no formula is better than another there.
ROUNDING = 1e-10
