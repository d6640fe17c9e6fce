"""`kansr discover`, `kansr demo` and `kansr refine`: what is asked of a table as a job, done under supervision."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kansr.cli import Exit
from kansr.cli.signature.demo import Demo
from kansr.cli.signature.discover import Discover
from kansr.cli.signature.refine import Refine
from kansr.cli.supervise import Output, carry_out, typed
from kansr.data.read.reservoir import bytes_of
from kansr.errors import UsageError
from kansr.formula.judge.vocabulary import vocabulary_of
from kansr.pipeline.config import LONGEST, Config
from kansr.pipeline.job import Job, Task
from kansr.pipeline.read import reading_of
from kansr.runtime.pool import cores
from kansr.runtime.resources import shipped
from kansr.runtime.terminal import emit, say
from kansr.symbolic.library.library_file import as_library

TABLES, SUFFIX = "datasets", ".csv"  # of the tables that come with kansr


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
        ignore=given.ignore,
        sigma=given.sigma,
        derivative=given.derivative,
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
    return carry_out(job, output, begun if isinstance(begun, float) else time.monotonic())
