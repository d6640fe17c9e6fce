"""A reduction of one state to a simpler one, before it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import sympy

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import Fit
from kansr.numeric.arrays import Array
from kansr.result.derivation import Measure, Step
from kansr.structure.moves.state import State


@dataclass(frozen=True, eq=False)
class Factor:
    """values**power of one input, as it divides the target; values: (rows,), symbolic: the same as sympy."""

    index: int
    symbolic: sympy.Expr
    values: Array
    power: sympy.Rational


class Problem(Protocol):
    """A problem of its own: f on rows, known up to `blur` of its spread."""

    @property
    def f(self) -> Dataset: ...

    @property
    def blur(self) -> float: ...

    def states(self, state: State, fits: list[Fit]) -> Iterator[State]:
        """What is left of the state for the most convincing of the formulas for f."""
        ...


@dataclass(frozen=True, eq=False)
class Move:
    """A reduction that the gradients suggest: `misfit` is its angular error, `cost` what it adds to the formula.

    factor: for a move that does nothing but divide the target by a function of one input; removes: how many inputs
    there are less after it; measure: what `misfit` is, None where the rows themselves were tested and not gradients.
    problem: a smaller problem whose formulas make the move, which has no `apply` of its own then.
    """

    misfit: float
    cost: float
    name: str
    used: frozenset[sympy.Expr]
    apply: Callable[[], State | None]
    factor: Factor | None = None
    removes: int = 1
    measure: Measure | None = Measure.GRADIENTS
    problem: Problem | None = None

    def made(self, state: State) -> State | None:
        """What is left of the `state` that the move is for, with the move as one step of the way; None if it fails."""
        new = self.apply()
        if new is None:
            return None
        said = ", ".join(step.what for step in new.moves[len(state.moves) :])
        value = None if self.measure is None else float(self.misfit)
        return replace(new, moves=(*state.moves, Step(said, self.measure, value)))
