"""Time series of states: runs, and segments of them without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kansr.numeric.arrays import Array

GAP = 6.0  # steps of typical size, above which a step is a gap, over which nothing is interpolated
FEWEST_ROWS = 12  # of a segment: fewer do not determine a quintic spline and the noise


@dataclass(frozen=True, eq=False)
class Run:
    """One solution of a system. label: the value of the run column, "" without one; t: (n,), rising; x: (n, states)."""

    label: str
    t: Array
    x: Array

    def segments(self) -> list[tuple[Array, Array]]:
        """(t, x) of the parts without gaps that have enough rows."""
        steps = np.diff(self.t)
        cuts = np.flatnonzero(steps > GAP * np.median(steps)) + 1
        parts = zip(np.split(self.t, cuts), np.split(self.x, cuts))
        return [(t, x) for t, x in parts if len(t) >= FEWEST_ROWS]


@dataclass(frozen=True, eq=False)
class Series:
    """Runs of the same system.

    time: the name of the independent variable; states: names of the measured states; columns: the column name of each
    that differs from it.
    """

    time: str
    states: tuple[str, ...]
    runs: tuple[Run, ...]
    order: int = 1
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that right-hand sides are written in: the states, and for order 2 their slopes."""
        return self.states if self.order == 1 else (*self.states, *(f"d{s}_d{self.time}" for s in self.states))

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the left-hand sides."""
        if self.order == 1:
            return tuple(f"d{state}_d{self.time}" for state in self.states)
        return tuple(f"d2{state}_d{self.time}2" for state in self.states)

    def segments(self) -> list[tuple[Array, Array]]:
        """(t, x) of all segments of all runs."""
        return [segment for run in self.runs for segment in run.segments()]

    @property
    def rows(self) -> int:
        return sum(len(run.t) for run in self.runs)
