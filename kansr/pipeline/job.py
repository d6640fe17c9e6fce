"""A job from its table to its law: the one way that the command line, Python, the estimator and the benchmark take."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import sympy
from threadpoolctl import threadpool_limits

from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.data.read.reservoir import Wanted
from kansr.data.read.table import Table
from kansr.data.roles import dataset
from kansr.data.stated_errors import Sigma, check_sigma, named_in
from kansr.errors import DataError, KansrError, UsageError
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.formula.fit.form import read_form
from kansr.formula.judge.baseline import baseline
from kansr.formula.judge.vocabulary import EVERYTHING
from kansr.formula.shape.box import Box
from kansr.formula.shape.properties import with_shape
from kansr.formula.shape.reading import read_shape
from kansr.formula.shape.shape_filter import refutation
from kansr.numeric.arrays import Array
from kansr.pipeline.all_rows import on_all_rows
from kansr.pipeline.config import DEFAULTS, Config
from kansr.pipeline.forms.compare_form import compare_form
from kansr.pipeline.forms.solve_form import solve_form
from kansr.pipeline.forms.solve_groups import solve_groups
from kansr.pipeline.journal import Journal
from kansr.pipeline.partition import Solve, on_partition
from kansr.pipeline.read import DEFAULT_READING, Reading, read_source
from kansr.pipeline.run import search_partition
from kansr.refinement.forms.skeleton import read_skeleton
from kansr.result.result import Result, Status
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.deadline import Deadline, Timer
from kansr.units.units import ConstantSpec, Spec

if TYPE_CHECKING:
    from kansr.pipeline.read import Source


NO_UNITS = "none"  # what leaves out the units that a row of the table gives


class Task(enum.Enum):
    """What is asked of a table."""

    SEARCH = "the law"
    SOLVE_FORM = "the unknown functions of a form"
    COMPARE_FORM = "what a form that the user knows is worth"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A table and what is asked of it.

    table: a path, "-" for standard input, an open file, a DataFrame, or a pair (X, y) with X (rows, inputs) and y
    (rows,); reading: how the text of a file is written. target, inputs, sigma, group, derivative: columns, see
    kansr.data.roles, and kansr.data.stated_errors for sigma; inputs, ignore: also as one text, "a,b"; ignore: columns
    to leave out. Several targets, so written, are for kansr.pipeline.systems, as are run, the column that tells the
    runs of a time series apart, and order, that of differential equations. missing: whether rows with missing cells are
    refused or dropped.
    units, constants, dimensional_constants: see kansr.data.declare_units. form: for the tasks that have one; start:
    where the constants of a given form begin, by name or as "a=1,b=2". shape: what is known of the law's shape,
    see kansr.formula.shape.reading; for a search without a form; described: whether what can be proven of the shape of
    the law is told where none is known. guesses: formulas to begin a search with.
    """

    table: Source
    reading: Reading = DEFAULT_READING
    target: str | Sequence[str] | None = None
    inputs: str | Sequence[str] | None = None
    ignore: str | Sequence[str] = ()
    sigma: Sigma | None = None
    group: str | None = None
    absolute_sigma: bool = True
    derivative: str | None = None
    run: str | None = None
    order: int = 1
    missing: Literal["error", "drop"] = "error"
    units: Spec | None = None
    constants: ConstantSpec = ""
    dimensional_constants: bool = False
    task: Task = Task.SEARCH
    form: str = ""
    start: Mapping[str, float] | str | None = None
    shape: str = ""
    described: bool = True
    guesses: Sequence[str | sympy.Expr] = ()
    config: Config = DEFAULTS

    def __post_init__(self) -> None:
        check_sigma(self.sigma)
        for option in ("group", "derivative", "run", "form"):
            given = getattr(self, option)
            if not isinstance(given, str | None):
                what = "a formula" if option == "form" else "the name of a column"
                raise UsageError(f"{option} is {what}, as text, and not {given!r} ({type(given).__name__})")
        if not _is_text(self.target):
            kind = type(self.target).__name__
            raise UsageError(f"target is the name of a column, as text, and not {self.target!r} ({kind})")
        if not _is_text(self.inputs):
            raise UsageError(f"inputs are names of columns, as text, and not {self.inputs!r}")
        if self.missing not in ("error", "drop"):
            raise UsageError(f"missing is 'error' or 'drop', not {self.missing!r}")
        if self.derivative is None and (self.run is not None or self.order != 1):
            raise UsageError("--run and --order need --derivative: name the time column there")
        if self.task is Task.SOLVE_FORM and self.config.refine:
            raise UsageError("--form cannot be combined with --refine: leave one of them out")
        if self.task is not Task.SEARCH and self.shape:
            raise UsageError("--shape cannot be combined with a form: leave one of them out")
        if self.config.structure != "auto" and self.group is not None:
            raise UsageError("--group cannot be combined with --structure: leave one of them out")
        if self.task is Task.SOLVE_FORM and self.guesses:
            raise UsageError("guesses cannot be combined with a form: leave one of them out")
        if self.group is not None:
            self._check_group()

    def _check_group(self) -> None:
        """Raises UsageError for what does not go with groups."""
        units = self.units not in (None, NO_UNITS)
        others: dict[str, object] = {
            "--form": self.task is Task.SOLVE_FORM,
            "--refine": bool(self.config.refine),
            "--start": bool(self.start),
            "--shape": bool(self.shape),
            "--loss huber": self.config.loss == "huber",
            "--functions or --max-complexity": self.config.vocabulary != EVERYTHING,
            "--units, --constants or --dimensional-constants": units or self.constants or self.dimensional_constants,
        }
        for other, given in others.items():
            if given:
                raise UsageError(f"--group cannot be combined with {other}: leave one of them out")


