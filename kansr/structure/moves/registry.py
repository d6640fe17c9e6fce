"""Reductions read off the gradient field of a surrogate: each says how an input can be removed, and how well it fits.

If z depends on two inputs only through h, the direction of its gradient in these two is that of h, whatever the other
inputs do. Scale symmetries are Euler's relation for homogeneous functions with the exponents as unknowns, and they
are linear in them, so signs and zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kansr.structure.moves.direct.irrelevant_inputs import irrelevant
from kansr.structure.moves.gradient.additive_term import peels
from kansr.structure.moves.gradient.functional_scaling import stretches
from kansr.structure.moves.gradient.merge_functions import curve_merges
from kansr.structure.moves.gradient.merge_powers import merges
from kansr.structure.moves.gradient.power_groups import groups
from kansr.structure.moves.gradient.sample import Rows
from kansr.structure.moves.gradient.symmetry import joint_factors, symmetries
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field
from kansr.symbolic.matching.match import MatchConfig

SURE, FEW = 3e-3, 4  # misfit of a move up to which the dearer kinds of move are not looked for, nor with more inputs

DEFAULT = MatchConfig()

Proposer = Callable[[State, Field], Iterable[Move]]  # a kind of move that a user adds


def moves(
    state: State, field: Field, match: MatchConfig = DEFAULT, more: Sequence[Proposer] = (), sample: int = 800
) -> list[Move]:
    """All moves that fit at all, the most convincing first; those that match curves not where the field has noise."""
    rows = Rows(state, field, sample)
    found = [*irrelevant(rows), *groups(rows), *symmetries(rows), *merges(rows), *peels(rows)]
    found += joint_factors(rows, found)
    found += [move for propose in more for move in propose(state, field)]
    if rows.n <= FEW and field.blur == 0 and min((move.misfit for move in found), default=1.0) > SURE:
        found += [*curve_merges(rows, match), *stretches(rows, match)]
    return sorted(found, key=lambda move: (move.misfit * (1 + 0.3 * move.cost), move.name))
