"""A job with a known shape: what is against it is left out, and the result says what was proven."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.command import REAL, call
from support.paths import ROOT

import kansr
from kansr.errors import FormulaError, UsageError
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, Task, run_job
from kansr.result.shape import Verdict

KEPLER = str(ROOT / "datasets" / "kepler.csv")
RISES = "monotone semi_major_axis_au +; y(semi_major_axis_au=0) = 0; limit semi_major_axis_au->inf = inf"
UPTAKE = "y(x0=0) = 0; monotone x0 +; limit x0->inf finite"


def test_the_result_says_what_was_proven_and_keeps_it(tmp_path: Path) -> None:
    found = kansr.discover(KEPLER, shape=RISES, time_limit=10)
    assert str(found.best.expr) == "semi_major_axis_au**(3/2)"
    assert [(v.statement, v.verdict) for v in found.shape] == [
        (text.strip().replace("y(", "period_years("), Verdict.PROVEN) for text in RISES.split(";")
    ]
    assert "proven in the box of the rows: monotone semi_major_axis_au +; period_years(" in str(found)
    found.save(tmp_path / "kepler")
    assert kansr.load(tmp_path / "kepler").shape == found.shape


def test_without_a_shape_what_holds_of_the_law_is_told() -> None:
    x = np.linspace(0.5, 4, 60)
    found = kansr.discover((x, 2 / x), time_limit=20)
    said = {v.statement: v.verdict.value for v in found.shape}
    assert said.items() >= {"finite": "proven", "y > 0": "proven", "strictly monotone x0 -": "proven"}.items()


def test_a_shape_that_nothing_has_leaves_nothing() -> None:
    shape = "strictly monotone semi_major_axis_au -"
    done = call("discover", KEPLER, "--shape", shape, "--time-limit", 4, "--json", program=REAL)
    found = json.loads(done.stdout)
    assert done.returncode == 1 and found["status"] == "nothing"
    assert "no formula of the inputs with the known shape was found" in done.stderr
    assert found["shape"][0]["verdict"] == "refuted" and len(found["front"]) == 1


REFUSED = {
    "monotone q +": "no input 'q'; the inputs are semi_major_axis_au (at column 10)",
    "y >= 1; y <= 0": "contradict each other",
    "rising": "unknown statement 'rising'",
}


@pytest.mark.parametrize(("shape", "said"), REFUSED.items())
def test_a_mistake_is_told_before_the_search(shape: str, said: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        next(run_job(Job(table=KEPLER, shape=shape, config=Config(time_limit=1))))
    assert said in str(refusal.value)


def test_the_command_tells_a_mistake_in_one_sentence() -> None:
    done = call("discover", KEPLER, "--shape", "monotone q +", program=REAL)
    assert done.returncode == 2 and REFUSED["monotone q +"] in done.stderr and not done.stdout


def test_a_shape_is_for_a_search() -> None:
    with pytest.raises(UsageError, match="--shape cannot be combined with a form"):
        Job(table=KEPLER, task=Task.SOLVE_FORM, form="f(semi_major_axis_au)", shape=RISES)


@pytest.mark.slow
def test_twelve_noisy_rows_and_a_shape_give_michaelis_and_menten() -> None:
    x = np.array([0.2, 0.4, 0.7, 1, 1.5, 2, 3, 4, 5, 6.5, 8, 10])
    y = 2.3 * x / (1.4 + x) + np.random.default_rng(1).normal(0, 0.08, 12)
    found = kansr.discover((x, y), shape=UPTAKE, time_limit=6)
    assert {v.verdict for v in found.shape} == {Verdict.PROVEN}
    rows = np.array([[0.0], [1.4], [1e9]])
    assert found.predict(rows) == pytest.approx([0, 1.15, 2.3], rel=0.1)
    assert found.best.expr.is_rational_function() and found.best.complexity <= 7
