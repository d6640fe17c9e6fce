"""Raise an exception when the time is up, at whatever line the code is then; by SIGALRM."""

from __future__ import annotations

import _weakrefset
import contextlib
import gc
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from types import CodeType, FrameType

OWN_FRAMES = 2  # of `interrupted_after` and of contextlib, which enters it
ENDS_OF_WITH = ("__enter__", "__exit__")
WEAKREF_FILES = (weakref.__file__, _weakrefset.__file__)  # whose functions run as callbacks of weak references
RETRY = 0.01  # seconds until the next try, where the alarm came during what may not be left half done
RETRY_LOST = 0.5  # seconds until the exception is raised again, where something has swallowed it


class OutOfTime(TimeoutError):
    """The time was up before the work was done; a child process is killed then."""


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raises OutOfTime in the body of the with statement after `seconds`, between any two bytecode instructions.

    It works in the main thread on POSIX, where no other alarm is set. Elsewhere it does nothing, and the body has to
    check its deadline itself. The exception waits for the end of an import, since a half-loaded library would fail
    later, of a deallocation, where Python would discard it, and of the start or end of a with statement, this one
    included, which it would leave half done. If it is discarded all the same, it is raised again.
    """
    over, outside = False, len(list(_running(sys._getframe()))) - OWN_FRAMES

    def stop(number: int, frame: FrameType | None) -> None:
        if over:  # it came while the timer was being stopped
            return
        if _importing(frame) or _freeing(frame) or _entering(frame, outside):
            signal.setitimer(signal.ITIMER_REAL, RETRY)
            return
        signal.setitimer(signal.ITIMER_REAL, RETRY_LOST)
        raise OutOfTime("the time is up")

    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
        or signal.getitimer(signal.ITIMER_REAL)[0] > 0
    ):
        yield
        return
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _importing(frame: FrameType | None) -> bool:
    """Whether an import is running."""
    return any(code.co_filename.startswith("<frozen importlib") for code in _running(frame))


def _freeing(frame: FrameType | None) -> bool:
    """Whether a destructor, or a callback of a weak reference or of the garbage collector, is running."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    return any(
        code.co_name == "__del__" or code.co_filename in WEAKREF_FILES or code in callbacks for code in _running(frame)
    )


def _entering(frame: FrameType | None, outside: int) -> bool:
    """Whether a context manager of contextlib, as `interrupted_after` is, is being entered or left.

    outside: the number of frames outside the with statement, which do not count.
    """
    running = list(_running(frame))
    inside = running[: len(running) - outside]
    return any(code.co_filename == contextlib.__file__ and code.co_name in ENDS_OF_WITH for code in inside)


def _running(frame: FrameType | None) -> Iterator[CodeType]:
    """The code of the frame and of all its callers."""
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back
