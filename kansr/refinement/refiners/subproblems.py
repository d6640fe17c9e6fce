"""What is left of a problem after reductions, and single curves that no function fits: easier tables."""

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
from kansr.search.exact import ExactSearch
from kansr.search.partition import Partition
from kansr.structure.context import Context
from kansr.structure.moves.state import State
from kansr.symbolic.matching.compose import Curve, compose
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match_all

FEW = 2  # inputs of a reduced table that is worth a search of its own
STATES, CURVES = 4, 3  # tables of each kind that are offered
STEPS = 25  # of the search that reduces
WORSE = 3.0  # times its own error that the best function misses a curve by, if none fits it


@dataclass(frozen=True, eq=False)
class Part:
    """A table whose formula makes one for the whole: `back` says how. path: the steps that led to it."""

    name: str
    data: Dataset
    back: Callable[[sympy.Expr], sympy.Expr]
    path: tuple[Step, ...] = ()


def reduced(rows: Partition, match: MatchConfig, deadline: Deadline) -> list[Part]:
    """Tables of few inputs that a search over reductions comes by before the deadline, those with the fewest first."""
    if rows.small or len(rows.sample.names) == 1:
        return []
    met: list[State] = []
    context = Context(deadline, match, rows.seed)
    with np.errstate(all="ignore"), contextlib.suppress(OutOfTime), interrupted_after(deadline.remaining()):
        search = ExactSearch.of(rows.sample, context, met=met.append)
        for _ in search.advance(STEPS):
            pass
    few = [state for state in met if state.moves and len(state.inputs) <= FEW]
    few.sort(key=lambda state: len(state.inputs))
    return [Part(_said(state), state.dataset(), state.formula, state.moves) for state in few[:STATES]]


def _said(state: State) -> str:
    return " → ".join(step.what for step in state.moves)


def curves(findings: Iterable[Finding], match: MatchConfig) -> list[Part]:
    """The curves of the best structure that no function of the library fits as well as they are known."""
    graphs = {id(f.graph): f.graph for f in findings if f.graph is not None}
    if not graphs:
        return []
    graph = min(graphs.values(), key=lambda g: g.error)
    fits = match_all(graph.edges, match)
    return list(_unfit(graph, fits))[:CURVES]


def _unfit(graph: Graph, fits: Sequence[Sequence[EdgeFit]]) -> Iterator[Part]:
    for number, (edge, found) in enumerate(zip(graph.edges, fits)):
        missed = np.sqrt(max(1 - max(fit.r2 for fit in found), 0.0)) * float(np.std(edge.y))
        if missed > WORSE * edge.error and missed > 0:
            data = Dataset(edge.x[:, None], edge.y, ("u",), "f")
            others = [one[0] for one in fits]
            yield Part(f"{graph.origin}: {edge.source} → {edge.target}", data, _Composed(graph, others, number))


@dataclass(frozen=True, eq=False)
class _Curve:
    """A formula in u on an edge, where a fit from the library would stand."""

    formula: sympy.Expr

    def expr(self, x: sympy.Expr) -> sympy.Expr:
        return self.formula.xreplace({sympy.Symbol("u"): x})


@dataclass(frozen=True, eq=False)
class _Composed:
    """The whole formula from one for the curve of an edge, the others as the library fits them."""

    graph: Graph
    others: Sequence[EdgeFit]
    number: int

    def __call__(self, expr: sympy.Expr) -> sympy.Expr:
        fits: list[Curve] = [*self.others[: self.number], _Curve(expr), *self.others[self.number + 1 :]]
        return compose(self.graph, fits)
