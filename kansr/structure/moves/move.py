"""A proposed reduction of one state, with its misfit and cost."""

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

TILT = 0.3  # share of its misfit that each cost unit of a move adds where moves are ranked; never measured alone


@dataclass(frozen=True, eq=False)
class Factor:
    """values**power of one input, by which a move divides the target.

    index: the input; values: (rows,); symbolic: the same in the inputs of the table.
    """

    index: int
    symbolic: sympy.Expr
    values: Array
    power: sympy.Rational


class Problem(Protocol):
    """A smaller problem, whose formulas make a move: f on rows, known up to the relative error `value_error`."""

    @property
    def f(self) -> Dataset: ...

    @property
    def value_error(self) -> float: ...

    def states(self, state: State, fits: list[Fit]) -> Iterator[State]:
        """What is left of the state, for the most convincing of the formulas for f."""
        ...


@dataclass(frozen=True, eq=False)
class Move:
    """A proposed reduction of a state.

    misfit: how far the data are from what the move claims, as `measure` says; 0 is exact. cost: what the move adds to
    the formula, in cost units; 0 for a product of inputs. name: puts moves of equal rank in order, and is never shown.
    used: the inputs that it takes part in changing. apply: carries it out, and adds the step that a derivation shows;
    None where a value is not finite. factor: for a move that only divides the target by a function of one input.
    removes: how many inputs fewer the new state has. measure: None where the rows were tested and not gradients.
    problem: a smaller problem whose formulas make the move, which then has no `apply` of its own.
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

    def rank(self) -> tuple[float, str]:
        """The place among the moves of a state; less is tried earlier."""
        return self.misfit * (1 + TILT * self.cost), self.name

    def made(self, state: State) -> State | None:
        """The state after the move, which is one step of its derivation; None if the move fails.

        state: the one that the move was proposed for.
        """
        new = self.apply()
        if new is None:
            return None
        said = ", ".join(step.what for step in new.moves[len(state.moves) :])
        value = None if self.measure is None else float(self.misfit)
        return replace(new, moves=(*state.moves, Step(said, self.measure, value)))
