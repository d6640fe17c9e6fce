"""When a search may stop after waves have been found, and when a formula is not asserted to be the law."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.search.attempt import Finding
from kansr.search.partition import Partition
from kansr.search.stopping import far_behind, near_the_law, simple_waves


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("3*cos(41*x + 1) + 2", True),
        ("3*exp(-x)*cos(41*x + 1) + 2*x", True),
        ("3*cos(8*x**2 + 41*x)", True),
        ("3*cos(41*x + 1) + cos(93*x) + x", True),
        ("3*cos(41*x + 1) + cos(82*x)", False),
        ("sin(20*pi*x) - sin(60*pi*x)/3", False),
        ("3*cos(41*x + 1) + cos(3*x)", False),
        ("3*cos(41*x + 1) + cos(42*x)", False),
        ("3*exp(-x)*cos(41*x + 1) + cos(93*x)", False),
        ("cos(41*x) + cos(67*x) + cos(95*x) + cos(123*x)", False),
        ("x**2", False),
    ],
)
def test_only_simple_sums_of_waves_end_a_search(text: str, simple: bool) -> None:
    assert simple_waves(parse(text), 1.0) == simple


@pytest.mark.parametrize(("text", "behind"), [("sin(x)", False), ("sin(x) + 0.0003/(x - 1.3)", True), ("0.5*x", True)])
def test_what_runs_away_between_its_rows_is_not_the_law(text: str, behind: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 3, 160)
    x[-1] = 1.3001
    y = np.sin(x) + 0.05 * rng.normal(size=160)
    data = Dataset(x[:, None], y, ("x",))
    rows = Partition.between(data.take(slice(0, 120)), data.take(slice(120, 160)))
    assert far_behind(judge(parse(text), rows.fitting, rows.judging, "test"), rows) == behind


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("3*x*y + 2.01*x", True),
        ("3*x*y + 1.5*x", False),  # a smooth model predicts better
        ("2.98*x*y + 2.03*x + 0.011*y + 0.012*sin(1.7*x) + 0.013", False),  # more constants than a line
    ],
)
def test_a_short_formula_that_predicts_as_well_as_a_smooth_model_leaves_nothing_to_a_sum_of_curves(text, near):
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (400, 2))
    y = 3 * X[:, 0] * X[:, 1] + 2 * X[:, 0]
    data = Dataset(X, y + 0.1 * rng.normal(size=400), ("x", "y"))
    rows = Partition.between(data.take(slice(0, 300)), data.take(slice(300, 400)))
    found = [Finding(judge(parse(text), rows.fitting, rows.judging, "test"))]
    assert near_the_law(found, rows) == near
