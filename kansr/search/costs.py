"""What a search over reductions may do, and what it doubts."""

from __future__ import annotations

from dataclasses import dataclass, field

from kansr.structure.moves.registry import Proposer
from kansr.symbolic.matching.match import MatchConfig


@dataclass(frozen=True, kw_only=True)
class ReduceConfig:
    """Costs are doubts: half a unit for every decade that a move's misfit is above `clear` or above the best one's."""

    match: MatchConfig = field(default_factory=MatchConfig)
    moves: tuple[Proposer, ...] = ()  # kinds of move beside our own
    clear: float = 1e-4  # misfit of a move up to which it is not doubted
    sure: float = 3e-3  # misfit of a move below which moves that commute with it are put off
    hopeless: float = 0.2  # misfit above which no move is made
    alternatives: int = 8  # moves kept at each state
    per_input: float = 0.5  # what an input that is left is expected to cost
    commuting: float = 1.5  # what it costs to make a move that could also be made after the best one
    depth: int = 10
    steps: int = 400  # tasks after which the search gives up
    blur: float = 0.0  # how exactly the rows themselves are known, where they are read off a surrogate
    nested: int = 2  # how many searches may be made within each other for a term's factor
