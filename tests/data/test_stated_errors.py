"""What is stated of errors: how it is written, what becomes of it, and what is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.command import told
from support.york import INTERCEPT, SLOPE, SLOPE_ERROR, TABLE

import kansr
from kansr.data.dataset import Dataset, InputErrors
from kansr.data.roles import dataset
from kansr.data.stated_errors import Sigma, StatedErrors, effective_errors, named_in
from kansr.errors import DataError, KansrError, UsageError
from kansr.pipeline.config import Config
from kansr.pipeline.journal import key

ROWS = 30
x = np.linspace(1, 4, ROWS)
FRAME = pd.DataFrame(
    {"x": x, "ex": 0.01 * x, "z": np.sqrt(x) + np.sin(9 * x), "x=2": np.cos(5 * x) + 3, "ey": 0.1 * x, "y": x**2}
)


def read(sigma: Sigma | None, frame: pd.DataFrame = FRAME, **options: Any) -> Dataset:
    return dataset(frame, sigma=sigma, **options)[0]


# What is written -> the errors of x, of z, and of the target; None where there are none.
WRITTEN: dict[str, tuple[Sigma, Any, Any, Any]] = {
    "a column": ("ey", None, None, FRAME["ey"]),
    "a list of one": (["ey"], None, None, FRAME["ey"]),
    "a number": (["x=0.1"], 0.1, 0, None),
    "a column of an input": (["x=ex"], FRAME["ex"], 0, None),
    "spaces": (["x = 0.1"], 0.1, 0, None),
    "several": (["x=ex", "ey", "z=1e-2"], FRAME["ex"], 0.01, FRAME["ey"]),
    "the target by its name": (["x=ex", "y=ey"], FRAME["ex"], 0, FRAME["ey"]),
    "the target alone by its name": (["y=0.5"], None, None, 0.5),
    "an exact target": (["x=ex", "y=0"], FRAME["ex"], 0, 0),
    "exact inputs": (["x=0", "ey"], None, None, FRAME["ey"]),
    "a column whose name has the sign": (["x=2"], None, None, FRAME["x=2"]),
    "an input whose name has the sign": (["x=2=0.3", "x=0.1"], 0.1, 0, None),
    "a mapping": ({"x": "ex", "y": 0.2}, FRAME["ex"], 0, 0.2),
    "arrays": ({"x": np.full(ROWS, 0.3), "z": list(0.1 * x), "y": 0.1 * x}, 0.3, 0.1 * x, 0.1 * x),
    "whole numbers": ({"x": 1, "y": np.int64(2)}, 1, 0, 2),
}


@pytest.mark.parametrize(("sigma", "of_x", "of_z", "of_y"), WRITTEN.values(), ids=WRITTEN)
def test_errors_are_columns_numbers_or_arrays(sigma: Sigma, of_x: Any, of_z: Any, of_y: Any) -> None:
    data = read(sigma)
    errors = data.input_errors
    assert (errors is None) == (of_x is None)
    if errors is not None:
        for name, of in (("x", of_x), ("z", of_z)):
            assert errors.X[:, data.names.index(name)] == pytest.approx(np.broadcast_to(of, ROWS))
        assert data.sigma is not None and (data.sigma > 0).all()
    own = data.own_errors
    assert (own is None) == (of_y is None) and (own is None or own == pytest.approx(np.broadcast_to(of_y, ROWS)))
    assert not {"ex", "ey"} & (set(data.names) & {s for s in named_in(sigma) if s in FRAME})


def test_columns_of_errors_are_no_inputs_but_where_they_are_named() -> None:
    assert read(["x=ex", "ey"]).columns.get("x2", "x=2") == "x=2"
    assert read(["x=ex", "ey"], FRAME.drop(columns="x=2")).names == ("x", "z")
    assert read(["z=ex", "ey"], inputs=["z", "ex"]).names == ("z", "ex")
    assert read(["x=ex"], FRAME[["x", "y", "ex"]]).target == "y"


REFUSED: dict[str, tuple[Sigma, dict[str, Any], type[KansrError], str]] = {
    "unknown": (["q=0.1"], {}, DataError, "no column 'q' to have errors; the columns are 'x'"),
    "unknown, nearly known": (["X=0.1"], {}, DataError, "did you mean 'x'"),
    "unknown in a mapping": ({"q": 0.1}, {}, DataError, "no column 'q' to have errors"),
    "unknown column": ("q", {}, DataError, "no column 'q'"),
    "no input here": (["x=0.1"], {"inputs": ["z"]}, UsageError, "'x', which is neither the target nor an input here"),
    "twice": (["x=0.1", "x=ex"], {}, UsageError, "the errors of 'x' are stated twice"),
    "the target twice": (["ex", "ey"], {}, UsageError, "the errors of the target are stated twice"),
    "the target twice, once by name": (["ey", "y=1"], {}, UsageError, "the errors of the target 'y' are stated twice"),
    "below 0": (["x=-0.1"], {}, UsageError, "0, or a number from 1e-150 to 1e\\+150, and not -0.1"),
    "no number": (["x=many"], {}, UsageError, "a column of the table or a number, and 'many' is neither"),
    "nothing": (["x="], {}, UsageError, "and '' is neither"),
    "nan": (["x=nan"], {}, UsageError, "and not nan"),
    "infinite": ({"x": np.inf}, {}, UsageError, "and not inf"),
    "text in a mapping": ({"x": "many"}, {}, UsageError, "'many' is neither"),
    "an array of other length": (
        {"x": [0.1, 0.2]},
        {},
        UsageError,
        "one number for each of the 30 rows, and not an ar",
    ),
    "something else": ({"x": object()}, {}, UsageError, "the name of a column, a number, or an array"),
    "true": ({"x": True}, {}, UsageError, "the name of a column, a number, or an array"),
    "itself": (["x=x"], {}, UsageError, "'x' cannot be its own error"),
    "the target": (["x=y"], {"target": "y"}, DataError, "'y' cannot be both the target and the errors of 'x'"),
    "an exact target of exact inputs": (["y=0"], {}, UsageError, "possible only where inputs have errors"),
    "groups": (["x=0.1"], {"group": "z"}, UsageError, "--group cannot be combined with errors of inputs"),
    "a rate of change": (["x=0.1"], {"derivative": "x"}, UsageError, "--sigma cannot be combined with --derivative"),
    "ratios without the target's": (["x=0.1"], {"absolute_sigma": False}, UsageError, "needs errors of the target"),
}


@pytest.mark.parametrize(("sigma", "options", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(
    sigma: Sigma, options: dict[str, Any], error: type[KansrError], words: str
) -> None:
    with pytest.raises(error, match=words):
        read(sigma, **options)


@pytest.mark.parametrize("sigma", [3, [1], {1: 0.1}, 0.5])
def test_what_states_nothing_is_refused_before_the_table_is_read(sigma: Any) -> None:
    with pytest.raises(UsageError, match="sigma is the name of a column"):
        kansr.discover("no such file", sigma=sigma)


@pytest.mark.parametrize(
    ("cell", "words"),
    [(-0.2, "errors of 'x', and they must be 0, where a value is exact, or more, but row 4 has -0.2"),
     (np.nan, r"missing cells in 'ex' \(1\), the first in row 4"), (np.inf, "column 'ex' is infinite in 1 row"),
     (1e200, "whose squares float64 cannot hold together")],
)  # fmt: skip
def test_a_cell_that_is_no_error_is_named(cell: float, words: str) -> None:
    frame = FRAME.copy()
    frame.loc[3, "ex"] = cell
    with pytest.raises(DataError, match=words):
        read(["x=ex"], frame)


def test_rows_without_errors_are_dropped_on_request_and_rows_stay_together() -> None:
    frame = FRAME.copy()
    frame.loc[3, "ex"] = np.nan
    data, notes = dataset(frame, sigma=["x=ex", "ey"], missing="drop")
    assert data.rows == ROWS - 1 and "dropped 1 of 30 rows with missing cells" in notes
    some = data.take(np.array([5, 2]))
    assert data.input_errors is not None and some.input_errors is not None and some.input_errors.y is not None
    assert some.input_errors.X[:, 0] == pytest.approx(0.01 * some.X[:, 0])
    assert some.input_errors.y == pytest.approx(0.1 * some.X[:, 0])
    both = some.input_errors.above(data.input_errors)
    assert both.X.shape == (ROWS + 1, 3) and both.y is not None and len(both.y) == ROWS + 1


def test_rows_are_weighed_by_the_slopes_of_a_smooth_model_before_a_formula_is_known() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (400, 2))
    y = np.exp(X[:, 0]) + 3 * X[:, 1]
    true = np.hypot(0.1 * np.exp(X[:, 0]), 0.05 * 3)
    sigma = effective_errors(X, y, InputErrors(np.tile([0.1, 0.05], (400, 1)), np.zeros(400)))
    assert np.median(np.abs(sigma / true - 1)) < 0.1
    scattered = effective_errors(X, y + rng.normal(size=400), InputErrors(np.tile([0.1, 0.05], (400, 1)), None))
    assert np.median(np.abs(scattered / np.hypot(true, 1) - 1)) < 0.2


def test_a_search_is_only_resumed_with_the_same_errors() -> None:
    keys = [key(read(sigma), Config())["the table"] for sigma in (None, ["x=0.1"], ["x=0.2"], ["x=0.1", "y=0"])]
    assert len(set(keys)) == 4


def test_every_name_that_may_be_a_column_is_read_of_a_wide_table() -> None:
    assert set(named_in(["ey", "x=ex", "a=b=c"])) == {"ey", "x=ex", "x", "ex", "a=b=c", "a", "b=c", "a=b", "c"}
    assert set(named_in({"x": "ex", "z": 0.1})) == {"x", "z", "ex"}
    assert set(named_in(StatedErrors("ey", {"x": "ex", "z": 0.1}))) == {"ey", "x", "ex", "z"}


def test_errors_of_inputs_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "york.csv"
    TABLE.to_csv(file, index=False)
    given = ["--expr", "a + b*x", "--sigma", "error_y", "--sigma", "x=error_x", "--time-limit", "3", "--jobs", "1"]
    done = told("refine", file, *given, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["inputs"]) == (0, ["x"]) and "Warning" not in done.stderr
    a, b = found["form"]["constants"]
    assert (a["value"], b["value"]) == pytest.approx((INTERCEPT, SLOPE), rel=1e-6)
    assert b["error"] == pytest.approx(SLOPE_ERROR, rel=1e-3)
    assert any(note.startswith("χ² by the stated errors is 11.87") for note in found["notes"])
    refused = told("discover", file, "--sigma", "x=-1")
    assert refused.returncode == 2 and refused.stderr.count("\n") <= 2 and "standard deviation" in refused.stderr


def test_each_of_several_targets_has_its_own_errors() -> None:
    frame = pd.DataFrame({"x": x, "a": 2 * x + 1, "ea": 0.01, "b": x**2, "eb": 0.02})
    found: Any = kansr.discover(frame, target=["a", "b"], sigma={"a": "ea", "b": "eb"}, time_limit=8)
    assert [law.inputs for law in found.values()] == [("x",), ("x",)]
    assert [str(law.best.expr) for law in found.values()] == ["2*x + 1", "x**2"]
