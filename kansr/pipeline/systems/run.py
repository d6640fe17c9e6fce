"""Jobs with several targets: one law each, or a system of differential equations."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import sympy
from threadpoolctl import threadpool_limits

from kansr.data.read.table import Table
from kansr.errors import UsageError
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, Task
from kansr.pipeline.systems.laws import Laws, laws_of
from kansr.pipeline.systems.read import series_of
from kansr.pipeline.systems.series import Series
from kansr.pipeline.systems.solve import Solved, solve
from kansr.result.result import Status
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.runtime.deadline import Budget

SEARCHING = 0.75  # share of the time limit after which nothing more is tried
SIMULATING = 0.05  # share of the time limit for the simulation of all runs
BUDGET = Budget()


def targets_of(job: Job, table: Table) -> tuple[str, ...]:
    """The names of the targets of a job; a text is a column, whose name may hold a comma, or a list of them.

    Raises UsageError for a list with an empty place or a name twice.
    """
    given = job.target
    if given is None or (isinstance(given, str) and (given in table.columns or "," not in given)):
        return () if given is None else (given,)
    names = tuple(name.strip() for name in (given.split(",") if isinstance(given, str) else given))
    if not all(names) or not names:
        raise UsageError(f"--target {','.join(names)}: names of columns, parted by commas, are meant")
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the target {name!r} is named twice")
    return names


def is_system(job: Job, targets: Sequence[str]) -> bool:
    """Whether differential equations are asked for that a search for one target cannot find."""
    return job.derivative is not None and (len(targets) > 1 or job.run is not None or job.order != 1)


def one_target(job: Job, table: Table, target: str, others: Sequence[str]) -> Job:
    """The job of one of several targets. The other targets are inputs only where the job says so."""
    if job.inputs is not None:
        return replace(job, table=table, target=target)
    kept = [name for name in table.columns if name == target or name not in others]
    return replace(job, table=table.with_columns(kept), target=target)


def series_of_job(job: Job, table: Table, targets: Sequence[str]) -> tuple[Series, tuple[str, ...]]:
    """The runs of a system, and notes. Raises UsageError for what systems do not know, DataError as `series_of`."""
    given = {
        "--sigma": job.sigma,
        "--group": job.group,
        "--inputs": job.inputs,
        "--units": job.units,
        "--constants": job.constants,
        "--form": job.form if job.task is not Task.SEARCH else "",
        "--refine": job.config.refine,
        "guesses": job.guesses,
        "--shape": job.shape,
    }
    for option, value in given.items():
        if value is not None and len(value) > 0:  # type: ignore[arg-type]
            raise UsageError(f"{option} is not for systems of differential equations: leave it out")
    assert job.derivative is not None
    return series_of(table, job.derivative, targets, job.run, job.order, job.missing)


def found_system(series: Series, config: Config, began: float | None = None) -> Iterator[Laws]:
    """Better and better systems; the last one has the status that the search ended with.

    began: when the time began to count, on the monotonic clock.
    """
    start = time.monotonic() if began is None else began
    simulation = SIMULATING * config.time_limit / len(series.runs)

    def passed() -> bool:
        return time.monotonic() - start > SEARCHING * config.time_limit

    def laws(solved: Solved, status: Status | None) -> Laws:
        return laws_of(series, solved, status, time.monotonic() - start, config.seed, simulation)

    with threadpool_limits(1), np.errstate(all="ignore"):
        solved = unchanging(series)
        yield laws(solved, Status.TIMED_OUT)
        for better in solve(series, passed):
            solved = better
            yield laws(solved, Status.TIMED_OUT)
        yield laws(solved, Status.TIMED_OUT if passed() else None)


def unchanging(series: Series) -> Solved:
    """The system before any search: every state changes at its mean rate."""
    rates = []
    for k in range(len(series.states)):
        steps = [(run.x[-1, k] - run.x[0, k], run.t[-1] - run.t[0]) for run in series.runs]
        rate = sum(change for change, _ in steps) / sum(length for _, length in steps)
        rates.append(sympy.Float(float(rate if series.order == 1 else 0.0)))
    return Solved(tuple(rates), tuple(() for _ in rates), tuple(float("inf") for _ in rates))


def solve_here(
    series: Series, config: Config, notes: tuple[str, ...], progress: Callable[[Laws], object] = lambda laws: None
) -> Laws:
    """The system, found in this process; the best so far where the time ends or Ctrl-C ends it."""
    found: Laws | None = None
    status = Status.TIMED_OUT
    seconds = BUDGET.killed * config.time_limit
    try:
        with contextlib.suppress(OutOfTime), interrupted_after(seconds):
            for found in found_system(series, config):
                progress(found)
            assert found is not None
            status = found.status
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    if found is None:
        found = laws_of(series, unchanging(series), status, config.time_limit, config.seed, 0.0)
    found = found if found.status is status else found.with_status(status)
    return replace(found, notes=(*notes, *found.notes))
