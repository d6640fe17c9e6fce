"""A progress bar of training, with errors and penalty, on a terminal or in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kansr.kan.training.levenberg_marquardt import History, Watch, unwatched


def is_watched() -> bool:
    """Whether standard error is a terminal or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextmanager
def bar(steps: int, lamb: float = 0.0) -> Iterator[Watch]:
    """A context with a bar that shows train_loss, test_loss and, with a penalty, reg after each step."""
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
    """A context that shows nothing."""
    yield unwatched
