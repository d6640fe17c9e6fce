"""Searches of other packages behind one door: a refiner takes a candidate and its rows and offers better candidates."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import did_you_mean
from kansr.result.candidate import Candidate
from kansr.runtime.child import stream
from kansr.runtime.pool import Portable

Refiner = Callable[[Candidate, Dataset], Iterable[Candidate]]

GIB = 2**30
ALL = "all"  # in place of a name: every refiner that can run here


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one call of a refiner may use. seconds: until it is stopped; memory: bytes that its process may take.

    guesses: formulas to start from beside the candidate's own, the best first.
    """

    seconds: float = 60.0
    memory: int = 4 * GIB
    seed: int = 0
    guesses: tuple[sympy.Expr, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Named:
    """A refiner that is shipped. package: what has to be importable; extra: what brings it.

    lacks: what else is missing, and what to do, "" for nothing; whole: only for the whole table, as its start is slow.
    """

    name: str
    package: str
    module: str
    lacks: str = ""
    whole: bool = False

    def missing(self) -> str:
        """Why it cannot run here, and what to do; "" if it can."""
        if find_spec(self.package) is None:
            return f"{self.name} needs {self.package}, which is not installed: pip install 'kansr[{self.name}]'"
        if not self.lacks:
            return ""
        module, _, function = self.lacks.partition(":")
        return str(getattr(import_module(module), function)())

    def make(self, share: Share) -> Refiner:
        """The refiner, safe to call: it runs in a process of its own."""
        refiner: Refiner = import_module(self.module).isolated(share)
        return refiner


@dataclass(frozen=True, eq=False)
class Given:
    """A refiner that the user wrote."""

    refiner: Refiner
    whole: bool = False

    @property
    def name(self) -> str:
        return getattr(self.refiner, "__name__", type(self.refiner).__name__)

    def make(self, share: Share) -> Refiner:
        return isolated(self.refiner, share)


REFINERS: Mapping[str, Named] = {
    refiner.name: refiner
    for refiner in (
        Named(name="operon", package="pyoperon", module="kansr.refinement.refiners.operon"),
        Named(
            name="pysr",
            package="pysr",
            module="kansr.refinement.refiners.pysr",
            lacks="kansr.refinement.refiners.julia:missing",
            whole=True,
        ),
    )
}


def chosen(refine: Sequence[str | Refiner] | str | Refiner) -> tuple[tuple[Named | Given, ...], tuple[str, ...]]:
    """The refiners that were asked for, and a note for each that was only offered and cannot run.

    Raises UsageError for a name that is not known, or one that was asked for by name and cannot run here.
    """
    asked = (refine,) if isinstance(refine, str) or callable(refine) else tuple(refine)
    found: list[Named | Given] = []
    notes: list[str] = []
    for one in asked:
        if one == ALL:
            reasons = {named: named.missing() for named in REFINERS.values()}
            found += [named for named, reason in reasons.items() if not reason]
            notes += [f"left out: {reason}" for reason in reasons.values() if reason]
        elif not isinstance(one, str):
            found.append(Given(one))
        elif one not in REFINERS:
            hint = did_you_mean(one, REFINERS)
            raise UsageError(f"no refiner {one!r} ({', '.join([*REFINERS, ALL])}).{hint}")
        elif reason := REFINERS[one].missing():
            raise UsageError(reason)
        else:
            found.append(REFINERS[one])
    return tuple(dict.fromkeys(found)), tuple(notes)


def offers(exprs: Iterable[sympy.Expr], candidate: Candidate, origin: str) -> Iterator[Candidate]:
    """Expressions as candidates that nobody has judged yet: what comes from a refiner is judged by whoever asked it."""
    return (replace(candidate, expr=expr, origin=origin) for expr in exprs)


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
