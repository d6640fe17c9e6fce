"""Run a generator in one child process, which can be stopped at any moment and is killed with all it started."""

from __future__ import annotations

import atexit
import contextlib
import copy
import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from kansr.runtime.alarm import OutOfTime
from kansr.runtime.processes import limit_memory, settle, start_context

T = TypeVar("T")

POLL_SECONDS = 0.2  # between checks whether the child is alive: its workers may keep the pipe open after its death
GRACE_SECONDS = 0.2  # after the time limit, for a child that stops by itself


class WorkerDied(RuntimeError):
    """The child process ended before its work was done: by a segmentation fault, or for lack of memory."""

    def __init__(self, exitcode: int) -> None:
        super().__init__(f"the working process {_how(exitcode)}")
        self.exitcode = exitcode
        self.signal = signal.Signals(-exitcode) if -exitcode in set(signal.Signals) else None


class RemoteTraceback(Exception):
    """The traceback, as text, of an exception that came from the child; it is set as the cause of that exception."""

    def __str__(self) -> str:
        return "\n" + str(self.args[0])


def stream(
    function: Callable[..., Iterable[T]],
    args: tuple[Any, ...] = (),
    *,
    seconds: float,
    grace: float = GRACE_SECONDS,
    memory: int | None = None,
) -> Iterator[T]:
    """The items of `function(*args)`, which runs in a child process, as they come.

    memory: bytes that the child may take beside those it starts with; beyond them it gets a MemoryError or dies.
    When the iterator is closed, or left by an exception, the child and all processes that it started are killed.

    Raises, after all items that came before: an exception of the child itself; OutOfTime where the child has not ended
    after `seconds` + `grace`; WorkerDied where it ended in any other way.
    """
    deadline = time.monotonic() + seconds + grace
    receiver, sender = start_context().Pipe(duplex=False)
    child = _start(_work, (sender, os.getpid(), function, args, memory))
    end = partial(_kill, child)
    atexit.register(end)  # of an iterator that is never closed, multiprocessing would wait for the child at exit
    sender.close()
    try:
        for kind, value in _messages(receiver, child, deadline):
            if kind == "item":
                yield value
            elif kind == "error":
                error, trace = value
                raise error from RemoteTraceback(trace)
            else:
                return
    finally:
        end()
        atexit.unregister(end)
        child.close()
        receiver.close()


def _start(target: Callable[..., None], args: tuple[Any, ...]) -> BaseProcess:
    child = start_context().Process(target=target, args=args)  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        # Python 3.12 warns of forking with threads. The threads here are those of BLAS, which handles a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    return child


def _messages(receiver: Connection, child: BaseProcess, deadline: float) -> Iterator[tuple[str, Any]]:
    """The messages of the child. Raises OutOfTime or WorkerDied where it ends without the last one."""
    expired = False
    while True:
        left = deadline - time.monotonic()
        if left <= 0 and child.is_alive():
            expired = True
            _kill(child)  # its last messages are still in the pipe
        alive = child.is_alive()  # before reading the pipe, so that a last message is not missed
        if wait([receiver], min(left, POLL_SECONDS) if alive else 0):
            try:
                message = receiver.recv()
            except (EOFError, OSError):  # the pipe has ended, perhaps within a message
                child.join(max(left, 0))
            else:
                yield message
                continue
        elif alive:
            continue
        if expired:
            raise OutOfTime("the working process ran out of time")
        if not child.is_alive():
            raise WorkerDied(child.exitcode or 0)


def _kill(child: BaseProcess) -> None:
    """Kills the child and every process of its group."""
    if child.pid and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()  # alone where it has no group of its own yet
    child.join()


def _work(
    sender: Connection,
    parent: int,
    function: Callable[..., Iterable[Any]],
    args: tuple[Any, ...],
    memory: int | None,
) -> None:
    """The child: sends ("item", value) for each item, then ("end", None) or ("error", (exception, traceback))."""
    if hasattr(os, "setsid"):
        os.setsid()
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGHUP) if os.name == "posix" else ():
        signal.signal(number, signal.SIG_DFL)  # not the handlers inherited from the parent
    settle(parent)
    if memory is not None:
        limit_memory(memory)
    try:
        for item in function(*args):
            sender.send(("item", item))
        sender.send(("end", None))
    except BrokenPipeError:  # the parent has stopped reading
        return
    except Exception as err:
        sender.send(("error", (_sendable(err), traceback.format_exc())))


def _sendable(error: Exception) -> Exception:
    """The exception, or a RuntimeError with its text where it cannot be rebuilt in another process."""
    try:
        twin = copy.copy(error)
    except Exception:
        twin = None
    return error if type(twin) is type(error) else RuntimeError(f"{type(error).__name__}: {error}")


def _how(exitcode: int) -> str:
    """How a process ended, in words. exitcode: negative for a signal, as in multiprocessing."""
    if exitcode >= 0:
        return f"ended early with exit code {exitcode}"
    names = {int(s): s.name for s in signal.Signals}
    reason = " (perhaps for lack of memory)" if exitcode == -9 else ""
    return f"was killed by {names.get(-exitcode, f'signal {-exitcode}')}{reason}"
