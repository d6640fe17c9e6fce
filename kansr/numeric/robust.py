"""Robust statistics: noise levels and squares that outliers cannot move."""

from __future__ import annotations

import math

import numpy as np

from kansr.numeric.arrays import Array

MAD = 1.4826  # standard deviation of normal errors over their median size


HUBER = 1.345  # levels from which residuals count by their size: 95 % as efficient as squares where errors are normal


NORMAL_LOSS = 0.46607  # mean of Huber's loss over normal errors


def typical(sizes: Array) -> float:
    """The geometric mean of positive numbers, (rows,)."""
    return float(np.exp(np.mean(np.log(sizes))))


def robust_square(residual: Array) -> float:
    """The square of the noise level that says as much under Huber's density as the residuals do; inf if any is.

    exp(−ρ(r/s))/s is the density that is least favourable to outliers (Huber 1964); s is the level that the median
    absolute residual gives. For normal residuals this is their mean square, and it is never more.
    """
    size = np.abs(residual)
    level = MAD * float(np.median(size)) if np.isfinite(size).all() else 0.0
    if level == 0:
        return mean_square(residual)
    scaled = size / level
    loss = np.where(scaled <= HUBER, scaled**2 / 2, HUBER * scaled - HUBER**2 / 2)
    more = min(2 * (float(np.mean(loss)) - NORMAL_LOSS), 700.0)  # of which the exponential is still a number
    return min(mean_square(residual), level**2 * math.exp(more))


def mean_square(residual: Array) -> float:
    """The mean square, inf if any residual is not finite."""
    with np.errstate(all="ignore"):
        value = float(residual @ residual) / len(residual) if len(residual) else math.nan
    return value if np.isfinite(value) else math.inf


def r_squared(loss: float, variance: float) -> float:
    """1 − loss / variance; 1 for a constant target that is met."""
    if variance == 0:
        return 1.0 if loss == 0 else -math.inf
    return 1 - loss / variance


ROUNDS = 100  # bisections of a variance at most: more than a float64 has bits


def scatter_beyond(residual: Array, variance: Array, free: float) -> float:
    """The variance s² of a scatter that is the same in all rows, with which Σ residual²/(s² + variance) is `free`.

    0 where the known variances, (rows,), explain the residuals, (rows,), alone. In the square of their unit.
    Source: Paule and Mandel 1982.
    """
    square = residual**2

    def excess(s2: float) -> float:
        with np.errstate(all="ignore"):
            return float(np.sum(np.where(square > 0, square / (s2 + variance), 0.0))) - free

    if not np.isfinite(square).all() or not excess(0.0) > 0:
        return 0.0
    low, high = 0.0, float(square.sum()) / free
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        if not low < (low + high) / 2 < high:
            break
    return high
