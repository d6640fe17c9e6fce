"""What every stage of a search may ask for: the deadline, how curves are matched, the noise, the user's moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from kansr.formula.judge.vocabulary import EVERYTHING, Vocabulary
from kansr.runtime.deadline import Deadline
from kansr.symbolic.matching.match import MatchConfig

Structure = Literal["auto", "kan", "reductions"]  # what finds structures: all there is, networks alone, or all but them

ABOVE_NOISE = 1.3  # times the noise that the true formula may miss by: its error on few rows varies by that much
# Times the rounding of the target that the true formula may miss by: inputs are rounded too.
ABOVE_DIGITS = 5.0


@dataclass(frozen=True, eq=False)
class Context:
    """deadline: when to stop; match: the library and how curves are matched with it; seed: of all that is drawn.

    noise: the error of the true formula over the target's spread, as far as it is known; 0 where it is rounding.
    digits: the error over the spread that comes from the digits of the target, for solvers that can do with a little
    noise; 0 where it is written in full. error: the error of the best surrogate of noisy rows, in the unit of the
    table's target; 0 where there is no noise. max_misfit: the error over the spread up to which a formula is of use
    where none is true. thorough: whether more alternatives are looked at, since this is the whole table. moves: kinds
    of move that the user adds. formulas: what has been found so far, the shortest description first, for attempts that
    go on from it. vocabulary: what formulas may be made of. structure: what may find structures.
    """

    deadline: Deadline = field(default_factory=Deadline)
    match: MatchConfig = field(default_factory=MatchConfig)
    seed: int = 0
    noise: float = 0.0
    digits: float = 0.0
    error: float = 0.0
    max_misfit: float = 0.0
    thorough: bool = False
    moves: tuple[Any, ...] = ()
    formulas: tuple[Any, ...] = ()
    vocabulary: Vocabulary = EVERYTHING
    structure: Structure = "auto"

    def expired(self) -> bool:
        """Whether it is time to finish what has been found."""
        return self.deadline.finishing()

    def allowed(self, rounding: float) -> float:
        """The error over the spread up to which a formula is believed: `rounding` where the rows are exact."""
        return max(rounding, ABOVE_NOISE * self.noise, ABOVE_DIGITS * self.digits, self.max_misfit)
