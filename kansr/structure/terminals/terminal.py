"""A terminal: a solver that gives formulas for a state at once, as a row of the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import sympy

from kansr.data.dataset import Dataset
from kansr.result.graph import Graph
from kansr.structure.context import Context
from kansr.structure.moves.state import State

ANY = 10**6  # more inputs than any table has
Noise = Literal["none", "some", "any"]  # on which rows a row of a table is of use: exact ones, noisy ones, all


class TerminalKind(NamedTuple):
    """A solver and where it is of use.

    name: its key, unique. solve: formulas in the names of the state. graphs: or graphs of curves, from rows to fit and
    rows to judge on, whose curves are still to be named. inputs: the numbers of inputs that it is for. noise: on which
    rows it is of use. priority, per_input: the cost after which its turn comes, and what each input but the first adds;
    less is earlier, 0 is when a sure move has its turn. at_once: it is quick, and asked as soon as a state is reached.
    rough: it is for targets that no surrogate follows. root: it is for tables that no move has changed. whole: it is
    for whole tables only, which no search over reductions asks. held_out: graphs are judged on rows that they were not
    fitted to. misfit: the error over the spread up to which graphs of exact rows are believed: splines are not exact.
    said: its name in a derivation, where that is not `name`.
    """

    name: str
    solve: Callable[[State, Context], Iterator[sympy.Expr]] | None = None
    graphs: Callable[[Dataset, Dataset, Context], Iterator[Graph]] | None = None
    inputs: range = range(1, ANY)
    noise: Noise = "any"
    priority: float = 0.0
    per_input: float = 0.0
    at_once: bool = False
    rough: bool = False
    root: bool = False
    whole: bool = False
    held_out: bool = False
    misfit: float = 0.0
    said: str = ""

    @property
    def title(self) -> str:
        """Its name in a derivation."""
        return self.said or self.name

    def suits(self, state: State, noise: float) -> bool:
        """Whether it is of use for a state whose true formula misses by this share of the spread."""
        wanted = self.noise == "any" or (self.noise == "some") == (noise > 0)
        return wanted and len(state.inputs) in self.inputs and not (self.root and state.moves) and not self.whole

    def cost(self, state: State) -> float:
        """The cost after which its turn comes."""
        return self.priority + self.per_input * (len(state.inputs) - 1)
