"""Measured tables: sums of few curves and pairs, from a sparse functional ANOVA."""

from __future__ import annotations

from collections.abc import Iterator

from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import fit_constants
from kansr.result.derivation import Step
from kansr.search.attempt import Finding
from kansr.search.finish import finish, judged
from kansr.search.noise_floor import NOISY, noise_floor
from kansr.search.partition import Partition
from kansr.search.stopping import FEW_INPUTS
from kansr.structure.anova.families import permitted_families
from kansr.structure.anova.sparse_sum import sparse_sums
from kansr.structure.context import Context

FEW_ROWS = 200  # below which a smooth model of all inputs sees too little for reductions to go by
ORIGIN = "sparse sum"
ANOVA = "sparse functional ANOVA"
PATH = (Step("sparse sum of curves and pairs"), Step("terms named, fitted together, dropped and exchanged"))


def sparse_sum(first: bool, rows: Partition, context: Context) -> Iterator[Finding]:
    """The sums for a noisy table. first: whether reductions come after: only where inputs are many, or rows few."""
    if _comes_first(rows) is not first:
        return
    data = rows.sample
    until = context.deadline.within(context.deadline.budget.sparse_sum * context.deadline.limit)
    found = sparse_sums(data.X, data.y, context.seed, until.passed, permitted_families(context.vocabulary))
    size = typical_size(data.X, data.names)
    graph = found.graph(data.names, data.target, ANOVA, rows.judging)
    for place, one in enumerate(found.sums):
        if not one.terms:
            return
        fit = fit_constants(canonical(one.written(found.rows, data.names, data.X, data.y), size), data)
        yield Finding(judged(fit.expr, rows, ORIGIN), graph if not place else None, path=PATH)
        if not place:
            yield Finding(finish(fit, rows, ORIGIN, context.deadline.passed), graph, path=PATH)


def _comes_first(rows: Partition) -> bool | None:
    """Whether sums come before reductions; None where a smooth model follows the target to a thousandth."""
    if rows.small:
        return True
    floor = noise_floor(rows)
    if floor <= NOISY:
        return None
    return len(rows.fitting.names) > FEW_INPUTS or rows.kept.rows < FEW_ROWS
