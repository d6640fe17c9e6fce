"""`kansr discover`, `demo`, `refine` and `field`: what is asked of a table or a field, done under supervision."""

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
from kansr.cli.signature.field import Field
from kansr.cli.signature.refine import Refine
from kansr.cli.supervise import BUDGET, Ending, Output, Watched, carry_out, deliver, exit_code, followed, typed
from kansr.data.read.reservoir import bytes_of
from kansr.data.read.table import Table
from kansr.errors import UsageError
from kansr.formula.judge.vocabulary import vocabulary_of
from kansr.pipeline.config import LONGEST, Config
from kansr.pipeline.fields.law import before_search as unchanging
from kansr.pipeline.fields.read import read_field
from kansr.pipeline.fields.run import axes_of, found_equation
from kansr.pipeline.job import Job, Task, is_system, read_job, run_job
from kansr.pipeline.read import reading_of
from kansr.pipeline.systems.laws import Laws
from kansr.pipeline.systems.run import (
    before_search,
    found_system,
    jobs_of,
    may_be_several,
    series_of_job,
    targets_of,
)
from kansr.result.result import Result, Status
from kansr.runtime.deadline import Deadline, Timer
from kansr.runtime.files import write
from kansr.runtime.pool import cores
from kansr.runtime.resources import shipped
from kansr.runtime.terminal import emit, say
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
    structure = given.structure.value
    return _carried_out(given, task, given.form, given.shape, refine=refine, vocabulary=vocabulary, structure=structure)


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
        say([f"running: kansr discover {file}"])
    shared = {
        name: getattr(given, name) for name in ("context", "report", "time_limit", "jobs", "as_json", "quiet", "debug")
    }
    return discover(Discover(file=str(file), **shared))


def field(given: Field) -> int:
    """The partial differential equation of a field, found in a child process that ends in time."""
    _check_limit(given.time_limit)
    output = Output(
        as_json=given.as_json, out=given.out, force=given.force, quiet=given.quiet, debug=given.debug, command=typed()
    )
    whole = Deadline(given.time_limit, Timer(started=_begun(given.context.obj)))
    grid, notes = read_field(given.file, given.time, axes_of(given.space), given.target)
    if not output.quiet:
        say(notes)
    left = whole.left()
    latest: list[Result] = []
    with contextlib.ExitStack() as held:
        if output.out is not None:
            held.enter_context(claimed(output.out, force=output.force))
        ended = followed(partial(found_equation, grid, given.seed), BUDGET.killed * left, latest.append)
        found = latest[-1] if latest else unchanging(grid, Status.TIMED_OUT, left, given.seed)
        found = found if ended.status is None else replace(found, status=ended.status)
        if not output.quiet:
            say(found.notes)
        found = replace(found, notes=(*notes, *found.notes), command=output.command)
        deliver(found, output)
    return exit_code(found.status, ended, output)


def table_of(name: str) -> Path:
    """The shipped table of this name, with or without its suffix. Raises UsageError where there is none."""
    files = {file.stem: file for file in sorted(shipped(TABLES).glob(f"*{SUFFIX}"))}
    if name.removesuffix(SUFFIX) not in files:
        raise UsageError(f"no table {name!r}; kansr comes with {', '.join(files)}")
    return files[name.removesuffix(SUFFIX)]


def _carried_out(
    given: Discover | Refine, task: Task, form: str, shape: str = "", start: str | None = None, **config: Any
) -> int:
    """Does the task as the options that both commands have say. config: what only one of them says of a search."""
    _check_limit(given.time_limit)
    job = Job(
        table=given.file,
        reading=reading_of(given, bytes_of(given.memory)),
        target=given.target,
        inputs=given.inputs,
        ignore=given.ignore or (),
        sigma=tuple(given.sigma) if given.sigma else None,
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
    began = _begun(given.context.obj)
    several = task is Task.SEARCH and may_be_several(job)
    return carry_out_several(job, output, began) if several else carry_out(job, output, began)


def _check_limit(seconds: float) -> None:
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"--time-limit must be a positive number of seconds, up to {LONGEST:g}, not {seconds:g}")


def _begun(said: object) -> float:
    """When the command line was read, on the monotonic clock, where somebody has said so."""
    return said if isinstance(said, float) else time.monotonic()


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
        raise UsageError("--resume and --report allow one target: run each target on its own")
    return _each(job, table, targets, output, whole, again)


def _each(job: Job, table: Table, targets: Sequence[str], output: Output, whole: Deadline, again: float) -> int:
    """One search after another, each with its share of the time that is left. again: see `run_job`."""
    laws, signal, error = [], 0, None
    started = time.monotonic()
    folders = _folders(output, targets)
    for folder, one in zip(folders, jobs_of(job, table, targets, whole)):
        own = replace(output, out=folder)
        with contextlib.ExitStack() as held:
            watched = Watched(own, held)
            *_, found = run_job(one, watched, again=again)
            if watched.ended is None:
                raise KeyboardInterrupt
            found = replace(found, command=output.command)
            if folder is not None:
                save(folder, found)
            if not output.quiet:
                say(note for note in found.notes if note not in watched.notes)
        laws.append(found)
        signal, error = signal or watched.ended.signal, error or watched.ended.error
        if signal:
            break
    names = tuple(law.target for law in laws)
    all_laws = Laws(names, tuple(laws), time.monotonic() - started, job.config.seed)
    _deliver(all_laws, output)
    return exit_code(all_laws.status, Ending(signal=signal, error=error), output)


def _system(job: Job, table: Table, targets: Sequence[str], output: Output, whole: Deadline) -> int:
    """A system, found in a child process that ends in time."""
    if output.resume:
        raise UsageError("the search for a system cannot be resumed: leave out --resume")
    series, notes = series_of_job(job, table, targets)
    if not output.quiet:
        say(notes)
    config = replace(job.config, time_limit=whole.left())
    folders = _folders(output, series.targets)
    latest: list[Laws] = []
    with contextlib.ExitStack() as held:
        for folder in (output.out, *folders):
            if folder is not None:
                held.enter_context(claimed(folder, force=output.force))
        work = partial(found_system, series, config)
        ended = followed(work, BUDGET.killed * config.time_limit, latest.append)
        found = latest[-1] if latest else before_search(series, config, Status.TIMED_OUT)
        found = found if ended.status is None else found.with_status(ended.status)
        laws = tuple(replace(law, command=output.command) for law in found.laws)
        found = replace(found, laws=laws, notes=(*notes, *found.notes))
        for folder, law in zip(folders, laws):
            if folder is not None:
                save(folder, law)
        _deliver(found, output)
    return exit_code(found.status, ended, output)


def _folders(output: Output, targets: Sequence[str]) -> list[Path | None]:
    """The folder of each law, None without --out. Raises UsageError for a name that cannot be one."""
    if output.out is None:
        return [None for _ in targets]
    for target in targets:
        if Path(target).name != target or target in (".", ".."):
            raise UsageError(f"the column {target!r} cannot be the name of a folder in --out: rename it")
    output.out.mkdir(parents=True, exist_ok=True)
    return [output.out / target for target in targets]


def _deliver(found: Laws, output: Output) -> None:
    """Prints the laws and saves them, even where they cannot be printed."""
    try:
        emit(json_laws(found) if output.as_json else plain_laws(found) + "\n")
    finally:
        if output.out is not None:
            write(output.out / LAWS, json_laws(found))
        if output.report is not None and found.system is not None:
            write(output.report, system_page(found))
