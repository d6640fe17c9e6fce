"""Refiners: other searches that go on from a candidate, each in a process with a limit of time and memory."""

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
SECONDS = 60.0  # the time of one call, unless said otherwise
MEMORY = 4 * GIB  # the memory of its process, unless said otherwise
GRACE = 0.1  # seconds that a stopped process has to hand over its last offers


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What one call of a refiner may use. seconds: until it is stopped; memory: of its process, in bytes.

    guesses: formulas to start from beside the candidate, the best first.
    """

    seconds: float = SECONDS
    memory: int = MEMORY
    seed: int = 0
    guesses: tuple[sympy.Expr, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShippedRefiner:
    """A refiner that comes with kansr. package: what it imports; module: where `isolated` makes it.

    check: "module:function" that says what else is missing and what to do, "" for no check; whole: only for the whole
    table, not for subproblems, as it starts slowly.
    """

    name: str
    package: str
    module: str
    check: str = ""
    whole: bool = False

    def missing(self) -> str:
        """Why it cannot run here, and what to do; "" if it can."""
        if find_spec(self.package) is None:
            return f"{self.name} needs {self.package}, which is not installed: pip install 'kansr[{self.name}]'"
        if not self.check:
            return ""
        module, _, function = self.check.partition(":")
        return str(getattr(import_module(module), function)())

    def make(self, allowance: Allowance) -> Refiner:
        """The refiner, which runs in a process of its own."""
        refiner: Refiner = import_module(self.module).isolated(allowance)
        return refiner


@dataclass(frozen=True, eq=False)
class UserRefiner:
    """A refiner that the user wrote."""

    refiner: Refiner
    whole: bool = False

    @property
    def name(self) -> str:
        return getattr(self.refiner, "__name__", type(self.refiner).__name__)

    def make(self, allowance: Allowance) -> Refiner:
        """The refiner, which runs in a process of its own."""
        return isolated(self.refiner, allowance)


REFINERS: Mapping[str, ShippedRefiner] = {
    refiner.name: refiner
    for refiner in (
        ShippedRefiner(name="operon", package="pyoperon", module="kansr.refinement.refiners.operon"),
        ShippedRefiner(
            name="pysr",
            package="pysr",
            module="kansr.refinement.refiners.pysr",
            check="kansr.refinement.refiners.julia:missing",
            whole=True,
        ),
    )
}


def chosen_refiners(
    refine: Sequence[str | Refiner] | str | Refiner,
) -> tuple[tuple[ShippedRefiner | UserRefiner, ...], tuple[str, ...]]:
    """The refiners that were asked for, and a note for each of "all" that cannot run here.

    Raises UsageError for an unknown name, and for a refiner that was asked for by name and cannot run here.
    """
    asked = tuple(refine) if isinstance(refine, Iterable) and not isinstance(refine, str) else (refine,)
    found: list[ShippedRefiner | UserRefiner] = []
    notes: list[str] = []
    for one in asked:
        if one == ALL:
            reasons = {named: named.missing() for named in REFINERS.values()}
            found += [named for named, reason in reasons.items() if not reason]
            notes += [f"left out: {reason}" for reason in reasons.values() if reason]
        elif not isinstance(one, str):
            if not callable(one):
                raise UsageError(f"a refiner is a name or a function (Candidate, Dataset), not {one!r}")
            found.append(UserRefiner(one))
        elif one not in REFINERS:
            hint = did_you_mean(one, REFINERS)
            raise UsageError(f"no refiner {one!r} ({', '.join([*REFINERS, ALL])}).{hint}")
        elif reason := REFINERS[one].missing():
            raise UsageError(reason)
        else:
            found.append(REFINERS[one])
    return tuple(dict.fromkeys(found)), tuple(notes)


def offers(exprs: Iterable[sympy.Expr], candidate: Candidate, origin: str) -> Iterator[Candidate]:
    """Expressions as candidates that are not judged yet: whoever asked a refiner judges what it offers."""
    return (replace(candidate, expr=expr, origin=origin) for expr in exprs)


def isolated(refiner: Refiner, allowance: Allowance) -> Refiner:
    """The same refiner in a child process that is stopped when its time is up, whatever it is doing.

    What it prints is discarded.

    Raises, after all that was offered before: OutOfTime if it had to be stopped, WorkerDied if it crashed or ran out of
    memory without an exception, and any exception that it raised itself.
    """

    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        work = (Portable(refiner), candidate, data)
        yield from stream(_offers_of, work, seconds=allowance.seconds, grace=GRACE, memory=allowance.memory)

    return refine


def _offers_of(refiner: Portable[Refiner], candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
    _silence()
    for offer in refiner.value(candidate, data):
        if not isinstance(offer, Candidate):
            raise UsageError(f"a refiner yields Candidates, but this one gave {type(offer).__name__}")
        yield offer


def _silence() -> None:
    """Discards all that this process prints: standard output belongs to the result."""
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115  until the process ends
    for number in (1, 2):
        os.dup2(nowhere.fileno(), number)
    sys.stdout = sys.stderr = nowhere