@dataclass(frozen=True, eq=False)
class Work:
    """What is left to do when a table has been read, in whatever process.

    notes: on the table; resumable: whether a journal can be resumed.
    """

    solve: Solve
    data: Dataset
    config: Config
    notes: tuple[str, ...]
    resumable: bool

    def __call__(self, journal: Journal | None = None) -> Iterator[Result]:
        """Better and better results; a journal is resumed, and written on."""
        return on_partition(self.solve, self.data, self.config, journal or Journal())


Watch = Callable[[Work], Iterator[Result]]


def here(progress: Callable[[Result], object] = lambda result: None) -> Watch:
    """The watch that does the work in this process, and calls `progress` with every result."""

    def watch(work: Work) -> Iterator[Result]:
        with threadpool_limits(1):  # sums in one order, whatever the machine
            for found in work():
                progress(found)
                yield found

    return watch


HERE = here()


def run_job(job: Job, watch: Watch = HERE, begun: float | None = None, again: float = 0.0) -> Iterator[Result]:
    """Better and better results of a job; the last one is the answer.

    watch: does the work, in this process or in one that can be killed, and hands on its results. Ctrl-C ends it, and
    the best result so far is the answer, with status "interrupted". begun: when the time limit began, on the monotonic
    clock; now where it is not given. Reading counts. again: seconds to set aside for reading a table a second time that
    was read for the first time before.

    Raises DataError for a table that cannot be used as it is, UsageError for options that do not fit together,
    FormulaError for a form or a guess that is no formula; all before anything is searched.
    """
    whole = Deadline(job.config.time_limit, Timer() if begun is None else Timer(started=begun))
    table, aside = read_job(job, whole)
    data, notes = dataset(
        table,
        target=_single(job.target),
        inputs=_columns(job.inputs, table.columns),
        missing=job.missing,
        sigma=job.sigma,
        absolute_sigma=job.absolute_sigma,
        derivative=job.derivative,
        ignore=(_columns(job.ignore, table.columns) or ()) if job.ignore else (),
        group=job.group,
    )
    data, more = _with_units(job, table, data)
    notes += more
    box = Box.of(data.names, data.X)
    shape = read_shape(job.shape, data.target, box) if job.shape else None
    grouped = data.grouping is not None
    config = replace(
        job.config,
        guesses=_formulas(job.guesses, data),
        known_shape=shape,
        time_limit=whole.left(again or aside),
        loss="squared" if grouped else job.config.loss,  # what is far from other groups' rows is no outlier
    )
    resumable = job.task is not Task.SOLVE_FORM and not grouped
    work = Work(_solver(job, data, table.columns), data, config, notes, resumable)

    def noted(found: Result) -> Result:
        return replace(found, notes=(*notes, *found.notes))

    found = baseline(data, config.seed)
    try:
        for found in watch(work):
            yield noted(found)
    except KeyboardInterrupt:
        found = replace(found, status=Status.INTERRUPTED)
    if table.total and not grouped and found.status is not Status.INTERRUPTED:
        with contextlib.suppress(KeyboardInterrupt):  # what was found before is enough then
            fitted = _on_all_rows(found, table, whole, alike=job.sigma is None and data.stated is None)
            found = found if shape is not None and refutation(fitted.best.expr, shape) else fitted
    if found.status is not Status.INTERRUPTED and (shape is not None or job.described) and not grouped:
        with contextlib.suppress(KeyboardInterrupt):
            found = with_shape(found, shape, box, job.config.time_limit)
    yield noted(found)


def read_job(job: Job, whole: Deadline) -> tuple[Table, float]:
    """The table of a job, of a large one what there is time for, and the seconds to set aside for reading it once more.

    whole: of the job, reading included. Raises DataError for what cannot be read.
    """
    before = whole.seconds()
    table = read_source(
        job.table,
        job.reading,
        job.config.seed,
        labelled=job.group,
        wanted=wanted_of(job),
        enough=whole.share(whole.budget.reading).passed,
    )
    again = whole.budget.again * (whole.seconds() - before) if table.total and job.group is None else 0.0
    return table, again


