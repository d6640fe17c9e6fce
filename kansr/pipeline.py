"""From a table to a law: the attempts in turn, until what is left looks like noise or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np
import sympy
from threadpoolctl import threadpool_limits

from kansr.attempts import BLIND, SMALL, Attempt, Finding, Rows, Tried
from kansr.candidate import Candidate, mean_square, pareto
from kansr.clock import Clock
from kansr.conclusion import concluded
from kansr.data.dataset import Array, Dataset, set_aside
from kansr.data.excerpt import excerpt
from kansr.dimensional import plan_with_units
from kansr.discovery import UNDECIDED, Discovery, Status, baseline, unused
from kansr.errors import UsageError
from kansr.execute import OutOfTime, Portable, Serial, interrupted_after, workers
from kansr.expression.evaluate import Tape
from kansr.graph import Graph, Measure, Step
from kansr.journal import NOT_YET, Journal
from kansr.noise import lacks_fit, neighbour_noise, unexplained
from kansr.outliers import Mask, outliers
from kansr.refine.constants import polish
from kansr.refine.offer import SET_ASIDE, Offering, offered, window
from kansr.refine.refiner import Refiner, chosen
from kansr.refine.whole import on_all_rows
from kansr.structure.exactness import convincing, exact, within_errors
from kansr.structure.formula import formula_graph
from kansr.structure.moves import Proposer
from kansr.symbolic.file import as_library
from kansr.symbolic.library import STANDARD, Library
from kansr.symbolic.match import MatchConfig
from kansr.units.check import LeftOut
from kansr.units.declared import ConstantSpec, Spec, with_units

if TYPE_CHECKING:
    import pandas as pd


T = TypeVar("T")
U = TypeVar("U")
Loss = Literal["auto", "squared", "huber"]
Refine = str | Refiner | Sequence[str | Refiner]

LARGE = 0.5  # error over the spread of a formula that is not taken for the law without a further look
PLAIN = 2  # fitted constants of a formula that is taken for the law as soon as it leaves only noise
WRITTEN = 4  # denominators up to which a fraction is what a law has, above which one of many that fit
MOMENT = 0.2  # seconds that an attempt has at least: the mean there is always
GRACE = 1.05  # share of the time limit at which an attempt that does not ask the clock is cut off
LAST = 1.1  # the same at which a worker that has not answered is not waited for
SAME = 1e-6  # rms difference over the spread up to which two formulas are one
ROWS_PER_CONSTANT = 4  # that a formula needs for its residuals to say anything


@dataclass(frozen=True, kw_only=True)
class Config:
    """time_limit: seconds; held_out: the share of rows kept aside to judge on.

    loss: "auto" leaves out rows that are grossly wrong (see kansr.outliers), "huber" also lets far rows count by their
    distance instead of its square, "squared" counts all rows in full. refine: what else may look for formulas when the
    search has ended (see kansr.refine.refiner): names of those that are shipped, "all" for all that can run here, or
    callables (Candidate, Dataset) -> Iterable[Candidate]. Four tenths of the time limit are set aside for them.
    moves: callables (State, Field) -> Iterable[Move], kinds of reduction that are tried beside our own (see
    kansr.structure.merged). executor: where the work is done instead of in `jobs` processes of this machine; it gets
    everything at once, or 2·jobs attempts at a time for jobs > 1.
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

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise UsageError(f"the loss is {', '.join(get_args(Loss)[:-1])} or {get_args(Loss)[-1]}, not {self.loss!r}")
        if not self.time_limit > 0:
            raise UsageError(f"the time limit must be more than 0 seconds, not {self.time_limit:g}")
        if self.jobs < 1:
            raise UsageError(f"there must be at least one job, not {self.jobs}")
        chosen(self.refine)
        if any(not callable(propose) for propose in self.moves):
            raise UsageError("moves are functions (state, field) that yield moves; see kansr.structure.merged")
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
    whole = replace(data, robust=config.loss == "huber")
    wrong: Mask = np.zeros(data.rows, dtype=bool)
    failures = list(missing)
    if config.loss != "squared":
        known = _in_time(clock, lambda: outliers(whole, np.random.default_rng(config.seed)), None)
        failures += ["rows that are grossly wrong were not looked for: the time did not suffice"] * (known is None)
        wrong = wrong if known is None else known
    # A smooth model is not close enough to see all of them: those that are left must not be what a formula is bent for.
    whole = replace(whole, robust=whole.robust or bool(wrong.any()))
    data = whole.take(~wrong)
    small = data.rows < SMALL
    aside = set_aside(data.rows, 0.0 if small else config.held_out, np.random.default_rng(config.seed))
    fitting = data.take(~aside)
    rows = Rows(fitting, fitting if small else data.take(aside), config.seed, clock.over)
    held_out = np.zeros(whole.rows, dtype=bool)
    held_out[~wrong] = aside
    shown = excerpt(whole, held_out, config.seed)
    findings: list[Finding] = []
    left_out = LeftOut(data.units)

    def report(status: Status) -> Discovery:
        found = discovery_of(data, rows, findings, status, clock.seconds(), config.seed)
        notes = (*left_out.notes(found.best), *failures, *filter(None, [journal.failure]))
        return replace(found, notes=notes, excerpt=shown)

    def taken(outcome: Tried) -> list[Finding]:
        new = [f for f in outcome.findings if left_out.pass_on(f.candidate)]
        findings.extend(new)
        failures.extend([outcome.failure] if outcome.failure else [])
        return new

    status, match = Status.BEST_EFFORT, MatchConfig(library=config.library)
    with workers(config.jobs, config.executor) as executor:
        attempts = [Portable(attempt) for attempt in plan_with_units(data, match, config.moves)]
        queue: dict[int, Future[Tried]] = {}
        for number in range(len(attempts)):
            earlier = journal.past.get(number, NOT_YET)
            if number >= journal.last and earlier.cut:
                clock.start()
            if number and earlier is NOT_YET and clock.late():  # the mean there is always
                status = Status.TIMED_OUT
                break
            if findings and number > journal.last:  # not before what had been found is there again
                yield replace(report(status), trying=attempts[number].value.name)
            if attempts[number].value.hopeful and _in_time(clock, lambda: _hopeless(findings, rows), False):
                continue
            outcome = earlier.tried
            if earlier.cut and not clock.late():
                for i in range(number, min(number + (config.ahead or len(attempts)), len(attempts))):
                    if i not in queue and journal.past.get(i, NOT_YET).cut:
                        queue[i] = (executor if i else Serial()).submit(_try, attempts[i], rows, clock)
                outcome = _both(outcome, _answer(queue[number], clock))
                journal.add(number, outcome, clock.seconds(), cut=clock.late())
            new = taken(outcome)
            if new:
                if number >= journal.last:
                    yield report(Status.BEST_EFFORT)
                if _exact(findings if attempts[number].value.thorough else new, data, attempts[number].value.thorough):
                    break
            best = report(status).best if findings else None
            tried = attempts[number].value
            looked = tried.thorough or (best is not None and not tried.draft and _plain(best))
            if best and looked and _in_time(clock, partial(_as_good_as_it_gets, best, data, rows), False):
                break
        for future in queue.values():
            future.cancel()
    clock.limit = config.time_limit
    clock.start()
    early = not findings  # not even the mean was there in time
    if early:
        findings.append(Finding(baseline(data, config.seed).best))
    if refiners and not _exact(findings, data):
        found = status is not Status.TIMED_OUT and status_of(report(status).best, data) is Status.FOUND
        until = time.monotonic() + window(clock.limit, clock.seconds(), found)
        ranked = sorted(findings, key=lambda f: f.candidate.description_length)
        for attempt in offered(refiners, Offering(rows, ranked, match, until)):
            new = taken(_try(Portable(attempt), rows, clock))
            if new:
                yield report(Status.BEST_EFFORT)
                if _exact(new, data):
                    status = Status.BEST_EFFORT
                    break
    final = report(Status.TIMED_OUT if early else status)
    if not early and (status is not Status.TIMED_OUT or final.best.r2_held_out <= 0):
        final = replace(final, status=status_of(final.best, data))
    yield _in_time(clock, lambda: concluded(final, whole, wrong, _smooth_error(rows, status)), final)


