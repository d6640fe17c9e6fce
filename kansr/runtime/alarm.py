"""An exception after some seconds, whatever the code inside is doing."""

from __future__ import annotations

import _weakrefset
import contextlib
import gc
import signal
import threading
import weakref
from collections.abc import Iterator
from types import CodeType, FrameType

WEAK = (weakref.__file__, _weakrefset.__file__)  # where the callbacks of weak references are


class OutOfTime(TimeoutError):
    """The child process had not ended when its time was up, and was killed."""


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raises OutOfTime inside after `seconds`, also between the steps of code that never asks the clock.

    By an alarm signal: in the main thread on POSIX, and only where nobody else uses the alarm. Elsewhere nothing
    happens, and the code inside has to ask the clock itself. An import is let come to its end: a library that was
    loaded by half breaks whatever uses it next. So is what Python calls when it frees objects: an exception there would
    be lost. Where it is lost all the same, it is raised again.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        if _importing(frame) or _freeing(frame):
            signal.setitimer(signal.ITIMER_REAL, SOON)
            return
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
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
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _importing(frame: FrameType | None) -> bool:
    return any(code.co_filename.startswith("<frozen importlib") for code in _running(frame))


def _freeing(frame: FrameType | None) -> bool:
    """Whether a destructor, a weak reference's callback or one of the garbage collector's is running."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    return any(code.co_name == "__del__" or code.co_filename in WEAK or code in callbacks for code in _running(frame))


def _running(frame: FrameType | None) -> Iterator[CodeType]:
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


SOON, AGAIN = 0.01, 0.5  # seconds until an end that comes at a bad moment is tried again, and one that was lost
