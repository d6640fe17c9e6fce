"""The frontier of a best-first search: what is still to be tried, the least priority first.

Both searches over reductions are policies around it: they say what a state is worth and when to stop.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import sympy

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import choices
from kansr.expression.render import readable
from kansr.result.derivation import Step
from kansr.result.graph import Graph
from kansr.search.reductions.routes import Route, Routes
from kansr.structure.context import Context
from kansr.structure.moves.state import State
from kansr.symbolic.matching.choose import ChooseConfig, choose
from kansr.symbolic.matching.match import match_all
from kansr.units.consistency import dimension_in
from kansr.units.dimension import Dimension

Task = Callable[[], Iterator[Route]]

HELD_OUT = 0.25  # share of the rows of a state that curves are judged on
TRIALS = 12  # combinations of matched functions that are fitted to the rows of a state


@dataclass(eq=False)
class Frontier:
    """Tasks by priority, the states that have been met, and the formulas that have been tried.

    steps: tasks that have been done.
    """

    data: Dataset
    context: Context
    routes: Routes
    steps: int = 0
    tasks: list[tuple[float, int, Task]] = field(default_factory=list)
    pushed: int = 0
    seen: set[tuple] = field(default_factory=set)

    def push(self, priority: float, task: Task) -> None:
        """Plans a task; of equal ones the first comes first."""
        self.pushed += 1
        heapq.heappush(self.tasks, (priority, self.pushed, task))

    def run(self, goes_on: Callable[[], bool]) -> Iterator[Route]:
        """Formulas as the tasks find them, for as long as there is something to do and the policy goes on."""
        while self.tasks and goes_on() and not self.context.expired():
            self.steps += 1
            yield from heapq.heappop(self.tasks)[2]()

    def key(self, state: State) -> tuple:
        """The same for states that are the same problem."""
        return state.signature(), dimensions(state, self.data)

    def is_new(self, state: State) -> bool:
        """Whether the state has not been met, and may lead to a permitted formula; from now on it has been."""
        vocabulary = self.context.vocabulary
        if vocabulary.functions is not None and not vocabulary.may_become(_least_formula(state)):
            return False
        key = self.key(state)
        known = key in self.seen
        self.seen.add(key)
        return not known

    def formulas(self, state: State, title: str, exprs: Iterable[sympy.Expr]) -> Iterator[Route]:
        """Formulas for a state as formulas for the table, their constants fitted; new and possible ones only."""
        for expr in exprs:
            if self.context.expired():
                return
            route = self.routes.route(state, title, expr)
            if route is not None:
                yield route

    def named(self, graph: Graph, data: Dataset, keep: int) -> Iterator[sympy.Expr]:
        """A graph of curves with functions in their place, fitted to these rows."""
        matches = match_all(graph.edges, self.context.match)
        config = ChooseConfig(trials=TRIALS, keep=keep)
        yield from (fit.expr for fit in choose(graph, matches, data, config, self.context.expired))


def _least_formula(state: State) -> sympy.Expr:
    """The formula for the table that a sum of the inputs of a state is: others have its functions too."""
    return state.formula(sympy.Add(*map(sympy.Symbol, state.names)))


def roots(data: Dataset) -> list[State]:
    """The states that a search begins with: the table as it is, and in dimensionless groups where there are units."""
    states = [State(data.X, data.y, tuple(sympy.Symbol(name) for name in data.names))]
    for groups in choices(data):
        reduced, back = groups.dataset(data), partial(sympy.Mul, groups.scale)
        path = (Step(f"in units of {readable(groups.scale)}"),)
        states.append(State(reduced.X, reduced.y, groups.groups, back, path))
    return states


def dimensions(state: State, data: Dataset) -> frozenset[Dimension | None]:
    """Those of the inputs of a state, as far as units are known; None where metres and seconds are added.

    x and x/x_0 are kept apart: with dimensionless constants they allow different formulas.
    """
    units = data.units
    return frozenset() if units is None else frozenset(dimension_in(expr, units) for expr in state.inputs)