def _in_time(clock: Clock, work: Callable[[], T], otherwise: U) -> T | U:
    """What the work comes to, or something else where the time is up before it ends."""
    try:
        with interrupted_after(GRACE * clock.limit - clock.seconds()):
            return work()
    except OutOfTime:
        return otherwise


def _both(earlier: Tried, now: Tried) -> Tried:
    return Tried(earlier.findings + now.findings, now.failure)


def _hopeless(findings: Sequence[Finding], rows: Rows) -> bool:
    """Whether nothing so far, a smooth model included, explains anything of the target."""
    return all(f.candidate.r2_held_out < 1 - BLIND**2 for f in findings) and rows.hopeless


def _smooth_error(rows: Rows, status: Status) -> float:
    """The error of a smooth model over the target's spread; 0 where it is not known or there is no time to see."""
    if status is Status.TIMED_OUT:
        return 0.0
    if rows.small and len(rows.fitting.names) == 1:
        return neighbour_noise(rows.fitting) / (float(np.std(rows.fitting.y)) or 1.0)
    return rows.attainable


def _try(attempt: Portable[Attempt], rows: Rows, clock: Clock) -> Tried:
    with threadpool_limits(1):  # a lent executor knows nothing of it
        return attempt.value(rows, clock.late, max(GRACE * clock.limit - clock.seconds(), MOMENT))


