"""Signals that ask the process to stop, as an exception."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALLED = 128  # the exit code after signal n is 128 + n
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")


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
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(SIGNALLED + number)  # worker processes end with this one
        came.append(number)
        raise Stopped(number)

    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
