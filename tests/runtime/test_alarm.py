"""An alarm ends what takes too long, whatever it is doing."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import time
from pathlib import Path

import pytest

from kansr.runtime.alarm import OutOfTime, interrupted_after

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


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


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm to interrupt with")
def test_no_alarm_is_left_where_it_comes_as_the_work_ends() -> None:
    for i in range(1500):
        with contextlib.suppress(OutOfTime), interrupted_after(1e-3):
            until = time.perf_counter() + 0.9e-3 + 1e-7 * i
            while time.perf_counter() < until:
                pass
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0 and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm to interrupt with")
@pytest.mark.parametrize("slow", [0, 1], ids=["set", "taken back"])
def test_no_alarm_is_left_where_it_comes_while_it_is_set_or_taken_back(
    slow: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow machine the shortest alarm comes before the body begins, or when it has ended."""
    real, calls = signal.setitimer, iter(range(100))

    def late(which: int, seconds: float) -> None:
        number = next(calls)
        if number == slow == 1:
            time.sleep(0.1)  # the alarm comes before it is taken back
        real(which, seconds)
        if number == slow == 0:
            time.sleep(0.1)

    monkeypatch.setattr(signal, "setitimer", late)
    with contextlib.suppress(OutOfTime), interrupted_after(0.0 if slow == 0 else 0.05):
        pass
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL)[0] == 0