def _answer(future: Future[Tried], clock: Clock) -> Tried:
    """What a worker has found; nothing where it does not answer in time, as one that is busy with other things."""
    try:
        return future.result(max(LAST * clock.limit - clock.seconds(), 0.0) + MOMENT)
    except Late:
        return Tried((), "not everything was tried: a worker did not answer in time")


def _exact(findings: Sequence[Finding], data: Dataset, looked: bool = True) -> bool:
    """Whether one of the formulas leaves nothing but rounding, on all rows; no other could do better then.

    looked: whether a shorter law has been looked for already; if not, a formula with ugly constants is not enough.
    """
    fits = (polish(f.candidate.expr, data, iterations=0, rows=data.rows) for f in findings)
    return any(exact(fit, data) and (looked or convincing(fit, data)) for fit in fits)


def _plain(best: Candidate) -> bool:
    """Whether a formula is short and good enough to be compared with a smooth model before all has been tried."""
    fitted = [n for n in best.expr.atoms(sympy.Float, sympy.Rational) if n.is_Float or n.q > WRITTEN]
    return len(fitted) <= PLAIN and 1 - best.r2_held_out < LARGE**2


def _as_good_as_it_gets(best: Candidate, data: Dataset, rows: Rows) -> bool:
    """Whether a formula predicts as well as the best smooth model and leaves nothing that the inputs explain."""
    if data.stated is not None:
        return within_errors(_residual(best, data), data.stated)
    unseen = float(np.sqrt(max(1 - best.r2_held_out, 0.0)))
    return 0 < unseen <= 1.03 * rows.attainable_held_out and status_of(best, data) is Status.FOUND


def status_of(best: Candidate, data: Dataset) -> Status:
    """What a search that ran to its end has found."""
    if float(np.std(data.y)) == 0:
        return Status.FOUND
    residual = _residual(best, data)
    if not np.isfinite(residual).all() or best.r2_held_out <= 0:
        return Status.NOTHING if best.r2_held_out <= 0 else Status.BEST_EFFORT
    if _exact([Finding(best)], data):
        return Status.FOUND
    if data.stated is not None:
        return Status.FOUND if within_errors(residual, data.stated) else Status.BEST_EFFORT
    if lacks_fit(residual, data, len(best.expr.atoms(sympy.Float))):
        return Status.BEST_EFFORT
    # A formula with a constant for every few rows leaves residuals that nothing could be read from.
    spare = data.rows >= ROWS_PER_CONSTANT * (len(best.expr.atoms(sympy.Float)) + 1)
    return Status.FOUND if spare and unexplained(residual, data.X) else Status.BEST_EFFORT


