"""`kansr discover` and `kansr refine`: what is asked of a table as a job, done under supervision."""

from __future__ import annotations

import time
from typing import Any

from kansr.cli.signature.discover import Discover
from kansr.cli.signature.refine import Refine
from kansr.cli.supervise import Output, carry_out, typed
from kansr.data.read.reservoir import bytes_of
from kansr.errors import UsageError
from kansr.pipeline.config import LONGEST, Config
from kansr.pipeline.job import Job, Task
from kansr.pipeline.read import Reading
from kansr.runtime.pool import cores
from kansr.symbolic.library.library_file import as_library


def discover(given: Discover) -> int:
    """A formula for one column of a table, or for the unknown functions of a form."""
    task = Task.SOLVE_FORM if given.form else Task.SEARCH
    return _carried_out(given, task, given.form, refine=tuple(given.refine or ()))


def refine(given: Refine) -> int:
    """A form that the user knows, fitted and compared."""
    return _carried_out(given, Task.COMPARE_FORM, given.expr)


def _carried_out(given: Discover | Refine, task: Task, form: str, **config: Any) -> int:
    """Does the task as the options that both commands have say. config: what only one of them says of a search."""
    if not 0 < given.time_limit <= LONGEST:
        raise UsageError(
            f"--time-limit must be a positive number of seconds, up to {LONGEST:g}, not {given.time_limit:g}"
        )
    job = Job(
        table=given.file,
        reading=_reading(given),
        target=given.target,
        inputs=given.inputs,
        sigma=given.sigma,
        derivative=given.derivative,
        missing=given.missing.value,
        units=given.units,
        constants=given.constants,
        dimensional_constants=given.dimensional_constants,
        task=task,
        form=form,
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


def _reading(given: Discover | Refine) -> Reading:
    """How the file is read."""
    return Reading(
        sep=given.sep,
        decimal=given.decimal,
        header=not given.no_header,
        encoding=given.encoding,
        na_values=tuple(cell.strip() for cell in given.na_values.split(",") if cell.strip()),
        memory=bytes_of(given.memory),
    )
