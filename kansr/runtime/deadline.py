"""How much of its time a search has taken."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

FINISHING = 0.85  # share of the time limit at which searches stop, so that what they found can be finished


@dataclass(eq=False)
class Clock:
    """Seconds that the search has taken, `used` of them before this run, and when it has to end.

    `over` is what the stages ask between steps. It stands still while it is not started: reading back what an earlier
    run has found takes no time.
    """

    limit: float
    used: float = 0.0
    started: float | None = field(default_factory=time.monotonic)

    def start(self) -> None:
        self.started = time.monotonic() if self.started is None else self.started

    def seconds(self) -> float:
        return self.used + (0.0 if self.started is None else time.monotonic() - self.started)

    def late(self) -> bool:
        """Whether it is time to finish what has been found."""
        return self.seconds() > FINISHING * self.limit

    def over(self) -> bool:
        return self.seconds() > self.limit

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another machine it is set by the clock on the wall: the other one began elsewhere."""
        return Clock.since, (self.limit, time.time() - self.seconds())

    @classmethod
    def since(cls, limit: float, began: float) -> Clock:
        """The clock that was started at the time `began`, in seconds since 1970."""
        return cls(limit, started=time.monotonic() - (time.time() - began))
