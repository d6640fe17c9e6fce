"""Executors: work in this process or in a pool of processes, and functions that can be sent there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, Generic, cast

import cloudpickle

from kansr.runtime.child import T
from kansr.runtime.processes import settle, start_context


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
    return ProcessPoolExecutor(jobs, mp_context=start_context(), initializer=settle, initargs=(os.getpid(),))
