"""A search watched from outside: shown while it runs, saved as it improves, stopped by a signal or by the clock."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from kansr.data.dataset import Dataset
from kansr.discovery import Discovery, Status, baseline
from kansr.errors import DataError, UsageError
from kansr.execute import OutOfTime, stream
from kansr.pipeline import Config, search
from kansr.store import save
from kansr.summary import fraction, law

Show = Callable[[Discovery], None]
ALLOWANCE = 1.05  # a search ends by itself at its limit; beyond this share of it, and GRACE, it is killed
GRACE = 0.2  # seconds
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")


class Stopped(KeyboardInterrupt):
    """A signal asked us to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Ending(NamedTuple):
    """The best there is; the signal that ended the search, or 0; the error that did, if one did."""

    discovery: Discovery
    signal: int = 0
    error: Exception | None = None


def run(
    data: Dataset,
    config: Config,
    *,
    show: Show,
    out: Path | None = None,
    warn: Callable[[str], None],
    look: Callable[..., Iterator[Discovery]] = search,
) -> Ending:
    """Searches until it has found a formula, time is up or a signal comes; what is better is shown, and saved to `out`.

    look: what searches, look(data, config=config).

    What the user can put right is raised; any other error is part of the ending, beside what was found before it.
    """
    started = time.monotonic()
    best = baseline(data, config.seed)

    def ended(status: Status) -> Discovery:
        return replace(best, status=status, seconds=time.monotonic() - started)

    items = stream(partial(look, data, config=config), seconds=ALLOWANCE * config.time_limit, grace=GRACE)
    try:
        with stoppable(), contextlib.closing(items):  # type: ignore[type-var]
            for best in items:
                show(best)
                if out is not None and not best.trying:
                    _keep(out, best, warn)
    except Stopped as stop:
        return Ending(ended(Status.INTERRUPTED), signal=stop.number)
    except OutOfTime:
        return Ending(ended(Status.TIMED_OUT))
    except (DataError, UsageError):
        raise
    except Exception as err:
        return Ending(ended(Status.BEST_EFFORT if best.status is Status.FOUND else best.status), error=err)
    return Ending(best)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Signals that end a process raise Stopped inside, unless they are ignored, as under nohup."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


@contextlib.contextmanager
def display(seconds: float) -> Iterator[Show]:
    """Two lines on a terminal's stderr: the seconds left and what is being tried, and the best formula so far."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    deadline = time.monotonic() + seconds
    latest: list[Discovery] = []

    def lines() -> Group:
        left = math.ceil(max(deadline - time.monotonic(), 0.0))
        now = [f"{left} s left" + (f" · trying {d.trying}" if d.trying else "") for d in latest]
        best = [f"held-out r² {fraction(d.best.r2_held_out)} · {law(d)}" for d in latest]
        return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in (*now, *best)))

    live = Live(get_renderable=lines, console=Console(stderr=True), transient=True, refresh_per_second=4)

    def show(discovery: Discovery) -> None:
        latest[:] = [discovery]
        if not live.is_started:  # not before: its thread must not run when the child process is forked
            live.start()

    try:
        yield show
    finally:
        live.stop()


def _keep(out: Path, best: Discovery, warn: Callable[[str], None]) -> None:
    """Saves what there is in case that nothing more comes; the last save says how the search really ended."""
    try:
        save(out, replace(best, status=Status.INTERRUPTED))
    except UsageError as err:
        warn(str(err))
