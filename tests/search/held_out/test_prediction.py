"""Of curves that few bits tell apart the one that predicts better is chosen, and only where it clearly does."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.judge import judge
from kansr.result.candidate import Candidate
from kansr.search.held_out.prediction import predicts_better


def fitted(text: str, data: Dataset) -> Candidate:
    return judge(fit_constants(parse(text), data).expr, data, data, "test")


ONE, TWO = "3*cos(0.52*x + 0.2) + 10.1", "3*cos(0.52*x + 0.2) + 1.3*cos(0.23*x - 1.1) + 10.1"


def waves(seed: int, second: float) -> Dataset:
    """Two waves of which the second is half as large as the noise."""
    x = np.arange(1.0, 161.0)
    y = 10 + 3 * np.cos(0.52 * x) + second * np.cos(0.23 * x - 1) + 2.2 * np.random.default_rng(seed).normal(size=160)
    return Dataset(x[:, None], y, ("x",))


@pytest.mark.parametrize(("second", "least", "most"), [(1.3, 6, 10), (0.0, 0, 0)])
def test_a_second_wave_is_chosen_where_it_is_there_though_its_description_is_longer(
    second: float, least: int, most: int
) -> None:
    taken = 0
    for seed in range(10):
        data = waves(seed, second)
        one, two = fitted(ONE, data), fitted(TWO, data)
        best = min(one, two, key=lambda c: c.description_length)
        taken += (predicts_better(best, [one, two], data, 0) or best) is two
    assert least <= taken <= most


@pytest.mark.parametrize("rival", ["0.9*x + 1.1", "0.9*x + 0.01*x**2", "0.9*x + 2*sin(0.3*x)", "1.1*x**0.97"])
def test_a_line_stays_where_rows_are_on_one(rival: str) -> None:
    taken = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = np.linspace(1, 80, 12)
        data = Dataset(x[:, None], 0.9 * x + 2 * rng.normal(size=len(x)), ("x",))
        line = fitted("0.9*x", data)
        taken += predicts_better(line, [line, fitted(rival, data)], data, 0) is not None
    assert taken <= 2


def test_a_much_longer_formula_is_not_looked_at() -> None:
    data = waves(0, 0.0)
    one = fitted(ONE, data)
    longer = fitted("3*cos(0.52*x + 0.2) + 1.3*cos(0.23*x - 1.1) + 0.7*cos(0.9*x + 0.3) + 0.01*x + 10.1", data)
    assert predicts_better(one, [one, longer], data, 0) is None
