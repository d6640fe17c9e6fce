"""Show the progress of a run: a live display on a terminal, one line for each record elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kansr.bench.real.folder import EMPIRICAL
from kansr.bench.record import Record
from kansr.bench.trial import Trial
from kansr.runtime.terminal import say

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 90  # characters of a formula in a line
BAR = 60  # characters of the progress bar
REFRESH = 2  # times a second


@dataclass
class Progress:
    """The state of a run. earlier: records from before it began; running: when each trial started."""

    total: int
    earlier: Sequence[Record] = ()
    records: list[Record] = field(default_factory=list)
    running: dict[tuple[str, str, float, int], float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def begun(self, trial: Trial) -> None:
        self.running[trial.key] = time.monotonic()

    def done(self, record: Record) -> None:
        self.records.append(record)
        self.running.pop((record["problem"], record["method"], record["noise"], record["seed"]), None)

    def line(self) -> str:
        """In one line: trials done, how well each method does, the time left, and the trials that run."""
        done = len(self.earlier) + len(self.records)
        words = [f"{done}/{self.total}", *self.rates(), *self.left()]
        now = time.monotonic()
        current = [f"{key[0]} ({key[1]}, {now - since:.0f} s)" for key, since in list(self.running.items())]
        return " · ".join([*words, *current])

    def rates(self) -> list[str]:
        """The recovery rate of each method, or its median r² where there is no law to recover."""
        known = [*self.earlier, *self.records]
        lines = []
        for method in dict.fromkeys(r["method"] for r in known):
            found = [(criterion(r), _found(r)) for r in known if r["method"] == method and r["truth"]]
            tested = [r.get("r2_test") or 0.0 for r in known if r["method"] == method and not r["truth"]]
            if found:
                hits = sum(hit for _, hit in found)
                lines.append(f"{method} {hits} of {len(found)} {found[-1][0]} ({100 * hits / len(found):.0f} %)")
            if tested:
                lines.append(f"{method} median test r² {median(tested):.3f}")
        return lines

    def left(self) -> list[str]:
        if not self.records:
            return []
        todo = self.total - len(self.earlier) - len(self.records)
        seconds = (time.monotonic() - self.started) / len(self.records) * todo
        return [f"{timedelta(seconds=round(seconds))} left"]


def told(record: Record) -> str:
    """A record in one line: whether the law was recovered, seconds, the formula, and the law where it was missed.

    Where there is no law: r² on the test rows instead, and that of a linear model.
    """
    mark = _mark(record)
    formula = record["expression"] or record.get("error") or record["status"]
    short = formula if len(formula) <= WIDTH else formula[: WIDTH - 1] + "…"
    missed = record["truth"] and not _found(record)
    tail = f"   truth: {record['truth'][:WIDTH]}" if missed else ""
    noise = f" noise {record['noise']:g}" if record["noise"] else ""
    seed = f" seed {record['seed']}" if record["seed"] else ""
    what = f"{record['method']} {record['problem']}{noise}{seed}"
    return f"{mark} {what:32} {record['seconds']:6.1f} s  {short}{tail}"


def criterion(record: Record) -> str:
    """The criterion that a record is shown by: strict or, for laws from tables with errors, the skeleton."""
    return "skeleton" if record["suite"] == EMPIRICAL else "strict"


def _found(record: Record) -> bool:
    return bool(record["recovered"][criterion(record)])


def _mark(record: Record) -> str:
    if record["truth"]:
        return "found " if _found(record) else "missed"
    found, line = (record.get(name) for name in ("r2_test", "r2_test_linear"))
    return " ".join("no r²" if r2 is None else f"r² {r2:.3f}" for r2 in (found, line)).replace(" r²", ", linear")


@contextlib.contextmanager
def shown(progress: Progress, *, quiet: bool) -> Iterator[None]:
    """Shows the progress on a terminal during the body of the with statement, unless `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield
        return

    def view() -> RenderableType:
        grid = Table.grid()
        done = len(progress.earlier) + len(progress.records)
        grid.add_row(ProgressBar(total=max(progress.total, 1), completed=done, width=BAR))
        for words in progress.line().split(" · "):
            grid.add_row(Text(words, no_wrap=True, overflow="ellipsis"))
        if progress.records:
            grid.add_row(Text("last: " + told(progress.records[-1]), style="dim", no_wrap=True, overflow="ellipsis"))
        return grid

    with Live(get_renderable=view, console=Console(stderr=True), transient=True, refresh_per_second=REFRESH):
        yield


def report(progress: Progress, *, quiet: bool) -> None:
    """Prints the last record as a line, where there is no live display, unless `quiet`."""
    if not quiet and not sys.stderr.isatty():
        say([f"[{' · '.join(progress.line().split(' · ')[:3])}] {told(progress.records[-1])}"])
