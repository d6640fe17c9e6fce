"""Pools of workers: results come in order, and none outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.command import gone
from support.endings import hang

from kansr.runtime.child import stream
from kansr.runtime.pool import Serial, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


def test_workers_of_a_killed_child_die_with_it() -> None:
    def work() -> Iterator[int]:
        with workers(2) as pool:
            futures = [pool.submit(os.getpid) for _ in range(8)]
            yield from {future.result() for future in futures}
            yield 0
            hang()

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


@pytest.mark.parametrize("jobs", [1, 2])
def test_executors_return_in_order_and_raise(jobs: int) -> None:
    with workers(jobs) as pool:
        assert list(pool.map(abs, range(-5, 5))) == [abs(i) for i in range(-5, 5)]
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(int, "x").result()


def test_one_job_runs_here() -> None:
    assert isinstance(workers(1), Serial)
    assert workers(1).submit(os.getpid).result() == os.getpid()
