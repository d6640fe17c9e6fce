"""What was saved before the files of the package were moved is loaded as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import told
from support.paths import ROOT, SUPPORT

import kansr
from kansr.api.discovery import Discovery
from kansr.expression.parse import parse
from kansr.pipeline.journal import JOURNAL
from kansr.store.with_rows import read

SAVED = SUPPORT / "saved"
HUBBLE = ROOT / "datasets" / "hubble_1929.csv"
LAWS = {"run": "423.9373232316302*distance_mpc", "estimator": "x0*sqrt(x1)"}


def written(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAVED / name / "discovery.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", LAWS)
def test_a_result_is_loaded_as_it_was_written(name: str) -> None:
    found = kansr.load(SAVED / name)
    assert isinstance(found, Discovery)
    assert found.best.expr == parse(LAWS[name])
    now = json.loads(json.dumps(found.to_dict()))
    assert (now.pop("baselines"), now.pop("shape")) == ([], [])  # unknown when it was written, as is the error of r²
    assert all(entry.pop("r2_held_out_error") is None for entry in (now["best"], *now["front"], *now["undecided"]))
    assert now == written(name)
    graph = found.structure
    assert graph is not None and json.loads(json.dumps(graph.to_dict())) == written(name)["structure"]


@pytest.mark.parametrize("name", LAWS)
def test_its_values_are_those_of_its_formula_on_the_rows_beside_it(name: str) -> None:
    found = read(SAVED / name)
    assert found.excerpt is not None
    X, y = found.excerpt.X, found.excerpt.y
    law = 423.9373232316302 * X[:, 0] if name == "run" else X[:, 0] * np.sqrt(X[:, 1])
    assert kansr.load(SAVED / name).predict(X) == pytest.approx(law, rel=1e-15)
    assert len(y) == found.rows and np.mean((y - law) ** 2) == pytest.approx(found.best.loss)


def test_the_command_stays_with_the_result() -> None:
    assert read(SAVED / "run").command.startswith("kansr discover datasets/hubble_1929.csv")


def test_an_estimator_is_loaded_with_its_settings() -> None:
    model = kansr.SymbolicRegressor.from_file(SAVED / "estimator")
    assert model.sympy() == parse(LAWS["estimator"])
    assert model.predict([[2.0, 9.0], [3.0, 4.0]]) == pytest.approx([6.0, 6.0], rel=1e-15)
    assert (model.n_features_in_, model.names_) == (2, ("x0", "x1"))
    assert (model.max_time, model.loss, model.random_state) == (20, "auto", 0)
    assert [str(row) for row in model.equations_["equation"]] == [
        c["expression"] for c in written("estimator")["front"]
    ]


def test_a_search_of_that_time_goes_on_or_says_what_to_do(tmp_path: Path) -> None:
    """Its journal knows attempts by their places in the plan."""
    run = tmp_path / "run"
    shutil.copytree(SAVED / "run", run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert before[JOURNAL].startswith(b'{"journal": 2, ')
    done = told("discover", HUBBLE, "--out", run, "--resume", "--time-limit", "20", "--json")
    if done.returncode == 0:
        assert json.loads(done.stdout)["best"]["expression"] == LAWS["run"]
        return
    assert (done.returncode, done.stdout) == (2, "")
    *_, sentence = done.stderr.splitlines()
    assert sentence.startswith("kansr: ") and "Traceback" not in done.stderr
    assert JOURNAL in sentence and "format 2" in sentence and "--force" in sentence
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
