"""One way to a formula as a value that can run in any process, and what it found."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from kansr.result.candidate import Candidate
from kansr.result.derivation import Step
from kansr.result.graph import Graph
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.search.partition import Expired, Rows


@dataclass(frozen=True, eq=False)
class Finding:
    """A formula, the structure it was read from, if there was one before the formula, and the steps that led to it.

    unfinished: kept only where the time does not suffice to finish it, which is what comes next.
    """

    candidate: Candidate
    graph: Graph | None = None
    path: tuple[Step, ...] = ()
    unfinished: bool = False


@dataclass(frozen=True, eq=False)
class Tried:
    """What an attempt found, and what went wrong in it, if anything did."""

    findings: tuple[Finding, ...]
    failure: str = ""


@dataclass(frozen=True)
class Attempt:
    """`find` may yield several findings, the better ones last or first as they come."""

    name: str
    find: Callable[[Rows, Expired], Iterable[Finding]] = field(compare=False)
    thorough: bool = False  # after it a formula as good as the best smooth model ends the search
    hopeful: bool = False  # not worth its time where neither a smooth model nor anything before it sees a law

    def __call__(self, rows: Rows, expired: Expired, seconds: float = np.inf) -> Tried:
        """What is found; when the `seconds` are up, or something goes wrong, what had been found by then."""
        found: list[Finding] = []
        failure = ""
        try:
            # formulas are tried where they have no value
            with np.errstate(all="ignore"), contextlib.suppress(OutOfTime), interrupted_after(min(seconds, 1e6)):
                for finding in self.find(rows, expired):
                    if found and found[-1].unfinished:
                        found.pop()
                    found.append(finding)
        except Exception as err:  # a fault in one way to a formula must not take what the others find
            logging.getLogger(__name__).debug("%s", self.name, exc_info=True)
            failure = f"{self.name} broke off ({type(err).__name__}: {err}); what else was tried is not affected"
        return Tried(tuple(found), failure)
