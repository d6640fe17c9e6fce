"""ODEBench: what counts as found, and what its file has to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import told

from kansr.bench.real.odebench import MOST_BYTES, ode_problems, ode_tally, same_skeleton
from kansr.errors import DataError
from kansr.expression.parse import parse

T = np.linspace(0, 4, 60)


def entry(**changes: Any) -> dict[str, Any]:
    """Logistic growth from two starts."""
    paths = [1 / (1 + (1 / start - 1) * np.exp(-T)) for start in (0.1, 0.3)]
    solutions = [[{"t": T.tolist(), "y": [path.tolist()]} for path in paths]]
    return {"id": 3, "substituted": [["x_0*(1 - x_0)"]], "solutions": solutions, **changes}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "systems.json"
    path.write_text(json.dumps([entry()]), encoding="utf-8")
    return path


RIGHT = {"1.1*x_0 - 0.9*x_0**2": True, "x_0 - x_0**2": True, "0.3*x_0": False, "sin(x_0)": False}


@pytest.mark.parametrize(("text", "right"), RIGHT.items())
def test_a_skeleton_is_right_whatever_its_constants(file: Path, text: str, right: bool) -> None:
    (problem,) = ode_problems(file)
    assert same_skeleton(problem, 0, parse(text)) is right


def test_a_bloated_expression_is_not_the_skeleton(file: Path) -> None:
    (problem,) = ode_problems(file)
    assert not same_skeleton(problem, 0, parse("1.0*x_0 - x_0**2 + 0.1*(x_0 + x_0**3 + sin(x_0) + exp(x_0))"))


BAD = {
    "no list": {"id": 1},
    "one solution": [entry(solutions=[[{"t": [0, 1], "y": [[1, 2]]}]])],
    "no formula": [entry(substituted=[["__import__('os')"]])],
    "times that fall": [entry(solutions=[[{"t": T[::-1].tolist(), "y": [T.tolist()]}] * 2])],
    "a number beyond all floats": [entry(solutions=[[{"t": [0, 10**400], "y": [[1, 2]]}] * 2])],
    "another shape": [entry(substituted=[["x_0", "x_1"]])],
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_another_file_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match="is not a file of ODEBench's systems"):
        ode_problems(path)


BROKEN = {
    "no number": ("[NaN]", "NaN is not JSON"),
    "lists without end": ("[" * 200_000, "lists inside each other without end"),
    "too long": ("[" + " " * MOST_BYTES + "]", f"more than {MOST_BYTES} bytes"),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_text_that_cannot_be_read_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        ode_problems(path)


def test_the_command_writes_records_and_rates(file: Path, tmp_path: Path) -> None:
    done = told("bench", "odebench", "--data", file, "--out", tmp_path / "out", "--time-limit", "40", "--quiet")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "odebench.json").read_text(encoding="utf-8"))
    (record,) = found["records"]
    assert record["skeleton"] and record["generalises"]
    assert found["summary"] == ode_tally(found["records"])
    assert "100%" in done.stdout


def test_without_a_file_it_says_so(tmp_path: Path) -> None:
    done = told("bench", "odebench", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "odebench needs --data FILE" in done.stderr
