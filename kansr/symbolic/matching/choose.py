"""Which fit for which edge, decided together: the formula as a whole, refitted, has to describe the data best.

A spline good to 3e-3 cannot tell exp from tanh on its own edge; the rows of the table can.
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
from kansr.formula.fit.constants import Fit, polish
from kansr.formula.judge.description_length import fit_length
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.numeric.tolerances import ROUNDING
from kansr.result.graph import Graph
from kansr.symbolic.matching.compose import compose
from kansr.symbolic.matching.match import EdgeFit, score


@dataclass(frozen=True, kw_only=True)
class ChooseConfig:
    per_edge: int = 5  # fits kept for each edge
    trials: int = 24  # combinations that are refitted
    rows: int = 500  # rows a trial is refitted on
    after: int = 4  # combinations tried after one that is exact
    keep: int = 4  # refitted on all rows in the end


def choose(
    graph: Graph,
    matches: Sequence[Sequence[EdgeFit]],
    data: Dataset,
    config: ChooseConfig = ChooseConfig(),
    expired: Callable[[], bool] = lambda: False,
) -> list[Fit]:
    """Whole formulas with their constants fitted end to end, the shortest description first."""
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
        fit = polish(expr, sample, iterations=25)
        length = fit_length(fit, sample)
        tried[expr] = length
        if np.isfinite(length):
            drafts.append((length, fit))
        if fit.rms <= ROUNDING * np.std(sample.y):  # exact; a simpler one can only be among the next few
            last = min(last, number + config.after)
    drafts.sort(key=lambda draft: draft[0])
    final = [polish(fit.expr, data) for _, fit in drafts[: config.keep]]
    return sorted(final, key=lambda fit: fit_length(fit, data))


def combinations(graph: Graph, matches: Sequence[Sequence[EdgeFit]], per_edge: int) -> Iterator[list[EdgeFit]]:
    """One fit per edge, the combinations with the best sum of scores first (a walk over the lattice by a heap)."""
    ranked: list[list[tuple[float, EdgeFit]]] = []
    for edge, fits in zip(graph.edges, matches):
        floor = max((edge.error / (float(np.std(edge.y)) or 1.0)) ** 2, 1e-24)
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
