"""A time limit, how it is divided, and how much of it has been used."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from kansr.runtime.alarm import OutOfTime, interrupted_after

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How a time limit is divided. Shares are of the limit unless another whole is named; the rest are seconds."""

    finishing: float = 0.85  # share at which searches stop, so that what they found can be finished
    interrupted: float = 1.05  # share at which an attempt that does not ask the deadline is interrupted
    abandoned: float = 1.1  # share at which a worker that has not answered is not waited for
    attempt_least: float = 0.2  # seconds that an attempt has at least: the mean is always there
    group_search: float = 0.1  # share for a search on the rows of one group
    group_curves: float = 0.35  # share for well-known curves on one group
    group_searches: float = 0.55  # share at which searches on single groups stop
    last_fit: float = 0.3  # seconds for the constants of all rows, however late it is
    reductions: float = 0.5  # share at which the first search over reductions of several inputs stops
    first_edits: float = 0.15  # share for edits of the simplest formulas, before reductions
    local_search: float = 0.3  # share for edits of formulas that were found
    sparse_sum: float = 0.2  # share for sums of a sparse model
    comparison: float = 0.3  # share for nested cross-validation of simple models
    exchange: float = 0.05  # share for columns that would do as well
    refiners: float = 0.4  # share that is set aside for refiners, and to finish what they offer
    refiners_end: float = 0.87  # share at which refiners stop
    refiner_parts: float = 0.4  # of a refiner's time, for parts of the problem
    refiner_part: float = 4.0  # seconds for one part of the problem
    refiner_reductions: float = 0.15  # of a refiner's time, for the reductions that parts come from
    refiner_finishing: float = 2.0  # of the time of a part, after which what it has brought is finished
    refiner_least: float = 0.3  # seconds without which no refiner is begun
    form_search: float = 0.8  # share for the searches for all unknown functions of a form
    form_surrogate: float = 0.15  # share for the surrogate models of these functions
    form_least: float = 0.2  # seconds for the search for one function
    given_form: float = 0.3  # share for the constants of a form that the user knows
    given_terms: float = 0.2  # share for what one more term would save
    reading: float = 0.35  # share at which the reading of a large table stops
    again: float = 1.2  # of the time that reading took, which is set aside for reading it a second time
    after_loading: float = 0.25  # share of the limit that a search has in any case
    killed: float = 1.05  # share at which the process of a search that has not ended is killed
    killed_grace: float = 0.2  # seconds that it has besides
    read_back: float = 30.0  # seconds that reading back an earlier run may take besides


@dataclass(eq=False)
class Timer:
    """Seconds that a search has taken, `used` of them before this run.

    It stands still until it is started: reading back what an earlier run has found takes no time.
    """

    used: float = 0.0
    started: float | None = field(default_factory=time.monotonic)

    def start(self) -> None:
        self.started = time.monotonic() if self.started is None else self.started

    def seconds(self) -> float:
        return self.used + (0.0 if self.started is None else time.monotonic() - self.started)

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another machine it is set by the time of day: monotonic clocks do not agree between machines."""
        return Timer.since, (time.time() - self.seconds(),)

    @classmethod
    def since(cls, began: float) -> Timer:
        """The timer that was started at the time `began`, in seconds since 1970."""
        return cls(started=time.monotonic() - (time.time() - began))


@dataclass(frozen=True, eq=False)
class Deadline:
    """When to stop. limit: seconds on the timer."""

    limit: float = float("inf")
    timer: Timer = field(default_factory=Timer)
    budget: Budget = Budget()

    def seconds(self) -> float:
        """Seconds that have been used."""
        return self.timer.seconds()

    def finishing(self) -> bool:
        """Whether it is time to finish what has been found: searches ask between steps."""
        return self.seconds() > self.budget.finishing * self.limit

    def passed(self) -> bool:
        """Whether formulas have to stay as they are."""
        return self.seconds() > self.limit

    def remaining(self, share: float = 1.0) -> float:
        """Seconds until this share of the limit is used; negative after that."""
        return share * self.limit - self.seconds()

    def left(self, aside: float = 0.0) -> float:
        """The seconds that a search has after loading. aside: of the limit, for what comes after the search."""
        return max(self.remaining() - aside, self.budget.after_loading * self.limit)

    def share(self, share: float) -> Deadline:
        """The deadline at a share of the limit, on the same timer."""
        return replace(self, limit=share * self.limit)

    def within(self, seconds: float) -> Deadline:
        """The deadline that many seconds from now, if that is earlier, without an earlier time to finish."""
        return replace(
            self, limit=min(self.limit, self.seconds() + seconds), budget=replace(self.budget, finishing=1.0)
        )

    def in_time(self, work: Callable[[], T], otherwise: U, least: float = 0.0) -> T | U:
        """What the work comes to, or something else where it is interrupted because the limit is passed.

        least: seconds that it may take however late it is.
        """
        try:
            with interrupted_after(max(self.remaining(self.budget.interrupted), least)):
                return work()
        except OutOfTime:
            return otherwise
