"""What is read of a table that is too large to hold: a random sample of its rows, and the columns that are asked for.

The sample is drawn by reservoir sampling (Vitter 1985). To read all columns of a very wide table would take minutes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.errors import DataError, UsageError
from kansr.numeric.arrays import Array

MOST = 100_000  # rows kept, however much memory there is: more would make a search slow
FEWEST = 1000  # rows kept, however little memory there is
COPIES = 20  # of the rows in memory at a time, during a search
FLAWED = 100  # rows with missing or infinite cells that are always kept, so that they are reported
BYTES_PER_VALUE = 8  # of float64
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
LEAST_MEMORY = 256 * 10**6  # bytes; the libraries of kansr need as much
MAX_COLUMNS = 5000  # for bounded time; of wider tables only the columns that are named are read
MOST_MEMORY = 1e18  # bytes; more than any machine has


class Reservoir:
    """A uniform random sample of rows that come in pieces: every row gets a random key, and the smallest keys stay.

    most: rows kept; seed: of the keys. The sample does not depend on how the rows are divided into pieces.
    total: rows that have come; rows: the positions of those kept, ascending; values: these rows, (rows kept, columns).
    """

    def __init__(self, most: int, seed: int) -> None:
        self.most, self.rng = most, np.random.default_rng(seed)
        self.total = self.flawed = 0
        self.keys: Array = np.empty(0)
        self.rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self.values: Array | None = None

    def add(self, values: Array) -> None:
        """Takes in the next rows. values: (rows, columns)"""
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
    """How many rows of so many columns are kept. memory: bytes"""
    return int(np.clip(memory // (BYTES_PER_VALUE * COPIES * max(columns, 1)), FEWEST, MOST))


def all_within(memory: int, columns: int) -> int:
    """How many rows of so many columns there is room for where nothing but the rows is held. memory: bytes"""
    return memory // (BYTES_PER_VALUE * max(columns, 1))


def bytes_of(text: str) -> int:
    """The bytes in a size such as "2GB", "500 MB" or "1e9". Raises UsageError for any other text and for too few."""
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d*)?(?:e\d\d?)?)\s*([KMGT]?)i?B?\s*", text, re.ASCII | re.IGNORECASE)
    size = float(match[1]) * UNITS[match[2].upper()] if match else 0.0
    if not LEAST_MEMORY <= size < MOST_MEMORY:
        raise UsageError(f"--memory is a size such as 2GB, and at least {LEAST_MEMORY // 10**6}MB, not {text[:40]!r}")
    return int(size)


@dataclass(frozen=True)
class Wanted:
    """The columns that a job names. names: of them, where inputs are among them; last: whether the last one is, too."""

    names: frozenset[str]
    last: bool = False


def picked(names: Sequence[str], wanted: Wanted | None, source: str) -> list[int]:
    """The positions of the columns to read: all, or of too many those that are wanted, None for all of them.

    Raises DataError where that is too many.
    """
    if len(names) <= MAX_COLUMNS:
        return list(range(len(names)))
    places: Sequence[int] = range(len(names))
    if wanted is not None:
        places = [i for i in places if names[i] in wanted.names or (wanted.last and i == len(names) - 1)]
    if len(places) > MAX_COLUMNS:
        count = len(places)
        raise DataError(f"{source} has {count} columns; at most {MAX_COLUMNS} are allowed: choose some with --inputs")
    if not places:
        raise DataError(f"{source}: none of its {len(names)} columns is one of those that are named")
    return list(places)
