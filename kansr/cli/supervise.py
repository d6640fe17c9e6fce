"""A search watched from outside: shown while it runs, saved as it improves, stopped by a signal or by the clock."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from kansr.data.dataset import Dataset
from kansr.errors import DataError, UsageError
from kansr.formula.judge.baseline import baseline
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.pipeline.run import search
from kansr.result.result import Result, Status
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import stream
from kansr.runtime.signals import Stopped, stoppable
from kansr.show.summary import fraction, law
from kansr.store.folder import save

Show = Callable[[Result], None]
ALLOWANCE = 1.05  # a search ends by itself at its limit; beyond this share of it, and GRACE, it is killed
GRACE = 0.2  # seconds
READING = 30.0  # seconds that reading back what an earlier run has found may take besides


class Ending(NamedTuple):
    """The best there is; the signal that ended the search, or 0; the error that did, if one did.

    early: it ended before all was there again that an earlier run had found, whose files are to be kept.
    """

    discovery: Result
    signal: int = 0
    error: Exception | None = None
    early: bool = False


def run(
    data: Dataset,
    config: Config,
    *,
    show: Show,
    out: Path | None = None,
    journal: Journal | None = None,
    warn: Callable[[str], None],
    look: Callable[..., Iterator[Result]] = search,
) -> Ending:
    """Searches until it has found a formula, time is up or a signal comes; what is better is shown, and saved to `out`.

    look: what searches, look(data, config=config). journal: what `look` goes on from, if it does.

    What the user can put right is raised; any other error is part of the ending, beside what was found before it.
    """
    journal = journal or Journal()
    started = time.monotonic() - journal.seconds
    best = baseline(data, config.seed)
    early = resumed = bool(journal.past)

    def ended(status: Status, signal: int = 0, error: Exception | None = None) -> Ending:
        return Ending(replace(best, status=status, seconds=time.monotonic() - started), signal, error, early)

    seconds = max(ALLOWANCE * config.time_limit - journal.seconds, 0.0) + READING * resumed
    items = stream(partial(look, data, config=config), seconds=seconds, grace=GRACE)
    try:
        with stoppable(), contextlib.closing(items):  # type: ignore[type-var]
            for best in items:
                early = False
                show(best)
                if out is not None and not best.trying:
                    _keep(out, best, warn)
    except Stopped as stop:
        return ended(Status.INTERRUPTED, signal=stop.number)
    except OutOfTime:
        return ended(Status.TIMED_OUT)
    except (DataError, UsageError):
        raise
    except Exception as err:
        return ended(Status.BEST_EFFORT if best.status is Status.FOUND else best.status, error=err)
    return Ending(best)


@contextlib.contextmanager
def display(seconds: float) -> Iterator[Show]:
    """Two lines on a terminal's stderr: the seconds left and what is being tried, and the best formula so far."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    deadline = time.monotonic() + seconds
    latest: list[Result] = []

    def lines() -> Group:
        left = math.ceil(max(deadline - time.monotonic(), 0.0))
        now = [f"{left} s left" + (f" · trying {d.trying}" if d.trying else "") for d in latest]
        best = [f"held-out r² {fraction(d.best.r2_held_out)} · {law(d)}" for d in latest]
        return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in (*now, *best)))

    live = Live(get_renderable=lines, console=Console(stderr=True), transient=True, refresh_per_second=4)

    def show(discovery: Result) -> None:
        latest[:] = [discovery]
        if not live.is_started:  # not before: its thread must not run when the child process is forked
            live.start()

    try:
        yield show
    finally:
        live.stop()


def _keep(out: Path, best: Result, warn: Callable[[str], None]) -> None:
    """Saves what there is in case that nothing more comes; the last save says how the search really ended."""
    try:
        save(out, replace(best, status=Status.INTERRUPTED))
    except UsageError as err:
        warn(str(err))
