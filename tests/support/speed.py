"""How long something takes, in seconds that mean the same on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

T = TypeVar("T")

TURNS = 10**6  # of the loop that tells how quick a machine is
REFERENCE = 0.03  # seconds that it takes on the machine on which the bounds of the tests were chosen (AMD EPYC)


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """What comes of it, and the processor time in seconds of the reference machine."""
    begun = time.process_time()
    value = act()
    return value, (time.process_time() - begun) / _slowness()


def took(act: Callable[[], object]) -> float:
    return timed(act)[1]


@cache
def _slowness() -> float:
    """How many times longer than the reference this machine takes, 1 at least; the best of three."""
    return max(min(_loop() for _ in range(3)) / REFERENCE, 1.0)


def _loop() -> float:
    begun = time.process_time()
    for _ in (i * i for i in range(TURNS)):
        pass
    return time.process_time() - begun