def _residual(candidate: Candidate, data: Dataset) -> Array:
    return Tape(candidate.expr, data.names).value(data.X) - data.y


def discovery_of(
    data: Dataset, rows: Rows, findings: Sequence[Finding], status: Status, seconds: float, seed: int
) -> Discovery:
    front = pareto((f.candidate for f in findings), float(np.var(data.y)))
    best = front.best
    finding = next(f for f in findings if f.candidate is best)
    unseen = float(np.sqrt(max(1 - best.r2_held_out, 0.0)))
    return Discovery(
        status,
        data.target,
        data.names,
        unused(best.expr, data.names),
        front,
        columns=data.columns,
        structure=_structure(finding, rows, unseen),
        noise=unseen,
        noise_error=unseen / float(np.sqrt(2 * rows.held_out.rows)),  # of a root mean square of normal errors
        rows=data.rows,
        seconds=seconds,
        seed=seed,
        constants=_with_errors(best, rows.fitting),
        units=data.units,
        rivals=tuple(_rivals(best, (f.candidate for f in findings), data)),
    )


def _rivals(best: Candidate, candidates: Iterable[Candidate], data: Dataset) -> Iterator[Candidate]:
    """The formulas that the rows hardly speak against, the likelier ones first; none that is the best one rewritten."""
    near = [c for c in candidates if c.description_length < best.description_length + UNDECIDED]
    seen = [Tape(best.expr, data.names).value(data.X)]
    for c in sorted(near, key=lambda c: (c.description_length, c.complexity)):
        values = Tape(c.expr, data.names).value(data.X)
        if all(np.sqrt(mean_square(values - other)) > SAME * np.std(data.y) for other in seen):
            seen.append(values)
            yield c


def _structure(finding: Finding, rows: Rows, unseen: float) -> Graph | None:
    """The structure of a formula, with the steps that led to it; None for a constant."""
    best = finding.candidate
    graph = finding.graph or formula_graph(best.expr, rows.fitting, best.origin, unseen)
    if graph is None:
        return None
    path = finding.path or (Step(best.origin, Measure.HELD_OUT, finding.graph.error if finding.graph else unseen),)
    return replace(graph, path=(*path, Step("constants refined, formula simplified", Measure.HELD_OUT, unseen)))


def _with_errors(best: Candidate, data: Dataset) -> tuple[tuple[float, float], ...]:
    """The floats of the formula with their standard errors, as they are."""
    fit = polish(best.expr, data, iterations=0, rows=data.rows)
    return tuple((float(value), float(error)) for value, error in zip(fit.constants, fit.errors))


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
    rate of change is explained instead, by the other columns (see kansr.data.rates). sigma: the column with the
    standard error of each value of the target, of which only the ratios count unless absolute_sigma. loss, refine,
    executor, moves: see Config. form: a form with unknown functions, such as "f(x) + g(y, z)", to be solved instead.
    library: the functions that curves are matched with, or the path of a .library file that adds to the standard ones.
    units: unit by column, as a mapping, a CSV file with the header name,unit, or "a=m,b=m/s"; then every formula has
    the units of the target. constants: (value, unit) by name of what formulas may use beside the columns;
    dimensional_constants: whether fitted numbers may carry units. `progress` is called with every better discovery, and
    with the best one so far when something else is tried.
    Ctrl-C ends the search and returns the best so far, with status "interrupted".

    Raises DataError for a table that cannot be used as it is, UsageError for options that do not fit together.
    """
    from kansr.data.select import as_table, dataset

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
    )
    from kansr.refine.template import templated

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
