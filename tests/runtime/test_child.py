"""Work in child processes: what comes back, and that nothing stays behind."""

from __future__ import annotations

import os
import pickle
import re
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from support.command import gone
from support.endings import crash, hang

from kansr.errors import DataError, FormulaError
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied, stream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


class Awkward(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def search_in_c() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def test_items_come_in_order_and_in_any_number() -> None:
    assert list(stream(range, (20_000,), seconds=60)) == list(range(20_000))


def test_an_item_may_be_larger_than_a_pipe() -> None:
    (item,) = stream(lambda: [b"x" * 10_000_000], seconds=60)
    assert len(item) == 10_000_000


def test_items_come_while_the_child_works() -> None:
    def work() -> Iterator[int]:
        yield os.getpid()
        time.sleep(60)

    items = stream(work, seconds=60)
    pid = next(items)
    assert pid != os.getpid() and not gone(pid, 0.1)
    items.close()  # type: ignore[attr-defined]
    assert gone(pid)


ERRORS = [
    (DataError("a cell"), DataError, "a cell"),
    (FormulaError("no such name", "a+b", 2), FormulaError, "no such name"),
    (ZeroDivisionError("by zero"), ZeroDivisionError, "by zero"),
    (Awkward(1, 2), RuntimeError, "Awkward: 1 and 2"),
]


@pytest.mark.parametrize(("error", "kind", "message"), ERRORS, ids=lambda v: type(v).__name__)
def test_an_exception_travels_back_after_the_items(error: Exception, kind: type[Exception], message: str) -> None:
    def work() -> Iterator[int]:
        yield 1
        raise error

    items = stream(work, seconds=60)
    assert next(items) == 1
    with pytest.raises(kind, match=message) as caught:
        next(items)
    assert "in work" in str(caught.value.__cause__)  # the traceback of the child
    if isinstance(error, FormulaError):
        assert caught.value.position == error.position  # type: ignore[attr-defined]


def test_what_cannot_be_sent_is_an_error() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError), match=r"pickle|local object"):
        list(stream(lambda: [lambda: 0], seconds=60))


@pytest.mark.parametrize("end", [crash, lambda: os._exit(7)], ids=["killed", "exited"])
def test_a_dead_child_keeps_its_items(end: object) -> None:
    def work() -> Iterator[int]:
        yield from range(1000)
        end()  # type: ignore[operator]

    got = []
    with pytest.raises(WorkerDied) as caught:
        for item in stream(work, seconds=60):
            got.append(item)
    assert got == list(range(1000))
    assert caught.value.signal == (signal.SIGSEGV if end is crash else None)


@pytest.mark.parametrize("hang", [hang, search_in_c])
def test_a_child_that_hangs_is_killed_in_time(hang: object) -> None:
    def work() -> Iterator[int]:
        yield os.getpid()
        hang()  # type: ignore[operator]

    started = time.monotonic()
    items = stream(work, seconds=0.5, grace=0.1)
    pid = next(items)
    with pytest.raises(OutOfTime):
        next(items)
    assert 0.5 < time.monotonic() - started < 3
    assert gone(pid)


def test_a_child_that_never_stops_sending_is_stopped_too() -> None:
    def work() -> Iterator[int]:
        while True:
            yield 1

    with pytest.raises(OutOfTime):
        for _ in stream(work, seconds=0.5, grace=0.0):
            pass


def test_a_child_has_one_thread() -> None:
    def work() -> Iterator[object]:
        import numpy as np
        from threadpoolctl import threadpool_info

        np.ones((2, 2)) @ np.ones((2, 2))
        yield [pool["num_threads"] for pool in threadpool_info()]
        yield os.environ["OMP_NUM_THREADS"]

    assert [set(counts) if isinstance(counts, list) else counts for counts in stream(work, seconds=60)] == [{1}, "1"]
