"""From a table to sums of few named terms: the components chosen, named, rewritten, and the shorter sums beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.result.graph import Graph
from kansr.structure.anova.evidence import Anova
from kansr.structure.anova.graph import anova_graph
from kansr.structure.anova.linear import sparse_line, sparse_quadratic
from kansr.structure.anova.rewriting import Rewriter, named
from kansr.structure.anova.terms import Rows, Sum, fitted

NAMED_ON = 2000  # rows that terms are named and rewritten on; all constants are fitted to all rows in the end
SHORTER = 4  # sums with fewer terms that are kept beside the best


@dataclass(frozen=True, eq=False)
class SparseSums:
    """What a table comes to: sums of named terms, the best first.

    rows: with standardised inputs; sums: fitted to all of them; anova: what they were read from, in these inputs.
    """

    rows: Rows
    sums: tuple[Sum, ...]
    anova: Anova

    def graph(self, names: Sequence[str], target: str, origin: str, judging: Dataset) -> Graph | None:
        """The graph of the ANOVA. judging: rows that tell its error."""
        predicted = self.anova((judging.X - self.rows.means) / self.rows.spreads)
        error = float(np.sqrt(np.mean((predicted - judging.y) ** 2))) / (float(np.std(judging.y)) or 1.0)
        return anova_graph(self.anova, self.sums[0], self.rows, names, target, origin, error)


def sparse_sums(
    X: Array,
    y: Array,
    seed: int,
    expired: Callable[[], bool] = lambda: False,
    families: frozenset[str] | None = None,
) -> SparseSums:
    """The sums for a table. X: (rows, inputs), y: (rows,), rows in no particular order; families: as in `Rows`."""
    rows = Rows.of(X, y, families)
    part = rows.take(slice(0, NAMED_ON))
    rewriter = Rewriter(part, np.random.default_rng(seed), expired)
    anova = rewriter.components_of(part.y)
    first = named(anova, part, rewriter.rng, expired)
    best = rewriter.rewritten(min((first, sparse_quadratic(part), sparse_line(part)), key=lambda s: s.cost))
    found = [best]
    while len(found[-1].terms) > 1 and len(found) <= SHORTER and not expired():
        found.append(rewriter.with_one_less(found[-1]))
    return SparseSums(rows, tuple(fitted(s.terms, rows) for s in found), anova)
