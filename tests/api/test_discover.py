"""What `kansr.discover` is given in Python and cannot use: one short sentence each, and no warning."""

from __future__ import annotations

import io
import multiprocessing
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kansr
from kansr.errors import KansrError

X = np.linspace(1, 5, 40)[:, None]
y = X[:, 0] ** 2
TABLE = pd.DataFrame({"a": X[:, 0], "b": y})
PAIRS = np.zeros(40, dtype=[("a", float), ("b", float)])
HUGE = 10**400  # beyond what float64 can hold
UNITS = {"units": "a=m,b=m"}

TABLES: dict[str, tuple[Any, str]] = {
    "masked target": ((X, np.ma.array(y, mask=[True, *[False] * 39])), "missing cells in 'y'"),
    "masked inputs": ((np.ma.array(X, mask=np.eye(40, 1, dtype=bool)), y), "missing cells in 'x0'"),
    "structured": ((PAIRS, y), "plain numbers"),
    "text stream": (io.StringIO("a,b\n1,2\n"), "open as text"),
    "huge target": ((X, [HUGE] * 40), "beyond what float64 can hold"),
    "huge inputs": (([[HUGE]] * 40, y), "beyond what float64 can hold"),
    "huge cells": (pd.DataFrame({"a": pd.Series([10 * HUGE**20] * 40, dtype=object), "b": y}), "beyond what float64"),
    "ragged": (([[1], [2, 3]], [1, 2]), "not an array of numbers"),
    "nothing": (None, "a table is"),
    "wide": ((np.ones((6, 6000)), np.ones(6)), "6001 columns; at most 5000 are allowed"),
}
ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"target": 2}, "target is the name of a column"),
    ({"inputs": 5}, "inputs are names"),
    ({"inputs": [1]}, "inputs are names"),
    ({"sigma": 3}, "sigma is the name"),
    ({"sigma": "b", "target": "b"}, "both the target and the errors"),
    ({"derivative": 4}, "derivative is the name"),
    ({"seed": -1}, "0 or more, not -1"),
    ({"seed": 1.5}, "a whole number"),
    ({"constants": 5}, "constants are"),
    ({"constants": {"c": 5}, **UNITS}, "a number other than 0 and a unit"),
    ({"constants": {5: (1, "m")}, **UNITS}, "cannot be a name"),
    ({"constants": {"c": (1, 2)}, **UNITS}, "a number other than 0 and a unit"),
    ({"units": 5}, "units are"),
    ({"form": 5}, "form is a formula"),
    ({"guesses": 5}, "a list of formulas"),
    ({"library": 5}, "a library is"),
    ({"refine": 5}, "a refiner is"),
    ({"refine": [5]}, "a refiner is"),
    ({"moves": 5}, "moves are"),
    ({"missing": "x"}, "'error' or 'drop'"),
    ({"time_limit": "5"}, "a number of seconds"),
    ({"time_limit": float("inf")}, "a number of seconds"),
    ({"jobs": 1.5}, "from 1 to 1000"),
    ({"jobs": 10**9}, "from 1 to 1000"),
    ({"progress": 5}, "progress is a function"),
]


def refusal(table: Any, **arguments: Any) -> str:
    with pytest.raises(KansrError) as caught:
        kansr.discover(table, **{"time_limit": 1, **arguments})
    said = str(caught.value)
    assert "\n" not in said and len(said) < 500
    return said


@pytest.mark.parametrize(("table", "words"), TABLES.values(), ids=TABLES)
def test_a_table_that_is_none_is_refused(table: Any, words: str) -> None:
    assert words in refusal(table)


@pytest.mark.parametrize(("arguments", "words"), ARGUMENTS, ids=lambda value: str(value)[:30])
def test_an_argument_of_another_kind_is_refused(arguments: dict[str, Any], words: str) -> None:
    assert words in refusal(TABLE, **arguments)


def test_a_tensor_that_has_gradients_is_refused() -> None:
    torch = pytest.importorskip("torch")
    assert "requires grad" in refusal((torch.tensor(X, requires_grad=True), torch.tensor(y)))


def test_named_columns_of_a_very_wide_table_are_read() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).uniform(1, 5, (40, 5100))).add_prefix("c")
    wide["c5099"] = wide["c3"] ** 2
    found = kansr.discover(wide, inputs=["c3", "c7"], time_limit=10)
    assert str(found.best.expr) == "c3**2" and found.inputs == ("c3", "c7")


def test_a_daemonic_process_says_that_it_cannot_start_others() -> None:
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_ask, args=(answers,), daemon=True)
    child.start()
    assert "set jobs to 1" in answers.get()
    child.join()


def _ask(answers: Any) -> None:
    try:
        kansr.discover(TABLE, jobs=2, time_limit=1)
        answers.put("")
    except KansrError as err:
        answers.put(str(err))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("exponent", [-149, 147])
def test_nothing_is_warned_of(exponent: int, recwarn: pytest.WarningsRecorder) -> None:
    scale = 10.0**exponent
    kansr.discover((X, np.where(np.arange(40) % 2, 1, -1) * y * scale), time_limit=0.5)
    assert not [(str(one.message), one.filename, one.lineno) for one in recwarn]
