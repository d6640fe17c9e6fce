"""A form that the user knows, fitted and simplified, beside what a search finds and what one more term would buy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.simplify import simplify
from kansr.formula.fit.constants import floats, polish
from kansr.formula.fit.form import FittedForm, Form, fit_form, read_form
from kansr.formula.judge.judge import judge
from kansr.formula.polish.snap import snap
from kansr.pipeline.conclude import noise_level, refitted
from kansr.pipeline.config import Config
from kansr.pipeline.run import search
from kansr.result.candidate import Candidate
from kansr.result.derivation import Measure, Step
from kansr.result.formula_graph import formula_graph
from kansr.result.graph import Edge
from kansr.result.pareto import pareto
from kansr.result.result import FormVerdict, Result, unused
from kansr.runtime.deadline import Deadline
from kansr.search.finish import judged
from kansr.search.partition import Partition
from kansr.search.stopping import status_of
from kansr.symbolic.matching.match import MatchConfig, match

if TYPE_CHECKING:
    pass

PER_INPUT, KEPT = 5, 3  # functions of each input that are tried as one more term, and terms that are told


def compared(data: Dataset, text: str, config: Config, columns: Collection[str] = ()) -> Iterator[Result]:
    """The form fitted, then with what one more term would buy, then beside what a search finds in what time is left.

    columns: of the whole table, so that a name that is one is not taken for a constant. Raises FormulaError or
    UsageError for a form that cannot be fitted.
    """
    deadline = Deadline(config.time_limit)
    form = read_form(text, data, columns)
    rows = Partition.of(data, config.held_out, config.seed)
    fitted = fit_form(form, data, config.seed, deadline.share(deadline.budget.given_form).passed)
    own = _candidates(fitted, rows, deadline.passed)
    case = _Case(data, rows, fitted, own, deadline)
    yield case.told()
    case = replace(case, terms=tuple(_terms(case)))
    yield case.told()
    for found in search(
        data, replace(config, loss="squared", time_limit=max(deadline.remaining(), deadline.budget.given_least))
    ):
        yield replace(case, found=found).told()


@dataclass(frozen=True, eq=False)
class _Case:
    """What is known about a form. own: the form as fitted, and with its constants snapped, if that is shorter."""

    data: Dataset
    rows: Partition
    fitted: FittedForm
    own: tuple[Candidate, ...]
    deadline: Deadline
    terms: tuple[tuple[sympy.Expr, Candidate], ...] = ()
    found: Result | None = None

    def told(self) -> Result:
        """The discovery whose best formula is the form, whatever beats it."""
        chosen, constants = refitted(self.own[-1], self.data)
        others = () if self.found is None else tuple(self.found.front)
        front = pareto([*self.own[:-1], chosen, *others], float(np.var(self.data.y)))
        by_complexity = sorted({id(c): c for c in (*front, chosen)}.values(), key=lambda c: (c.complexity, c.error_ms))
        residual = Tape(chosen.expr, self.data.names).value(self.data.X) - self.data.y
        noise, error = noise_level(residual, self.data, len(constants), 0.0)
        return Result(
            status_of(chosen, self.data),
            self.data.target,
            self.data.names,
            unused(chosen.expr, self.data.names),
            replace(front, candidates=tuple(by_complexity), chosen=chosen),
            columns=self.data.columns,
            structure=self._structure(chosen),
            noise=noise,
            noise_error=error,
            rows=self.data.rows,
            seconds=self.deadline.seconds(),
            seed=self.rows.seed,
            constants=constants,
            units=self.data.units,
            verdict=self._verdict(),
        )

    def _structure(self, chosen: Candidate) -> Any:
        unseen = float(np.sqrt(max(1 - chosen.r2_held_out, 0.0)))
        graph = formula_graph(chosen.expr, self.rows.fitting, "form", unseen)
        return graph and replace(graph, path=(Step(f"given: {self.fitted.form.text}", Measure.HELD_OUT, unseen),))

    def _verdict(self) -> FormVerdict:
        form, fitted = self.fitted.form, self.fitted
        constants = zip(map(str, form.constants), map(float, fitted.values), map(float, fitted.errors))
        mine = self.own[-1].description_length
        return FormVerdict(
            form.text,
            tuple(constants),
            fitted.loose,
            self.own[0],
            None if self.found is None else self.found.best,
            tuple((term, mine - candidate.description_length) for term, candidate in self.terms),
        )


def _candidates(fitted: FittedForm, rows: Partition, passed: Callable[[], bool]) -> tuple[Candidate, ...]:
    """The form fitted to the rows that it is judged by, and with its constants snapped where that is shorter."""
    fit = polish(fitted.expr, rows.fitting, fixed=_written(fitted.form))
    own = (judged(fit.expr, rows, "form"),)
    snapped = snap(fit, rows.fitting, passed)
    plain = simplify(snapped.expr, rows.fitting.X[:500], rows.fitting.names, expired=passed)
    shorter = judged(plain, rows, "form, simplified")
    same = plain.free_symbols == own[0].expr.free_symbols  # an input that the user named is not snapped away
    return (*own, shorter) if same and shorter.description_length < own[0].description_length else own


def _written(form: Form) -> list[sympy.Float]:
    return list(floats(form.expr))


def _terms(case: _Case) -> Iterator[tuple[sympy.Expr, Candidate]]:
    """The terms whose addition shortens formula and residuals together most, the best first."""
    base, data = case.own[-1], case.rows.fitting
    deadline = case.deadline.within(case.deadline.budget.given_terms * case.deadline.limit)
    residual = data.y - Tape(base.expr, data.names).value(data.X)
    if not np.std(residual) > 1e-12 * np.std(data.y):
        return
    better: list[tuple[float, sympy.Expr, Candidate]] = []
    for term in sorted(_offered_terms(data, residual), key=lambda term: -_explained(term, data, residual)):
        if deadline.passed():
            break
        fit = polish(base.expr + term, data, iterations=25)
        whole = judge(fit.expr, data, case.rows.judging, "form and a term")
        if whole.description_length < base.description_length:
            better.append((whole.description_length, _added(fit.expr, base.expr, term), whole))
    for _, term, whole in sorted(better, key=lambda one: one[0])[:KEPT]:
        yield term, whole


def _offered_terms(data: Dataset, residual: np.ndarray) -> Iterator[sympy.Expr]:
    """The functions of one input that come nearest to the residual, and products of two inputs."""
    symbols = [sympy.Symbol(name) for name in data.names]
    for symbol, x in zip(symbols, data.X.T):
        order = np.argsort(x, kind="stable")
        edge = Edge(str(symbol), data.target, x[order], residual[order], 0.5 * float(np.std(residual)))
        ranked = sorted(match(edge, MatchConfig()), key=lambda fit: -fit.r2)
        yield from (fit.expr(symbol).as_coeff_Add()[1] for fit in ranked[:PER_INPUT])
    for i, first in enumerate(symbols):
        for j in range(i, len(symbols)):
            product = data.X[:, i] * data.X[:, j]
            yield sympy.Float(float(residual @ product) / float(product @ product)) * first * symbols[j]


def _explained(term: sympy.Expr, data: Dataset, residual: np.ndarray) -> float:
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
