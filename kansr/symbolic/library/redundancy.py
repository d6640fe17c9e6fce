"""Which of the constants in c·f(a·x + b) + d a function needs, found out by numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kansr.numeric.arrays import Array
from kansr.symbolic.library.function import Function

SCALES, SHIFTS = (0.5, 0.8, 1.7), (0.3, -0.45)
SAME = 1e-8  # rms of what c and d leave, over the spread
REACH, NEAR = 5.0, 1e-6  # how far points go where the domain has no end, and how close to one that it has


def needed(function: Function) -> Function:
    """The function with those of a and b free that c and d cannot make up for."""
    return replace(function, free="".join(letter for letter in "ab" if not absorbed(function, letter)))


def absorbed(function: Function, letter: str) -> bool:
    """Whether f(a·u), or f(u + b), is c·f(u) + d for every a > 0, or every b."""
    u = points(function)
    changed = [a * u for a in SCALES] if letter == "a" else [u + b * _width(function) for b in SHIFTS]
    return all(_linear(value(function, u), value(function, v)) for v in changed)


def points(function: Function, count: int = 201) -> Array:
    """Points inside the domain, ascending, (count,); up to REACH where it has no end."""
    low, high = map(float, function.domain)
    share: Array = np.clip(np.linspace(0, 1, count), NEAR, 1 - NEAR)
    if np.isinf(low) and np.isinf(high):
        return 2 * REACH * share - REACH + 1e-3  # not at the whole numbers, where poles like to be
    if np.isinf(low):
        low = high - 2 * REACH
    if np.isinf(high):
        high = low + 2 * REACH
    return low + (high - low) * share


def value(function: Function, u: Array) -> Array:
    """f(u), (points,); not a number outside the domain."""
    low, high = function.domain
    with np.errstate(all="ignore"):
        inside = (u > low) & (u < high)
        return np.where(inside, np.asarray(function.numeric(np.where(inside, u, np.nan)), dtype=float), np.nan)


def _width(function: Function) -> float:
    low, high = function.domain
    return float(high - low) / 10 if np.isfinite(high - low) else 1.0


def _linear(f: Array, g: Array) -> bool:
    """Whether g is c·f + d where both are finite."""
    both = np.isfinite(f) & np.isfinite(g)
    f, g = f[both], g[both]
    if len(f) < 8:
        return False
    with np.errstate(all="ignore"):  # squares of finite numbers may be none
        f, g = f - f.mean(), g - g.mean()
        spread = float(g @ g)
        if not spread > 0 or not float(f @ f) > 0:
            return spread == 0
        rest = g - f * float(f @ g) / float(f @ f)
        return float(rest @ rest) < SAME**2 * spread
