"""Signals that ask the process to stop, as an exception."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

SIGNALLED = 128  # the exit code after signal n is 128 + n
FROM_THE_START = ("SIGINT", "SIGTERM", "SIGHUP")
SIGNALS = (*FROM_THE_START, "SIGALRM")

CAME: list[int] = []  # the signals that have stopped this process


class Stopped(KeyboardInterrupt):
    """A signal asked the process to stop. number: which signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raises Stopped in the body of the with statement at the first of SIGNALS; a second one ends the process.

    A signal that is ignored, as SIGHUP under nohup, stays ignored.
    """
    before = _stop_at(SIGNALS)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_from_now() -> None:
    """The same from now on, whatever the process does, but for SIGALRM, which time limits use."""
    _stop_at(FROM_THE_START)


def stop_no_more() -> None:
    """Ignores what would stop the process: it has done its work, and ends."""
    for name in FROM_THE_START:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _stop_at(names: Sequence[str]) -> dict[int, Any]:
    """Lets these signals raise Stopped, but those that are ignored. Returns what they did before."""
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(SIGNALLED + number)  # worker processes end with this one
        came.append(number)
        CAME.append(number)
        raise Stopped(number)

    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, stop)
    return heeded
