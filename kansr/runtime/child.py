"""Where work runs: here, in a pool of processes, or in one child process that can be stopped whatever it is doing."""

from __future__ import annotations

import _weakrefset
import atexit
import contextlib
import copy
import ctypes
import gc
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Generic, TypeVar, cast

import cloudpickle

T = TypeVar("T")

# The libraries read these when they are loaded; with one thread, sums are added in the same order on any machine.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SOON, AGAIN = 0.01, 0.5  # seconds until an end that comes at a bad moment is tried again, and one that was lost
WEAK = (weakref.__file__, _weakrefset.__file__)  # where the callbacks of weak references are
LOOK = 0.2  # seconds between looks at whether the child lives: its workers may hold its end of the pipe open


class WorkerDied(RuntimeError):
    """The child process ended before its work was done, as after a segmentation fault or for lack of memory."""

    def __init__(self, exitcode: int) -> None:
        super().__init__(f"the working process {_how(exitcode)}")
        self.exitcode = exitcode
        self.signal = signal.Signals(-exitcode) if -exitcode in set(signal.Signals) else None


class OutOfTime(TimeoutError):
    """The child process had not ended when its time was up, and was killed."""


class RemoteTraceback(Exception):
    """The cause of an exception that came from the child: its traceback as text."""

    def __str__(self) -> str:
        return "\n" + str(self.args[0])


class Serial(Executor):
    """Runs a call when it is submitted, in this process."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as err:
            future.set_exception(err)
        return future


class Portable(Generic[T]):
    """A value that may hold lambdas on its way to a worker, which pickle alone would refuse.

    It goes through a pipe between a process and its own children, never through a file.
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def __getstate__(self) -> bytes:
        return cast(bytes, cloudpickle.dumps(self.value))

    def __setstate__(self, state: bytes) -> None:
        self.value = cloudpickle.loads(state)


def workers(jobs: int, lent: Executor | None = None) -> contextlib.AbstractContextManager[Executor]:
    """An executor with `jobs` processes of one thread each; for one job, this process itself.

    One that is `lent` is used instead, and left open.
    """
    if lent is not None:
        return contextlib.nullcontext(lent)
    if jobs <= 1:
        return Serial()
    return ProcessPoolExecutor(jobs, mp_context=_context(), initializer=settle, initargs=(os.getpid(),))


def stream(
    function: Callable[..., Iterable[T]],
    args: tuple[Any, ...] = (),
    *,
    seconds: float,
    grace: float = 0.2,
    memory: int | None = None,
) -> Iterator[T]:
    """The items of `function(*args)`, which runs in a child process, as they come.

    memory: bytes that the child may take beside what it starts with; beyond them it gets a MemoryError, or dies.

    An exception in the child is raised here. OutOfTime is raised when the child has not ended after
    `seconds` + `grace`, WorkerDied when it ends in any other way; all items that came before are yielded first. When
    the iterator is closed, or left by an exception, the child and all processes that it started are killed.
    """
    deadline = time.monotonic() + seconds + grace
    receiver, sender = _context().Pipe(duplex=False)
    child = _start(_work, (sender, os.getpid(), function, args, memory))
    end = partial(_kill, child)
    atexit.register(end)  # for an iterator that is never closed: multiprocessing would wait for the child instead
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


def single_thread() -> None:
    """One thread from now on for the numerical libraries of this process, loaded already or later."""
    from threadpoolctl import threadpool_limits

    os.environ.update(dict.fromkeys(THREADS, "1"))
    threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _context() -> BaseContext:
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _start(target: Callable[..., None], args: tuple[Any, ...]) -> BaseProcess:
    child = _context().Process(target=target, args=args)  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        # Python 3.12 warns of threads when forking; ours are those of BLAS, which knows how to be forked.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    return child


def _messages(receiver: Connection, child: BaseProcess, deadline: float) -> Iterator[tuple[str, Any]]:
    """What the child sends; an exception says why there is nothing more to come."""
    expired = False
    while True:
        left = deadline - time.monotonic()
        if left <= 0 and child.is_alive():
            expired = True
            _kill(child)  # what it sent before is still in the pipe
        alive = child.is_alive()  # asked before looking into the pipe, so that its last words are not missed
        if wait([receiver], min(left, LOOK) if alive else 0):
            try:
                message = receiver.recv()
            except (EOFError, OSError):  # the end of the pipe, perhaps in the middle of a message
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
    """Ends the child and every process of its group."""
    if child.pid and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()  # alone, if it had not made its group yet
    child.join()


def _work(
    sender: Connection,
    parent: int,
    function: Callable[..., Iterable[Any]],
    args: tuple[Any, ...],
    memory: int | None,
) -> None:
    """What the child does: send ("item", value)…, then ("end", None) or ("error", (exception, traceback))."""
    if hasattr(os, "setsid"):
        os.setsid()
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGHUP) if os.name == "posix" else ():
        signal.signal(number, signal.SIG_DFL)  # the handlers of the parent are not ours
    settle(parent)
    if memory is not None:
        limit_memory(memory)
    try:
        for item in function(*args):
            sender.send(("item", item))
        sender.send(("end", None))
    except BrokenPipeError:  # nobody listens any more
        return
    except Exception as err:
        sender.send(("error", (_sendable(err), traceback.format_exc())))


def settle(parent: int) -> None:
    """Makes this child process single-threaded, deaf to Ctrl-C, and mortal with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
    single_thread()


def limit_memory(more: int) -> None:
    """Refuses this process more than so many bytes beside what it has; where the system knows no such limit, nothing.

    Counted are writable pages of its own (Linux since 4.7), so that mapped files and what is only reserved are free.
    """
    try:
        import resource

        status = Path("/proc/self/status").read_text()
    except (ImportError, OSError):
        return
    sizes = dict(re.findall(r"^(Vm\w+):\s+(\d+) kB", status, re.MULTILINE))
    limit = int(sizes["VmData"]) * 1024 + more
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _sendable(error: Exception) -> Exception:
    """The exception, or its text where it cannot be made again from its parts on the other side."""
    try:
        twin = copy.copy(error)
    except Exception:
        twin = None
    return error if type(twin) is type(error) else RuntimeError(f"{type(error).__name__}: {error}")


def _how(exitcode: int) -> str:
    if exitcode >= 0:
        return f"ended early with exit code {exitcode}"
    names = {int(s): s.name for s in signal.Signals}
    reason = " (perhaps for lack of memory)" if exitcode == -9 else ""
    return f"was killed by {names.get(-exitcode, f'signal {-exitcode}')}{reason}"
