"""Stated errors weigh the rows and say when a formula is as good as they are; which targets have relative errors."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.command import told

import kansr
from kansr.data.dataset import Dataset, with_proportional_errors
from kansr.errors import DataError
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.fit.error_model import alike, error_ms_of, spans_decades
from kansr.formula.judge.judge import r2_of
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.result.result import Status


def measured(stated: float = 1.0, rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """2.5·x**2/z with errors between 0.001 and 3. stated: the stated errors over the true ones."""
    rng = np.random.default_rng(seed)
    x, z = rng.uniform(1, 3, (2, rows))
    sigma = 10 ** rng.uniform(-3, 0.5, rows)
    y = 2.5 * x**2 / z + sigma * rng.normal(size=rows)
    return pd.DataFrame({"x": x, "z": z, "error": stated * sigma, "y": y})


def test_constants_are_weighted_by_the_errors() -> None:
    frame = measured()
    rows = Dataset(frame[["x", "z"]].to_numpy(), frame["y"].to_numpy(), ("x", "z"), sigma=frame["error"].to_numpy())
    weighted = fit_constants(parse("2.0*x**2/z"), rows)
    unweighted = fit_constants(parse("2.0*x**2/z"), Dataset(rows.X, rows.y, rows.names))
    assert abs(float(weighted.constants[0]) - 2.5) < 3 * weighted.errors[0] < 1e-3
    assert weighted.errors[0] < unweighted.errors[0] / 20
    few = Dataset(rows.X[:2], rows.y[:2], rows.names, sigma=np.array([3.0, 3.0]))
    residual = np.array([1.0, -2.0])
    assert error_ms_of(residual, few) == pytest.approx(mean_square(residual))


def test_a_law_within_the_errors_is_found_and_one_beyond_them_is_not() -> None:
    discovery = kansr.discover(measured(), sigma="error", time_limit=40)
    assert discovery.status is Status.FOUND
    assert discovery.inputs == ("x", "z")
    assert discovery.predict([[2.0, 1.0]])[0] == pytest.approx(10.0, rel=1e-3)
    understated = kansr.discover(measured(stated=0.2), sigma="error", time_limit=6)
    assert understated.status is not Status.FOUND


def test_errors_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    measured().to_csv(file, index=False)
    found = json.loads(told("discover", file, "--sigma", "error", "--json", "--time-limit", "20").stdout)
    assert (found["status"], found["inputs"]) == ("found", ["x", "z"])


def test_errors_must_be_positive() -> None:
    frame = measured()
    frame.loc[4, "error"] = 0.0
    with pytest.raises(DataError, match="must be above 0, but row 5 has 0"):
        kansr.discover(frame, sigma="error")


TARGETS = {
    "decades": (np.geomspace(1e-3, 1e3, 50), True),
    "negative decades": (-np.geomspace(1e-3, 1e3, 50), True),
    "one decade": (np.geomspace(1, 10, 50), False),
    "just wide enough": (np.geomspace(1, 31, 50), True),
    "not quite": (np.geomspace(1, 29, 50), False),
    "both signs": (np.concatenate([-np.geomspace(1e-3, 1, 9), np.geomspace(1e-3, 1, 9)]), False),
    "with a zero": (np.linspace(0, 100, 50), False),
}


def rows_of(y: Array) -> Dataset:
    return Dataset(np.arange(len(y), dtype=float)[:, None], y, ("x",))


@pytest.mark.parametrize(("y", "answer"), TARGETS.values(), ids=TARGETS)
def test_which_targets_span_decades(y: Array, answer: bool) -> None:
    assert spans_decades(y) is answer
    assert spans_decades(1e6 * y) is answer


@pytest.mark.parametrize(("y", "wide"), TARGETS.values(), ids=TARGETS)
def test_relative_errors_are_likelier_only_where_the_target_spans_decades(y: Array, wide: bool) -> None:
    noise = 0.01 * np.random.default_rng(0).normal(size=len(y))
    assert error_ms_of(noise, rows_of(y)) == pytest.approx(mean_square(noise))
    relative = noise * y
    assert (error_ms_of(relative, rows_of(y)) < 0.5 * mean_square(relative)) is wide


def test_relative_errors_count_at_the_geometric_mean_of_the_target() -> None:
    y = np.geomspace(1e-3, 1e3, 101)  # whose geometric mean is 1
    assert error_ms_of(0.01 * y, rows_of(y)) == pytest.approx(1e-4)


def test_a_residual_without_a_value_is_infinitely_large() -> None:
    y = np.geomspace(1, 100, 5)
    assert error_ms_of(np.array([0.0, 1.0, np.nan, 0.0, 0.0]), rows_of(y)) == math.inf
    assert mean_square(np.array([0.0, np.inf])) == mean_square(np.array([])) == math.inf


def test_errors_are_in_proportion_to_a_target_over_many_decades() -> None:
    x = np.geomspace(1e-3, 1e3, 60)
    wide, narrow = Dataset(x[:, None], x**4, ("x",)), Dataset(x[:, None], x, ("x",))
    found = with_proportional_errors(wide)
    assert found.proportional and found.relative and found.sigma is not None
    assert with_proportional_errors(narrow) is narrow
    assert with_proportional_errors(replace(wide, y=wide.y - 1e-11)).proportional is False
    assert with_proportional_errors(replace(wide, sigma=np.ones(60))).proportional is False


def test_r2_of_a_target_over_decades_is_that_of_its_logarithm() -> None:
    x = np.geomspace(1e-3, 1e3, 60)
    data = with_proportional_errors(Dataset(x[:, None], x**4, ("x",)))
    top = np.full(60, float(data.y.max()))
    assert r2_of(1.1 * data.y, data) > 0.999
    assert r2_of(top, data) < 0 and r2_of(-data.y, data) < 0
    # of raw values, a formula that misses all but the largest row is nearly perfect
    last = np.where(data.y == data.y.max(), data.y, 0.0)
    assert r2_of(last, data) < 0


def test_residuals_of_relative_errors_weigh_alike_over_the_target() -> None:
    x = np.geomspace(0.1, 10, 80)
    data = Dataset(x[:, None], x**2, ("x",))
    relative = 0.01 * data.y * np.random.default_rng(0).normal(size=80)
    weighed = alike(relative, data)
    assert np.std(weighed[:40]) == pytest.approx(np.std(weighed[40:]), rel=0.5)
    assert alike(np.full(80, 0.1), data) == pytest.approx(np.full(80, 0.1))
