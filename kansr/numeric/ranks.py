"""Ranks of numbers; scipy.stats has them too, but takes long to load."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array


def ranks(x: Array) -> Array:
    """From 1 for the least; equal numbers share the mean of theirs. x: (rows,)"""
    _, group, counts = np.unique(x, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[group.ravel()])


def even(x: Array) -> Array:
    """Ranks as numbers from −1 to 1."""
    return 2 * ranks(x) / len(x) - 1
