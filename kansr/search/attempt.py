"""One way to a formula as a value that can run in any process, and what it found."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder, Step
from kansr.result.graph import Graph
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.search.partition import Partition
from kansr.structure.context import Context

LONGEST = 1e6  # seconds of an alarm: the timer refuses infinity


@dataclass(frozen=True, eq=False)
class Finding:
    """A formula, the structure it was read from, if there was one before the formula, and the steps that led to it.

    unfinished: a quick version, dropped when the finished one follows. conclusive: nothing else would find a better
    one, so it ends the search where it is as good as the surrogate. finder: what found its structure; where it is None,
    the attempt says so.
    """

    candidate: Candidate
    graph: Graph | None = None
    path: tuple[Step, ...] = ()
    unfinished: bool = False
    conclusive: bool = False
    finder: Finder | None = None


@dataclass(frozen=True, eq=False)
class Tried:
    """What an attempt found, and what went wrong in it, if anything did."""

    findings: tuple[Finding, ...]
    failure: str = ""


@dataclass(frozen=True)
class Attempt:
    """One way to a formula. `find` may yield several findings, in any order.

    name: its key in the plan and in the journal. finder: what finds the structures of its formulas. always: it is made
    in this process, whatever the time. quick: it is made before searches over reductions. early_with_errors: so is it
    where the errors of the rows are stated, since short sums are known by their errors at once. reduces: it is a search
    over reductions. trains: it trains networks. measured: it is for measured tables: it looks at all inputs of a very
    wide one, where others look at those that screening keeps, and ends the search where its formulas predict as well as
    the surrogate. follows: it goes on from formulas that were found before it. thorough: after it a formula as good as
    the surrogate ends the search. skip_if_no_signal: it is not worth its time where neither a surrogate nor anything
    before it sees a law; skip_if_near: nor where a short formula predicts as well as the surrogate.
    """

    name: str
    find: Callable[[Partition, Context], Iterable[Finding]] = field(compare=False)
    finder: Finder = Finder.TERMINALS
    always: bool = False
    quick: bool = False
    early_with_errors: bool = False
    reduces: bool = False
    follows: bool = False
    trains: bool = False
    measured: bool = False
    thorough: bool = False
    skip_if_no_signal: bool = False
    skip_if_near: bool = False

    def __call__(self, rows: Partition, context: Context, seconds: float = np.inf) -> Tried:
        """What is found; when the `seconds` are up, or something goes wrong, what had been found by then."""
        found: list[Finding] = []
        failure = ""
        try:
            # formulas are tried where they have no value
            with np.errstate(all="ignore"), contextlib.suppress(OutOfTime), interrupted_after(min(seconds, LONGEST)):
                for finding in self.find(rows, context):
                    if found and found[-1].unfinished:
                        found.pop()
                    found.append(finding if finding.finder else replace(finding, finder=self.finder))
        except Exception as err:  # a fault in one way to a formula must not take what the others find
            logging.getLogger(__name__).debug("%s", self.name, exc_info=True)
            failure = f"attempt {self.name!r} failed ({type(err).__name__}: {err}); the other attempts are not affected"
        return Tried(tuple(found), failure)
