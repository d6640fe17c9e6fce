"""Formulas beside simple models: what predicts better is chosen, and how well is said honestly."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kansr
from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.judge import judge
from kansr.result.result import Status
from kansr.search.held_out.comparison import Comparison, compare
from kansr.search.partition import Partition
from kansr.structure.anova.models import MODELS


def rows_of(law, rows: int = 150, inputs: int = 6, noise: float = 0.5, seed: int = 0) -> Partition:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, inputs))
    y = law(X)
    y = y + noise * (np.std(y) or 1.0) * rng.normal(size=rows)
    return Partition.of(Dataset(X, y, tuple(f"x{i}" for i in range(inputs))), 0.25)


def never() -> bool:
    return False


def line(X):
    return X @ np.array([1.0, -1.0, 0.5, 0.0, 0.0, 0.0])


def curve(X):
    return X[:, 0] ** 2 + X[:, 1]


@pytest.fixture(scope="module")
def of_a_line() -> tuple[Partition, Comparison]:
    """All simple models, of rows that a line describes."""
    rows = rows_of(line)
    return rows, compare(rows, True, never)


def test_the_baselines_come_in_order(of_a_line: tuple[Partition, Comparison]) -> None:
    names = [b.name for b in of_a_line[1].baselines]
    assert names == ["mean", "line", "sparse_line", "quadratic", "additive", "smooth"]


@pytest.mark.parametrize("rows", [30, 150, 900])
def test_a_baseline_is_judged_on_rows_that_it_does_not_know(rows: int) -> None:
    """Its held-out r² agrees with that on fresh rows, on average; of few rows, a fifth less to fit to tells."""
    differences = []
    for seed in range(8):
        known, fresh = rows_of(line, rows, seed=seed), rows_of(line, 2000, seed=100 + seed).table
        stated = {b.name: b.r2_held_out for b in compare(known, False, never).baselines}
        model = MODELS["line"](known.kept.X, known.kept.y, 0, never)
        differences.append(stated["line"] - 1 + np.mean((model.predict(fresh.X) - fresh.y) ** 2) / np.var(fresh.y))
    error = np.std(differences) / np.sqrt(len(differences))
    assert np.mean(differences) < 3 * error + 0.01
    assert rows < 100 or np.mean(differences) > -3 * error - 0.01


def test_a_line_takes_the_place_of_a_constant_and_of_an_overfit(of_a_line: tuple[Partition, Comparison]) -> None:
    rows, found = of_a_line
    for text, status in (("0.1", Status.NOTHING), ("x3**2*x4 + x5", Status.BEST_EFFORT)):
        worse = judge(kansr.parse(text), rows.fitting, rows.judging, "test")
        better = found.better_than(worse, status, lambda candidate: True)
        assert better is not None and {"x0", "x1"} <= {str(s) for s in better.candidate.expr.free_symbols}
        assert better.candidate.r2_held_out > 0.6 and 0 < better.candidate.r2_held_out_error < 0.2


def test_a_model_is_written_with_all_that_it_was_compared_with() -> None:
    """Weak inputs that description length would drop predict: the line that is offered is the line."""
    rows = rows_of(lambda X: X @ np.array([1.0, 0.3, 0.3, 0.25, 0.25, 0.2]), 400, noise=1.0)
    found = compare(rows, False, never)
    (line_,) = (j for j in found.formulas if j.name == "line")
    fresh = rows_of(lambda X: X @ np.array([1.0, 0.3, 0.3, 0.25, 0.25, 0.2]), 4000, noise=0.0, seed=1).table
    predicted = Tape(line_.finding.candidate.expr, fresh.names).value(fresh.X)
    model = MODELS["line"](rows.kept.X, rows.kept.y, 0, never)
    assert np.std(predicted - model.predict(fresh.X)) < 0.05 * np.std(fresh.y)


def test_what_may_be_worse_than_the_line_gives_way() -> None:
    """A formula that is as good on these rows by chance, and worse on others."""
    taken = 0
    for seed in range(6):
        rows = rows_of(lambda X: X @ np.array([1.0, 0.5, 0.5, 0.4, 0.0, 0.0]), 60, noise=0.7, seed=seed)
        short = judge(kansr.parse("1.0*x0"), rows.fitting, rows.judging, "test")
        better = compare(rows, False, never).better_than(short, Status.FOUND, lambda c: True)
        taken += better is not None and len(better.candidate.expr.free_symbols) > 1
    assert taken >= 5


@pytest.mark.parametrize("rows", [7, 10])
def test_a_line_that_predicts_worse_than_the_mean_takes_no_formula_s_place(rows: int) -> None:
    """As where one row is far from all others, which bends the line when it is left out."""
    t = np.append(-1000.0, np.arange(rows - 1.0))
    y = (0.4 + 0.3 * np.exp(0.69 * t)) * np.random.default_rng(0).normal(1.0, 0.04, rows)
    table = Partition.of(Dataset(t[:, None], y, ("t",), "y"), 0.25)
    law = fit_constants(kansr.parse("0.4 + 0.3*exp(0.7*t)"), table.fitting).expr
    best = judge(law, table.fitting, table.judging, "test")
    assert compare(table, False, never).better_than(best, Status.BEST_EFFORT, lambda candidate: True) is None


def test_noise_does_not_take_the_place_of_a_constant() -> None:
    taken = 0
    for seed in range(12):
        rows = rows_of(lambda X: np.zeros(len(X)), seed=seed)
        mean = judge(kansr.parse(str(np.mean(rows.fitting.y))), rows.fitting, rows.judging, "mean")
        taken += compare(rows, True, never).better_than(mean, Status.NOTHING, lambda c: True) is not None
    assert taken == 0


def test_the_true_law_stays() -> None:
    rows = rows_of(curve)
    law = judge(kansr.parse("x0**2 + x1"), rows.fitting, rows.judging, "test")
    found = compare(rows, True, never)
    assert found.better_than(law, Status.FOUND, lambda c: True) is None
    assert "formulas" not in vars(found)  # nothing was written that cannot take its place
    assert list(found.notes(law)) == []


def test_a_smooth_model_that_predicts_better_is_named() -> None:
    rows = rows_of(curve, noise=0.1)
    poor = judge(kansr.parse("x1"), rows.fitting, rows.judging, "test")
    assert "a smooth model" in next(compare(rows, True, never).notes(poor))


def test_a_search_says_that_a_line_is_enough() -> None:
    data = rows_of(lambda X: X[:, 0] - X[:, 1], rows=60, inputs=12, noise=0.7).table
    found = kansr.discover((data.X, data.y), time_limit=20)
    assert {"x0", "x1"} <= {str(s) for s in found.best.expr.free_symbols}
    assert any("a straight line does as well" in note for note in found.notes)
    told = found.to_dict()
    assert [b["name"] for b in told["baselines"]][:3] == ["mean", "line", "sparse_line"]
    assert told["best"]["r2_held_out_error"] > 0
    assert kansr.load(json.dumps(told)).best.expr == found.best.expr


def test_a_table_written_with_few_digits_is_compared_as_others_are() -> None:
    data = rows_of(lambda X: X[:, 0] - X[:, 1], rows=90, inputs=10, noise=0.4).table
    found = kansr.discover((data.X.round(2), data.y.round(2)), time_limit=15)
    assert [b["name"] for b in found.to_dict()["baselines"]][:2] == ["mean", "line"]
    assert {"x0", "x1"} <= {str(s) for s in found.best.expr.free_symbols}


def test_five_inputs_of_hundreds() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 400))
    y = X[:, 5] + X[:, 50] ** 2 + np.sin(2 * X[:, 120]) + X[:, 200] * X[:, 300]
    y += 0.3 * np.std(y) * rng.normal(size=300)
    found = kansr.discover((X, y), time_limit=60)
    assert {str(s) for s in found.best.expr.free_symbols} == {"x5", "x50", "x120", "x200", "x300"}
    assert len(found.predict(X)) == 300
