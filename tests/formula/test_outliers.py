"""Outliers are found, rows of a steep law are none; weights count as repeated rows do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.speed import timed
from support.tables import spoilt

import kansr
from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.outliers import outliers, outliers_of_formula
from kansr.result.result import Status


@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.15])
@pytest.mark.parametrize("rows", [300, 5000])
def test_outliers_are_told_from_the_other_rows(rows: int, share: float) -> None:
    data, wrong = spoilt(rows, share)
    assert (outliers(data, np.random.default_rng(0)) == wrong).mean() > 0.998


@pytest.mark.parametrize("law", ["1/(x - z)", "exp(4*x)", "sin(30*x)", "x", "1.0"])
def test_rows_of_an_unusual_law_are_no_outliers(law: str) -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform([1.01, 0], [2.01, 1], (1000, 2))
    values = np.asarray(Tape(parse(law), ("x", "z")).value(X))
    assert outliers(Dataset(X, values, ("x", "z")), rng).mean() < 0.005


def test_rows_with_large_stated_errors_are_no_outliers() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (500, 2))
    sigma = 10 ** rng.uniform(-2, 1, 500)
    data = Dataset(X, X[:, 0] * X[:, 1] + sigma * rng.normal(size=500), ("x", "z"), sigma=sigma)
    assert outliers(data, rng).sum() == 0
    data.y[:20] += 30 * sigma[:20]
    assert outliers(data, rng)[:20].mean() > 0.7 and not outliers(data, rng)[20:].any()


def test_a_law_is_found_beside_outliers_and_names_them() -> None:
    data, wrong = spoilt(400, 0.05)
    table = pd.DataFrame(data.X, columns=["x", "z"]).assign(y=data.y)
    found = kansr.discover(table, time_limit=30)
    assert found.status is Status.FOUND and str(found.best.expr) == "5*x**2/(2*z)"
    assert found.outliers == tuple(np.flatnonzero(wrong))
    assert any("left out" in note for note in found.notes)
    assert found.noise == pytest.approx(0.02 / np.std(data.y[~wrong]), rel=0.15)


def test_a_formula_shows_outliers_unless_they_are_side_by_side() -> None:
    rng = np.random.default_rng(0)
    X = np.sort(rng.uniform(1, 3, (500, 1)), axis=0)
    data = Dataset(X, X[:, 0], ("x",))
    for rows, seen in ((rng.choice(500, 12, replace=False), 12), (np.arange(12), 0)):
        residual = 0.01 * rng.normal(size=500)
        residual[rows] += 0.3
        shown = outliers_of_formula(residual, data)
        assert shown.sum() == seen and shown[rows].sum() == seen


def test_outliers_of_a_large_table_are_found_in_seconds() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(rng.uniform(1, 3, (50_000, 9)), rng.normal(size=50_000), tuple("abcdefghi"))
    wrong = rng.random(50_000) < 0.2
    residual = np.where(wrong, 1.0, 0.01) * rng.choice([-1, 1], 50_000)
    shown, seconds = timed(lambda: outliers_of_formula(residual, data))
    assert (shown == wrong).all()
    assert seconds < 15  # only neighbours of rows that are far are looked for


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_outliers_that_only_the_law_shows_do_not_keep_a_search_going(noise: float) -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 5, (800, 4))
    law = 2.5 * X[:, 0] / (X[:, 1] ** 2 * X[:, 2] * X[:, 3])
    wrong = rng.random(800) < 0.05
    table = pd.DataFrame(X, columns=list("abcd"))
    table["y"] = law + np.std(law) * (noise * rng.normal(size=800) + wrong * rng.normal(0, 3, 800))
    found, again = (kansr.discover(table, time_limit=10, jobs=jobs) for jobs in (1, 2))
    assert found.status is Status.FOUND and np.allclose(found.predict(table[list("abcd")]), law, rtol=1e-3)
    assert wrong[list(found.outliers)].all() and len(found.outliers) >= wrong.sum() - 2
    assert again.best == found.best and again.outliers == found.outliers


def test_an_unknown_loss_is_refused() -> None:
    data, _ = spoilt(50, 0.0)
    with pytest.raises(UsageError, match=r"the loss is"):
        kansr.discover((data.X, data.y), loss="cubic")  # type: ignore[arg-type]


@pytest.mark.long
def test_weights_count_as_repeated_rows_do() -> None:
    data, _ = spoilt(120, 0.0, noise=0.2)
    weight = np.random.default_rng(2).integers(0, 4, 120)
    model = kansr.SymbolicRegressor(max_time=20)
    weighted = model.fit(data.X, data.y, sample_weight=weight).predict(data.X)
    repeated = model.fit(np.repeat(data.X, weight, axis=0), np.repeat(data.y, weight)).predict(data.X)
    assert np.abs(weighted - repeated).max() < 0.1 * np.std(data.y)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        model.fit(data.X, data.y, sample_weight=-np.ones(120))


def test_noise_alone_ends_with_nothing() -> None:
    rng = np.random.default_rng(5)
    found = kansr.discover((rng.normal(size=200), rng.normal(size=200)))
    assert found.status is Status.NOTHING