def wanted_of(job: Job) -> Wanted | None:
    """The columns that the job names; None where all are inputs."""
    targets = [job.target, *job.target.split(",")] if isinstance(job.target, str) else list(job.target or ())
    if job.inputs is None:
        if not is_system(job, set(targets)):
            return None
        if isinstance(job.target, str) and "," in job.target and job.run is None and job.order == 1:
            targets = targets[1:]  # one column of this name would be the target of all others
    listed = [job.inputs, *job.inputs.split(",")] if isinstance(job.inputs, str) else list(job.inputs or ())
    ignored = job.ignore.split(",") if isinstance(job.ignore, str) else job.ignore
    others = (job.derivative, job.group, job.run)
    named = [*listed, *ignored, *targets, *named_in(job.sigma), *(name for name in others if name is not None)]
    return Wanted(frozenset(name.strip() for name in named), last=job.target is None)


def is_system(job: Job, targets: Collection[str]) -> bool:
    """Whether differential equations are asked for that a search for one target cannot find."""
    return job.derivative is not None and (len(targets) > 1 or job.run is not None or job.order != 1)


def _is_text(given: object) -> bool:
    """Whether names are given as a text, as a list of texts, or not at all."""
    return isinstance(given, str | Sequence | None) and all(isinstance(name, str) for name in given or ())


def _on_all_rows(found: Result, table: Table, whole: Deadline, *, alike: bool) -> Result:
    """The result fitted to all rows of a table too large to be held; as it is, and a note, where they are not there."""
    try:
        if table.again is None:
            raise DataError(f"{table.source} can be read only once")
        pieces = _until(whole, table.again())
        fitted = whole.in_time(lambda: on_all_rows(found, table.columns, pieces, alike=alike), None)
        if fitted is None:
            raise DataError("not enough time to read the table a second time")
        return fitted
    except (KansrError, OSError, MemoryError, ArithmeticError, ValueError) as err:
        note = f"the constants were fitted to the {found.rows} sampled rows only: {err}"
        return replace(found, notes=(*found.notes, note))


def _until(whole: Deadline, pieces: Iterator[Array]) -> Iterator[Array]:
    """The pieces. Raises OutOfTime when the time is up, also where nothing interrupts."""
    for piece in pieces:
        if whole.remaining(whole.budget.interrupted) < 0:
            raise OutOfTime("the time is up")
        yield piece


def _solver(job: Job, data: Dataset, columns: Collection[str]) -> Solve:
    """The solver of the task. A mistake in its form is raised here, before anything is tried."""
    if job.task is Task.SOLVE_FORM:
        read_skeleton(job.form, data)
        return partial(solve_form, job.form)
    if job.task is Task.COMPARE_FORM:
        read_form(job.form, data, columns, job.start)
        if data.grouping is not None:
            return partial(solve_groups, form=job.form)
        return partial(compare_form, job.form, columns, start=job.start)
    return search_partition if data.grouping is None else solve_groups


def _with_units(job: Job, table: Table, data: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """The dataset with the units that the user gives, or those in a row of the table, and a note on these.

    Those of the table let fitted numbers carry units: nobody has said that the law has no constants with units. They
    are left out where they cannot be used.
    """
    if data.grouping is not None:
        unused = ("the units of the columns are not used: constants by group may have any units",)
        return data, unused if table.units and job.units is None else ()
    known, units = table.columns, None if job.units == NO_UNITS else job.units
    if job.units is not None or not table.units:
        return with_units(data, units, job.constants, free=job.dimensional_constants, known=known), ()
    used = [data.columns.get(name, name) for name in (*data.names, data.target)]
    row = {name: unit for name, unit in table.units.items() if name in used}
    try:
        return with_units(data, row, job.constants, free=True, known=known), ()
    except DataError as err:
        if job.constants or job.dimensional_constants:
            raise
        return data, (f"the units of the columns are not used: {err}",)


def _single(target: str | Sequence[str] | None) -> str | None:
    """The one target of a search."""
    if target is None or isinstance(target, str):
        return target
    if len(target) != 1:
        raise UsageError(f"a search has one target, not {len(target)}: {', '.join(target)}")
    return target[0]


def _columns(inputs: str | Sequence[str] | None, columns: Sequence[str]) -> Sequence[str] | None:
    """The names of the inputs; a text is a column, whose name may hold a comma, or a list of them."""
    if not isinstance(inputs, str):
        return inputs
    return [inputs] if inputs in columns else [name.strip() for name in inputs.split(",")]


def _formulas(guesses: Sequence[str | sympy.Expr], data: Dataset) -> tuple[sympy.Expr, ...]:
    """The guesses read, each in nothing but the inputs."""
    if isinstance(guesses, str) or not isinstance(guesses, Sequence):
        raise UsageError(f"guesses are a list of formulas: [{guesses!r}]")
    exprs = tuple(parse(guess) if isinstance(guess, str) else guess for guess in guesses)
    for expr in exprs:
        if not isinstance(expr, sympy.Expr):
            raise UsageError(f"guesses are text or sympy expressions, not {type(expr).__name__}")
        other = min({str(symbol) for symbol in expr.free_symbols} - set(data.names), default="")
        if other:
            raise UsageError(f"the guess {readable(expr)} has {other} in it; the inputs are {', '.join(data.names)}")
    return exprs
