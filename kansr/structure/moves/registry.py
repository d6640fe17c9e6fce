"""The table of all kinds of move, and the moves that they propose for a state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import combinations
from typing import Literal, NamedTuple

import sympy

from kansr.structure.context import Context
from kansr.structure.moves.direct.dominant_term import dominant_terms
from kansr.structure.moves.direct.irrelevant_inputs import (
    confirmed,
    flat_inputs,
    inputs_of_small_reach,
    uncorrelated_inputs,
)
from kansr.structure.moves.direct.one_variable import single_index
from kansr.structure.moves.direct.power_factors import power_factors
from kansr.structure.moves.gradient.additive_term import additive_terms
from kansr.structure.moves.gradient.functional_scaling import functional_scalings
from kansr.structure.moves.gradient.inner_factor import moves_of_factors
from kansr.structure.moves.gradient.merge_functions import function_merges
from kansr.structure.moves.gradient.merge_given import merged
from kansr.structure.moves.gradient.merge_powers import merges
from kansr.structure.moves.gradient.power_groups import power_groups
from kansr.structure.moves.gradient.sample import GradientSample
from kansr.structure.moves.gradient.symmetry import symmetries
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.moves.thresholds import CERTAIN, FEW_INPUTS, POOR_SURROGATE
from kansr.structure.surrogate.gradient_field import GradientField

# Gradient errors above which gradients show the rest beside a dominant term. Where dominant terms were always divided
# out, sqrt(1 − x²) became its power series (results/2026-11-24-textbook-laws).
VISIBLE_REST = 100.0

DEFAULT = Context()

Propose = Callable[[State, GradientField, Context], Iterable[Move]]
Proposer = Callable[[State, GradientField], Iterable[Move]]  # a kind of move that a user adds


class MoveKind(NamedTuple):
    """A kind of reduction, and where it is of use.

    name: its key, unique. propose: the moves for a state. asks: the gradients of the surrogate, the rows themselves, or
    a surrogate that is linear in some inputs. noise: on which rows it is of use. most_inputs: of a state. priority:
    added to the cost of its moves; less is earlier. per_input: the same for each input beyond two, of slow kinds.
    expensive: asked only where no cheaper kind proposes a certain move. urgent: its moves come first, and change the
    target, so that surrogates before and after are not compared. slow, of kinds that ask the rows: proposing takes so
    long that it waits for its turn; in noise it is never asked.
    """

    name: str
    propose: Propose
    asks: Literal["gradient", "rows", "linear model"] = "gradient"
    noise: Literal["none", "some", "any"] = "any"
    most_inputs: int = 10**6
    priority: float = 0.0
    per_input: float = 0.0
    expensive: bool = False
    urgent: bool = False
    slow: bool = False

    def suits(self, state: State, noisy: bool) -> bool:
        """Whether it is of use for a state."""
        wanted = self.noise == "any" or (self.noise == "some") == noisy
        return wanted and 1 < len(state.inputs) <= self.most_inputs


@lru_cache(maxsize=2)
def sample(state: State, field: GradientField) -> GradientSample:
    """The rows that moves by gradients are judged on; several kinds ask for the same state in turn."""
    return GradientSample(state, field)


def _of_sample(
    proposals: Callable[[GradientSample], Iterable[Move]], state: State, field: GradientField, context: Context
) -> Iterable[Move]:
    return proposals(sample(state, field))


def _function_merges(state: State, field: GradientField, context: Context) -> Iterator[Move]:
    return function_merges(sample(state, field), context.match)


def _functional_scalings(state: State, field: GradientField, context: Context) -> Iterator[Move]:
    return functional_scalings(sample(state, field), context.match)


def _independent_inputs(state: State, field: GradientField, context: Context) -> list[Move]:
    """Without noise the gradients have to confirm what correlations show; with noise they are not exact enough."""
    found = uncorrelated_inputs(state)
    return found if context.error > 0 else confirmed(found, state, field)


def _power_factors(state: State, field: GradientField, context: Context) -> list[Move]:
    """Where gradients show them well, other kinds of move do; with noise a surrogate after the move decides."""
    return power_factors(state) if field.gradient_noise > 0 or field.gradient_error > POOR_SURROGATE else []


def _dominant_terms(state: State, field: GradientField, context: Context) -> list[Move]:
    return [move for move in dominant_terms(state) if move.misfit <= VISIBLE_REST * field.gradient_error]


def _inputs_of_small_reach(state: State, field: GradientField, context: Context) -> list[Move]:
    return inputs_of_small_reach(state, field)


def _simple_merges(state: State, field: GradientField, context: Context) -> Iterator[Move]:
    """Merges of two inputs by simple formulas, whatever their misfit: noise may hide any of them.

    Made for noisy laws of which the right move was never made (results/2026-11-27-noisy-textbook-laws).
    """
    for x, y in combinations(map(sympy.Symbol, state.names), 2):
        costs = {x / y: 0.0, x * y: 0.0, x - y: 1.0}
        if len(state.inputs) == 2:
            costs |= {sympy.log(x) * y: 1.0, sympy.log(x) / y: 1.0, sympy.log(y) * x: 1.0, sympy.log(y) / x: 1.0}
        yield from (merged(state, field, expr, cost) for expr, cost in costs.items())


MOVES: tuple[MoveKind, ...] = (
    MoveKind("independent inputs", _independent_inputs, asks="rows", priority=0.2),
    MoveKind("power factors", _power_factors, asks="rows", priority=0.2),
    MoveKind("dominant term", _dominant_terms, asks="rows", noise="none", urgent=True),
    MoveKind("inputs of small reach", _inputs_of_small_reach, asks="rows", noise="some"),
    MoveKind("flat inputs", partial(_of_sample, flat_inputs)),
    MoveKind("power groups", partial(_of_sample, power_groups)),
    MoveKind("symmetry", partial(_of_sample, symmetries)),
    MoveKind("merge of powers", partial(_of_sample, merges)),
    MoveKind("additive term", partial(_of_sample, additive_terms)),
    MoveKind("merge of functions", _function_merges, noise="none", most_inputs=FEW_INPUTS, expensive=True),
    MoveKind("functional scaling", _functional_scalings, noise="none", most_inputs=FEW_INPUTS, expensive=True),
    MoveKind("inner factor", moves_of_factors, asks="linear model", noise="none", priority=0.4),
    MoveKind("plain merges", _simple_merges, asks="rows", noise="some", most_inputs=FEW_INPUTS),
    MoveKind("single index", single_index, asks="rows", noise="none", priority=0.3, per_input=0.5, slow=True),
)


def kinds(context: Context) -> tuple[MoveKind, ...]:
    """All kinds of move, the user's last."""
    return (*MOVES, *map(as_kind, context.moves))


def as_kind(own: MoveKind | Proposer) -> MoveKind:
    """A kind of move that the user gives: a row, or a function (state, field) that yields moves, as a row."""
    if isinstance(own, MoveKind):
        return own
    return MoveKind(getattr(own, "__name__", "own move"), lambda state, field, context: own(state, field))


def moves(state: State, field: GradientField, context: Context = DEFAULT) -> list[Move]:
    """The moves that are read off the gradient field, those with the least misfit and cost first."""
    asked = [kind for kind in kinds(context) if kind.asks == "gradient" and kind.suits(state, field.gradient_noise > 0)]
    found = [move for kind in asked if not kind.expensive for move in kind.propose(state, field, context)]
    if min((move.misfit for move in found), default=1.0) > CERTAIN:
        found += [move for kind in asked if kind.expensive for move in kind.propose(state, field, context)]
    return sorted(found, key=Move.rank)
