"""The attempt: from the formulas that were found so far to shorter ones near them, in noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.fit.error_model import likelier_sigma, spread_of
from kansr.formula.judge.description_length import fit_length
from kansr.result.derivation import Step
from kansr.search.attempt import Finding
from kansr.search.edits.local_search import LocalSearch
from kansr.search.edits.pool import Known
from kansr.search.edits.program import Rows, values_of
from kansr.search.edits.translation import from_sympy, to_sympy
from kansr.search.edits.tree import Tree, add, constant, mul
from kansr.search.finish import finish, judged
from kansr.search.noise_floor import NOISY, noise_floor
from kansr.search.partition import Partition
from kansr.structure.context import Context
from kansr.units.consistency import fits

MOST_ROWS = 1500  # that formulas are compared on; the best are fitted to the whole sample
STARTS = 16  # formulas found so far that are edited
ENDS = 8  # formulas that are fitted to the whole sample, by the shortest of which the search ends
FINISHED = 2  # of these
MOST_ASKED = 60  # formulas whose unit is asked for
ORIGIN = "local search"


def may_edit(rows: Partition) -> bool:
    """Whether the rows are of the kind that a local search is for: enough of them, and with noise."""
    return noise_floor(rows) > NOISY  # 0 of few rows


def edited(rows: Partition, context: Context) -> Iterator[Finding]:
    """The shortest descriptions near the formulas that the context knows; nothing where there is no noise."""
    if not context.formulas or not may_edit(rows):
        return
    data = rows.sample
    names = {name: i for i, name in enumerate(data.names)}
    trees = [tree for expr in context.formulas[:STARTS] if (tree := from_sympy(expr, names)) is not None]
    search = _search(data, context, trees)
    search.run(_simple(search.rows), trees, noise=noise_floor(rows) * search.spread)
    offered = sorted(islice(_fitted(search, rows), ENDS), key=lambda one: fit_length(one[0], data))
    for place, (fit, known) in enumerate(offered[:FINISHED]):
        path = (Step("local search: " + ", ".join(known.how)),)
        if not place:
            yield Finding(judged(fit.expr, rows, ORIGIN), path=path, unfinished=True)
        yield Finding(finish(fit, rows, ORIGIN, context.deadline.passed), path=path)


def _fitted(search: LocalSearch, rows: Partition) -> Iterator[tuple[Fit, Known]]:
    """The shortest descriptions that can have the unit and the shape of the target, fitted to the whole sample."""
    data = rows.sample
    size = typical_size(data.X, data.names)
    for known in search.shortest(MOST_ASKED):
        expr = canonical(to_sympy(known.tree, data.names), size)
        if data.units is None or fits(expr, data.units):
            fit = fit_constants(expr, data)
            if rows.allows(fit.expr):
                yield fit, known


def _search(data: Dataset, context: Context, trees: Sequence[Tree]) -> LocalSearch:
    some = data.take(np.arange(min(data.rows, MOST_ROWS)))
    rows = Rows(some.X, some.y, np.ones(some.rows), data.rows)
    best = values_of(trees[0], rows) if trees else np.full(some.rows, np.mean(some.y))
    rows = replace(rows, weight=1 / likelier_sigma(best - some.y, some))
    until = context.deadline.within(context.deadline.budget.local_search * context.deadline.limit)
    return LocalSearch(rows, spread_of(data.y), len(data.names), context.seed, until.passed)


def _simple(rows: Rows) -> list[Tree]:
    """A constant, a line, and a power law of the inputs that are positive, with rough constants."""
    level, spread = float(np.mean(rows.y)), float(np.std(rows.y))
    slopes = [spread / (float(np.std(x)) or 1.0) for x in rows.X.T]
    line = add(*(mul(constant(s * (1 + i / 100)), ("x", i)) for i, s in enumerate(slopes)), constant(level))
    powers = [("^", ("x", i), constant(0.5)) for i, x in enumerate(rows.X.T) if x.min() > 0]
    starts = [constant(level), line]
    if powers:
        starts.append(mul(constant(level), *powers))
    return starts
