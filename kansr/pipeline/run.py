"""From a table to a law: the attempts in turn, until what is left looks like noise or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from kansr.data.dataset import Dataset
from kansr.formula.judge.baseline import baseline
from kansr.formula.judge.outliers import outliers
from kansr.formula.judge.unit_filter import LeftOut
from kansr.numeric.arrays import Mask
from kansr.pipeline.assemble import discovery_of
from kansr.pipeline.conclude import concluded, refitted
from kansr.pipeline.config import Config
from kansr.pipeline.journal import NOT_YET, Journal
from kansr.refinement.refiners.offer import SET_ASIDE, Offering, offered, window
from kansr.refinement.refiners.refiner import Given, Named, chosen
from kansr.result.candidate import Candidate
from kansr.result.result import Result, Status
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.runtime.deadline import Clock
from kansr.runtime.pool import Portable, Serial, workers
from kansr.search.attempt import Attempt, Finding, Tried
from kansr.search.finish import judged
from kansr.search.partition import Rows
from kansr.search.plan import plan_with_units
from kansr.search.sifted import Sifted
from kansr.search.stopping import any_exact, as_good_as_it_gets, hopeless, smooth_error, status_of
from kansr.search.strategies import guessed
from kansr.symbolic.matching.match import MatchConfig

if TYPE_CHECKING:
    pass


T = TypeVar("T")
U = TypeVar("U")

MOMENT = 0.2  # seconds that an attempt has at least: the mean there is always
AT_LAST = 0.3  # seconds for the constants of all rows, late as it may be
GRACE = 1.05  # share of the time limit at which an attempt that does not ask the clock is cut off
LAST = 1.1  # the same at which a worker that has not answered is not waited for


DEFAULTS = Config()


def search(data: Dataset, config: Config = DEFAULTS, journal: Journal | None = None) -> Iterator[Result]:
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

    def discoveries(self, refiners: Sequence[Named | Given]) -> Iterator[Result]:
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

    def _explored(self) -> Iterator[Result]:
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

    def _refined(self, refiners: Sequence[Named | Given]) -> Iterator[Result]:
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

    def _ended(self) -> Result:
        """The last report, with the status that the search ended with, and a last look at the law."""
        self._cleaned()
        table, last = self.table, Status.TIMED_OUT if self.timed_out else Status.BEST_EFFORT
        final = replace(self._report(), status=last)
        if not self.timed_out or final.best.r2_held_out <= 0:
            final = replace(final, status=status_of(final.best, table.data))
        smooth = partial(smooth_error, table.rows, last)
        return _in_time(self.clock, lambda: concluded(final, table.whole, table.wrong, smooth()), final, AT_LAST)

    def _report(self, findings: Sequence[Finding] = ()) -> Result:
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
