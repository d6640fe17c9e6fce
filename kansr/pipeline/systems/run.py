"""Jobs with several targets: one law each, or a system of differential equations."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import sympy
from threadpoolctl import threadpool_limits

from kansr.data.read.table import Table
from kansr.data.stated_errors import read_errors
from kansr.errors import UsageError
from kansr.formula.judge.vocabulary import EVERYTHING
from kansr.pipeline.conclude import last_in_time
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job
from kansr.pipeline.systems.laws import Laws, laws_of, shown_by
from kansr.pipeline.systems.read import series_of
from kansr.pipeline.systems.series import Series
from kansr.pipeline.systems.solve import Solved, solve
from kansr.result.result import Status
from kansr.runtime.deadline import Budget, Deadline
from kansr.symbolic.library.standard import STANDARD

SEARCHING = 0.75  # share of the time limit after which nothing more is tried
LEAST_LEFT = 0.01  # share of the time limit that the remaining targets have, however long others have taken
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
        raise UsageError(f"--target {','.join(names)}: give names of columns, separated by commas")
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the target {name!r} is named twice")
    return names


def may_be_several(job: Job) -> bool:
    """Whether a job may have several targets, or ask for a system; its table decides."""
    one = job.target is None or (isinstance(job.target, str) and "," not in job.target)
    return not one or job.run is not None or job.order != 1


def jobs_of(job: Job, table: Table, targets: Sequence[str], whole: Deadline) -> Iterator[Job]:
    """The job of each target, with its share of the time that is left when it is asked for."""
    began, limit = time.monotonic(), whole.left()
    for place, target in enumerate(targets):
        left = max(limit - (time.monotonic() - began), LEAST_LEFT * limit)
        config = replace(job.config, time_limit=left / (len(targets) - place))
        yield replace(_one_target(job, table, target, targets), config=config)


def _one_target(job: Job, table: Table, target: str, others: Sequence[str]) -> Job:
    """The job of one of several targets. The other targets, and their errors, are inputs only where the job says so."""
    all_stated, table = read_errors(job.sigma, table)
    others = [name for name in others if name != target]
    stated = all_stated if job.inputs is not None else all_stated.without(others)
    one = replace(job, target=target, sigma=None if job.sigma is None else stated)
    if job.inputs is not None:
        return replace(one, table=table)
    return replace(one, table=table.without([*others, *(set(all_stated.all_columns) - set(stated.all_columns))]))


def series_of_job(job: Job, table: Table, targets: Sequence[str]) -> tuple[Series, tuple[str, ...]]:
    """The runs of a system, and notes. Raises UsageError for what systems do not know, DataError as `series_of`."""
    given = {
        "--sigma": job.sigma,
        "--group": job.group,
        "--inputs": job.inputs,
        "--structure": job.config.structure != "auto",
        "--units": job.units,
        "--constants": job.constants,
        "--form": job.form,
        "--refine": job.config.refine,
        "--functions or --max-complexity": job.config.vocabulary != EVERYTHING,
        "--library": job.config.library != STANDARD,
        "--loss huber": job.config.loss == "huber",
        "moves": job.config.moves,
        "guesses": job.guesses,
        "--shape": job.shape,
    }
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} is not for systems of differential equations: leave it out")
    assert job.derivative is not None
    return series_of(table, job.derivative, targets, job.run, job.order, job.missing)


def found_system(series: Series, config: Config) -> Iterator[Laws]:
    """Better and better systems; the last one has the status that the search ended with."""
    start = time.monotonic()
    simulation = SIMULATING * config.time_limit / len(series.runs)

    def passed() -> bool:
        return time.monotonic() - start > SEARCHING * config.time_limit

    with threadpool_limits(1), np.errstate(all="ignore"):
        solved = _unchanging(series)
        yield laws_of(series, solved, Status.TIMED_OUT, time.monotonic() - start, config.seed, simulation)
        for solved in solve(series, passed):
            found = laws_of(series, solved, Status.TIMED_OUT, time.monotonic() - start, config.seed, simulation)
            yield found
        yield found if passed() else found.with_status(shown_by(solved))


def before_search(series: Series, config: Config, status: Status) -> Laws:
    """What there is where the time ends before anything has been found; it is not simulated."""
    return laws_of(series, _unchanging(series), status, config.time_limit, config.seed, 0.0)


def _unchanging(series: Series) -> Solved:
    """The system before any search: every state changes at its mean rate."""
    rates = []
    for k in range(len(series.states)):
        steps = [(run.x[-1, k] - run.x[0, k], run.t[-1] - run.t[0]) for run in series.runs]
        rate = sum(change for change, _ in steps) / sum(length for _, length in steps)
        rates.append(sympy.Float(float(rate if series.order == 1 else 0.0)))
    return Solved(tuple(rates), tuple(() for _ in rates), tuple(float("inf") for _ in rates))


def solve_here(series: Series, config: Config, notes: tuple[str, ...] = ()) -> Laws:
    """The system, found in this process; the best so far where the time ends or Ctrl-C ends it."""
    found, ended = last_in_time(found_system(series, config), BUDGET.killed * config.time_limit)
    if found is None:
        found = before_search(series, config, ended or Status.TIMED_OUT)
    found = found if ended in (None, found.status) else found.with_status(ended)
    return replace(found, notes=(*notes, *found.notes))
