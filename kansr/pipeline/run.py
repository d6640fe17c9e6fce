"""The search: the attempts of the plan in turn, until the residuals look like noise or the time is up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Unanswered
from dataclasses import dataclass, field, replace

import sympy
from threadpoolctl import threadpool_limits

from kansr.data.dataset import Dataset
from kansr.expression.complexity import complexity
from kansr.formula.fit.error_model import spans_decades
from kansr.formula.judge.baseline import baseline
from kansr.formula.judge.exactness import within_digits
from kansr.formula.judge.unit_filter import UnitFilter
from kansr.formula.judge.vocabulary import Vocabulary
from kansr.formula.shape.shape_filter import ShapeFilter
from kansr.pipeline.assemble import assemble
from kansr.pipeline.conclude import conclude_in_time
from kansr.pipeline.config import DEFAULTS, Config
from kansr.pipeline.journal import NOT_YET, Entry, Journal
from kansr.pipeline.partition import on_partition, without_outliers
from kansr.refinement.refiners.offer import Offering, refiner_attempts, refiner_seconds
from kansr.refinement.refiners.refiner import chosen_refiners
from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder
from kansr.result.result import Result, Status
from kansr.runtime.deadline import Deadline
from kansr.runtime.pool import Portable, Serial, workers
from kansr.search.attempt import Attempt, Finding, Tried
from kansr.search.edits.findings import may_edit
from kansr.search.held_out.comparison import Comparison, compare
from kansr.search.held_out.exchange import exchange_notes
from kansr.search.held_out.prediction import FAR_LONGER, predicts_better
from kansr.search.partition import Partition
from kansr.search.plan import plan
from kansr.search.stopping import (
    any_exact,
    far_behind,
    matches_surrogate,
    near_the_law,
    no_signal,
    predicts_all,
    status_of,
)
from kansr.structure.context import Context
from kansr.symbolic.library.standard import permitted as permitted_functions
from kansr.symbolic.matching.match import MatchConfig

PREDICTS_BETTER = "chosen because it predicts held-out rows better, although another formula has a shorter description"
SILENT = "not all attempts finished: a worker did not answer in time"


def permitted(findings: Iterable[Finding], vocabulary: Vocabulary) -> list[Finding]:
    """The findings of a vocabulary; numbers that are written with a function that it has not become decimals."""
    found: list[Finding] = []
    for finding in findings:
        expr = vocabulary.with_decimals(finding.candidate.expr)
        if expr != finding.candidate.expr:
            finding = replace(finding, candidate=replace(finding.candidate, expr=expr, complexity=complexity(expr)))
        found += [finding] if vocabulary.permits(expr) else []
    return found


def search(data: Dataset, config: Config = DEFAULTS, journal: Journal | None = None) -> Iterator[Result]:
    """Better and better results for a table; the last one has the status that the search ended with.

    What the `journal` holds of an earlier run is taken as it is, the time that it took included, and what is tried is
    written there.
    """
    return on_partition(search_partition, data, config, journal or Journal())


def search_partition(partition: Partition, config: Config, deadline: Deadline, journal: Journal) -> Iterator[Result]:
    """The same for rows that have been divided already."""
    return Search(partition, config, deadline, journal).results()


@dataclass(eq=False)
class Search:
    """A search while it goes on, with what it has found and what went wrong so far.

    The findings of the attempts are taken in the order of the plan and the search stops after the first that leaves
    nothing but rounding, so the number of workers changes when an answer comes but not which.

    partition: becomes another one where a formula shows that rows are outliers. whole: the deadline of all; that of the
    attempts is earlier where refiners come after them.
    """

    partition: Partition
    config: Config
    whole: Deadline
    journal: Journal
    findings: list[Finding] = field(default_factory=list)
    timed_out: bool = False
    comparison: Comparison | None = None

    def __post_init__(self) -> None:
        self.refiners, missing = chosen_refiners(self.config.refine)
        self.failures = list(missing)
        self.deadline = self.whole.share(1 - self.whole.budget.refiners) if self.refiners else self.whole
        self.vocabulary = self.config.vocabulary
        self.match = MatchConfig(library=permitted_functions(self.config.library, self.vocabulary))
        table = self.partition.table
        self.left_out = ShapeFilter(UnitFilter(table.units), self.config.known_shape, table.target)

    def context(self, deadline: Deadline) -> Context:
        given = Context(deadline, self.match, self.config.seed, moves=self.config.moves, vocabulary=self.vocabulary)
        return replace(given, structure=self.config.structure)

    def results(self) -> Iterator[Result]:
        """Better and better results; the last one has the status that the search ended with."""
        yield from self._explored()
        self.whole.timer.start()
        if not self.findings:
            yield self._without_findings()
            return
        if self.refiners and not any_exact(self.findings, self.partition.kept):
            yield from self._refined()
        yield self._ended()

    def _without_findings(self) -> Result:
        """The mean, where nothing was found that may be told, or not even the mean was there in time."""
        best = baseline(self.partition.kept, self.config.seed).best
        said = self.left_out.nothing_left()
        found = self._report([Finding(best, finder=Finder.BASELINE)])
        notes = (*found.notes, *([said] if said else []))
        return replace(found, status=Status.NOTHING if said else Status.TIMED_OUT, notes=notes)

    def _explored(self) -> Iterator[Result]:
        """The attempts of the plan in turn, until one leaves nothing or the time is up."""
        attempts = plan(self.partition.kept, self.config.guesses, self.config.structure)
        with workers(min(self.config.jobs, len(attempts)), self.config.executor) as executor:
            schedule = _Schedule(attempts, self.context(self.deadline), executor, self.config, self.journal)
            for place, attempt in enumerate(attempts, 1):
                earlier = self.journal.past.get(attempt.name, NOT_YET)
                if earlier.cut and schedule.caught_up(attempt):
                    self.deadline.timer.start()
                if not attempt.always and earlier is NOT_YET and self.deadline.finishing():
                    self.timed_out = True
                    break
                if self.findings and earlier is NOT_YET and schedule.caught_up():
                    yield replace(self._report(), trying=attempt.name)
                if self._skips(attempt):
                    continue
                known = self._formulas() if attempt.follows else ()
                new = self._taken(schedule.outcome(attempt, earlier, self.partition, known))
                if new and schedule.caught_up(attempt):
                    yield self._report()
                if new and attempt.measured and attempt.thorough:  # of others, in the end
                    self.comparison = self._compare(self.deadline, thorough=True)
                    new += self._taken_from(self.comparison)
                if self._cleaned():  # what others have begun with these rows is begun again
                    self.comparison = None
                    schedule.begin_again()
                    new = self.findings[len(self.findings) - len(new) :]
                if self._ends(attempt, new, followed=any(later.follows for later in attempts[place:])):
                    break
            else:  # all has been tried, but perhaps the last of it was cut short
                self.timed_out = self.deadline.finishing()
            schedule.begin_again()

    def _skips(self, attempt: Attempt) -> bool:
        """Whether an attempt is not worth its time after what has been found."""
        hopeless = attempt.skip_if_no_signal and self.deadline.in_time(
            lambda: no_signal(self.findings, self.partition), False
        )
        return hopeless or (
            attempt.skip_if_near and self.deadline.in_time(lambda: near_the_law(self.findings, self.partition), False)
        )

    def _refined(self) -> Iterator[Result]:
        """What refiners make of the findings, in the time that was set aside for them and what is left of the rest."""
        data, rows = self.partition.kept, self.partition
        found = not self.timed_out and status_of(self._report().best, data) is Status.FOUND
        until = self.whole.within(refiner_seconds(self.whole, found))
        ranked = sorted(self.findings, key=lambda f: f.candidate.description_length)
        offering = Offering(rows, ranked, self.match, until, reduces=self.config.structure != "kan")
        for attempt in refiner_attempts(self.refiners, offering):
            new = self._taken(_try(Portable((attempt, self.context(self.whole))), rows, self.whole))
            if new:
                yield self._report()
                if any_exact(new, data):
                    self.timed_out = False
                    break

    def _ended(self) -> Result:
        """The last report, concluded, with the status that the search ended with."""
        self._cleaned()
        final = self._predicting(self._report())
        status = Status.TIMED_OUT if self.timed_out else self._status(final.best)
        compared = self._compared(replace(final, status=status))
        concluded = conclude_in_time(compared, self.partition, self.whole)
        expr = concluded.best.expr
        return concluded if self.left_out.refutation(expr) is None and self.vocabulary.permits(expr) else compared

    def _status(self, best: Candidate) -> Status:
        """The status of a search that ran to its end; what a smooth model leaves far behind is not the law."""
        status = status_of(best, self.partition.kept)
        behind = status is Status.FOUND and self.whole.in_time(lambda: far_behind(best, self.partition), False)
        return Status.BEST_EFFORT if behind else status

    def _predicting(self, final: Result) -> Result:
        """The result with another formula where the one of least description length predicts worse."""
        data = self.partition.kept
        if len(data.names) > 1 or not data.exact_inputs:
            return final
        near = final.best.description_length + FAR_LONGER
        others = [f.candidate for f in self.findings if f.candidate.description_length < near]

        def better() -> Candidate | None:
            exactly = any_exact(self.findings, data) or within_digits(final.best.expr, data)
            return None if exactly else predicts_better(final.best, others, data, self.config.seed)

        chosen = self.whole.in_time(better, None)
        if chosen is None:
            return final
        found = self._report(chosen=chosen)
        return replace(found, notes=(*found.notes, PREDICTS_BETTER))

    def _compared(self, final: Result) -> Result:
        """The result beside simple models, and one of those in its place where it predicts better."""
        rows = self.partition
        done = self.whole.in_time(lambda: any_exact(self.findings, rows.kept), True)
        thorough = not done and final.status is not Status.FOUND
        comparison = self.comparison or self._compare(self.whole, thorough=thorough)
        if comparison is None:
            return final
        if final.status is Status.FOUND and not done and comparison.contradicts(final.best):
            final = replace(final, status=Status.BEST_EFFORT)

        def better_one() -> Finding | None:
            return comparison.better_than(final.best, final.status, self._accepts)

        # a sum that only simple models have found is not a network's
        better = None if done or self.config.structure == "kan" else self.whole.in_time(better_one, None)
        if better is not None:
            self.findings.append(better)
            status = final.status if self.timed_out else status_of(better.candidate, rows.kept)
            final = replace(self._report(chosen=better.candidate), status=status)
            final = replace(final, notes=(*final.notes, PREDICTS_BETTER))
        best = comparison.with_error(final.best)
        notes = (*final.notes, *comparison.notes(best), *self._exchangeable(best))
        return replace(final, front=final.front.with_best(best), baselines=comparison.baselines, notes=notes)

    def _exchangeable(self, best: Candidate) -> list[str]:
        """Which columns would do as well as inputs of the formula."""
        until = self.whole.within(self.whole.budget.exchange * self.whole.limit)
        return self.whole.in_time(lambda: list(exchange_notes(best.expr, self.partition.sample, until.passed)), [])

    def _compare(self, deadline: Deadline, *, thorough: bool) -> Comparison | None:
        """The simple models of the rows; None where the time does not suffice, or errors differ from row to row."""
        rows = self.partition
        if rows.table.sigma is not None:
            return None
        until = deadline.within(deadline.budget.comparison * deadline.limit)
        return deadline.in_time(lambda: compare(rows, thorough, until.passed), None)

    def _report(self, findings: Sequence[Finding] = (), chosen: Candidate | None = None) -> Result:
        """How things stand with all findings, or with these. chosen: the best of them, whatever its length."""
        rows, seconds = self.partition, self.whole.seconds()
        found = assemble(rows, findings or self.findings, Status.BEST_EFFORT, seconds, self.config.seed, chosen)
        notes = (*self.left_out.notes(found.best), *self.failures, *filter(None, [self.journal.failure]))
        return replace(found, notes=notes)

    def _cleaned(self) -> bool:
        """Leaves out the rows that the best formula shows to be outliers, and judges all again; were there any?"""
        before = self.partition
        self.partition, again = without_outliers(before, self.findings, self.config, self.whole)
        self.findings = permitted(again, self.vocabulary)
        return self.partition is not before

    def _permitted(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that may be the result: of the vocabulary that was asked for, and of the unit of the target.

        All that is found comes by here, so nothing else reaches the front.
        """
        return [f for f in permitted(findings, self.vocabulary) if self.left_out.accepts(f.candidate)]

    def _accepts(self, candidate: Candidate) -> bool:
        """The same for a candidate."""
        return self.vocabulary.permits(candidate.expr) and self.left_out.accepts(candidate)

    def _taken(self, outcome: Tried) -> list[Finding]:
        new = self._permitted(outcome.findings)
        self.findings.extend(new)
        self.failures.extend([outcome.failure] if outcome.failure else [])
        return new

    def _taken_from(self, comparison: Comparison | None) -> list[Finding]:
        """The sum that all rows led to, where there is a comparison."""
        offered = self.deadline.in_time(comparison.of_all_rows, []) if comparison else []
        found = self._permitted(offered)
        self.findings.extend(found)
        return found

    def _formulas(self) -> tuple[sympy.Expr, ...]:
        """What has been found so far, the shortest description first."""
        ranked = sorted(self.findings, key=lambda f: f.candidate.description_length)
        return tuple(dict.fromkeys(f.candidate.expr for f in ranked))

    def _ends(self, attempt: Attempt, new: Sequence[Finding], *, followed: bool) -> bool:
        """Whether nothing better is to be expected after this attempt, of which these findings are new.

        followed: whether a local search is still to come, which in noise may find a shorter formula than one that fits.
        """
        rows = self.partition
        settled = any(f.conclusive for f in new)
        if new and any_exact(self.findings if attempt.thorough else new, rows.kept, attempt.thorough or settled):
            return True
        if not self.findings:
            return False
        if attempt.measured and self.deadline.in_time(lambda: predicts_all(new, rows), False):
            return True
        best = self._report().best
        # an attempt that found nothing, as one that is not for such rows, says nothing of what others have found; nor
        # does a sum fitted with constant errors where the errors may be relative
        tried = attempt.thorough and not (attempt.measured and spans_decades(rows.kept.y))
        thorough = bool(new) and (tried or any(f.conclusive and f.candidate is best for f in new))
        still_edited = followed and not (attempt.follows and new)
        return self.deadline.in_time(
            lambda: matches_surrogate(best, rows.kept, rows, thorough) and not (still_edited and may_edit(rows)), False
        )


