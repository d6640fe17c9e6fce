"""Executors: this process or a pool of processes; and values that can be sent to them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, Generic, cast

import cloudpickle

from kansr.errors import UsageError
from kansr.runtime.child import T
from kansr.runtime.processes import settle, start_context


class Serial(Executor):
    """An executor that runs each call in this process, when it is submitted."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as err:
            future.set_exception(err)
        return future


class Portable(Generic[T]):
    """A value with lambdas in it, which pickle alone refuses, for sending to a worker.

    It passes only through a pipe between a process and its own children, never through a file.
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def __getstate__(self) -> bytes:
        return cast(bytes, cloudpickle.dumps(self.value))

    def __setstate__(self, state: bytes) -> None:
        self.value = cloudpickle.loads(state)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(jobs: int, lent: Executor | None = None) -> contextlib.AbstractContextManager[Executor]:
    """An executor with `jobs` processes of one thread each; this process itself for one job.

    lent: an executor of the caller's, which is used instead and left open.
    """
    if lent is not None:
        return contextlib.nullcontext(lent)
    if jobs <= 1:
        return Serial()
    if multiprocessing.current_process().daemon:
        raise UsageError(f"a daemonic process cannot start the {jobs} processes that were asked for: set jobs to 1")
    return ProcessPoolExecutor(jobs, mp_context=start_context(), initializer=settle, initargs=(os.getpid(),))
