"""`kansr discover`, `kansr demo` and `kansr refine`: what is asked of a table as a job, done under supervision."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from kansr.cli import Exit
from kansr.cli.signature.demo import Demo
from kansr.cli.signature.discover import Discover
from kansr.cli.signature.refine import Refine
from kansr.cli.supervise import BUDGET, CODES, Output, Watched, carry_out, typed
from kansr.data.read.reservoir import bytes_of
from kansr.data.read.table import Table
from kansr.errors import DataError, UsageError
from kansr.formula.judge.vocabulary import vocabulary_of
from kansr.pipeline.config import LONGEST, Config
from kansr.pipeline.job import Job, Task, read_job, run_job
from kansr.pipeline.read import reading_of
from kansr.pipeline.systems.laws import Laws, laws_of
from kansr.pipeline.systems.run import found_system, is_system, one_target, series_of_job, targets_of, unchanging
from kansr.result.result import Status
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import stream
from kansr.runtime.deadline import Deadline, Timer
from kansr.runtime.files import write
from kansr.runtime.pool import cores
from kansr.runtime.resources import shipped
from kansr.runtime.signals import SIGNALLED, Stopped, stoppable
from kansr.runtime.terminal import emit, say, say_internal
from kansr.show.systems.page import system_page
from kansr.show.systems.several import json_laws, plain_laws
from kansr.store.folder import claimed, save
from kansr.symbolic.library.library_file import as_library

TABLES, SUFFIX = "datasets", ".csv"  # of the tables that come with kansr

LAWS = "laws.json"  # all laws of a folder; each is in a folder of its own besides


def discover(given: Discover) -> int:
    """A formula for one column of a table, or for the unknown functions of a form."""
    task = Task.SOLVE_FORM if given.form else Task.SEARCH
    vocabulary = vocabulary_of(given.functions, given.max_complexity)
    refine = tuple(given.refine or ())
    return _carried_out(given, task, given.form, given.shape, refine=refine, vocabulary=vocabulary)


def refine(given: Refine) -> int:
    """A form that the user knows, fitted and compared."""
    return _carried_out(given, Task.COMPARE_FORM, given.expr, start=given.start)


def demo(given: Demo) -> int:
    """Prints a table that comes with kansr, or says which one it is and looks for its law."""
    file = table_of(given.name)
    if given.table:
        emit(file.read_text(encoding="utf-8"))
        return Exit.FOUND
    if not given.quiet:
        say([f"this is kansr discover {file}"])
    shared = {
        name: getattr(given, name) for name in ("context", "report", "time_limit", "jobs", "as_json", "quiet", "debug")
    }
    return discover(Discover(file=str(file), **shared))


def table_of(name: str) -> Path:
    """The shipped table of this name, with or without its suffix. Raises UsageError where there is none."""
    files = {file.stem: file for file in sorted(shipped(TABLES).glob(f"*{SUFFIX}"))}
    if name.removesuffix(SUFFIX) not in files:
        raise UsageError(f"kansr comes with no table {name!r}, but with {', '.join(files)}")
    return files[name.removesuffix(SUFFIX)]


def _carried_out(
    given: Discover | Refine, task: Task, form: str, shape: str = "", start: str | None = None, **config: Any
) -> int:
    """Does the task as the options that both commands have say. config: what only one of them says of a search."""
    if not 0 < given.time_limit <= LONGEST:
        raise UsageError(
            f"--time-limit must be a positive number of seconds, up to {LONGEST:g}, not {given.time_limit:g}"
        )
    job = Job(
        table=given.file,
        reading=reading_of(given, bytes_of(given.memory)),
        target=given.target,
        inputs=given.inputs,
        ignore=given.ignore or (),
        sigma=given.sigma,
        group=given.group,
        derivative=given.derivative,
        run=getattr(given, "run", None),
        order=getattr(given, "order", 1),
        missing=given.missing.value,
        units=given.units,
        constants=given.constants,
        dimensional_constants=given.dimensional_constants,
        task=task,
        form=form,
        start=start,
        shape=shape,
        config=Config(
            time_limit=given.time_limit,
            seed=given.seed,
            jobs=given.jobs or cores(),
            library=as_library(given.library),
            loss=given.loss.value,
            **config,
        ),
    )
    output = Output(
        as_json=given.as_json,
        out=given.out,
        force=given.force,
        resume=given.resume,
        report=given.report,
        quiet=given.quiet,
        debug=given.debug,
        command=typed(),
    )
    begun = given.context.obj  # when the command line was read, on the monotonic clock, where somebody has said so
    began = begun if isinstance(begun, float) else time.monotonic()
    if task is Task.SEARCH and (job.run is not None or job.order != 1 or "," in (given.target or "")):
        return carry_out_several(job, output, began)
    return carry_out(job, output, began)


def carry_out_several(job: Job, output: Output, begun: float) -> int:
    """Does the job as `supervise.carry_out` does one with a single target; returns the exit code."""
    whole = Deadline(job.config.time_limit, Timer(started=begun))
    table, again = read_job(job, whole)
    targets = targets_of(job, table)
    if is_system(job, targets):
        if not targets:
            raise UsageError("name the states of the system with --target")
        return _system(job, table, targets, output, whole)
    if len(targets) < 2:
        return carry_out(replace(job, table=table), output, begun, again)
    if output.resume or output.report is not None:
        raise UsageError("--resume and --report are for one target: with several, name them one after another")
    return _each(job, table, targets, output, whole, again)


def _each(job: Job, table: Table, targets: Sequence[str], output: Output, whole: Deadline, again: float) -> int:
    """One search after another, each with its share of the time that is left. again: see `run_job`."""
    laws, signal, error = [], 0, None
    started = time.monotonic()
    limit = whole.left()
    for place, target in enumerate(targets):
        left = limit - (time.monotonic() - started)
        config = replace(job.config, time_limit=max(left, limit / 100) / (len(targets) - place))
        own = replace(output, out=None if output.out is None else _folder(output.out, target))
        with contextlib.ExitStack() as held:
            watched = Watched(own, held)
            *_, found = run_job(replace(one_target(job, table, target, targets), config=config), watched, again=again)
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


def _system(job: Job, table: Table, targets: Sequence[str], output: Output, whole: Deadline) -> int:
    """A system, found in a child process that ends in time."""
    if output.resume:
        raise UsageError("the search for a system cannot be resumed: leave out --resume")
    series, notes = series_of_job(job, table, targets)
    if not output.quiet:
        say(notes)
    config = replace(job.config, time_limit=whole.left())
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