class _Schedule:
    """Which attempts are with the workers, and which of an earlier run are still to be read back."""

    def __init__(
        self, attempts: Sequence[Attempt], context: Context, executor: Executor, config: Config, journal: Journal
    ) -> None:
        self.names = [attempt.name for attempt in attempts]
        self.work = [Portable((attempt, context)) for attempt in attempts]
        self.context = context
        self.deadline, self.executor, self.journal = context.deadline, executor, journal
        self.ahead, self.lent = config.ahead or len(attempts), config.executor is not None
        self.unread = {name for name in self.names if name in journal.past}
        self.begun: dict[str, Future[Tried]] = {}

    def caught_up(self, attempt: Attempt | None = None) -> bool:
        """Whether nothing of an earlier run is still to be read back, but this attempt."""
        return self.unread <= ({attempt.name} if attempt else set())

    def outcome(self, attempt: Attempt, earlier: Entry, rows: Partition, formulas: tuple[sympy.Expr, ...]) -> Tried:
        """What the attempt finds, begun with those that come after it; or what it had found in an earlier run.

        formulas: what has been found so far, the shortest description first.
        """
        self.unread.discard(attempt.name)
        if not earlier.cut or self.deadline.finishing():
            return earlier.tried
        now = self._following(attempt, rows, formulas) if attempt.follows else self._answer(attempt, rows)
        tried = Tried(earlier.tried.findings + now.findings, now.failure)
        self.journal.add(attempt.name, tried, self.deadline.seconds(), cut=self.deadline.finishing())
        return tried

    def begin_again(self) -> None:
        """Takes back what the workers have been given."""
        for future in self.begun.values():
            future.cancel()
        self.begun.clear()

    def _following(self, attempt: Attempt, rows: Partition, formulas: tuple[sympy.Expr, ...]) -> Tried:
        """What an attempt finds that goes on from these formulas; in this process, beside those that come after it."""
        self._begin(attempt, rows)
        work = Portable((attempt, replace(self.context, formulas=formulas)))
        return Serial().submit(_try, work, rows, self.deadline).result()

    def _answer(self, attempt: Attempt, rows: Partition) -> Tried:
        """What a worker has found; nothing where it does not answer in time, as one that is busy with other things."""
        self._begin(attempt, rows)
        patience = self.deadline.remaining(self.deadline.budget.abandoned)
        try:
            return self.begun[attempt.name].result(max(patience, 0.0) + self.deadline.budget.attempt_least)
        except Unanswered:
            return Tried((), SILENT)

    def _begin(self, attempt: Attempt, rows: Partition) -> None:
        """Gives the attempt and some of those after it to the workers, but what goes on from formulas not yet found.

        Nothing is begun beside quick attempts, which often end the search before a worker could be started.
        """
        first = self.names.index(attempt.name)
        alone = attempt.quick and not self.lent
        ahead = 1 if alone else self.ahead
        for name, work in list(zip(self.names, self.work))[first : first + ahead]:
            if name not in self.begun and not work.value[0].follows and self.journal.past.get(name, NOT_YET).cut:
                place = Serial() if work.value[0].always or alone else self.executor
                self.begun[name] = place.submit(_try, work, rows, self.deadline)


def _try(work: Portable[tuple[Attempt, Context]], rows: Partition, deadline: Deadline) -> Tried:
    """Makes an attempt, in whatever process; the deadline is sent apart, since its timer may start later."""
    attempt, context = work.value
    seconds = max(deadline.remaining(deadline.budget.interrupted), deadline.budget.attempt_least)
    with threadpool_limits(1):  # a lent executor knows nothing of it
        return attempt(rows, replace(context, deadline=deadline), seconds)
