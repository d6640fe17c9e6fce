"""Terminals: solvers that give formulas for a state at once, without further reductions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import sympy

from kansr.data.dataset import Dataset
from kansr.formula.judge.vocabulary import Vocabulary
from kansr.result.graph import Graph
from kansr.structure.context import Context
from kansr.structure.moves.state import State

ANY = sys.maxsize  # more inputs than any table has
Noise = Literal["none", "some", "any"]  # rows that a terminal is for: exact ones, noisy ones, all


class TerminalKind(NamedTuple):
    """A solver, and the states that it is for.

    name: its key, unique. solve: formulas in the names of the state. graphs: instead of formulas, graphs of curves
    whose functions are still to be named; from rows to fit, rows to judge on. inputs: the numbers of inputs that it is
    for. noise: the rows that it is for. priority, per_input: its cost, and what each input but the first adds, in cost
    units; less is earlier. at_once: it is fast, and asked as soon as a state is reached. rough: it is for targets that
    no surrogate follows. root: it is for states that no move has led to. whole: it is for whole tables, and no search
    over reductions asks it. held_out: its graphs are judged on rows that they were not fitted to. misfit: relative rms
    up to which its graphs of exact rows are believed. said: its name in a derivation, where that is not `name`.
    functions: one of which each of its formulas has; none where it has formulas without any.
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
    functions: tuple[str, ...] = ()

    def offers(self, vocabulary: Vocabulary) -> bool:
        """Whether its formulas may be permitted."""
        return not self.functions or vocabulary.offers(*self.functions)

    @property
    def title(self) -> str:
        """Its name in a derivation."""
        return self.said or self.name

    def suits(self, state: State, noise: float) -> bool:
        """Whether it is for a state. noise: relative rms of the true formula there; 0 for exact rows."""
        wanted = self.noise == "any" or (self.noise == "some") == (noise > 0)
        return wanted and len(state.inputs) in self.inputs and not (self.root and state.moves) and not self.whole

    def cost(self, state: State) -> float:
        """Its cost for a state, in cost units; less is earlier."""
        return self.priority + self.per_input * (len(state.inputs) - 1)
