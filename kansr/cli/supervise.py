"""A job done in a child process and watched from outside: shown while it runs, saved as it improves, ended in time."""

from __future__ import annotations

import contextlib
import math
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from kansr.cli import Exit
from kansr.cli.report import page_path
from kansr.errors import DataError, UsageError
from kansr.formula.judge.baseline import baseline
from kansr.pipeline.job import Job, Task, Work, run_job
from kansr.pipeline.journal import Journal, key, opened
from kansr.result.result import Result, Status
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import stream
from kansr.runtime.deadline import Budget
from kansr.runtime.files import write
from kansr.runtime.signals import SIGNALLED, Stopped, stoppable
from kansr.runtime.terminal import emit, say, say_internal
from kansr.show.report.page import page
from kansr.show.summary import plain, progress, styled
from kansr.store.folder import COMMAND, claimed, json_text, save

T = TypeVar("T")
Show = Callable[[Result], None]

BUDGET = Budget()
CODES = {
    Status.FOUND: Exit.FOUND,
    Status.BEST_EFFORT: Exit.FOUND,
    Status.NOTHING: Exit.NOTHING,
    Status.TIMED_OUT: Exit.TIMED_OUT,
}


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where a result goes and what is printed, by the options of these names.

    resume: the journal in `out` is resumed. command: what was typed.
    """

    as_json: bool = False
    out: Path | None = None
    force: bool = False
    resume: bool = False
    report: Path | None = None
    quiet: bool = False
    debug: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        if self.resume and (self.out is None or self.force):
            raise UsageError("--resume goes on with the search in --out DIR, which has to be given, without --force")
        if self.report is not None:
            page_path(self.report)


def carry_out(job: Job, output: Output, begun: float, again: float = 0.0) -> int:
    """Does the job, prints and saves what comes of it, says what went wrong if anything did; returns the exit code.

    begun: when the command was, on the monotonic clock: loading counts. again: see `run_job`.
    """
    if output.resume and job.task is Task.SOLVE_FORM:
        raise UsageError("the search for the functions of a form cannot be resumed: leave out --resume or --form")
    with contextlib.ExitStack() as held:
        watched = Watched(output, held)
        *_, found = run_job(job, watched, begun, again)
        if watched.ended is None:  # Ctrl-C before anything was tried
            raise KeyboardInterrupt
        found = replace(found, command=output.command)
        if not output.quiet:
            say(note for note in found.notes if note not in watched.notes)
        deliver(found, output, early=watched.early)
    return exit_code(found.status, watched.ended, output)


@dataclass(frozen=True)
class Ending:
    """How work in a child process ended.

    status: what that makes of its last result, None where it came to its end; signal: the one that ended it, or 0;
    error: one that did, and that the user cannot put right.
    """

    status: Status | None = None
    signal: int = 0
    error: Exception | None = None


def followed(work: Callable[[], Iterator[T]], seconds: float, take: Callable[[T], object]) -> Ending:
    """Does work in a child process until it has ended, the seconds are over or a signal comes. take: what it finds.

    Raises DataError and UsageError: what the user can put right.
    """
    items = stream(work, seconds=seconds, grace=BUDGET.killed_grace)
    try:
        with stoppable(), contextlib.closing(items):  # type: ignore[type-var]
            for found in items:
                take(found)
        return Ending()
    except Stopped as stop:
        return Ending(Status.INTERRUPTED, signal=stop.number)
    except OutOfTime:
        return Ending(Status.TIMED_OUT)
    except (DataError, UsageError):
        raise
    except Exception as err:
        return Ending(Status.BEST_EFFORT, error=err)


def exit_code(status: Status, ended: Ending, output: Output) -> int:
    """The exit code for a result of this status, after saying what error ended the work."""
    if ended.error is not None:
        say_internal(ended.error, output.debug)
        return Exit.INTERNAL
    return SIGNALLED + ended.signal if ended.signal else CODES[status]


@dataclass
class Watched:
    """Watches work until it has found a formula, time is up or a signal comes.

    What is better is shown, and saved to the folder of the output, which is `held` until the result is there too.
    ended: how the work ended, None before that.
    early: it ended before all was there again that an earlier run had found, whose files are to be kept. notes: those
    that have been printed.
    """

    output: Output
    held: contextlib.ExitStack
    ended: Ending | None = None
    early: bool = False
    notes: tuple[str, ...] = ()

    def __call__(self, work: Work) -> Iterator[Result]:
        """The best that there is in the end."""
        output, out = self.output, self.output.out
        if not output.quiet:
            self.notes = work.notes
            say(work.notes)
        journal = Journal()
        if out is not None:
            self.held.enter_context(claimed(out, force=output.force, resume=output.resume))
            if work.resumable:
                journal = opened(out, key(work.data, work.config), resume=output.resume, force=output.force)
                say([journal.note] if journal.note and not output.quiet else [])
            write(out / COMMAND, output.command + "\n")
        visible = sys.stderr.isatty() and not output.quiet
        with display(work.config.time_limit) if visible else contextlib.nullcontext(lambda result: None) as show:
            found, self.ended = self._followed(work, journal, show)
        yield found

    def _followed(self, work: Work, journal: Journal, show: Show) -> tuple[Result, Ending]:
        started = time.monotonic() - journal.seconds
        best = baseline(work.data, work.config.seed)
        self.early = resumed = bool(journal.past)

        def take(found: Result) -> None:
            nonlocal best
            best, self.early = found, False
            show(best)
            if self.output.out is not None and not best.trying:
                _keep(self.output.out, best)

        left = max(BUDGET.killed * work.config.time_limit - journal.seconds, 0.0)
        seconds = left + BUDGET.read_back * resumed
        ended = followed(partial(work, journal), seconds, take)
        if ended.status is None:
            return best, ended
        return replace(best, status=ended.status, seconds=time.monotonic() - started), ended


def typed() -> str:
    """The command line that this process was started with."""
    return shlex.join(["kansr", *sys.argv[1:]])


@contextlib.contextmanager
def display(seconds: float) -> Iterator[Show]:
    """Lines on a terminal's stderr: seconds left, what is being tried, the best formula so far and its error."""
    deadline = time.monotonic() + seconds
    latest: list[Result] = []

    def lines() -> Group:
        left = math.ceil(max(deadline - time.monotonic(), 0.0))
        texts = (text for found in latest for text in progress(found, left, console.width))
        return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in texts))

    console = Console(stderr=True)
    live = Live(get_renderable=lines, console=console, transient=True, refresh_per_second=4)

    def show(found: Result) -> None:
        latest[:] = [found]
        if not live.is_started:  # not before: its thread must not run when the child process is forked
            live.start()

    try:
        yield show
    finally:
        live.stop()


def _keep(out: Path, best: Result) -> None:
    """Saves what there is in case that nothing more comes; the last save says how the search really ended."""
    try:
        save(out, replace(best, status=Status.INTERRUPTED))
    except UsageError as err:
        say([str(err)])


def deliver(found: Result, output: Output, *, early: bool = False) -> None:
    """Prints the result and saves it, even where it cannot be printed. early: see `Watched`."""
    try:
        if output.as_json:
            emit(json_text(found))
        elif sys.stdout.isatty():
            console = Console()
            with console.capture() as captured:
                console.print(styled(found, console.width), soft_wrap=True)  # it is broken to the width already
            emit(captured.get())
        else:
            emit(plain(found) + "\n")
    finally:
        out = output.out
        if out is not None and early:
            say([f"stopped before the earlier results in {out} were read back; its files are unchanged"])
        elif out is not None:
            save(out, found)
        if output.report is not None:
            write(output.report, page(found))
