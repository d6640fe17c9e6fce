"""One gross error among a few rows is found; rows of steep laws and of heavy tails are none."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.outliers_of_few import FEWEST, outliers_of_few

LAWS = ["2.5*a*b", "a**2/b", "3*exp(-a) + b", "a*b**2", "sqrt(a)/b", "a + 10/b"]


def rows(law: str, count: int, noise: float, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.uniform(1, 5, (count, 2))
    y = np.asarray(Tape(parse(law), ("a", "b")).value(X))
    return Dataset(X, y * (1 + noise * rng.normal(size=count)), ("a", "b"))


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize(("count", "least"), [(20, 3), (47, 5), (150, 5)])
def test_a_misplaced_decimal_point_is_found(count: int, least: int, noise: float) -> None:
    found = named = 0
    for seed, law in enumerate(LAWS):
        data = rows(law, count, noise, seed)
        assert not outliers_of_few(data).any()
        row = int(np.argmax(data.y > np.quantile(data.y, 0.6)))  # where ten times the value is beyond all others
        data.y[row] *= 10
        outlier = outliers_of_few(data)
        found, named = found + bool(outlier[row]), named + int(outlier.sum())
    assert found >= least and named == found


@pytest.mark.parametrize(("law", "low", "high"), [("1/(a - 0.9)", 1, 5), ("exp(4*a)", 0, 1), ("sin(9*a)", 1, 5)])
def test_rows_of_an_unusual_law_are_seldom_named(law: str, low: float, high: float) -> None:
    """The row nearest to a pole may be: a formula that comes near takes it back."""
    rng, named = np.random.default_rng(0), 0
    for _ in range(10):
        X = rng.uniform(low, high, (60, 1))
        named += outliers_of_few(Dataset(X, np.asarray(Tape(parse(law), ("a",)).value(X)), ("a",))).sum()
    assert named <= 2


@pytest.mark.parametrize("draw", ["lognormal", "exponential"])
def test_rows_of_skewed_noise_are_none(draw: str) -> None:
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(20):
        y = getattr(rng, draw)(size=47)
        named += outliers_of_few(Dataset(rng.normal(size=(47, 3)), y, ("a", "b", "c"))).any()
    assert named <= 1


def test_stated_errors_count() -> None:
    data = rows("a*b", 40, 0.0, 0)
    sigma = np.full(40, 0.1)
    sigma[7] = 100.0
    data.y[7] += 100
    assert not outliers_of_few(Dataset(data.X, data.y, data.names, sigma=sigma)).any()
    assert outliers_of_few(Dataset(data.X, data.y, data.names, sigma=np.full(40, 0.1)))[7]


def test_too_few_rows_say_nothing() -> None:
    data = rows("a*b", FEWEST - 1, 0.0, 0)
    data.y[3] *= 100
    assert not outliers_of_few(data).any()
