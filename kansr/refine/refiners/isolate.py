"""A refiner in a process of its own: whatever becomes of it there, what it has offered so far is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.refine.refiners.refiner import Refiner, Share
from kansr.result.candidate import Candidate
from kansr.runtime.child import Portable, stream

GRACE = 0.1  # seconds that are added for its last words


def isolated(refiner: Refiner, share: Share) -> Refiner:
    """The same refiner in a child process that is stopped when its time is up, whatever it is doing.

    Calling it raises, after all that came before: OutOfTime if it had to be stopped, WorkerDied if it crashed or was
    refused memory and could not say so, and any exception that it raised itself. What it prints goes nowhere.
    """

    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        work = (Portable(refiner), candidate, data)
        yield from stream(_refined, work, seconds=share.seconds, grace=GRACE, memory=share.memory)

    return refine


def _refined(refiner: Portable[Refiner], candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
    _silence()
    for offer in refiner.value(candidate, data):
        if not isinstance(offer, Candidate):
            raise UsageError(f"a refiner yields Candidates, but this one gave {type(offer).__name__}")
        yield offer


def _silence() -> None:
    """Sends all that this process prints to nowhere: standard output belongs to the result."""
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115  until the process ends
    for number in (1, 2):
        os.dup2(nowhere.fileno(), number)
    sys.stdout = sys.stderr = nowhere
