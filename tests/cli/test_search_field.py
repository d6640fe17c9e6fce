"""`kansr field` and `kansr.field`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sympy
from support.command import CANDIDATE_KEYS, KEYS, told
from support.fields import diffusing, with_noise

import kansr


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fields") / "field.npz"
    np.savez(path, **with_noise(diffusing(), 0.05))
    return path


def test_the_equation_is_printed_as_json_and_kept(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = told("field", str(file), "--time-limit", "100", "--seed", "3", "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == KEYS
    assert found["best"].keys() == CANDIDATE_KEYS
    assert (found["status"], found["target"], found["seed"]) == ("found", "u_t", 3)
    assert found["inputs"] == ["u", "u_x", "u_xx", "u_xxx", "u_xxxx"]
    assert kansr.parse(found["best"]["expression"]).free_symbols == set(sympy.symbols("u_x u_xx"))
    assert found["best"] in found["front"]
    assert json.loads((out / "discovery.json").read_text(encoding="utf-8")) == found
    assert kansr.load(out).best.r2_held_out == found["best"]["r2_held_out"]
    assert "95 % intervals: u_x: -1.5" in done.stderr


def test_the_law_comes_first_and_quiet_says_no_more(file: Path) -> None:
    done = told("field", str(file), "--quiet", "--time-limit", "100")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("u_t = 0.04") and "u_xx - 1.50" in done.stdout.splitlines()[0]


BAD = {
    "no such file": (["nowhere.npz"], "no such file"),
    "an array that is not there": (["FILE", "--space", "pos"], "holds no array 'pos'"),
    "an empty name": (["FILE", "--space", "x,"], "names of arrays, separated by commas"),
    "a limit": (["FILE", "--time-limit", "0"], "--time-limit must be a positive number"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_what_does_not_go_is_refused_in_a_sentence(file: Path, arguments: list[str], words: str) -> None:
    done = told("field", *(str(file) if word == "FILE" else word for word in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_a_field_in_python_is_a_discovery(file: Path) -> None:
    found = kansr.field(file, time_limit=100)
    assert isinstance(found, kansr.Discovery)
    assert str(found).startswith("u_t = ")
    assert found.best.expr == kansr.field(dict(np.load(file, allow_pickle=False)), time_limit=100).best.expr


def test_time_that_runs_out_is_said(file: Path) -> None:
    done = told("field", str(file), "--time-limit", "0.01", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["status"] == "timed_out"
