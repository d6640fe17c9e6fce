"""A job with several targets, or with a system of differential equations, done under supervision."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kansr.cli import Exit
from kansr.cli.supervise import BUDGET, CODES, Output, Watched, carry_out, seconds_left
from kansr.data.read.table import Table
from kansr.errors import DataError, UsageError
from kansr.pipeline.job import Job, run_job
from kansr.pipeline.read import read_source
from kansr.pipeline.systems.laws import Laws, laws_of
from kansr.pipeline.systems.run import found_system, is_system, one_target, series_of_job, targets_of, unchanging
from kansr.result.result import Status
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import stream
from kansr.runtime.files import write
from kansr.runtime.signals import SIGNALLED, Stopped, stoppable
from kansr.runtime.terminal import emit, say, say_internal
from kansr.show.systems.page import system_page
from kansr.show.systems.several import json_laws, plain_laws
from kansr.store.folder import claimed, save

LAWS = "laws.json"  # all laws of a folder; each is in a folder of its own besides


def carry_out_several(job: Job, output: Output, begun: float) -> int:
    """Does the job as `supervise.carry_out` does one with a single target; returns the exit code."""
    table = read_source(job.table, job.reading, job.config.seed)
    targets = targets_of(job, table)
    if is_system(job, targets):
        if not targets:
            raise UsageError("name the states of the system with --target")
        return _system(job, table, targets, output, begun)
    if len(targets) < 2:
        return carry_out(replace(job, table=table), output, begun)
    if output.resume or output.report is not None:
        raise UsageError("--resume and --report are for one target: with several, name them one after another")
    return _each(job, table, targets, output, begun)


def _each(job: Job, table: Table, targets: Sequence[str], output: Output, begun: float) -> int:
    """One search after another, each with its share of the time that is left."""
    laws, signal, error = [], 0, None
    started = time.monotonic()
    limit = seconds_left(job.config.time_limit, begun)
    for place, target in enumerate(targets):
        left = limit - (time.monotonic() - started)
        config = replace(job.config, time_limit=max(left, limit / 100) / (len(targets) - place))
        own = replace(output, out=None if output.out is None else _folder(output.out, target))
        with contextlib.ExitStack() as held:
            watched = Watched(own, time.monotonic(), held)
            *_, found = run_job(replace(one_target(job, table, target, targets), config=config), watched)
            if not watched.ended:
                raise KeyboardInterrupt
            found = replace(found, command=output.command)
            if own.out is not None:
                save(own.out, found)
            if not output.quiet:
                say(note for note in found.notes if note not in watched.notes)
        laws.append(found)
        signal, error = signal or watched.signal, error or watched.error
        if signal:
            break
    seconds = time.monotonic() - started
    _deliver(Laws(tuple(law.target for law in laws), tuple(laws), seconds, job.config.seed), output)
    return _code(
        laws[0].status if len(laws) == 1 else max((one.status for one in laws), key=_rank), signal, error, output
    )


def _rank(status: Status) -> int:
    return CODES.get(status, Exit.FOUND)


def _system(job: Job, table: Table, targets: Sequence[str], output: Output, begun: float) -> int:
    """A system, found in a child process that ends in time."""
    if output.resume:
        raise UsageError("the search for a system cannot be resumed: leave out --resume")
    series, notes = series_of_job(job, table, targets)
    if not output.quiet:
        say(notes)
    config = replace(job.config, time_limit=seconds_left(job.config.time_limit, begun))
    signal, error, found, status = 0, None, None, None
    with contextlib.ExitStack() as held:
        if output.out is not None:
            held.enter_context(claimed(output.out, force=output.force))
            for target in series.targets:
                held.enter_context(claimed(_folder(output.out, target), force=output.force))
        items = stream(
            partial(found_system, series, config), seconds=BUDGET.killed * config.time_limit, grace=BUDGET.killed_grace
        )
        try:
            with stoppable(), contextlib.closing(items):  # type: ignore[type-var]
                for better in items:
                    found = better
        except Stopped as stop:
            signal, status = stop.number, Status.INTERRUPTED
        except OutOfTime:
            status = Status.TIMED_OUT
        except (DataError, UsageError):
            raise
        except Exception as err:
            error, status = err, Status.BEST_EFFORT
        if found is None:
            found = laws_of(series, unchanging(series), status, config.time_limit, config.seed, 0.0)
        found = replace(found if status is None else found.with_status(status), notes=(*notes, *found.notes))
        found = replace(found, laws=tuple(replace(law, command=output.command) for law in found.laws))
        if output.out is not None:
            for target, law in zip(series.targets, found.laws):
                save(_folder(output.out, target), law)
        _deliver(found, output)
    return _code(found.status, signal, error, output)


def _folder(out: Path, target: str) -> Path:
    """The folder of one law. Raises UsageError for a name that cannot be one."""
    if Path(target).name != target or target in (".", ".."):
        raise UsageError(f"the column {target!r} cannot be the name of a folder in --out: rename it")
    out.mkdir(parents=True, exist_ok=True)
    return out / target


def _deliver(found: Laws, output: Output) -> None:
    emit(json_laws(found) if output.as_json else plain_laws(found) + "\n")
    if output.out is not None:
        write(output.out / LAWS, json_laws(found))
    if output.report is not None and found.system is not None:
        write(output.report, system_page(found))


def _code(status: Status, signal: int, error: Exception | None, output: Output) -> int:
    if error is not None:
        say_internal(error, output.debug)
        return Exit.INTERNAL
    return SIGNALLED + signal if signal else CODES[status]
