"""What finds structures, as the user chooses it, and what is said to have found them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import told
from support.tables import halves, table

import kansr
from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.kan.training import levenberg_marquardt as training
from kansr.pipeline.config import Config
from kansr.result.derivation import Finder
from kansr.search.partition import Partition
from kansr.search.plan import plan
from kansr.search.reductions import frontier
from kansr.structure.context import Context


def written(data: Dataset, path: Path) -> Path:
    values = np.column_stack([data.X, data.y])
    np.savetxt(path, values, fmt="%.17g", delimiter=",", header=",".join([*data.names, data.target]), comments="")
    return path


def found(text: str, structure: Any, limit: float = 20.0, rows: int = 300, **options: Any) -> kansr.Discovery:
    data = table(text, rows=rows)
    discovery = kansr.discover((data.X, data.y), structure=structure, time_limit=limit, **options)
    assert isinstance(discovery, kansr.Discovery)
    return discovery


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each training of networks: all training of searches is by Levenberg-Marquardt on this problem."""
    calls: list[int] = []
    make = training._Problem.__init__

    def counted(self: Any, models: Any, *more: Any) -> None:
        calls.append(len(models))
        make(self, models, *more)

    monkeypatch.setattr(training._Problem, "__init__", counted)
    return calls


@pytest.fixture
def reduced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for each state that a search over reductions has planned something for."""
    calls: list[str] = []
    push = frontier.Frontier.push

    def counted(self: Any, *given: Any) -> Any:
        calls.append("state")
        return push(self, *given)

    monkeypatch.setattr(frontier.Frontier, "push", counted)
    return calls


# a ratio of sums inside a wave: nothing quick finds it, so networks have their turn wherever they may
HARD = "sin(x*y + z)/(x + z**2)"


def test_networks_alone_make_no_reduction(trained: list[int], reduced: list[str]) -> None:
    best = found("x*y + sin(2*z)", "kan")
    assert best.structure is not None and best.structure.finder is Finder.KAN
    assert best.best.r2_held_out == 1 and trained and not reduced


def test_without_networks_none_is_trained(trained: list[int], reduced: list[str]) -> None:
    found(HARD, "reductions", limit=2)
    assert reduced and not trained


# A law, how it is looked for, and what is said to have found it.
FOUND: list[tuple[str, dict[str, Any], Finder]] = [
    ("3*x**2/y", {}, Finder.TERMINALS),
    ("x*y + sin(2*z)", {"structure": "kan"}, Finder.KAN),
    ("2*x - 3*y + 0.5", {}, Finder.BASELINE),
    ("exp(x*y)*sin(z)/(1 + x)", {"guesses": ["exp(x*y)*sin(z)/(1 + x)"]}, Finder.GIVEN),
    ("sin(x*y)/z", {}, Finder.LOCAL_SEARCH),
]


@pytest.mark.parametrize(("text", "options", "finder"), FOUND, ids=[row[2].value for row in FOUND])
def test_the_finder_is_what_found_the_chosen_formula(text: str, options: dict[str, Any], finder: Finder) -> None:
    data = table(text, rows=300)
    best = kansr.discover(_frame(data), time_limit=20, **options)
    assert best.best.r2_held_out == pytest.approx(1)
    assert best.structure.finder is finder
    assert best.to_dict()["structure"]["finder"] == finder.value


def _frame(data: Dataset) -> Any:
    import pandas as pd

    return pd.DataFrame({**dict(zip(data.names, data.X.T)), data.target: data.y})


def test_a_given_form_is_found_by_the_user() -> None:
    data = table("2*exp(x) + y", rows=60)
    assert kansr.refine(_frame(data), "a*exp(x) + y", time_limit=2).structure.finder is Finder.GIVEN
    assert kansr.discover(_frame(data), form="f(x) + y", time_limit=4).structure.finder is Finder.GIVEN


def test_on_the_command_line_and_in_the_summary(tmp_path: Path) -> None:
    file = written(table("x*y + sin(2*z)", rows=300), tmp_path / "rows.csv")
    shown = told("discover", file, "--structure", "kan", "--jobs", 1, "--json", "--quiet", "--out", tmp_path / "run")
    assert shown.returncode == 0
    assert json.loads(shown.stdout)["structure"]["finder"] == "kan"
    assert kansr.load(tmp_path / "run").structure.finder is Finder.KAN
    plain = told("report", tmp_path / "run", "--out", tmp_path / "law.html", "--quiet")
    assert plain.returncode == 0 and "a Kolmogorov–Arnold network" in (tmp_path / "law.html").read_text()


def test_another_structure_is_no_resumption(tmp_path: Path) -> None:
    file = written(table("3*x**2/y", rows=100), tmp_path / "rows.csv")
    given = ("discover", file, "--jobs", 1, "--quiet", "--out", tmp_path / "run", "--time-limit", 20)
    assert told(*given, "--structure", "reductions").returncode == 0
    refused = told(*given, "--structure", "kan", "--resume")
    assert refused.returncode == 2 and "was begun with --structure reductions, not kan" in refused.stderr
    assert told(*given, "--structure", "reductions", "--resume").returncode == 0


@pytest.mark.parametrize("command", ["discover", "bench"])
def test_another_word_is_refused_in_one_sentence(command: str) -> None:
    refused = told(command, "feynman120", "--structure", "networks")
    assert refused.returncode == 2 and "--structure" in refused.stderr
    assert "kan" in refused.stderr and "Traceback" not in refused.stderr


def test_what_does_not_go_with_it_is_refused() -> None:
    with pytest.raises(UsageError, match="found by auto, kan or reductions, not by 'networks'"):
        Config(structure="networks")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="moves are reductions"):
        Config(structure="kan", moves=(lambda state, field: (),))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--group cannot be combined with --structure"):
        kansr.discover("no such file", group="g", structure="kan")


@pytest.mark.parametrize("inputs", [1, 2, 5])
def test_every_row_of_the_plan_says_what_it_finds_by(inputs: int) -> None:
    data = Dataset(np.random.default_rng(0).uniform(1, 2, (100, inputs)), np.arange(100.0), tuple("abcde"[:inputs]))
    rows = {s: plan(data, (), s) for s in ("auto", "kan", "reductions")}  # type: ignore[arg-type]
    assert {a.finder for a in rows["kan"]} == {Finder.BASELINE, Finder.KAN}
    assert not any(a.trains for a in rows["reductions"])
    assert {a.name for a in rows["auto"]} >= {a.name for a in rows["reductions"]}
    for attempt in rows["auto"]:
        assert attempt.trains == (attempt.finder is Finder.KAN)
        assert attempt.reduces == (attempt.finder is Finder.REDUCTIONS)


def test_only_reductions_that_were_made_are_said_to_have_found_a_law() -> None:
    """A solver that a search over reductions asks of the table itself has found it without any."""
    for text, finder in (("sin(x*y)/z", Finder.REDUCTIONS), ("3*x**2/y", Finder.TERMINALS)):
        data = table(text, rows=300)
        attempt = next(a for a in plan(data) if a.name == "reductions")
        findings = attempt(Partition.between(*halves(data)), Context()).findings
        best = min(findings, key=lambda f: f.candidate.description_length)
        assert best.candidate.r2_held_out == pytest.approx(1) and best.finder is finder


def test_a_finding_keeps_what_found_it() -> None:
    data = table("3*x**2/y", rows=100)
    attempt = next(a for a in plan(data) if a.name == "power law")
    findings = attempt(Partition.between(*halves(data)), Context()).findings
    assert findings and all(f.finder is Finder.TERMINALS for f in findings)
