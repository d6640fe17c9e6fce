"""A form that the user knows, fitted and simplified, beside what a search finds and what one more term would save."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.simplify import simplify
from kansr.formula.fit.constants import fit_constants, floats, tied_floats
from kansr.formula.fit.error_model import spread_of
from kansr.formula.fit.form import FittedForm, fit_form, fit_from, read_form
from kansr.formula.judge.judge import judge
from kansr.formula.polish.snap import snap
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import ROUNDING
from kansr.pipeline.assemble import SAME, held_out_error
from kansr.pipeline.conclude import conclude, judge_again, refit, refitted, still_outliers
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.pipeline.run import Search
from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder, Measure, Step
from kansr.result.formula_graph import formula_graph
from kansr.result.graph import Edge, Graph
from kansr.result.pareto import ParetoFront, pareto
from kansr.result.result import FormVerdict, Result, unused
from kansr.runtime.deadline import Deadline
from kansr.search.finish import judged
from kansr.search.partition import Partition
from kansr.search.stopping import status_of
from kansr.symbolic.matching.match import MatchConfig, match

PER_INPUT, KEPT = 5, 3  # functions of each input that are tried as one more term, and terms that a result lists
TRIED_ROWS = 500  # rows that a simplification must agree on
TERM_ITERATIONS = 25  # of the least squares that a further term is tried with
CURVE_ERROR = 0.5  # relative rms that a function may miss the residual by, to be matched with it


def compare_form(
    text: str,
    columns: Collection[str],
    rows: Partition,
    config: Config,
    deadline: Deadline,
    journal: Journal,
    start: Mapping[str, float] | str | None = None,
) -> Iterator[Result]:
    """The form fitted, then with what one more term would save, then beside what a search finds in the time left.

    columns: of the whole table, so that a name that is one is not taken for a constant. start: where constants begin.
    Form and search are judged on the same rows. Raises FormulaError or UsageError for a form that cannot be fitted.
    """
    budget = deadline.budget
    form = read_form(text, rows.table, columns, start)
    fitting = deadline.within(budget.given_form * deadline.limit)
    fitted = fit_form(form, rows.kept, config.seed, fitting.passed)
    own = _candidates(fitted, rows, deadline.passed)
    outlier = still_outliers(own[-1], rows.table, rows.outlier)
    if (outlier != rows.outlier).any():
        fitted = fit_form(form, rows.table.take(~outlier), config.seed, fitting.passed)
    comparison = _Comparison(rows, fitted, own, deadline)
    resumed = bool(journal.past)  # what the run before had come to is more than the form alone
    if not resumed:
        yield comparison.result()
    terms = _terms(comparison, deadline.within(budget.given_terms * deadline.limit))
    comparison = replace(comparison, terms=tuple(terms))
    if not resumed:
        yield comparison.result()
    search = Search(rows, config, deadline, journal)
    for found in search.results():
        yield comparison.beside(found, search)


@dataclass(frozen=True, eq=False)
class _Comparison:
    """What is known about a form.

    own: the form as fitted, and simplified with its constants snapped, if that is shorter. terms: what could be added,
    with the whole then. found: what a search comes to; others: its front, as judged on these rows.
    """

    rows: Partition
    fitted: FittedForm
    own: tuple[Candidate, ...]
    deadline: Deadline
    terms: tuple[tuple[sympy.Expr, Candidate], ...] = ()
    found: Candidate | None = None
    others: tuple[Candidate, ...] = ()

    def result(self) -> Result:
        """The result whose best formula is the form, whatever is better."""
        data, form = self.rows.kept, self.own[-1]
        fit = self._as_given if form is self.own[0] else refit
        status = status_of(fit(form, data)[0], data)
        alone = Result(
            status,
            data.target,
            data.names,
            unused(form.expr, data.names),
            ParetoFront((form,), chosen=form),
            columns=data.columns,
            seconds=self.deadline.seconds(),
            seed=self.rows.seed,
            units=data.units,
            verdict=self._verdict(),
            excerpt=self.rows.excerpt,
        )
        concluded = conclude(alone, self.rows.table, self.rows.outlier, 0.0, fit)
        return replace(concluded, front=self._front(concluded.best), structure=self._structure(concluded.best))

    def _as_given(self, best: Candidate, data: Dataset) -> tuple[Candidate, tuple[tuple[float, float], ...]]:
        """The form with its own constants as they were fitted: what stands in several places is one number."""
        fit = fit_constants(self.fitted.expr, data, iterations=0, rows=data.rows)
        return refitted(best, fit, data), tuple(zip(self.fitted.values.tolist(), self.fitted.errors.tolist()))

    def beside(self, found: Result, search: Search) -> Result:
        """The same beside what a search has come to, judged on these rows where it left out more of them."""
        others = tuple(found.front)
        best = found.best
        if search.partition is not self.rows:
            others = tuple(judge_again(candidate, self.rows) for candidate in others)
            best = judge_again(best, self.rows)
        result = replace(self, found=best, others=others).result()
        notes = (*result.notes, *search.failures, *filter(None, [search.journal.failure]))
        return replace(result, notes=notes, trying=found.trying)

    def _front(self, chosen: Candidate) -> ParetoFront:
        """The front of all formulas, with the form on it even if it is beaten, and only once."""
        data = self.rows.kept
        values = Tape(chosen.expr, data.names).value(data.X)

        def another(c: Candidate) -> bool:
            apart = Tape(c.expr, data.names).value(data.X) - values
            return c.complexity != chosen.complexity or bool(np.sqrt(mean_square(apart)) > SAME * np.std(data.y))

        front = pareto([*self.own[:-1], chosen, *self.others], spread_of(data.y) ** 2)
        shown = [*filter(another, front), chosen]
        return ParetoFront(tuple(sorted(shown, key=lambda c: (c.complexity, c.error_ms))), chosen=chosen)

    def _structure(self, chosen: Candidate) -> Graph | None:
        held_out = held_out_error(chosen)
        graph = formula_graph(chosen.expr, self.rows.fitting, "form", held_out)
        path = (Step(f"given: {self.fitted.form.text}", Measure.HELD_OUT, held_out),)
        return graph and replace(graph, path=path, finder=Finder.GIVEN)

    def _verdict(self) -> FormVerdict:
        form, fitted = self.fitted.form, self.fitted
        constants = zip(map(str, form.constants), map(float, fitted.values), map(float, fitted.errors))
        length = self.own[-1].description_length
        return FormVerdict(
            form.text,
            tuple(constants),
            fitted.undetermined,
            self.own[0],
            self.found,
            tuple((term, length - candidate.description_length) for term, candidate in self.terms),
        )


def _candidates(fitted: FittedForm, rows: Partition, passed: Callable[[], bool]) -> tuple[Candidate, ...]:
    """The form fitted to the fitting rows, and simplified with its constants snapped, where that is shorter."""
    form = fitted.form
    whole = fit_from(form, rows.fitting, fitted.values) if rows.fitting.rows < rows.kept.rows else fitted
    own = (judged(whole.expr, rows, "form"),)
    given = floats(form.expr)
    if len(tied_floats(whole.expr)) > len(form.constants) + len(given):  # a constant stands in several numbers
        return own
    fit = fit_constants(whole.expr, rows.fitting, fixed=given)
    snapped = snap(fit, rows.fitting, passed)
    plain = simplify(snapped.expr, rows.fitting.X[:TRIED_ROWS], rows.fitting.names, expired=passed)
    shorter = judged(plain, rows, "form, simplified")
    same = plain.free_symbols == own[0].expr.free_symbols  # an input that the user named is not snapped away
    return (*own, shorter) if same and shorter.description_length < own[0].description_length else own


def _terms(comparison: _Comparison, deadline: Deadline) -> Iterator[tuple[sympy.Expr, Candidate]]:
    """The terms whose addition shortens formula and residuals together most, the best first."""
    base, data = comparison.own[-1], comparison.rows.fitting
    residual = data.y - Tape(base.expr, data.names).value(data.X)
    if not np.std(residual) > ROUNDING * np.std(data.y):
        return
    better: list[tuple[float, sympy.Expr, Candidate]] = []
    for term in sorted(_offered_terms(data, residual), key=lambda term: -_explained(term, data, residual)):
        if deadline.passed():
            break
        fit = fit_constants(base.expr + term, data, iterations=TERM_ITERATIONS)
        whole = judge(fit.expr, data, comparison.rows.judging, "form and a term")
        if whole.description_length < base.description_length:
            better.append((whole.description_length, _added(fit.expr, base.expr, term), whole))
    for _, term, whole in sorted(better, key=lambda one: one[0])[:KEPT]:
        yield term, whole


def _offered_terms(data: Dataset, residual: Array) -> Iterator[sympy.Expr]:
    """The functions of one input that come nearest to the residual, (rows,), and products of two inputs."""
    symbols = [sympy.Symbol(name) for name in data.names]
    for symbol, x in zip(symbols, data.X.T):
        order = np.argsort(x, kind="stable")
        edge = Edge(str(symbol), data.target, x[order], residual[order], CURVE_ERROR * float(np.std(residual)))
        ranked = sorted(match(edge, MatchConfig()), key=lambda fit: -fit.r2)
        yield from (fit.expr(symbol).as_coeff_Add()[1] for fit in ranked[:PER_INPUT])
    for i, first in enumerate(symbols):
        for j in range(i, len(symbols)):
            product = data.X[:, i] * data.X[:, j]
            yield sympy.Float(float(residual @ product) / float(product @ product)) * first * symbols[j]


def _explained(term: sympy.Expr, data: Dataset, residual: Array) -> float:
    """The share of the residual, (rows,), that a multiple of the term takes off."""
    values = Tape(term, data.names).value(data.X)
    with np.errstate(all="ignore"):
        share = float((values @ residual) ** 2 / ((values @ values) * (residual @ residual)))
    return share if np.isfinite(share) else -1.0


def _added(whole: sympy.Expr, base: sympy.Expr, term: sympy.Expr) -> sympy.Expr:
    """The term as it was fitted: what of the whole has the shape of the term, or the term as it was offered."""

    def shape(expr: sympy.Expr) -> sympy.Expr:
        return expr.xreplace(dict.fromkeys(expr.atoms(sympy.Float), sympy.Symbol("number")))

    parts = [part for part in sympy.Add.make_args(whole) if shape(part) == shape(term)]
    return parts[-1] if parts else term
