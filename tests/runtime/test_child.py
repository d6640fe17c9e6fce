"""Work in child processes: what comes back, and that nothing stays behind."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import gone

from kansr.errors import DataError, FormulaError
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.runtime.child import WorkerDied, stream
from kansr.runtime.pool import Serial, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


class Awkward(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def crash() -> None:
    faulthandler.disable()  # pytest has it write where the crash was
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep_deaf() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)


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
    with pytest.raises(Exception, match=r"pickle|local object"):
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


@pytest.mark.parametrize("hang", [sleep_deaf, search_in_c])
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


def test_workers_of_a_killed_child_die_with_it() -> None:
    def work() -> Iterator[int]:
        with workers(2) as pool:
            futures = [pool.submit(os.getpid) for _ in range(8)]
            yield from {future.result() for future in futures}
            yield 0
            sleep_deaf()

    items = stream(work, seconds=60)
    pids = list(iter(lambda: next(items), 0))
    items.close()  # type: ignore[attr-defined]
    assert pids and all(gone(pid) for pid in pids)


ORPHANS = """
import os, sys, time
from kansr.runtime.child import stream
from kansr.runtime.pool import workers

def work():
    with workers(2) as pool:
        pids = {f.result() for f in [pool.submit(os.getpid) for _ in range(8)]}
        yield [os.getpid(), *pids]
        time.sleep(60)

items = stream(work, seconds=60)
print(*next(items), flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None], ids=["KILL", "TERM", "left open"])
def test_no_orphans(number: signal.Signals | None) -> None:
    command = [sys.executable, "-c", ORPHANS, "wait" if number else "end"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        if number:
            parent.send_signal(number)
        parent.wait(20)
    assert len(pids) >= 2 and all(gone(pid) for pid in pids)


def test_a_child_has_one_thread() -> None:
    def work() -> Iterator[object]:
        import numpy as np
        from threadpoolctl import threadpool_info

        np.ones((2, 2)) @ np.ones((2, 2))
        yield [pool["num_threads"] for pool in threadpool_info()]
        yield os.environ["OMP_NUM_THREADS"]

    assert [set(counts) if isinstance(counts, list) else counts for counts in stream(work, seconds=60)] == [{1}, "1"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_executors_return_in_order_and_raise(jobs: int) -> None:
    with workers(jobs) as pool:
        assert list(pool.map(abs, range(-5, 5))) == [abs(i) for i in range(-5, 5)]
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(int, "x").result()


def test_one_job_runs_here() -> None:
    assert isinstance(workers(1), Serial)
    assert workers(1).submit(os.getpid).result() == os.getpid()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm to interrupt with")
def test_an_import_is_not_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_load.py").write_text("import time\ntime.sleep(0.3)\nloaded = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OutOfTime), interrupted_after(0.05):
        import slow_to_load  # type: ignore[import-not-found]

        while True:
            time.sleep(0.01)
    assert slow_to_load.loaded


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm to interrupt with")
def test_the_end_is_not_lost_where_python_frees_objects() -> None:
    """An exception that is raised in a destructor goes nowhere."""

    class Slow:
        def __del__(self) -> None:
            time.sleep(0.1)

    def collected(phase: str, info: dict[str, int]) -> None:
        time.sleep(0.1)

    gc.callbacks.append(collected)
    try:
        for free in (Slow, gc.collect):
            with pytest.raises(OutOfTime), interrupted_after(0.05):
                free()
                until = time.monotonic() + 10
                while time.monotonic() < until:
                    time.sleep(0.01)
    finally:
        gc.callbacks.remove(collected)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm to interrupt with")
def test_the_end_comes_again_where_it_was_swallowed() -> None:
    tries = 0
    with pytest.raises(OutOfTime), interrupted_after(0.05):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            tries += 1
            if tries > 1:
                time.sleep(10)
            with contextlib.suppress(Exception):  # as libraries do
                time.sleep(10)
    assert tries == 2
