"""What a command or Python asks of a field: its equation, in the time that there is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from kansr.errors import UsageError
from kansr.pipeline.conclude import last_in_time
from kansr.pipeline.fields.field import Field
from kansr.pipeline.fields.law import before_search, result_of
from kansr.pipeline.fields.solve import divided, solve
from kansr.result.result import Result, Status
from kansr.runtime.deadline import Budget

BUDGET = Budget()


def axes_of(space: str | Sequence[str]) -> tuple[str, ...]:
    """The names of the axes of space; a text is a list of them. Raises UsageError for an empty place."""
    names = tuple(name.strip() for name in (space.split(",") if isinstance(space, str) else space))
    if not all(names) or not names:
        raise UsageError(f"--space {','.join(names)}: give names of arrays, separated by commas")
    return names


def found_equation(field: Field, seed: int) -> Iterator[Result]:
    """The equation of a field, the last one with the status that the search ended with.

    seed: goes into the result; nothing is drawn at random.
    """
    start = time.monotonic()
    found: Result | None = None
    with threadpool_limits(1), np.errstate(all="ignore"):
        for solved in solve(divided(field)):
            found = result_of(solved, time.monotonic() - start, seed)
            yield replace(found, status=Status.TIMED_OUT)
    if found is not None:
        yield found


def equation_here(field: Field, time_limit: float, seed: int, notes: tuple[str, ...] = ()) -> Result:
    """The equation, found in this process; the best so far where the time ends or Ctrl-C ends it."""
    start = time.monotonic()
    found, ended = last_in_time(found_equation(field, seed), BUDGET.killed * time_limit)
    if found is None:
        found = before_search(field, ended or Status.TIMED_OUT, time.monotonic() - start, seed)
    return replace(found, status=ended or found.status, notes=(*notes, *found.notes))
