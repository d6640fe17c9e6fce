"""One law for rows in groups, such as experiments: its form, and which of its constants differ by group.

The search looks for forms on the rows of single groups, where the constants of a group are just constants, and on all
rows; every form is fitted to all groups, and description length decides which constants are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.data.read.cells import counted
from kansr.expression.evaluate import Tape
from kansr.expression.identifiers import place_of
from kansr.expression.render import readable
from kansr.expression.simplify import simplify
from kansr.formula.fit.by_group import GroupFit, fit_together, with_own_columns
from kansr.formula.fit.constants import short_floats
from kansr.formula.fit.error_model import spread_of
from kansr.formula.fit.form import fit_form, read_form
from kansr.formula.judge.judge import judge, r2_of
from kansr.numeric.arrays import Array
from kansr.pipeline.assemble import draft, held_out_error
from kansr.pipeline.conclude import noise_level, refitted
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.pipeline.run import Search
from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder, Measure, Step
from kansr.result.formula_graph import formula_graph
from kansr.result.parameters import Parameters
from kansr.result.pareto import pareto
from kansr.result.result import Result, Status
from kansr.runtime.deadline import Deadline
from kansr.search.finish import SIMPLIFIED_ON
from kansr.search.groups.collection import Collection, Form
from kansr.search.groups.known_curves import known_curves
from kansr.search.groups.length import group_length
from kansr.search.groups.neighbours import by_clarity, edited
from kansr.search.groups.templates import own_names
from kansr.search.partition import Partition
from kansr.search.stopping import ROWS_PER_CONSTANT, status_of

MOST_SEARCHED = 6  # groups that are searched one by one
OFFERED = 16  # formulas of a search that are fitted to all groups, the shortest descriptions first
CONFIRMED = 2  # searches after one with a law that leaves only noise, which find no shorter one
EDITED = 6  # forms that are edited without a shorter description before a search ends; none was measured alone
CURVES_AFTER = 1  # searches before well-known curves are tried: what is exact is found by the first
FORM_STARTS = 3  # groups, or all rows, whose fits a form starts from
LEVEL, SLOPE = 1.1, 0.1  # where a line starts; its constants are fitted
FOLDS = 3  # parts of the rows of each group that are left out in turn, where there are few; never measured alone
SHOWN = 12  # formulas that are judged for the front


def solve_groups(
    rows: Partition, config: Config, deadline: Deadline, journal: Journal, form: str = ""
) -> Iterator[Result]:
    """Better and better laws for the groups; the last one has the status that the search ended with.

    journal: stays as it is; such a search cannot be resumed. form: one that the user knows, fitted instead of a search.
    """
    groups = _Groups(rows, config, deadline)
    yield from groups.of_form(form) if form else groups.results()


class _Groups:
    """A search for the law of groups while it goes on."""

    def __init__(self, rows: Partition, config: Config, deadline: Deadline) -> None:
        self.rows, self.config, self.deadline = rows, config, deadline
        self.collection = Collection(rows.fitting, deadline.finishing)
        self.failures: list[str] = []
        self.finder = Finder.GROUPS
        self.known: dict[sympy.Expr, Candidate] = {}

    def of_form(self, text: str) -> Iterator[Result]:
        """The law of a form that the user knows, whose constants are fitted to all groups."""
        form, parts = read_form(text, self.rows.fitting), islice(self._parts(), FORM_STARTS)
        starts = [fit_form(form, part, self.config.seed, self.deadline.finishing).expr for part, _ in parts]
        self.finder = Finder.GIVEN
        self.collection.offer_form(starts, f"form {text}")
        final = self._result(None)
        yield self.deadline.in_time(lambda: self._concluded(final), final, self.deadline.budget.last_fit)

    def results(self) -> Iterator[Result]:
        """Better and better laws; the last one has the status that the search ended with."""
        symbols = [sympy.Symbol(name) for name in self.rows.fitting.names]
        lines = [sympy.Float(LEVEL) + sympy.Float(SLOPE) * symbol for symbol in symbols]
        self.collection.offer([*self.config.guesses, *lines], "guesses and lines" if self.config.guesses else "line")
        since, best = 0, self.collection.best
        for find, name in self._sources():
            yield replace(self._result(Status.BEST_EFFORT), trying=name)
            self.collection.offer(find(), name)
            since, best = (since + 1 if self.collection.best is best else 0), self.collection.best
            if self.collection.exact() or self._late() or (since >= CONFIRMED and self._looks_found()):
                break
        if not self.collection.exact():
            self._edit()
        timed_out = self.deadline.finishing() and not self.collection.exact()
        final = self._result(Status.TIMED_OUT if timed_out else None)
        yield self.deadline.in_time(lambda: self._concluded(final), final, self.deadline.budget.last_fit)

    def _parts(self) -> Iterator[tuple[Dataset, str]]:
        """The rows of single groups, those in which the target varies most first, and all rows after the first."""
        data = self.rows.table
        grouping = data.grouping
        assert grouping is not None
        for place, group in enumerate(by_clarity(self.rows.fitting)[:MOST_SEARCHED]):
            part = replace(data.take(grouping.codes == group), grouping=None)
            if np.ptp(part.y) > 0 or not place:
                yield part, f"the group {grouping.labels[group]}"
            if not place:
                yield replace(data, grouping=None), "all groups together"

    def _sources(self) -> Iterator[tuple[Callable[[], list[sympy.Expr]], str]]:
        """What finds formulas, and its name: searches on a group and on all rows, well-known curves, other groups."""
        parts = list(self._parts())
        for place, (part, name) in enumerate(parts):
            if place == CURVES_AFTER:
                until = self.deadline.within(self.deadline.budget.group_curves * self.deadline.limit)
                curves = partial(known_curves, parts[0][0], self.config.seed, until.passed)
                yield curves, f"well-known curves on {parts[0][1]}"
            yield partial(self._formulas, part), f"search on {name}"

    def _late(self) -> bool:
        return self.deadline.remaining(self.deadline.budget.group_searches) < 0

    def _looks_found(self) -> bool:
        """Whether the best form leaves noise alone on the fitting rows."""
        best = self.collection.best
        return best is not None and self._status(self._judged(best)) is Status.FOUND

    def _formulas(self, part: Dataset) -> list[sympy.Expr]:
        """What a search on some rows comes to, the shortest descriptions first."""
        within = self.deadline.within(self.deadline.budget.group_search * self.deadline.limit)
        partition = Partition.of(part, self.config.held_out, self.config.seed)
        search = Search(partition, replace(self.config, refine=()), within, Journal())
        for _ in search.results():
            pass
        self.failures += [failure for failure in search.failures if failure not in self.failures]
        ranked = sorted(search.findings, key=lambda f: f.candidate.description_length)
        return list(dict.fromkeys(f.candidate.expr for f in ranked if f.candidate.expr.free_symbols))[:OFFERED]

    def _edit(self) -> None:
        """Edits of the best form that has not been edited, and of shorter ones in turn, until nothing better comes."""
        done: set[sympy.Expr] = set()
        since, data = 0, self.rows.fitting
        while since < EDITED and not self.deadline.finishing() and not self.collection.exact():
            left = [form for form in self._edited_next(since) if form.free.expr not in done]
            if not left:
                return
            before = self.collection.best
            done.add(left[0].free.expr)
            self.collection.offer(edited(left[0].free, data, self.deadline.finishing), "local search")
            since = since + 1 if self.collection.best is before else 0

    def _edited_next(self, turn: int) -> list[Form]:
        """The forms in the order in which they are edited: every other turn, those of fewer constants come first."""
        ranked = self.collection.ranked()
        if turn % 2 == 0:
            return ranked
        best: dict[int, Form] = {}
        for form in ranked:
            best.setdefault(len(form.free.own), form)
        return [*(best[number] for number in sorted(best)), *ranked]

    def _result(self, status: Status | None) -> Result:
        """How things stand. status: None for that of the best formula."""
        data, rows = self.rows.kept, self.rows
        mean = self._mean()
        candidates = [mean, *(self._judged(form) for form in self.collection.ranked()[:SHOWN])]
        front = pareto([c for c in candidates if np.isfinite(c.loss)], spread_of(data.y) ** 2)
        best = front.best
        held_out = held_out_error(best)
        graph = formula_graph(best.expr, augmented(rows.fitting, best.parameters), best.origin, held_out)
        path = (Step(best.origin), Step("constants shared or by group, formula simplified", Measure.HELD_OUT, held_out))
        assert data.grouping is not None
        return replace(
            draft(rows, front, status or self._status(best), self.deadline.seconds(), self.config.seed),
            structure=graph and replace(graph, path=path, finder=self.finder),
            notes=tuple(self.failures),
            group=data.grouping.column if best.parameters else "",
        )

    def _mean(self) -> Candidate:
        data = self.rows.fitting
        weights = None if data.sigma is None else data.sigma**-2
        mean = sympy.Float(float(np.average(data.y, weights=weights)))
        return judge(mean, data, self.rows.judging, "mean")

    def _judged(self, form: Form) -> Candidate:
        """The form simplified, with its constants named in the order in which they are written, judged."""
        assert form.shared is not None
        if form.shared.expr in self.known:
            return self.known[form.shared.expr]
        data = self.rows.fitting
        whole = with_own_columns(data, form.shared.own, form.shared.values)
        simple = simplify(form.shared.expr, whole.X[:SIMPLIFIED_ON], whole.names, expired=self.deadline.finishing)
        fit = replace(form.shared, expr=simple) if simple.atoms(sympy.Symbol) >= set(form.shared.own) else form.shared
        found = self.known[form.shared.expr] = candidate_of(named(fit, data), self.rows, form.origin)
        return found

    def _status(self, best: Candidate) -> Status:
        data = self.rows.kept
        assert data.grouping is not None
        found = status_of(best, augmented(data, best.parameters))
        constants = len(best.parameters)
        few = data.rows < ROWS_PER_CONSTANT * (len(data.grouping.labels) * constants + 1)
        return Status.BEST_EFFORT if found is Status.FOUND and few and not self.collection.exact() else found

    def _concluded(self, found: Result) -> Result:
        """The result with the constants of its best formula fitted to all rows."""
        data, best = self.rows.kept, found.best
        assert data.grouping is not None
        fit = fit_together(GroupFit(best.expr, *_table(best.parameters, data)), data, fixed=short_floats(best.expr))
        if not np.isfinite(fit.rms):
            return found
        better = replace(refitted(best, fit, data), parameters=parameters_of(fit, data))
        whole = augmented(data, better.parameters)
        residual = Tape(better.expr, whole.names).value(whole.X) - whole.y
        constants = len(fit.errors) + fit.values.size
        noise, error = noise_level(residual, whole, constants, 0.0)
        return replace(
            found,
            front=found.front.with_best(better),
            constants=fit.errors,
            noise=noise,
            noise_error=error,
            notes=(*found.notes, differing(better.parameters, data)),
        )


def named(fit: GroupFit, data: Dataset) -> GroupFit:
    """The fit with the constants of its groups called k0, k1, … in the order in which the formula is written."""
    text = readable(fit.expr)
    order = sorted(range(len(fit.own)), key=lambda i: place_of(str(fit.own[i]), text))
    names = own_names(len(order), (*data.names, data.target))
    renamed = {fit.own[place]: name for place, name in zip(order, names)}
    errors = None if fit.own_errors is None else fit.own_errors[:, order]
    return replace(fit, expr=fit.expr.xreplace(renamed), own=names, values=fit.values[:, order], own_errors=errors)


def parameters_of(fit: GroupFit, data: Dataset) -> Parameters:
    """The constants of the groups, by name and by label."""
    assert data.grouping is not None
    return {
        str(symbol): dict(zip(data.grouping.labels, map(float, column)))
        for symbol, column in zip(fit.own, fit.values.T)
    }


def augmented(data: Dataset, parameters: Parameters) -> Dataset:
    """The dataset with an input more for each constant that differs by group."""
    return replace(with_own_columns(data, *_table(parameters, data)), grouping=None, units=None)


def _table(parameters: Parameters, data: Dataset) -> tuple[tuple[sympy.Symbol, ...], Array]:
    """The constants of the groups, and their values, (groups, constants)."""
    assert data.grouping is not None
    values = [[of_groups[label] for of_groups in parameters.values()] for label in data.grouping.labels]
    return tuple(map(sympy.Symbol, parameters)), np.array(values, dtype=float)


def candidate_of(fit: GroupFit, rows: Partition, origin: str) -> Candidate:
    """A fit to the fitting rows as a candidate, judged on the rows that are held out; by cross-validation of few."""
    parameters = parameters_of(fit, rows.fitting)
    parts = (augmented(rows.fitting, parameters), augmented(rows.judging, parameters))
    found = judge(fit.expr, *parts, origin)
    found = replace(
        found, error_ms=fit.error_ms, description_length=group_length(fit, rows.fitting), parameters=parameters
    )
    return replace(found, r2_held_out=_cross_validated(fit, rows)) if rows.small else found


def _cross_validated(fit: GroupFit, rows: Partition) -> float:
    """r² of rows whose constants were fitted without them, a part of each group at a time."""
    data = rows.fitting
    assert data.grouping is not None
    order = np.random.default_rng(rows.seed).permutation(data.rows)
    fold = np.empty(data.rows, dtype=np.intp)
    for group in range(len(data.grouping.labels)):
        of_group = order[data.grouping.codes[order] == group]
        fold[of_group] = np.arange(len(of_group)) % FOLDS
    values = np.empty(data.rows)
    for part in range(FOLDS):
        without = fit_together(fit, data.take(fold != part))
        whole = augmented(data.take(fold == part), parameters_of(without, data))
        values[fold == part] = Tape(without.expr, whole.names).value(whole.X)
    return r2_of(values, data)


def differing(parameters: Parameters, data: Dataset) -> str:
    """A sentence on which constants differ."""
    assert data.grouping is not None
    what = f"{', '.join(parameters) or 'no constant'} {'differ' if len(parameters) > 1 else 'differs'}"
    return f"{what} between the {counted(len(data.grouping.labels), 'group')} of {data.grouping.column!r}"
