"""`kansr.discover`: a table in, a law out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sympy

from kansr.api.discovery import Discovery
from kansr.api.system import Discoveries, System
from kansr.data.stated_errors import Sigma
from kansr.errors import UsageError
from kansr.formula.judge.vocabulary import vocabulary_of
from kansr.pipeline.config import Config, Loss, Refine, listed
from kansr.pipeline.job import Job, Task, here, is_system, read_job, run_job
from kansr.pipeline.systems.laws import Laws
from kansr.pipeline.systems.run import jobs_of, may_be_several, series_of_job, solve_here, targets_of
from kansr.result.result import Status
from kansr.runtime.deadline import Deadline
from kansr.runtime.terminal import without_warnings
from kansr.structure.context import Structure
from kansr.structure.moves.registry import MoveKind, Proposer
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.library_file import as_library
from kansr.symbolic.library.standard import STANDARD
from kansr.units.units import ConstantSpec, Spec

if TYPE_CHECKING:
    import pandas as pd


def discover(
    table: str | Path | pd.DataFrame | tuple[Any, Any],
    *,
    target: str | Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    ignore: str | Sequence[str] = (),
    derivative: str | None = None,
    run: str | None = None,
    order: int = 1,
    sigma: Sigma | None = None,
    group: str | None = None,
    absolute_sigma: bool = True,
    loss: Loss = "auto",
    refine: Refine = (),
    form: str = "",
    shape: str = "",
    guesses: Sequence[str | sympy.Expr] = (),
    library: Library | str | Path = STANDARD,
    functions: str | Sequence[str] | None = None,
    max_complexity: int | None = None,
    structure: Structure = "auto",
    time_limit: float = 60.0,
    seed: int = 0,
    jobs: int = 1,
    executor: Executor | None = None,
    moves: Sequence[MoveKind | Proposer] = (),
    missing: Literal["error", "drop"] = "error",
    units: Spec | None = None,
    constants: ConstantSpec = "",
    dimensional_constants: bool = False,
    progress: Callable[[Discovery], object] = lambda discovery: None,
) -> Discovery | Discoveries:
    """The law behind a table.

    table: a path, a DataFrame, or (X, y) with X (rows, inputs) and y (rows,). target: a column, the last one when
    not given; inputs: the columns to use, all others when not given; ignore: columns to leave out. derivative: a column
    along which the target's rate of change is explained instead, by the other columns (see kansr.data.derivative).
    Several targets, as a list or as "a,b", give Discoveries, a mapping; with `derivative` they are the states of a
    System of differential equations of this `order`, 1 or 2, and `run` is the column that tells its runs apart.
    sigma: the column with the standard error of each value of the target, or a mapping with that of the target and of
    inputs, {"x": 0.1, "y": "error"}: columns, numbers for all rows, or arrays, (rows,); only their ratios count unless
    absolute_sigma. group: a column of labels, such as of experiments: one law for all of them, whose constants are
    shared or differ by group, see `best.parameters`. loss, refine, executor, moves: see Config. form: a form with
    unknown functions, such as "f(x) + g(y, z)", to be solved instead.
    shape: what is known of the law, such as "monotone x +; y(x=0) = 0; limit x->inf finite"; formulas against it are
    left out, and `shape` of the discovery says what was proven (see docs/shape.md).
    guesses: formulas to begin with, text or sympy; decimal numbers in them are fitted, whole ones and fractions stay.
    library: the functions that curves are matched with, or the path of a .library file that adds to the standard ones.
    functions: all that a formula may have, a list or text such as "exp,log,sqrt"; sums, products and whole powers are
    always there, "sqrt" stands for half powers, "pow" for all others. max_complexity: the most nodes it may have.
    structure: what finds the structure of the law: networks alone ("kan"), all but networks ("reductions"), or both
    ("auto"); `structure.finder` of the discovery says which did.
    units: unit by column, as a mapping, a CSV file with the header name,unit, or "a=m,b=m/s"; then every formula has
    the units of the target. constants: (value, unit) by name of what formulas may use beside the columns;
    dimensional_constants: whether fitted numbers may carry units. `progress` is called with every better discovery, and
    with the best one so far when something else is tried; the search for a system does not call it.
    Ctrl-C ends the search and returns the best so far, with status "interrupted".

    Raises DataError for a table that cannot be used as it is, UsageError for options that do not fit together.
    """
    job = Job(
        table=table,
        target=target,
        inputs=inputs,
        ignore=ignore,
        derivative=derivative,
        run=run,
        order=order,
        sigma=sigma,
        group=group,
        absolute_sigma=absolute_sigma,
        missing=missing,
        units=units,
        constants=constants,
        dimensional_constants=dimensional_constants,
        task=Task.SOLVE_FORM if form else Task.SEARCH,
        form=form,
        shape=shape,
        guesses=guesses,
        config=Config(
            time_limit=time_limit,
            seed=seed,
            jobs=jobs,
            library=as_library(library),
            vocabulary=vocabulary_of(functions, max_complexity),
            structure=structure,
            loss=loss,
            refine=refine,
            moves=listed(moves),
            executor=executor,
        ),
    )
    return _several(job, progress) if may_be_several(job) else discovery_of(job, progress)


def _several(job: Job, progress: Callable[[Discovery], object]) -> Discovery | Discoveries:
    """What a job comes to that may have several targets."""
    whole = Deadline(job.config.time_limit)
    with without_warnings():
        table, again = read_job(job, whole)
    targets = targets_of(job, table)
    if is_system(job, targets):
        if not targets:
            raise UsageError("name the states of the system: target=[...]")
        series, notes = series_of_job(job, table, targets)
        with without_warnings():
            return System(solve_here(series, replace(job.config, time_limit=whole.left()), notes))
    if len(targets) < 2:
        config = replace(job.config, time_limit=whole.left())
        target = targets[0] if targets else None
        return discovery_of(replace(job, table=table, target=target, config=config), progress, again)
    began, laws = time.monotonic(), []
    for one in jobs_of(job, table, targets, whole):
        laws.append(discovery_of(one, progress, again))
        if laws[-1].status is Status.INTERRUPTED:  # Ctrl-C ends all of it
            break
    found = Laws(tuple(law.target for law in laws), tuple(laws), time.monotonic() - began, job.config.seed)
    return Discoveries(found, targets)


def discovery_of(
    job: Job, progress: Callable[[Discovery], object] = lambda discovery: None, again: float = 0.0
) -> Discovery:
    """What a job comes to in this process. progress: called with every result on the way; again: see `run_job`."""
    if not callable(progress):
        raise UsageError(f"progress is a function that is called with every result, not {progress!r}")
    with without_warnings():
        *_, answer = run_job(job, here(lambda result: progress(Discovery.of(result))), again=again)
    return Discovery.of(answer)
