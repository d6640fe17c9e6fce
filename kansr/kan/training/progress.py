"""How training goes, while it goes: a bar with the errors and the penalty, on a terminal or in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kansr.kan.training.levenberg_marquardt import History, Watch, unwatched


def is_watched() -> bool:
    """Whether somebody sees standard error: a terminal or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextmanager
def bar(steps: int, lamb: float = 0.0) -> Iterator[Watch]:
    """Shows train_loss, test_loss and reg after each step, for as long as the context lasts."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=steps)

        def show(history: History) -> None:
            parts = [f"train_loss {history.train[-1]:.2e}"]
            parts += [f"test_loss {history.held_out[-1]:.2e}"] if history.held_out else []
            parts += [f"reg {history.regularisation[-1]:.2e}"] if lamb else []
            progress.update(task, description=" | ".join(parts), completed=min(len(history.train), steps))

        yield show


@contextmanager
def silence() -> Iterator[Watch]:
    """Shows nothing."""
    yield unwatched
