"""How a search is made: time, processes, library, loss, refiners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Literal, get_args

import sympy

from kansr.errors import UsageError
from kansr.formula.judge.vocabulary import EVERYTHING, Vocabulary
from kansr.formula.shape.reading import Shape
from kansr.refinement.refiners.refiner import Refiner, chosen_refiners
from kansr.structure.context import Structure
from kansr.structure.moves.registry import MoveKind, Proposer
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

Loss = Literal["auto", "squared", "huber"]
Refine = str | Refiner | Sequence[str | Refiner]


LONGEST = 1e8  # seconds that a search may take, three years: clocks count so far
MOST_JOBS = 1000  # processes; no machine has as many cores, and each takes memory


@dataclass(frozen=True, kw_only=True)
class Config:
    """time_limit: seconds; held_out: the share of rows kept aside to judge on.

    loss: "auto" leaves out outliers (see kansr.formula.judge.outliers), "huber" also lets large residuals count by
    their size instead of its square, "squared" counts all rows in full. refine: what else may look for
    formulas when the search has ended (see kansr.refinement.refiners.refiner): names of those shipped, "all" for
    all that can run here, or callables (Candidate, Dataset) -> Iterable[Candidate]. Four tenths of the time limit are
    set aside for them. guesses: formulas in the inputs, fitted before all else is tried; one that leaves only noise
    ends the search. moves: kinds of reduction beside our own, as callables (State, GradientField) -> Iterable[Move] or
    as a MoveKind (see kansr.structure.moves). executor: where the work is done instead of in `jobs` processes of this
    machine; it gets everything at once, or 2·jobs attempts at a time for jobs > 1. vocabulary: what formulas may be
    made of, whatever stage they are found in. known_shape: what is known of the shape of the law; formulas that are
    against it are left out. structure: what finds the structure of the law: networks alone ("kan"), everything but
    networks ("reductions"), or both ("auto").
    """

    time_limit: float = 60.0
    seed: int = 0
    jobs: int = 1
    held_out: float = 0.25
    library: Library = field(default=STANDARD)
    loss: Loss = "auto"
    refine: Refine = ()
    moves: tuple[MoveKind | Proposer, ...] = ()
    executor: Executor | None = None
    guesses: tuple[sympy.Expr, ...] = ()
    vocabulary: Vocabulary = EVERYTHING
    known_shape: Shape | None = None
    structure: Structure = "auto"

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise UsageError(f"the loss is {', '.join(get_args(Loss)[:-1])} or {get_args(Loss)[-1]}, not {self.loss!r}")
        if not _is(self.time_limit, Real) or not 0 < self.time_limit <= LONGEST:
            raise UsageError(
                f"the time limit is a number of seconds, above 0 and up to {LONGEST:g}, not {self.time_limit!r}"
            )
        if not _is(self.seed, Integral) or self.seed < 0:
            raise UsageError(f"the seed is a whole number, 0 or more, not {self.seed!r}")
        if not _is(self.jobs, Integral) or not 1 <= self.jobs <= MOST_JOBS:
            raise UsageError(f"the number of jobs is from 1 to {MOST_JOBS}, not {self.jobs!r}")
        if self.structure not in get_args(Structure):
            raise UsageError(
                f"the structure is found by {', '.join(get_args(Structure)[:-1])} or {get_args(Structure)[-1]}, not by "
                f"{self.structure!r}"
            )
        if self.structure == "kan" and self.moves:
            raise UsageError("moves are reductions, and structure 'kan' makes none: leave out one of them")
        chosen_refiners(self.refine)
        if any(not (callable(own) or isinstance(own, MoveKind)) for own in self.moves):
            raise UsageError(
                "moves are functions (state, field) that yield moves, or rows of the table of moves; see "
                "kansr.structure.moves.gradient.merge_given"
            )
        if not isinstance(self.executor, Executor | None):
            raise UsageError(f"an executor is one of concurrent.futures, not a {type(self.executor).__name__}")

    @property
    def ahead(self) -> int:
        """How many attempts may be with the workers at a time; 0 for all of them."""
        if self.jobs > 1:
            return 2 * self.jobs
        return 1 if self.executor is None else 0


def listed(moves: Sequence[MoveKind | Proposer]) -> tuple[MoveKind | Proposer, ...]:
    """Moves as a tuple. Raises UsageError where they are no list."""
    if not isinstance(moves, Iterable):
        raise UsageError(f"moves are a list of functions or of rows of the table of moves, not {moves!r}")
    return tuple(moves)


def _is(value: object, kind: type) -> bool:
    """Whether a value is a number of this kind, which True and False are not."""
    return isinstance(value, kind) and not isinstance(value, bool)


DEFAULTS = Config()
