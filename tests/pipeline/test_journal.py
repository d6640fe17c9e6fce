"""A search that goes on from what an earlier one has written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from support.command import told
from support.paths import ROOT, SUPPORT

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import parse
from kansr.pipeline.config import Config
from kansr.pipeline.journal import FORMAT, JOURNAL, Journal, key, opened
from kansr.pipeline.run import search
from kansr.result.candidate import Candidate
from kansr.result.derivation import Measure, Step
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.runtime.files import write
from kansr.search.attempt import Finding, Tried

GRAPH = Graph(
    (Node("x", NodeType.INPUT), Node("y", NodeType.SUM)),
    (Edge("x", "y", np.linspace(0, 1, 33), np.linspace(0, 1, 33) ** 2, 0.1, 1.0),),
    "test",
    0.25,
    (Step("a step", Measure.HELD_OUT, 0.5), Step("without evidence")),
)
FORMULAS = ["x**2", "exp(-x)/3 + 0.1", "sqrt(2)*x/(2*sqrt(pi))", "-2*(x + 1)", "1/tan(x)", "abs(x)**(1/3)", "1e-300*x"]


def finding(expr: sympy.Expr, loss: float = 0.1, graph: Graph | None = None) -> Finding:
    return Finding(Candidate(expr, 3, loss, loss, 0.9, -np.inf, 1 / 3, "test"), graph, GRAPH.path)


@pytest.mark.parametrize("text", FORMULAS)
def test_findings_come_back_as_they_were(text: str, tmp_path: Path) -> None:
    tried = Tried((finding(parse(text), graph=GRAPH), finding(parse(text), loss=1e300)), "a failure")
    opened(tmp_path, {"k": "v"}, resume=False).add("power law", tried, 1.25, cut=True)
    journal = opened(tmp_path, {"k": "v"}, resume=True)
    entry = journal.past["power law"]
    assert (len(journal.past), journal.seconds, entry.cut, entry.tried.failure) == (1, 1.25, True, "a failure")
    for before, after in zip(tried.findings, entry.tried.findings):
        assert after.candidate == before.candidate and after.path == before.path
    first = entry.tried.findings[0].graph
    assert first is not None and first.to_dict() == GRAPH.to_dict()


def test_named_constants_come_back(tmp_path: Path) -> None:
    expr = NamedConstant("G", 6.674e-11) * sympy.Symbol("m")
    opened(tmp_path, {}, resume=False).add("mean", Tried((finding(expr),)), 1.0, cut=False)
    assert opened(tmp_path, {}, resume=True).past["mean"].tried.findings[0].candidate.expr == expr


def test_what_would_not_come_back_is_not_written(tmp_path: Path) -> None:
    odd = sympy.gamma(sympy.Symbol("x"))
    journal = opened(tmp_path, {}, resume=False)
    journal.add("mean", Tried((finding(odd),)), 1.0, cut=False)
    journal.add("power law", Tried((finding(sympy.Symbol("x")),)), 2.0, cut=False)
    assert set(opened(tmp_path, {}, resume=True).past) == {"power law"}


def test_a_torn_line_is_dropped_and_a_full_disk_ends_the_journal_only(tmp_path: Path) -> None:
    journal = opened(tmp_path, {}, resume=False)
    journal.add("mean", Tried((finding(sympy.Symbol("x")),)), 1.0, cut=False)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"attempt": "power law", "sec')
    again = opened(tmp_path, {}, resume=True)
    assert set(again.past) == {"mean"} and (tmp_path / JOURNAL).read_bytes().endswith(b"}\n")
    again.path = Path("/dev/full")
    again.add("power law", Tried(()), 2.0, cut=False)
    assert "No space left" in again.failure and "the search goes on" in again.failure
    again.add("line", Tried(()), 3.0, cut=False)


RECORDS: dict[str, dict[str, Any]] = {  # what no version has written
    "a number for a name": {"attempt": 1e308},
    "true for a name": {"attempt": True},
    "too many seconds": {"seconds": 1e308},
    "fewer than none": {"seconds": -5},
    "seconds as text": {"seconds": "1"},
    "no answer": {"cut": "no"},
    "null": {"cut": None},
    "a failure that is a number": {"failure": 3},
    "no list": {"findings": {}},
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_a_line_of_another_kind_ends_what_is_taken(change: dict[str, Any], tmp_path: Path) -> None:
    before = written(tmp_path)
    lines = before.decode().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), **change})
    (tmp_path / JOURNAL).write_text("\n".join(lines) + "\n")
    journal = opened(tmp_path, {"k": "v"}, resume=True)
    assert set(journal.past) == {"mean"} and "line 3" in journal.note and len(journal.note) < 500
    assert (tmp_path / JOURNAL).read_bytes() == before[: before.index(b"\n", before.index(b"\n") + 1) + 1]


def test_whatever_is_changed_nothing_is_lost(tmp_path: Path) -> None:
    """It is refused and stays, or is taken up to the damage and kept as it was."""
    before, rng = written(tmp_path), np.random.default_rng(0)
    for number in range(150):
        folder, raw = tmp_path / str(number), bytearray(before)
        folder.mkdir()
        place = int(rng.integers(len(raw)))
        if number % 3 == 0:
            raw[place] = int(rng.integers(256))
        else:
            del raw[place : len(raw) if number % 3 == 1 else place + int(rng.integers(1, 40))]
        (folder / JOURNAL).write_bytes(raw)
        try:
            journal = opened(folder, {"k": "v"}, resume=True)
        except UsageError:
            assert (folder / JOURNAL).read_bytes() == raw
            continue
        assert set(journal.past) <= {"mean", "power law", "line"}
        kept = folder / f"{JOURNAL}.damaged"
        assert kept.read_bytes() == raw if journal.note else not kept.exists()
        assert not opened(folder, {"k": "v"}, resume=True).note


def written(folder: Path) -> bytes:
    """A journal of three attempts."""
    journal = opened(folder, {"k": "v"}, resume=False)
    for seconds, name in enumerate(("mean", "power law", "line"), 1):
        journal.add(name, Tried((finding(sympy.Symbol("x")),)), float(seconds), cut=False)
    return (folder / JOURNAL).read_bytes()


@pytest.mark.parametrize("resume", [True, False])
def test_what_is_no_journal_stays_as_it_is(resume: bool, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    for make in (Path.symlink_to, Path.hardlink_to):
        make(tmp_path / JOURNAL, tmp_path / "notes")
        with pytest.raises(UsageError, match="cannot read"):
            opened(tmp_path, {}, resume=resume)
        assert (tmp_path / JOURNAL).read_text() == (tmp_path / "notes").read_text() == "mine"
        (tmp_path / JOURNAL).unlink()
    (tmp_path / JOURNAL).write_text("mine")
    with pytest.raises(UsageError, match="not a journal of a search"):
        opened(tmp_path, {}, resume=resume)
    assert (tmp_path / JOURNAL).read_text() == "mine"


def test_another_search_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.uniform(1, 2, (50, 2)), rng.uniform(1, 2, 50)
    data = Dataset(X, y, ("a", "b"))
    first = key(data, Config())
    opened(tmp_path, first, resume=False)
    assert key(Dataset(X.copy(), y.copy(), ("a", "b")), Config(time_limit=1, jobs=3)) == first
    opened(tmp_path, first, resume=True)
    others = [
        key(Dataset(X, y + 1e-12, ("a", "b")), Config()),
        key(Dataset(X, y, ("a", "c")), Config()),
        key(Dataset(X, y, ("a", "b"), sigma=y), Config()),
        key(data, Config(seed=1)),
        key(data, Config(loss="huber")),
        key(data, Config(held_out=0.3)),
        {**first, "kansr": "9.9"},
    ]
    for other in others:
        assert other != first
        with pytest.raises(UsageError, match="was begun with"):
            opened(tmp_path, other, resume=True)


def test_a_journal_of_an_earlier_format_says_what_to_do(tmp_path: Path) -> None:
    """Attempts were known by their places in the plan."""
    run = tmp_path / "run"
    shutil.copytree(SUPPORT / "saved" / "run", run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert before[JOURNAL].startswith(b'{"journal": 2, ')
    done = told("discover", ROOT / "datasets" / "hubble_1929.csv", "--out", run, "--resume", "--json", "--quiet")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"kansr: {run / JOURNAL} is of format 2, and this version reads {FORMAT}: that search cannot be resumed; "
        "begin it again with --force, or name another folder with --out\n"
    )
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.long
def test_wherever_it_was_ended_the_answer_is_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (120, 2))
    data = Dataset(X, X[:, 0] * np.exp(-X[:, 1]) + np.sin(X[:, 0]) + 0.03 * rng.standard_normal(120), ("a", "b"))
    config = Config(time_limit=300)

    def answer(journal: Journal) -> tuple[dict[str, Any], list[float]]:
        found = list(search(data, config, journal))
        return {**found[-1].to_dict(), "seconds": 0}, [f.best.description_length for f in found[:-1]]

    truth, lengths = answer(opened(tmp_path, {}, resume=False))
    lines = (tmp_path / JOURNAL).read_text().splitlines()
    assert len(lines) > 4
    for count in range(1, len(lines)):
        write(tmp_path / JOURNAL, "\n".join(lines[:count]) + "\n")
        found, later = answer(opened(tmp_path, {}, resume=True))
        assert json.dumps(found) == json.dumps(truth)
        assert later == lengths[-len(later) :]  # it begins with the best that there was
        assert len((tmp_path / JOURNAL).read_text().splitlines()) == len(lines)
