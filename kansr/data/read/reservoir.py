"""Tables with more rows than a search needs or the memory holds: rows drawn at random, the others read and let go."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from kansr.errors import UsageError
from kansr.numeric.arrays import Array

MOST = 100_000  # rows that are kept, however much memory there is: more only make a search slow
FEWEST = 1000  # rows that are kept, however little there is
COPIES = 20  # of the rows, that a search makes of them at a time
FLAWED = 100  # rows with cells that are missing or infinite, always kept: what is wrong is not to be overlooked
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
LEAST = 256 * 10**6  # bytes; what kansr is made of needs as much


class Reservoir:
    """Keeps rows of those that come, each with the same chance, whatever pieces they come in.

    seed: of the chance. Every row gets a random number, and those with the smallest stay.
    """

    def __init__(self, most: int, seed: int) -> None:
        self.most, self.rng = most, np.random.default_rng(seed)
        self.total = self.flawed = 0
        self.keys: Array = np.empty(0)
        self.rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self.values: Array | None = None

    def add(self, values: Array) -> None:
        """values: (rows, columns)"""
        keys = self.rng.random(len(values))
        flawed = np.flatnonzero(~np.isfinite(values).all(axis=1))[: FLAWED - self.flawed]
        keys[flawed] -= 1
        self.flawed += len(flawed)
        rows: NDArray[np.intp] = np.arange(self.total, self.total + len(values))
        self.total += len(values)
        if self.values is not None:
            keys, rows = np.concatenate([self.keys, keys]), np.concatenate([self.rows, rows])
            values = np.concatenate([self.values, values])
        if len(keys) > self.most:
            kept = np.sort(np.argpartition(keys, self.most)[: self.most])
            keys, rows, values = keys[kept], rows[kept], values[kept]
        self.keys, self.rows, self.values = keys, rows, values


def rows_within(memory: int, columns: int) -> int:
    """How many rows of so many columns are kept."""
    return int(np.clip(memory // (8 * COPIES * max(columns, 1)), FEWEST, MOST))


def bytes_of(text: str) -> int:
    """The number of bytes in "2GB", "500 MB" or "1e9"; raises UsageError for what is none, and for too few."""
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d*)?(?:e\d\d?)?)\s*([KMGT]?)i?B?\s*", text, re.ASCII | re.IGNORECASE)
    size = float(match[1]) * UNITS[match[2].upper()] if match else 0.0
    if not LEAST <= size < 1e18:
        raise UsageError(f"--memory is a size such as 2GB, and at least {LEAST // 10**6}MB, not {text[:40]!r}")
    return int(size)
