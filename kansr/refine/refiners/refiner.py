"""Searches of other packages behind one door: a refiner takes a candidate and its rows and offers better candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec

import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import did_you_mean
from kansr.result.candidate import Candidate

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
        from kansr.refine.refiners.isolate import isolated

        return isolated(self.refiner, share)


REFINERS: Mapping[str, Named] = {
    refiner.name: refiner
    for refiner in (
        Named(name="operon", package="pyoperon", module="kansr.refine.refiners.operon"),
        Named(
            name="pysr",
            package="pysr",
            module="kansr.refine.refiners.pysr",
            lacks="kansr.refine.refiners.julia:missing",
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
