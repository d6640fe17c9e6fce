"""Do the trials of a run that are not done yet, and store each record as it comes; a signal ends it cleanly."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path

from kansr.bench.backends import Backend, run_locally, run_on_cluster
from kansr.bench.methods import method
from kansr.bench.problem import find_problem
from kansr.bench.progress import Progress, report, shown
from kansr.bench.real.folder import EMPIRICAL, PMLB
from kansr.bench.record import Record
from kansr.bench.records import opened
from kansr.bench.trial import Settings, Trial
from kansr.errors import UsageError
from kansr.runtime.signals import Stopped, stoppable
from kansr.runtime.terminal import say


def run(
    trials: Sequence[Trial], settings: Settings, backend: Backend, out: Path, *, resume: bool, quiet: bool
) -> tuple[list[Record], int]:
    """The records of `trials`, earlier ones in the folder `out` included, and the signal that ended the run, else 0.

    resume: whether `out` may hold records already; quiet: without progress. Raises UsageError for what cannot be run.
    """
    _check(trials, settings)
    with opened(out, settings, resume=resume) as store:
        keys = {trial.key for trial in trials}
        earlier = {_key(record): record for record in store.records if _key(record) in keys}
        todo = [trial for trial in trials if trial.key not in earlier]
        if earlier and not quiet:
            say([f"{len(earlier)} of {len(trials)} trials are in {out} already"])
        progress = Progress(len(trials), tuple(earlier.values()))
        ended = 0
        try:
            with (
                stoppable(),
                shown(progress, quiet=quiet),
                contextlib.closing(_work(todo, settings, backend, progress)) as records,
            ):
                for record in records:
                    store.add(record)
                    progress.done(record)
                    report(progress, quiet=quiet)
        except Stopped as stop:
            ended = stop.number
        return [*earlier.values(), *progress.records], ended


def _work(
    todo: Sequence[Trial], settings: Settings, backend: Backend, progress: Progress
) -> Generator[Record, None, None]:
    if backend.scheduler is not None:
        return run_on_cluster(todo, settings, backend.scheduler)
    return run_locally(todo, settings, backend.jobs, progress.begun)


def _check(trials: Sequence[Trial], settings: Settings) -> None:
    """Raises UsageError unless every method is installed and can do what is asked of it."""
    for name in dict.fromkeys(trial.method for trial in trials):
        asked = method(name)
        asked.check()
        if settings.units and not asked.units:
            raise UsageError(f"--units: the method {name} does not use units; leave out --units, or the method")
        if settings.structure != "auto" and asked.name != "kansr":
            raise UsageError(f"--structure is of kansr: leave it out, or the method {name}")
    if settings.structure != "auto":
        for id in dict.fromkeys(trial.problem for trial in trials if trial.suite not in (PMLB, EMPIRICAL)):
            if find_problem(id).own:
                raise UsageError(f"--structure: {id} is a law of groups, found by all searches together; leave it out")
    if settings.units:
        for id in dict.fromkeys(trial.problem for trial in trials):
            problem = find_problem(id)
            if not problem.target_units or not all(v.units for v in problem.variables):
                raise UsageError(f"--units: the units of {id} are not known; leave out --units, or choose with --only")


def _key(record: Record) -> tuple[str, str, float, int]:
    return record["problem"], record["method"], record["noise"], record["seed"]
