"""The attempt: from the formulas that were found so far to shorter ones near them, in noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.fit.error_model import comparable, likelier_sigma, spread_of
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.vocabulary import Vocabulary
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.result.derivation import Step
from kansr.search.attempt import Finding
from kansr.search.edits.library import Permits, every_tree
from kansr.search.edits.local_search import LocalSearch
from kansr.search.edits.pool import Known
from kansr.search.edits.program import Rows, values_of
from kansr.search.edits.translation import from_sympy, to_sympy
from kansr.search.edits.tree import LEAVES, Tree, add, constant, mul, nodes
from kansr.search.finish import finish, judged
from kansr.search.noise_floor import NOISY, is_noisy, noise_floor
from kansr.search.partition import Partition
from kansr.search.stopping import matches_surrogate
from kansr.structure.context import Context
from kansr.units.consistency import fits

MOST_ROWS = 1500  # that formulas are compared on; the best are fitted to the whole sample
STARTS = 16  # formulas found so far that are edited
ENDS = 8  # formulas that are fitted to the whole sample, by the shortest of which the search ends
FINISHED = 2  # of these
FIRST_EDITED = 30  # formulas that are edited before searches over reductions
HALVES = 2  # denominator of the exponents that are square roots
MOST_ASKED = 60  # formulas whose unit is asked for
ORIGIN = "local search"


def may_edit(rows: Partition) -> bool:
    """Whether the rows are of the kind that a local search is for: enough of them, and with noise."""
    return noise_floor(rows) > NOISY  # 0 of few rows


def begun(rows: Partition, context: Context) -> Iterator[Finding]:
    """What a few edits of the simplest formulas come to: many a law in noise, before any search over reductions.

    Only where a surrogate shows that it is noise, not more than it can follow, or where a short formula is as good as
    the surrogate: exact laws are left to exact searches. A formula that is not conclusive is not finished either: it is
    what the later local search starts from.
    """
    if not is_noisy(rows) and not _fits_already(rows, context):
        return
    for conclusive, offered in _searched(rows, context, context.deadline.budget.first_edits, FIRST_EDITED):
        if conclusive:
            yield from _finished(offered[:1], rows, context, conclusive=True)
        else:
            yield from (Finding(judged(fit.expr, rows, ORIGIN), path=_path(known)) for fit, known in offered[:FINISHED])


def _fits_already(rows: Partition, context: Context) -> bool:
    """Whether the best formula so far would end the search, if no shorter one were near it."""
    best = context.formulas[0] if context.formulas and may_edit(rows) else None
    return best is not None and matches_surrogate(judged(best, rows, ORIGIN), rows.kept, rows, thorough=False)


def edited(rows: Partition, context: Context) -> Iterator[Finding]:
    """The shortest descriptions near the formulas that the context knows; nothing where there is no noise."""
    for _, offered in _searched(rows, context, context.deadline.budget.local_search):
        yield from _finished(offered[:FINISHED], rows, context)


def _searched(
    rows: Partition, context: Context, share: float, most: float = math.inf
) -> Iterator[tuple[bool, list[tuple[Fit, Known]]]]:
    """Whether a local search is conclusive, and its formulas fitted to the whole sample, the best first; or nothing.

    share: of the time limit, for the edits; most: how many formulas are edited at most.
    """
    if not context.formulas or not may_edit(rows):
        return
    data = rows.sample
    names = {name: i for i, name in enumerate(data.names)}
    trees = [tree for expr in context.formulas[:STARTS] if (tree := from_sympy(expr, names)) is not None]
    search = _search(data, context, trees, share)
    conclusive = search.run(_simple(search.rows), trees, noise_floor(rows), most)
    yield conclusive, sorted(islice(_fitted(search, rows), ENDS), key=lambda one: fit_length(one[0], data))


def _finished(
    offered: Sequence[tuple[Fit, Known]], rows: Partition, context: Context, conclusive: bool = False
) -> Iterator[Finding]:
    for place, (fit, known) in enumerate(offered):
        if not place:
            yield Finding(judged(fit.expr, rows, ORIGIN), path=_path(known), unfinished=True)
        finished = finish(fit, rows, ORIGIN, context.deadline.passed)
        yield Finding(finished, path=_path(known), conclusive=conclusive)


def _path(known: Known) -> tuple[Step, ...]:
    return (Step("local search: " + ", ".join(known.how)),)


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


def _search(data: Dataset, context: Context, trees: Sequence[Tree], share: float) -> LocalSearch:
    some = data.take(np.arange(min(data.rows, MOST_ROWS)))
    rows = Rows(some.X, some.y, np.ones(some.rows), data.rows)
    best = values_of(trees[0], rows) if trees else np.full(some.rows, np.mean(some.y))
    rows = replace(rows, weight=1 / likelier_sigma(best - some.y, some))
    until = context.deadline.within(share * context.deadline.limit)
    target = comparable(some.y, some)

    def error(values: Array) -> float:
        return math.sqrt(mean_square(comparable(values, some) - target)) / spread_of(target)

    return LocalSearch(
        rows, spread_of(data.y), len(data.names), context.seed, until.passed, _permits(context.vocabulary), error
    )


def _permits(vocabulary: Vocabulary) -> Permits:
    """Whether the functions and the exponents of a tree are permitted; fitted exponents only where all are."""

    def permits(tree: Tree) -> bool:
        return all(vocabulary.offers(name) for node in nodes(tree) if (name := _function(node)))

    return every_tree if vocabulary.functions is None else permits


def _function(node: Tree) -> str:
    """The function of a node by its name in the formula language, "" for none."""
    if node[0] in LEAVES or node[0] in ("+", "*"):
        return ""
    if node[0] != "^":
        return str(node[0])
    exponent = node[2]
    if exponent[0] == "n" and exponent[2] <= HALVES:
        return "sqrt" if exponent[2] == HALVES else ""
    return "pow"


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
