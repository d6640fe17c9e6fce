"""Which of a and b in c·f(a·x + b) + d are redundant beside c and d, found numerically."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kansr.numeric.arrays import Array
from kansr.symbolic.library.function import Function

SCALES, SHIFTS = (0.5, 0.8, 1.7), (0.3, -0.45)  # values of a and b that are tried; no simple ratios among them
MAX_RELATIVE_RMS = 1e-8  # of c·f(u) + d as a function that is to be equal: rounding
REACH = 5.0  # how far points go where the domain has no end
NEAR = 1e-6  # how close they come to an end of the domain, as a share of its width
OFFSET = 1e-3  # by which points are moved off whole numbers, where many functions have poles
POINTS = 201
FEWEST_POINTS = 8  # at which both functions must be finite
SHIFT_SHARE = 10  # a shift is measured in this part of the width of the domain


def without_redundant(function: Function) -> Function:
    """The function with those of a and b free that are not redundant."""
    return replace(function, free="".join(letter for letter in "ab" if not redundant(function, letter)))


def redundant(function: Function, letter: str) -> bool:
    """Whether the letter is redundant: f(a·u) = c·f(u) + d for all a > 0, or f(u + b) = c·f(u) + d for all b."""
    u = points(function)
    changed = [a * u for a in SCALES] if letter == "a" else [u + b * _width(function) for b in SHIFTS]
    return all(_linear(value(function, u), value(function, v)) for v in changed)


def points(function: Function, count: int = POINTS) -> Array:
    """Points in the domain, ascending, (count,); up to REACH where it has no end."""
    low, high = map(float, function.domain)
    share: Array = np.clip(np.linspace(0, 1, count), NEAR, 1 - NEAR)
    if np.isinf(low) and np.isinf(high):
        return 2 * REACH * share - REACH + OFFSET
    if np.isinf(low):
        low = high - 2 * REACH
    if np.isinf(high):
        high = low + 2 * REACH
    return low + (high - low) * share


def value(function: Function, u: Array) -> Array:
    """f(u), (points,) -> (points,); nan outside the domain."""
    low, high = function.domain
    with np.errstate(all="ignore"):
        inside = (u > low) & (u < high)
        return np.where(inside, np.asarray(function.numeric(np.where(inside, u, np.nan)), dtype=float), np.nan)


def _width(function: Function) -> float:
    """The unit of shifts: a part of the width of the domain, 1 where that is infinite."""
    low, high = function.domain
    return float(high - low) / SHIFT_SHARE if np.isfinite(high - low) else 1.0


def _linear(f: Array, g: Array) -> bool:
    """Whether g = c·f + d where both are finite. f, g: (points,)"""
    both = np.isfinite(f) & np.isfinite(g)
    f, g = f[both], g[both]
    if len(f) < FEWEST_POINTS:
        return False
    with np.errstate(all="ignore"):  # squares of finite numbers may overflow
        f, g = f - f.mean(), g - g.mean()
        spread = float(g @ g)
        if not spread > 0 or not float(f @ f) > 0:
            return spread == 0
        rest = g - f * float(f @ g) / float(f @ f)
        return float(rest @ rest) < MAX_RELATIVE_RMS**2 * spread
