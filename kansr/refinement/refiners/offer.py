"""The formulas of a search offered to refiners: the whole table, what reductions leave of it, and nameless curves.

What comes back is polished, snapped and judged as anything else that was found, beside what there was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.formula.fit.constants import polish
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.judge import judge
from kansr.refinement.refiners.refiner import Given, Named, Share
from kansr.refinement.refiners.subproblems import Part, curves, reduced
from kansr.result.candidate import Candidate
from kansr.result.derivation import Measure, Step
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Attempt, Finding
from kansr.search.finish import best_of, judged, polished
from kansr.search.partition import Partition
from kansr.structure.context import Context
from kansr.symbolic.matching.match import MatchConfig

GUESSES = 8  # formulas that a refiner may start from
FEW, FITTED, FINISHED = 500, 8, 2  # rows offers are compared on, offers that are fitted, and those that are finished


@dataclass(frozen=True, eq=False)
class Offering:
    """What there is to refine: the rows, the formulas found, the best first, and until when."""

    rows: Partition
    findings: Sequence[Finding]
    match: MatchConfig
    until: Deadline


def window(deadline: Deadline, found: bool) -> float:
    """Seconds for refiners: what is left of the limit, or what was set aside where a formula leaves only noise."""
    left = deadline.remaining(deadline.budget.refiners_end)
    return min(left, deadline.budget.refiners * deadline.limit) if found else left


def offered(refiners: Sequence[Named | Given], offering: Offering) -> Iterator[Attempt]:
    """An attempt for each table that a refiner is offered, to be made when it comes.

    Each refiner has the same share of the time; small tables come first and are stopped early.
    """
    budget = offering.until.budget
    for number, refiner in enumerate(refiners):
        seconds = offering.until.remaining() / (len(refiners) - number)
        end = offering.until.within(seconds)
        parts = [] if refiner.whole else _parts(offering, end.within(budget.refiner_reductions * seconds))
        for part in parts:
            share = min(budget.refiner_part, budget.refiner_parts * seconds / len(parts), end.remaining())
            if share > budget.refiner_least:
                yield _attempt(refiner, offering, part, share)
        if end.remaining() > budget.refiner_least:
            yield _attempt(refiner, offering, None, end.remaining())


def _parts(offering: Offering, deadline: Deadline) -> list[Part]:
    return [
        *reduced(offering.rows, offering.match, deadline),
        *curves(offering.findings, offering.match),
    ]


def _attempt(refiner: Named | Given, offering: Offering, part: Part | None, seconds: float) -> Attempt:
    whole = part or Part("", offering.rows.sample, _same)
    candidates = [_mean(whole)] if part else [finding.candidate for finding in offering.findings[:GUESSES]]
    share = Share(
        seconds=seconds,
        seed=offering.rows.seed,
        guesses=tuple(c.expr for c in candidates[1:]),
    )
    name = f"{refiner.name}: {whole.name}" if part else refiner.name
    return Attempt(name, partial(_refined, refiner, share, whole, candidates[0], name))


def _same(expr: sympy.Expr) -> sympy.Expr:
    return expr


def _mean(part: Part) -> Candidate:
    """The candidate of a table for which there is no formula yet."""
    return judge(sympy.Float(float(np.mean(part.data.y))), part.data, part.data, "mean")


def _refined(
    refiner: Named | Given, share: Share, part: Part, candidate: Candidate, name: str, rows: Partition, context: Context
) -> Iterator[Finding]:
    """What the refiner offers, finished; what went wrong is raised after that."""
    deadline = context.deadline
    if part.name:  # what is left of the time is for the whole table
        deadline = deadline.within(deadline.budget.refiner_finishing * share.seconds)
    exprs: dict[sympy.Expr, None] = {}
    error: Exception | None = None
    try:
        for offer in refiner.make(share)(candidate, part.data):
            if not part.name or {str(symbol) for symbol in offer.expr.free_symbols} <= {*part.data.names}:
                exprs[part.back(offer.expr)] = None  # a formula in the columns of the whole says nothing of a part
    except Exception as err:
        error = err
    fits = polished(_promising(exprs, rows), rows)
    fits.sort(key=lambda fit: fit_length(fit, rows.sample))
    for fit in fits[:1]:  # finishing may take longer than there is time for
        yield _found(Finding(judged(fit.expr, rows, name), unfinished=True), refiner, part, rows)
    for finding in best_of(fits[:FINISHED], rows, name, deadline.passed):
        yield _found(finding, refiner, part, rows)
    if error is not None:
        raise error


def _promising(exprs: Iterable[sympy.Expr], rows: Partition) -> list[sympy.Expr]:
    """The formulas that describe the rows best as they are: fitting all of them would take too long."""
    ranked = []
    for number, expr in enumerate(exprs):
        fit = polish(expr, rows.sample, iterations=0, rows=FEW)
        ranked.append((fit_length(fit, rows.sample), number, expr))
    return [expr for length, _, expr in sorted(ranked, key=lambda one: one[:2])[:FITTED] if np.isfinite(length)]


def _found(finding: Finding, refiner: Named | Given, part: Part, rows: Partition) -> Finding:
    left = float(np.sqrt(finding.candidate.loss)) / (float(np.std(rows.fitting.y)) or 1.0)
    return replace(finding, path=(*part.path, Step(refiner.name, Measure.RESIDUAL, left)))
