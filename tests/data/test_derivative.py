"""Time series: smoothed columns and slopes, and the law behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sympy
from scipy.integrate import solve_ivp

import kansr
from kansr.data.derivative import rates
from kansr.data.read.table import Table
from kansr.errors import DataError, UsageError
from kansr.result.result import Status


def series(rows: int = 200, noise: float = 0.0, starts: tuple[tuple[float, float], ...] = ((2.0, 1.0),)) -> Table:
    """Prey x and predators y (Lotka & Volterra), one run after another."""
    made = []
    t = np.linspace(0.0, 12.0, rows)
    for start in starts:
        run = solve_ivp(lambda t, s: [s[0] - 0.5 * s[0] * s[1], 0.25 * s[0] * s[1] - 0.8 * s[1]], (0, 12), start,
                        t_eval=t, rtol=1e-11, atol=1e-12).y.T  # fmt: skip
        made.append(np.column_stack([t, run]))
    values = np.vstack(made)
    values[:, 1:] *= 1 + noise * np.random.default_rng(0).normal(size=(len(values), 2))
    return Table(("t", "prey", "predators"), values)


@pytest.mark.parametrize(("noise", "close"), [(0.0, 2e-5), (0.01, 0.06)])
def test_slopes_are_those_of_the_law(noise: float, close: float) -> None:
    table, rate, error = rates(series(noise=noise), "t", "prey", None, "error")
    assert table.columns == ("prey", "predators", rate, error) and rate == "dprey_dt"
    x, y, slope, sure = table.values.T
    assert len(x) > 150
    assert np.sqrt(np.mean((slope - (x - 0.5 * x * y)) ** 2)) < close * np.std(slope)
    assert np.mean(np.abs(slope - (x - 0.5 * x * y)) < 2 * sure) > 0.9


def test_a_new_run_begins_where_time_falls_back() -> None:
    table, *_ = rates(series(starts=((2.0, 1.0), (1.0, 3.0))), "t", "predators", None, "error")
    x, y, slope, _ = table.values.T
    assert len(x) > 300
    assert np.allclose(slope, 0.25 * x * y - 0.8 * y, atol=1e-3)
    assert "2 runs" in table.notes[-1]


def test_time_stays_where_it_is_asked_for() -> None:
    table, *_ = rates(series(), "t", "prey", ["t", "predators"], "error")
    assert table.columns == ("t", "predators", "prey", "dprey_dt", "error of dprey_dt")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v[:10], "10 rows, and a derivative needs 16"),
        (lambda v: np.repeat(v, 2, axis=0), "twice in a row (row 2)"),
        (lambda v: v[::-1], "must rise within a run"),
    ],
)
def test_a_series_that_cannot_be_derived_is_refused(change, said: str) -> None:  # type: ignore[no-untyped-def]
    table = series()
    with pytest.raises(DataError, match=said.replace("(", r"\(").replace(")", r"\)")):
        rates(Table(table.columns, change(table.values)), "t", "prey", None, "error")


def test_the_law_of_a_series_is_found() -> None:
    table = series(starts=((2.0, 1.0), (1.0, 3.0), (4.0, 0.5)))
    frame = pd.DataFrame(table.values, columns=table.columns)
    discovery = kansr.discover(frame, target="prey", derivative="t", time_limit=20)
    prey, predators = sympy.symbols("prey predators")
    law = prey - prey * predators / 2
    X = frame[["prey", "predators"]].to_numpy()
    found = sympy.lambdify((prey, predators), discovery.best.expr)(*X.T)
    assert np.allclose(found, sympy.lambdify((prey, predators), law)(*X.T), rtol=1e-3, atol=1e-3)
    assert discovery.best.complexity <= 12
    assert discovery.status is Status.FOUND


def test_errors_of_a_rate_cannot_be_given() -> None:
    table = series()
    frame = pd.DataFrame(table.values, columns=table.columns)
    with pytest.raises(UsageError, match="--sigma cannot be combined with --derivative"):
        kansr.discover(frame, target="prey", derivative="t", sigma="predators")
