"""Refiners: one table of them, each in a process of its own that may crash, hang or use up its memory."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.command import REAL, call
from support.endings import crash, eat, fail, hang
from support.paths import KEPLER
from support.tables import noisy_table

from kansr.api.discover import discover
from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.pipeline.config import Config
from kansr.refinement.refiners.refiner import REFINERS, Allowance, chosen_refiners, isolated
from kansr.result.candidate import Candidate
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied

posix = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


LAW = "a*exp(-b) + 0.3*sin(a*b)/(1 + b**2)"


DATA = noisy_table(LAW, rows=120)


START = judge(parse("a*b"), DATA, DATA, "start")


# What a refiner does after its first offer -> what is raised here after that offer.
ENDS = [
    (crash, WorkerDied),
    (hang, OutOfTime),
    (eat, MemoryError),
    (fail, ZeroDivisionError),
    (lambda: os._exit(3), WorkerDied),
]


@posix
@pytest.mark.parametrize(("end", "error"), ENDS, ids=["crash", "hang", "eat", "fail", "exit"])
def test_offers_made_before_the_end_are_kept(end: object, error: type[Exception]) -> None:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        yield replace(candidate, expr=parse(LAW))
        end()  # type: ignore[operator]

    got = []
    started = time.monotonic()
    with pytest.raises(error):
        for offer in isolated(refine, Allowance(seconds=2, memory=10**9))(START, DATA):
            got.append(offer.expr)
    assert got == [parse(LAW)]
    assert time.monotonic() - started < 5


@posix
def test_what_a_refiner_prints_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        print("garbage", flush=True)
        os.write(1, b"more garbage")
        print("and more", file=sys.stderr, flush=True)
        yield candidate

    assert [c.expr for c in isolated(refine, Allowance(seconds=20))(START, DATA)] == [START.expr]
    assert capfd.readouterr() == ("", "")


@posix
def test_only_candidates_are_accepted() -> None:
    with pytest.raises(UsageError, match="yields Candidates, but this one gave str"):
        list(isolated(lambda candidate, data: ["a*b"], Allowance(seconds=20))(START, DATA))  # type: ignore[list-item]


REFUSED = [
    (("operron",), "no refiner 'operron' (operon, pysr, all). Did you mean 'operon'?"),
    ("", "no refiner ''"),
]


@pytest.mark.parametrize(("refine", "words"), REFUSED)
def test_unknown_names_are_refused(refine: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Config(refine=refine)
    assert words in str(caught.value)


def test_what_cannot_run_is_refused_by_name_and_noted_where_it_was_only_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kansr.refinement.refiners.refiner.find_spec", lambda package: None)
    for name in REFINERS:
        with pytest.raises(UsageError, match=rf"pip install 'kansr\[{name}\]'"):
            chosen_refiners((name,))
    found, notes = chosen_refiners("all")
    assert found == () and len(notes) == len(REFINERS)
    last = discover((DATA.X[:30], DATA.y[:30]), time_limit=2, refine="all")
    assert sum("left out" in note for note in last.notes) == len(REFINERS)


def test_the_command_line_refuses_in_a_sentence() -> None:
    done = call("discover", KEPLER, "--refine", "operron", program=REAL)
    assert done.returncode == 2 and done.stderr.endswith("Did you mean 'operon'?\n") and "Traceback" not in done.stderr


def test_all_stands_for_each_once() -> None:
    names = [one.name for one in chosen_refiners(("all", "all"))[0]]
    assert len(names) == len(set(names))
