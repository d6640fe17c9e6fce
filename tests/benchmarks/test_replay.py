"""The walk of a law in noise: states carried over to noisy rows, and what is said of a law that is missed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy

from benchmarks.recovery.noisy_walk import carried_over, has_form, kind_of, processor_deadline, same_problem
from benchmarks.recovery.replay import cause, histogram
from kansr.bench.problem import Problem, Variable, sample
from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.structure.moves.state import State

TEXT = "x**2*exp(-z) + 0.5"
LAW = Problem("law", "laws", "y", TEXT, parse(TEXT), tuple(Variable(n, "uniform", 1.0, 3.0) for n in "xz"))
X, Z = sympy.symbols("x z")


@pytest.fixture(scope="module")
def rows() -> tuple[Dataset, Dataset]:
    clean, noisy = (sample(LAW, 400, np.random.default_rng(0), noise=noise) for noise in (0.0, 0.01))
    assert (clean.X == noisy.X).all()
    return clean, noisy


def _state(data: Dataset) -> State:
    """log((y - 0.5)/x**2) in z alone: what two moves could make of the table."""
    x = data.X[:, 0]
    return State(data.X[:, 1:], np.log((data.y - 0.5) / x**2), (Z,), lambda e: X**2 * sympy.exp(e) + sympy.Float(0.5))


def test_a_state_is_carried_over_to_noisy_rows(rows: tuple[Dataset, Dataset]) -> None:
    clean, noisy = rows
    carried = carried_over(_state(clean), noisy)
    assert carried is not None
    assert carried.z == pytest.approx(_state(noisy).z, rel=1e-9)
    assert same_problem(carried, _state(noisy))
    out_of_domain = replace(noisy, y=noisy.y - 0.5)
    assert carried_over(_state(clean), out_of_domain) is None


def test_a_state_is_another_with_other_columns_or_another_target(rows: tuple[Dataset, Dataset]) -> None:
    state = _state(rows[0])
    assert same_problem(state, replace(state, X=1 / state.X, z=-state.z))
    assert not same_problem(state, replace(state, X=rows[0].X[:, :1]))
    assert not same_problem(state, replace(state, z=rows[0].y))
    assert not same_problem(state, replace(state, X=rows[0].X, inputs=(X, Z)))
    whole = State(rows[0].X, rows[0].y, (X, Z))
    assert kind_of(whole, replace(whole, X=whole.X[:, :1], inputs=(X,))) == "input dropped"
    assert kind_of(whole, replace(whole, X=whole.X[:, :1] * whole.X[:, 1:], inputs=(X * Z,))) == "2 inputs merged"
    assert kind_of(whole, replace(whole, z=whole.z / whole.X[:, 0])) == "target divided or freed of a term"


def test_a_form_is_seen_among_formulas(rows: tuple[Dataset, Dataset]) -> None:
    noise = float(np.std(rows[1].y - rows[0].y))
    fits = [fit_constants(parse(text), rows[1]) for text in ("0.7*x", "2.01*x**2*exp(-1.1*z) + 0.4")]
    assert list(has_form(LAW, fits, noise)) == [True]
    assert list(has_form(LAW, fits[:1], noise)) == []


def test_seconds_are_those_of_the_processor() -> None:
    deadline = processor_deadline(5.0)
    assert 0 <= deadline.seconds() < 1 and not deadline.finishing()


STEP = {"proposed": True, "looked": True, "kept": True, "opened": (3, 1.0), "bits": 5.0, "kind": "input dropped"}
RECORD: dict[str, Any] = {
    "problem": "zoo_1",
    "noise": 0.1,
    "right": False,
    "decidable": True,
    "among": False,
    "finished": False,
    "steps": [STEP],
    "forms": [],
    "broken": "",
    "seconds": 2.0,
}
CAUSES = {
    "found": {"right": True},
    "the rows do not decide": {"decidable": False},
    "form found, another chosen": {"among": True, "finished": True},
    "form met, not finished": {"among": True},
    "right move not proposed": {"steps": [STEP, {**STEP, "opened": None, "proposed": False}]},
    "right move not looked at closely": {"steps": [{**STEP, "opened": None, "looked": False}]},
    "right move ranked out": {"steps": [{**STEP, "opened": None, "kept": False}]},
    "right move kept, not made in time": {"steps": [{**STEP, "opened": None}]},
    "terminal lacks the form": {},
    "terminal not asked in time": {"forms": ["power law"]},
}


@pytest.mark.parametrize(("said", "changed"), CAUSES.items())
def test_the_first_fault_is_the_cause(said: str, changed: dict[str, Any]) -> None:
    assert cause({**RECORD, **changed}) == said


def test_the_histogram_counts_causes() -> None:
    records = [{**RECORD, **changed, "cause": said} for said, changed in CAUSES.items()]
    text = "\n".join(histogram([*records, records[0]]))
    assert "11 laws, 10 decidable, 2 of these found (20 %)" in text
    assert "   2  ##  found" in text
    assert "ranked out: input dropped, under 30 bits behind" in text
    without = {key: value for key, value in RECORD.items() if key != "steps"}
    assert cause(without) == "no way without noise either"
