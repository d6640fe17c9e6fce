"""Offer the whole table and its subproblems to refiners, with the formulas that a search has found.

What comes back is fitted, snapped and judged like any other formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.judge import judge
from kansr.refinement.refiners.refiner import Allowance, ShippedRefiner, UserRefiner
from kansr.refinement.refiners.subproblems import Subproblem, reduced_tables, unmatched_curves
from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder, Measure, Step
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Attempt, Finding
from kansr.search.finish import best_of, fit_all, judged
from kansr.search.partition import Partition
from kansr.structure.context import Context
from kansr.symbolic.matching.match import MatchConfig

# None of these has been measured alone; together: results/2026-11-27-operon-as-refiner.
GUESSES = 8  # formulas at most that a refiner starts from
COMPARED_ROWS = 500  # rows at most on which offers are compared
FITTED = 8  # offers whose constants are fitted
FINISHED = 2  # of them, those that are finished: eliminated, snapped, simplified


@dataclass(frozen=True, eq=False)
class Offering:
    """What refiners work on: the rows, the findings, the best first, and when they have to end."""

    rows: Partition
    findings: Sequence[Finding]
    match: MatchConfig
    until: Deadline
    reduces: bool = True


def refiner_seconds(deadline: Deadline, found: bool) -> float:
    """Seconds for all refiners: what is left; at most their part of the limit if a formula leaves only noise."""
    left = deadline.remaining(deadline.budget.refiners_end)
    return min(left, deadline.budget.refiners * deadline.limit) if found else left


def refiner_attempts(refiners: Sequence[ShippedRefiner | UserRefiner], offering: Offering) -> Iterator[Attempt]:
    """An attempt for each refiner and each table that it is offered; each is to be run before the next is asked for.

    Every refiner has the same time. Subproblems come first, and a share of that time is kept for the whole table.
    """
    budget = offering.until.budget
    for number, refiner in enumerate(refiners):
        seconds = offering.until.remaining() / (len(refiners) - number)
        end = offering.until.within(seconds)
        subproblems = [] if refiner.whole else _subproblems(offering, end.within(budget.refiner_reductions * seconds))
        for subproblem in subproblems:
            part = min(budget.refiner_part, budget.refiner_parts * seconds / len(subproblems), end.remaining())
            if part > budget.refiner_least:
                yield _attempt(refiner, offering, subproblem, part)
        if end.remaining() > budget.refiner_least:
            yield _attempt(refiner, offering, None, end.remaining())


def _subproblems(offering: Offering, deadline: Deadline) -> list[Subproblem]:
    return [
        *(reduced_tables(offering.rows, offering.match, deadline) if offering.reduces else ()),
        *unmatched_curves(offering.findings, offering.match),
    ]


def _attempt(
    refiner: ShippedRefiner | UserRefiner, offering: Offering, subproblem: Subproblem | None, seconds: float
) -> Attempt:
    problem = subproblem or Subproblem("", offering.rows.sample, _same)
    candidates = [_mean(problem)] if subproblem else [finding.candidate for finding in offering.findings[:GUESSES]]
    allowance = Allowance(
        seconds=seconds,
        seed=offering.rows.seed,
        guesses=tuple(c.expr for c in candidates[1:]),
    )
    name = f"{refiner.name}: {problem.name}" if subproblem else refiner.name
    return Attempt(name, partial(_refined, refiner, allowance, problem, candidates[0], name), Finder.REFINER)


def _same(expr: sympy.Expr) -> sympy.Expr:
    return expr


def _mean(problem: Subproblem) -> Candidate:
    """The mean of the target as a candidate, for a table that has no formula yet."""
    return judge(sympy.Float(float(np.mean(problem.data.y))), problem.data, problem.data, "mean")


def _refined(
    refiner: ShippedRefiner | UserRefiner,
    allowance: Allowance,
    problem: Subproblem,
    candidate: Candidate,
    name: str,
    rows: Partition,
    context: Context,
) -> Iterator[Finding]:
    """What the refiner offers, finished; if it failed, its exception is raised after that."""
    deadline = context.deadline
    if problem.name:  # the rest of the time is for the whole table
        deadline = deadline.within(deadline.budget.refiner_finishing * allowance.seconds)
    exprs: dict[sympy.Expr, None] = {}
    error: Exception | None = None
    try:
        for offer in refiner.make(allowance)(candidate, problem.data):
            # A formula in columns of the whole table says nothing of a subproblem.
            if not problem.name or {str(symbol) for symbol in offer.expr.free_symbols} <= {*problem.data.names}:
                exprs[problem.back(offer.expr)] = None
    except Exception as err:
        error = err
    fits = fit_all(_promising(exprs, rows), rows)
    fits.sort(key=lambda fit: fit_length(fit, rows.sample))
    for fit in fits[:1]:  # finishing may take longer than there is time
        yield _found(Finding(judged(fit.expr, rows, name), unfinished=True), refiner, problem, rows)
    for finding in best_of(fits[:FINISHED], rows, name, deadline.passed):
        yield _found(finding, refiner, problem, rows)
    if error is not None:
        raise error


def _promising(exprs: Iterable[sympy.Expr], rows: Partition) -> list[sympy.Expr]:
    """The formulas of the shortest description as they are: fitting all of them would take too long."""
    ranked = []
    for number, expr in enumerate(exprs):
        fit = fit_constants(expr, rows.sample, iterations=0, rows=COMPARED_ROWS)
        ranked.append((fit_length(fit, rows.sample), number, expr))
    return [expr for length, _, expr in sorted(ranked, key=lambda row: row[:2])[:FITTED] if np.isfinite(length)]


def _found(finding: Finding, refiner: ShippedRefiner | UserRefiner, problem: Subproblem, rows: Partition) -> Finding:
    """The finding with the steps that led to it."""
    relative_rms = float(np.sqrt(finding.candidate.loss)) / (float(np.std(rows.fitting.y)) or 1.0)
    return replace(finding, path=(*problem.path, Step(refiner.name, Measure.RESIDUAL, relative_rms)))
