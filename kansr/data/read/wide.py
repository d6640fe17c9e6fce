"""Which columns of a very wide table are read: those that are asked for, since reading all would take minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kansr.errors import DataError

MAX_COLUMNS = 5000  # for bounded time; of wider tables only the columns that are named are read


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
        raise DataError(f"{source} has {count} columns, and {MAX_COLUMNS} is the limit; choose some with --inputs")
    if not places:
        raise DataError(f"{source}: none of its {len(names)} columns is one of those that are named")
    return list(places)
