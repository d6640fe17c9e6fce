"""Constants are fitted to all rows of a table that was thinned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kansr.api.discovery import Discovery
from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.pipeline.all_rows import on_all_rows
from kansr.result.pareto import pareto
from kansr.result.result import Status


def discovery(text: str, data: Dataset, constants: tuple[tuple[float, float], ...]) -> Discovery:
    best = judge(parse(text), data, data, "test")
    front = pareto([best], float(np.var(data.y)))
    return Discovery(Status.FOUND, "y", data.names, (), front, rows=data.rows, constants=constants)


def test_constants_are_those_of_all_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 5, 20_000)
    y = 2.345678 * np.exp(-0.7654321 * x) + 0.5 + 0.01 * rng.standard_normal(len(x))
    rows = np.column_stack([x, y])
    near = Dataset(x[:500, None], y[:500], ("x",))
    start = discovery("2.3466789*exp(-0.7664321*x) + 0.5", near, ((2.3466789, 1e-3), (-0.7664321, 1e-3), (0.5, 0.0)))
    found = on_all_rows(start, ("x", "y"), np.array_split(rows, 7))
    from scipy.optimize import curve_fit

    truth, covariance = curve_fit(lambda x, a, b: a * np.exp(-b * x) + 0.5, x, y, (2, 1))
    values = {round(abs(value), 3): (value, error) for value, error in found.constants}
    for expected, variance in zip(truth, np.diag(covariance)):
        value, error = values[round(abs(expected), 3)]
        assert abs(value) == pytest.approx(expected, rel=1e-5) and error == pytest.approx(np.sqrt(variance), rel=0.01)
    assert 0.5 in dict(found.constants)  # of few digits, and chosen as such
    assert found.best.loss == pytest.approx(1e-4, rel=0.05) and "on all 20000" in found.notes[-1]


def test_constants_stay_where_rows_do_not_count_alike() -> None:
    x = np.linspace(1, 5, 1000)
    rows = np.column_stack([x, 2.3456789 * x])
    start = discovery("2.345*x", Dataset(x[:100, None], rows[:100, 1], ("x",)), ((2.345, 0.01),))
    assert on_all_rows(start, ("x", "y"), [rows], alike=False).best.expr == start.best.expr
    assert on_all_rows(start, ("x", "z"), [rows]) is start
    relative = replace(start.best, error_ms=start.best.loss / 2)
    start = replace(start, front=start.front.with_best(relative))
    assert on_all_rows(start, ("x", "y"), [rows]).best.expr == start.best.expr


def test_a_target_that_spans_decades_has_its_constants_fitted_to_all_rows() -> None:
    x = np.linspace(0, 5, 4000)
    y = 2.3456789 * np.exp(-1.23456 * x) + 0.01 * np.random.default_rng(0).standard_normal(len(x)) * (x < 3)
    near = Dataset(x[:1000:2, None], y[:1000:2], ("x",))
    start = discovery("2.3446789*exp(-1.23556*x)", near, ((2.3446789, 1e-2), (-1.23556, 1e-2)))
    found = on_all_rows(start, ("x", "y"), [np.column_stack([x, y])])
    assert max(error for _, error in found.constants) < 1e-3 and found.best.expr != start.best.expr
