"""The table of all kinds of move, and the moves that they propose for a state.

If z depends on two inputs only through h, the direction of its gradient in these two is that of h, whatever the other
inputs do. Scale symmetries are Euler's relation for homogeneous functions with the exponents as unknowns, and they
are linear in them, so signs and zeros do no harm. Kinds that ask the rows need no surrogate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import combinations
from typing import Literal, NamedTuple

import sympy

from kansr.structure.context import Context
from kansr.structure.moves.direct.dominant_term import dominant
from kansr.structure.moves.direct.irrelevant_inputs import faint, idle, irrelevant, unmoved
from kansr.structure.moves.direct.one_variable import single_index
from kansr.structure.moves.direct.power_factors import strip
from kansr.structure.moves.gradient.additive_term import peels
from kansr.structure.moves.gradient.functional_scaling import stretches
from kansr.structure.moves.gradient.inner_factor import factors
from kansr.structure.moves.gradient.merge_functions import curve_merges
from kansr.structure.moves.gradient.merge_given import merged
from kansr.structure.moves.gradient.merge_powers import merges
from kansr.structure.moves.gradient.power_groups import groups
from kansr.structure.moves.gradient.sample import Rows
from kansr.structure.moves.gradient.symmetry import joint_factors, symmetries
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field

SAMPLE = 800  # rows that moves are judged on
SURE = 3e-3  # misfit of a move up to which dear kinds of move are not asked
TILT = 0.3  # weight of a move's cost beside its misfit, where moves are ranked
ROUGH = 0.05  # gradient error above which power factors are looked for in the rows
SEEN = 100.0  # times the gradient error that the rest beside a dominant term has to be, to be seen by the gradients
FEW = 4  # inputs up to which plain merges of all pairs are proposed in noise

DEFAULT = Context()

Propose = Callable[[State, Field, Context], Iterable[Move]]
Proposer = Callable[[State, Field], Iterable[Move]]  # a kind of move that a user adds


class MoveKind(NamedTuple):
    """A kind of reduction and where it is of use.

    name: its key, unique. propose: the moves that it sees for a state. asks: the gradients of the surrogate, the rows
    themselves, or a surrogate that is linear in some inputs. noise: on which rows it is of use. most_inputs: of a
    state. priority: the cost that is added to its moves; less is earlier. dear: asked only where no cheaper kind
    proposes a sure move. urgent: its moves come before all else, and change the target so that surrogates before and
    after cannot be compared. slow: proposing takes so long that it waits for its turn, after priority and per_input
    for each input beyond two.
    """

    name: str
    propose: Propose
    asks: Literal["gradient", "rows", "linear model"] = "gradient"
    noise: Literal["none", "some", "any"] = "any"
    most_inputs: int = 10**6
    priority: float = 0.0
    per_input: float = 0.0
    dear: bool = False
    urgent: bool = False
    slow: bool = False

    def suits(self, state: State, noisy: bool) -> bool:
        """Whether it is of use for a state."""
        wanted = self.noise == "any" or (self.noise == "some") == noisy
        return wanted and 1 < len(state.inputs) <= self.most_inputs


@lru_cache(maxsize=2)
def sample(state: State, field: Field) -> Rows:
    """The rows that moves read off gradients are judged on; one state is asked by several kinds in turn."""
    return Rows(state, field, SAMPLE)


def _of_sample(proposals: Callable[[Rows], Iterable[Move]], state: State, field: Field, context: Context) -> list[Move]:
    return list(proposals(sample(state, field)))


def _symmetries(state: State, field: Field, context: Context) -> list[Move]:
    rows = sample(state, field)
    found = list(symmetries(rows))
    return [*found, *joint_factors(rows, found)]


def _merges_of_functions(state: State, field: Field, context: Context) -> Iterator[Move]:
    return curve_merges(sample(state, field), context.match)


def _functional_scalings(state: State, field: Field, context: Context) -> Iterator[Move]:
    return stretches(sample(state, field), context.match)


def _independent(state: State, field: Field, context: Context) -> list[Move]:
    """Gradients of exact rows have a say; those of noisy ones say too little."""
    return idle(state) if context.error > 0 else unmoved(idle(state), state, field)


def _power_factors(state: State, field: Field, context: Context) -> list[Move]:
    return strip(state) if field.quality > ROUGH else []


def _dominant_terms(state: State, field: Field, context: Context) -> list[Move]:
    return [move for move in dominant(state) if move.misfit <= SEEN * field.quality]


def _small_reach(state: State, field: Field, context: Context) -> list[Move]:
    return faint(state, field)


def _plain_merges(state: State, field: Field, context: Context) -> Iterator[Move]:
    """The plain merges of two inputs: gradients in noise may hide any of them."""
    for first, second in combinations(map(sympy.Symbol, state.names), 2):
        plain = {first / second: 0.0, first * second: 0.0, first - second: 1.0}
        if len(state.inputs) == 2:
            for x, z in ((first, second), (second, first)):
                plain |= {sympy.log(x) * z: 1.0, sympy.log(x) / z: 1.0}
        yield from (merged(state, field, expr, cost) for expr, cost in plain.items())


MOVES: tuple[MoveKind, ...] = (
    MoveKind("independent inputs", _independent, asks="rows", priority=0.2),
    MoveKind("power factors", _power_factors, asks="rows", noise="none", priority=0.2),
    MoveKind("dominant term", _dominant_terms, asks="rows", noise="none", urgent=True),
    MoveKind("inputs of small reach", _small_reach, asks="rows", noise="some"),
    MoveKind("flat inputs", partial(_of_sample, irrelevant)),
    MoveKind("power groups", partial(_of_sample, groups)),
    MoveKind("symmetry", _symmetries),
    MoveKind("merge of powers", partial(_of_sample, merges)),
    MoveKind("additive term", partial(_of_sample, peels)),
    MoveKind("merge of functions", _merges_of_functions, noise="none", most_inputs=4, dear=True),
    MoveKind("functional scaling", _functional_scalings, noise="none", most_inputs=4, dear=True),
    MoveKind("inner factor", factors, asks="linear model", noise="none", priority=0.4),
    MoveKind("plain merges", _plain_merges, asks="rows", noise="some", most_inputs=FEW),
    MoveKind("single index", single_index, asks="rows", noise="none", priority=0.3, per_input=0.5, slow=True),
)


def kinds(context: Context) -> tuple[MoveKind, ...]:
    """Ours and the user's."""
    return (*MOVES, *map(as_kind, context.moves))


def as_kind(own: MoveKind | Proposer) -> MoveKind:
    """A user's row, or a function (state, field) that yields moves, as a row."""
    if isinstance(own, MoveKind):
        return own
    return MoveKind(getattr(own, "__name__", "own move"), lambda state, field, context: own(state, field))


def moves(state: State, field: Field, context: Context = DEFAULT) -> list[Move]:
    """All moves that the gradients speak for, the most convincing first."""
    asked = [kind for kind in kinds(context) if kind.asks == "gradient" and kind.suits(state, field.blur > 0)]
    found = [move for kind in asked if not kind.dear for move in kind.propose(state, field, context)]
    if min((move.misfit for move in found), default=1.0) > SURE:
        found += [move for kind in asked if kind.dear for move in kind.propose(state, field, context)]
    return sorted(found, key=lambda move: (move.misfit * (1 + TILT * move.cost), move.name))
