"""What every stage of a search may ask for: the deadline, how curves are matched, the noise, the user's moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kansr.runtime.deadline import Deadline
from kansr.symbolic.matching.match import MatchConfig


@dataclass(frozen=True, eq=False)
class Context:
    """deadline: when to stop; match: the library and how curves are matched with it; seed: of all that is drawn.

    noise: the error of the true formula over the target's spread, as far as it is known; 0 where it is rounding.
    moves: kinds of move that the user adds to ours.
    """

    deadline: Deadline = field(default_factory=Deadline)
    match: MatchConfig = field(default_factory=MatchConfig)
    seed: int = 0
    noise: float = 0.0
    moves: tuple[Callable[..., Any], ...] = ()

    def expired(self) -> bool:
        """Whether it is time to finish what has been found."""
        return self.deadline.finishing()
