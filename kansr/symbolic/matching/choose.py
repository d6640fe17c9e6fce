"""Choose one match for each edge, jointly: the formula with the least description length on the rows, refitted.

A curve that is known to 3e-3 does not tell exp from tanh; the rows do.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.domain import is_real_formula
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.judge.description_length import fit_length
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.numeric.tolerances import ROUNDING
from kansr.result.graph import Graph
from kansr.symbolic.matching.compose import compose
from kansr.symbolic.matching.match import LEAST_FLOOR, EdgeFit, score


@dataclass(frozen=True, kw_only=True)
class ChooseConfig:
    per_edge: int = 5  # matches considered for each edge
    trials: int = 24  # combinations that are refitted
    rows: int = 500  # on which a combination is refitted
    after: int = 4  # combinations tried after an exact one: only a simpler one can follow
    keep: int = 4  # formulas refitted on all rows at the end


def choose(
    graph: Graph,
    matches: Sequence[Sequence[EdgeFit]],
    data: Dataset,
    config: ChooseConfig = ChooseConfig(),
    expired: Callable[[], bool] = lambda: False,
) -> list[Fit]:
    """Formulas for the graph with all constants fitted together, least description length first.

    matches: for each edge, in the order of the graph, its fits, best first; data: the rows; expired: whether to stop.
    """
    sample = data.take(evenly_spaced_rows(data.rows, config.rows))
    size = typical_size(sample.X, sample.names)
    tried: dict[sympy.Expr, float] = {}
    drafts: list[tuple[float, Fit]] = []
    last = config.trials
    for number, fits in enumerate(combinations(graph, matches, config.per_edge)):
        if number >= last or (expired() and drafts):
            break
        expr = canonical(compose(graph, fits), size)
        if expr in tried or not is_real_formula(expr):
            continue
        fit = fit_constants(expr, sample, iterations=25)
        length = fit_length(fit, sample)
        tried[expr] = length
        if np.isfinite(length):
            drafts.append((length, fit))
        if fit.rms <= ROUNDING * np.std(sample.y):  # exact: only a simpler one among the next few can be better
            last = min(last, number + config.after)
    drafts.sort(key=lambda draft: draft[0])
    final = [fit_constants(fit.expr, data) for _, fit in drafts[: config.keep]]
    return sorted(final, key=lambda fit: fit_length(fit, data))


def combinations(graph: Graph, matches: Sequence[Sequence[EdgeFit]], per_edge: int) -> Iterator[list[EdgeFit]]:
    """Combinations of one fit for each edge, least sum of scores first: best-first search over the lattice of ranks.

    There is none where nothing matches an edge.
    """
    if not all(matches):
        return
    ranked: list[list[tuple[float, EdgeFit]]] = []
    for edge, fits in zip(graph.edges, matches):
        floor = max((edge.error / (float(np.std(edge.y)) or 1.0)) ** 2, LEAST_FLOOR)
        scored = [(score(fit, floor), fit) for fit in fits[:per_edge]]
        ranked.append([(value - scored[0][0], fit) for value, fit in scored])
    start = (0,) * len(ranked)
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, start)]
    seen = {start}
    while heap:
        _, index = heapq.heappop(heap)
        yield [ranked[i][k][1] for i, k in enumerate(index)]
        for i in range(len(index)):
            following = (*index[:i], index[i] + 1, *index[i + 1 :])
            if following[i] < len(ranked[i]) and following not in seen:
                seen.add(following)
                heapq.heappush(heap, (sum(ranked[j][k][0] for j, k in enumerate(following)), following))
