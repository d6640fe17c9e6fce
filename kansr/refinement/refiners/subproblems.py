"""Subproblems for refiners: tables that reductions leave, and curves that no library function matches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.result.derivation import Step
from kansr.result.graph import Graph
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Finding
from kansr.search.partition import Partition
from kansr.search.reductions.exact import ExactSearch
from kansr.structure.context import Context
from kansr.structure.moves.state import State
from kansr.symbolic.matching.compose import Curve, compose
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match_all

# None of these has been measured alone; together: results/2026-11-27-operon-as-refiner.
MOST_INPUTS = 2  # of a reduced table that is worth a search of its own
MOST_TABLES = 4  # reduced tables that are offered
MOST_CURVES = 3  # curves that are offered
STEPS = 25  # of the search that reduces the table
UNMATCHED = 3.0  # rms of the best match over the error of the curve, from which no function matches it


@dataclass(frozen=True, eq=False)
class Subproblem:
    """A state or a curve as a table. back: makes its formula one for the whole table; path: the steps to it."""

    name: str
    data: Dataset
    back: Callable[[sympy.Expr], sympy.Expr]
    path: tuple[Step, ...] = ()


def reduced_tables(rows: Partition, match: MatchConfig, deadline: Deadline) -> list[Subproblem]:
    """Tables of few inputs that the exact search comes to before the deadline, those with the fewest inputs first."""
    if rows.small or len(rows.sample.names) == 1:
        return []
    met: list[State] = []
    context = Context(deadline, match, rows.seed)
    with np.errstate(all="ignore"), contextlib.suppress(OutOfTime), interrupted_after(deadline.remaining()):
        search = ExactSearch.of(rows.sample, context, met=met.append)
        for _ in search.advance(STEPS):
            pass
    few = [state for state in met if state.moves and len(state.inputs) <= MOST_INPUTS]
    few.sort(key=lambda state: len(state.inputs))
    return [Subproblem(_name(state), state.dataset(), state.formula, state.moves) for state in few[:MOST_TABLES]]


def _name(state: State) -> str:
    return " → ".join(step.what for step in state.moves)


def unmatched_curves(findings: Iterable[Finding], match: MatchConfig) -> list[Subproblem]:
    """Curves of the best graph that no library function matches within their errors."""
    graphs = {id(f.graph): f.graph for f in findings if f.graph is not None}
    if not graphs:
        return []
    graph = min(graphs.values(), key=lambda g: g.error)
    fits = match_all(graph.edges, match)
    return list(_unmatched(graph, fits))[:MOST_CURVES]


def _unmatched(graph: Graph, fits: Sequence[Sequence[EdgeFit]]) -> Iterator[Subproblem]:
    for number, (edge, found) in enumerate(zip(graph.edges, fits)):
        rms = np.sqrt(max(1 - max(fit.r2 for fit in found), 0.0)) * float(np.std(edge.y))
        if rms > UNMATCHED * edge.error and rms > 0:
            data = Dataset(edge.x[:, None], edge.y, ("u",), "f")
            others = [matches[0] for matches in fits]
            yield Subproblem(
                f"{graph.origin}: {edge.source} → {edge.target}", data, _Composition(graph, others, number)
            )


@dataclass(frozen=True, eq=False)
class _FormulaCurve:
    """A formula in u as the curve of an edge, in place of a match."""

    formula: sympy.Expr

    def expr(self, x: sympy.Expr) -> sympy.Expr:
        return self.formula.xreplace({sympy.Symbol("u"): x})


@dataclass(frozen=True, eq=False)
class _Composition:
    """Makes a formula for one edge one for the whole graph, with matches for the other edges."""

    graph: Graph
    others: Sequence[EdgeFit]
    number: int

    def __call__(self, expr: sympy.Expr) -> sympy.Expr:
        fits: list[Curve] = [*self.others[: self.number], _FormulaCurve(expr), *self.others[self.number + 1 :]]
        return compose(self.graph, fits)
