"""From a table to a law: the attempts in turn, until what is left looks like noise or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np
import sympy
from threadpoolctl import threadpool_limits

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.formula.judge.outliers import Mask, outliers
from kansr.pipeline.all_rows import on_all_rows
from kansr.pipeline.assemble import discovery_of
from kansr.pipeline.conclude import concluded, refitted
from kansr.pipeline.journal import NOT_YET, Journal
from kansr.refine.refiners.offer import SET_ASIDE, Offering, offered, window
from kansr.refine.refiners.refiner import Given, Named, Refiner, chosen
from kansr.result.candidate import Candidate
from kansr.result.result import Discovery, Status, baseline
from kansr.runtime.child import OutOfTime, Portable, Serial, interrupted_after, workers
from kansr.runtime.deadline import Clock
from kansr.search.partition import Rows
from kansr.search.plan import plan_with_units
from kansr.search.sifted import Sifted
from kansr.search.stopping import any_exact, as_good_as_it_gets, hopeless, smooth_error, status_of
from kansr.search.strategies import Attempt, Finding, Tried, guessed, judged
from kansr.structure.moves.registry import Proposer
from kansr.symbolic.library.function import STANDARD, Library
from kansr.symbolic.library.library_file import as_library
from kansr.symbolic.matching.match import MatchConfig
from kansr.units.consistency import LeftOut
from kansr.units.units import ConstantSpec, Spec, with_units

if TYPE_CHECKING:
    import pandas as pd


T = TypeVar("T")
U = TypeVar("U")
Loss = Literal["auto", "squared", "huber"]
Refine = str | Refiner | Sequence[str | Refiner]

MOMENT = 0.2  # seconds that an attempt has at least: the mean there is always
AT_LAST = 0.3  # seconds for the constants of all rows, late as it may be
GRACE = 1.05  # share of the time limit at which an attempt that does not ask the clock is cut off
LAST = 1.1  # the same at which a worker that has not answered is not waited for


@dataclass(frozen=True, kw_only=True)
class Config:
    """time_limit: seconds; held_out: the share of rows kept aside to judge on.

    loss: "auto" leaves out rows that are grossly wrong (see kansr.formula.judge.outliers), "huber" also lets far rows
    count by their distance instead of its square, "squared" counts all rows in full. refine: what else may look for
    formulas when the search has ended (see kansr.refine.refiners.refiner): names of those that are shipped, "all" for
    all that can run here, or callables (Candidate, Dataset) -> Iterable[Candidate]. Four tenths of the time limit are
    set aside for them. guesses: formulas in the inputs, fitted before all else is tried; one that leaves only noise
    ends the search. moves: callables (State, Field) -> Iterable[Move], kinds of reduction that are tried beside our own
    (see kansr.structure.moves.gradient.merge_given). executor: where the work is done instead of in `jobs` processes of
    this machine; it gets everything at once, or 2·jobs attempts at a time for jobs > 1.
    """

    time_limit: float = 60.0
    seed: int = 0
    jobs: int = 1
    held_out: float = 0.25
    library: Library = field(default=STANDARD)
    loss: Loss = "auto"
    refine: Refine = ()
    moves: tuple[Proposer, ...] = ()
    executor: Executor | None = None
    guesses: tuple[sympy.Expr, ...] = ()

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise UsageError(f"the loss is {', '.join(get_args(Loss)[:-1])} or {get_args(Loss)[-1]}, not {self.loss!r}")
        if not self.time_limit > 0:
            raise UsageError(f"the time limit must be more than 0 seconds, not {self.time_limit:g}")
        if self.jobs < 1:
            raise UsageError(f"there must be at least one job, not {self.jobs}")
        chosen(self.refine)
        if any(not callable(propose) for propose in self.moves):
            raise UsageError(
                "moves are functions (state, field) that yield moves; see kansr.structure.moves.gradient.merge_given"
            )
        if not isinstance(self.executor, Executor | None):
            raise UsageError(f"an executor is one of concurrent.futures, not a {type(self.executor).__name__}")

    @property
    def ahead(self) -> int:
        """How many attempts may be with the workers at a time; 0 for all of them."""
        if self.jobs > 1:
            return 2 * self.jobs
        return 1 if self.executor is None else 0


def search(data: Dataset, config: Config = Config(), journal: Journal | None = None) -> Iterator[Discovery]:
    """Better and better discoveries; the last one has the status the search ended with.

    The findings of the attempts are taken in the order of the plan and the search stops after the first that leaves
    nothing but rounding, so the number of workers changes when an answer comes but not which. What the `journal` holds
    of an earlier run is taken as it is, the time that it took included, and what is tried is written there.
    """
    refiners, missing = chosen(config.refine)
    journal = journal or Journal()
    limit = config.time_limit * (1 - SET_ASIDE if refiners else 1)
    clock = Clock(limit, journal.seconds, None if journal.past else time.monotonic())
    failures = list(missing)
    wrong: Mask | None = np.zeros(data.rows, dtype=bool)
    data = replace(data, robust=config.loss == "huber")
    if config.loss != "squared":
        wrong = _in_time(clock, lambda: outliers(data, np.random.default_rng(config.seed)), None)
    if wrong is None:
        failures.append("rows that are grossly wrong were not looked for: the time did not suffice")
        wrong = np.zeros(data.rows, dtype=bool)
    table = Sifted.of(data, wrong, config.held_out, config.seed, clock.over)
    yield from _Run(table, config, journal, clock, failures).discoveries(refiners)


@dataclass(eq=False)
class _Run:
    """A search while it goes on, with what it has found and what went wrong so far."""

    table: Sifted
    config: Config
    journal: Journal
    clock: Clock
    failures: list[str]
    findings: list[Finding] = field(default_factory=list)
    timed_out: bool = False

    def __post_init__(self) -> None:
        self.match = MatchConfig(library=self.config.library)
        self.left_out = LeftOut(self.table.data.units)

    def discoveries(self, refiners: Sequence[Named | Given]) -> Iterator[Discovery]:
        yield from self._explored()
        self.clock.limit = self.config.time_limit
        self.clock.start()
        if not self.findings:  # not even the mean was there in time
            best = baseline(self.table.data, self.config.seed).best
            yield replace(self._report([Finding(best)]), status=Status.TIMED_OUT)
            return
        if refiners and not any_exact(self.findings, self.table.data):
            yield from self._refined(refiners)
        yield self._ended()

    def _explored(self) -> Iterator[Discovery]:
        """The attempts of the plan in turn, until one leaves nothing or the time is up."""
        clock, past = self.clock, self.journal.past
        with workers(self.config.jobs, self.config.executor) as executor:
            plan = plan_with_units(self.table.data, self.match, self.config.moves)
            if self.config.guesses:
                plan.insert(1, guessed(self.config.guesses))
            attempts = [Portable(attempt) for attempt in plan]
            queue: dict[int, Future[Tried]] = {}

            def answer(number: int) -> Tried:
                for i in range(number, min(number + (self.config.ahead or len(attempts)), len(attempts))):
                    if i not in queue and past.get(i, NOT_YET).cut:
                        queue[i] = (executor if i else Serial()).submit(_try, attempts[i], self.table.rows, clock)
                return _answer(queue[number], clock)

            for number, attempt in enumerate(a.value for a in attempts):
                earlier = past.get(number, NOT_YET)
                if number >= self.journal.last and earlier.cut:
                    clock.start()
                if number and earlier is NOT_YET and clock.late():  # the mean there is always
                    self.timed_out = True
                    break
                if self.findings and number > self.journal.last:  # not before what had been found is there again
                    yield replace(self._report(), trying=attempt.name)
                if attempt.hopeful and _in_time(clock, lambda: hopeless(self.findings, self.table.rows), False):
                    continue
                outcome = earlier.tried
                if earlier.cut and not clock.late():
                    now = answer(number)
                    outcome = Tried(outcome.findings + now.findings, now.failure)
                    self.journal.add(number, outcome, clock.seconds(), cut=clock.late())
                new = self._taken(outcome)
                if new and number >= self.journal.last:
                    yield self._report()
                if self._cleaned():  # what others have begun with these rows is begun again
                    for future in queue.values():
                        future.cancel()
                    queue.clear()
                    new = self.findings[len(self.findings) - len(new) :]
                if self._ends(attempt, new):
                    break
            for future in queue.values():
                future.cancel()

    def _refined(self, refiners: Sequence[Named | Given]) -> Iterator[Discovery]:
        """What refiners make of the findings, in the time that was set aside for them and what is left of the rest."""
        data, rows, clock = self.table.data, self.table.rows, self.clock
        found = not self.timed_out and status_of(self._report().best, data) is Status.FOUND
        until = time.monotonic() + window(clock.limit, clock.seconds(), found)
        ranked = sorted(self.findings, key=lambda f: f.candidate.description_length)
        for attempt in offered(refiners, Offering(rows, ranked, self.match, until)):
            new = self._taken(_try(Portable(attempt), rows, clock))
            if new:
                yield self._report()
                if any_exact(new, data):
                    self.timed_out = False
                    break

    def _ended(self) -> Discovery:
        """The last report, with the status that the search ended with, and a last look at the law."""
        self._cleaned()
        table, last = self.table, Status.TIMED_OUT if self.timed_out else Status.BEST_EFFORT
        final = replace(self._report(), status=last)
        if not self.timed_out or final.best.r2_held_out <= 0:
            final = replace(final, status=status_of(final.best, table.data))
        smooth = partial(smooth_error, table.rows, last)
        return _in_time(self.clock, lambda: concluded(final, table.whole, table.wrong, smooth()), final, AT_LAST)

    def _report(self, findings: Sequence[Finding] = ()) -> Discovery:
        """How things stand with all findings, or with these."""
        seconds = self.clock.seconds()
        found = discovery_of(
            self.table.data, self.table.rows, findings or self.findings, Status.BEST_EFFORT, seconds, self.config.seed
        )
        notes = (*self.left_out.notes(found.best), *self.failures, *filter(None, [self.journal.failure]))
        return replace(found, notes=notes, excerpt=self.table.shown)

    def _cleaned(self) -> bool:
        """Leaves out the rows that the best formula shows to be wrong, and judges all without them; were any?"""
        if not self.findings or self.config.loss == "squared" or self.table.rows.small:
            return False

        def without_wrong() -> tuple[Sifted, list[Finding]]:
            table = self.table.without_wrong(self._report().best)
            if table is self.table:
                return table, self.findings
            return table, [replace(f, candidate=_again(f.candidate, table.rows)) for f in self.findings]

        before = self.table
        self.table, self.findings = _in_time(self.clock, without_wrong, (self.table, self.findings))
        return self.table is not before

    def _taken(self, outcome: Tried) -> list[Finding]:
        new = [f for f in outcome.findings if self.left_out.pass_on(f.candidate)]
        self.findings.extend(new)
        self.failures.extend([outcome.failure] if outcome.failure else [])
        return new

    def _ends(self, attempt: Attempt, new: Sequence[Finding]) -> bool:
        """Whether nothing better is to be expected after this attempt, of which these findings are new."""
        data, rows = self.table.data, self.table.rows
        if new and any_exact(self.findings if attempt.thorough else new, data, attempt.thorough):
            return True
        if not self.findings:
            return False
        best = self._report().best
        return _in_time(self.clock, lambda: as_good_as_it_gets(best, data, rows, attempt.thorough), False)


def _formulas(guesses: Sequence[str | sympy.Expr], data: Dataset) -> tuple[sympy.Expr, ...]:
    """The guesses read, each in nothing but the inputs."""
    if isinstance(guesses, str):
        raise UsageError(f"guesses are a list of formulas: [{guesses!r}]")
    exprs = tuple(parse(guess) if isinstance(guess, str) else guess for guess in guesses)
    for expr in exprs:
        if not isinstance(expr, sympy.Expr):
            raise UsageError(f"guesses are text or sympy expressions, not {type(expr).__name__}")
        other = min({str(symbol) for symbol in expr.free_symbols} - set(data.names), default="")
        if other:
            raise UsageError(f"the guess {readable(expr)} has {other} in it; the inputs are {', '.join(data.names)}")
    return exprs


def _again(candidate: Candidate, rows: Rows) -> Candidate:
    """A formula with its constants fitted to other rows, and judged on them."""
    fitted, _ = refitted(candidate, rows.fitting)
    return judged(fitted.expr, rows, candidate.origin)


def _in_time(clock: Clock, work: Callable[[], T], otherwise: U, least: float = 0.0) -> T | U:
    """What the work comes to, or something else where the time is up before it ends, and the `least` seconds too."""
    try:
        with interrupted_after(max(GRACE * clock.limit - clock.seconds(), least)):
            return work()
    except OutOfTime:
        return otherwise


def _try(attempt: Portable[Attempt], rows: Rows, clock: Clock) -> Tried:
    with threadpool_limits(1):  # a lent executor knows nothing of it
        return attempt.value(rows, clock.late, max(GRACE * clock.limit - clock.seconds(), MOMENT))


def _answer(future: Future[Tried], clock: Clock) -> Tried:
    """What a worker has found; nothing where it does not answer in time, as one that is busy with other things."""
    try:
        return future.result(max(LAST * clock.limit - clock.seconds(), 0.0) + MOMENT)
    except Late:
        return Tried((), "not everything was tried: a worker did not answer in time")


def discover(
    table: str | Path | pd.DataFrame | tuple[Any, Any],
    *,
    target: str | None = None,
    inputs: Sequence[str] | None = None,
    derivative: str | None = None,
    sigma: str | None = None,
    absolute_sigma: bool = True,
    loss: Loss = "auto",
    refine: Refine = (),
    form: str = "",
    guesses: Sequence[str | sympy.Expr] = (),
    library: Library | str | Path = STANDARD,
    time_limit: float = 60.0,
    seed: int = 0,
    jobs: int = 1,
    executor: Executor | None = None,
    moves: Sequence[Proposer] = (),
    missing: Literal["error", "drop"] = "error",
    units: Spec | None = None,
    constants: ConstantSpec = "",
    dimensional_constants: bool = False,
    progress: Callable[[Discovery], object] = lambda discovery: None,
) -> Discovery:
    """The law behind a table.

    table: a path, a DataFrame, or (X, y) with X (rows, inputs) and y (rows,). target: a column, the last one when
    not given; inputs: the columns to use, all others when not given. derivative: a column along which the target's
    rate of change is explained instead, by the other columns (see kansr.data.derivative). sigma: the column with the
    standard error of each value of the target, of which only the ratios count unless absolute_sigma. loss, refine,
    executor, moves: see Config. form: a form with unknown functions, such as "f(x) + g(y, z)", to be solved instead.
    guesses: formulas to begin with, text or sympy; decimal numbers in them are fitted, whole ones and fractions stay.
    library: the functions that curves are matched with, or the path of a .library file that adds to the standard ones.
    units: unit by column, as a mapping, a CSV file with the header name,unit, or "a=m,b=m/s"; then every formula has
    the units of the target. constants: (value, unit) by name of what formulas may use beside the columns;
    dimensional_constants: whether fitted numbers may carry units. `progress` is called with every better discovery, and
    with the best one so far when something else is tried.
    Ctrl-C ends the search and returns the best so far, with status "interrupted".

    Raises DataError for a table that cannot be used as it is, UsageError for options that do not fit together.
    """
    from kansr.data.roles import as_table, dataset

    whole = as_table(table, seed=seed)
    data, notes = dataset(
        whole,
        target=target,
        inputs=inputs,
        missing=missing,
        sigma=sigma,
        absolute_sigma=absolute_sigma,
        derivative=derivative,
    )
    data = with_units(data, units, constants, free=dimensional_constants, known=whole.columns)
    config = Config(
        time_limit=time_limit,
        seed=seed,
        jobs=jobs,
        library=as_library(library),
        loss=loss,
        refine=refine,
        moves=tuple(moves),
        executor=executor,
        guesses=_formulas(guesses, data),
    )
    if form and guesses:
        raise UsageError("guesses are for a search without a form")
    from kansr.pipeline.solve_form import templated

    best = baseline(data, seed)
    with threadpool_limits(1):  # sums in one order, whatever the machine
        try:
            for best in templated(data, form, config) if form else search(data, config):
                progress(best)
        except KeyboardInterrupt:
            best = replace(best, status=Status.INTERRUPTED)
    if whole.again and best.status is not Status.INTERRUPTED:
        best = on_all_rows(best, whole.columns, whole.again(), alike=sigma is None)
    return replace(best, notes=notes + best.notes)
