"""Curves of one input matched in noise: every row counts, by its error."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import fit_length
from kansr.structure.terminals.one_input.curve_match import single
from kansr.symbolic.matching.match import MatchConfig


@pytest.mark.parametrize("transform", ["x", "2/(1 + exp(x))", pytest.param("x**3 + 3", marks=pytest.mark.long)])
def test_one_input_is_matched_on_all_rows_and_by_the_target_itself(transform: str) -> None:
    """Of 1500 noisy rows every one counts, and values near 0 do not decide in 1/y: the truth is among the first six."""
    x = np.random.default_rng(1).uniform(-1, 1, 1500)
    clean = Tape(parse(transform), ("x",)).value(x[:, None])
    y = clean + np.random.default_rng(2).normal(0, 0.25 * np.std(clean), 1500)
    data = Dataset(x[:, None], y, ("x",), "y")
    fits = [fit_constants(expr, data) for expr in single(data, 0.25, MatchConfig(), keep=6)]
    off = [np.std(Tape(fit.expr, ("x",)).value(x[:, None]) - clean) for fit in fits]
    assert min(off) < 0.02 * np.std(clean)


@pytest.mark.parametrize("transform", ["1/sqrt(1 - x**2)", pytest.param("exp(-3*x)", marks=pytest.mark.long)])
def test_rows_count_by_their_errors_where_one_input_is_matched(transform: str) -> None:
    """A few sigma_z rows are no worse than none of them."""
    rng = np.random.default_rng(3)
    x, sigma = rng.uniform(0, 0.9, 1500), 0.02 * 10 ** rng.uniform(0, 3, 1500)
    clean = Tape(parse(transform), ("x",)).value(x[:, None])
    data = Dataset(x[:, None], clean + sigma * rng.normal(size=1500), ("x",), "y", sigma=sigma, relative=True)
    noise = float(np.exp(np.mean(np.log(sigma))) / np.std(clean))
    fits = [fit_constants(expr, data) for expr in single(data, noise, MatchConfig(), keep=6)]
    off = [np.std(Tape(fit.expr, ("x",)).value(x[:, None]) - clean) for fit in fits]
    assert min(off) < 0.02 * np.std(clean)


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [("1/(exp(x/6) - 1)", 0.02, 25.0), ("1/sin(x/2)**4", 1.0, 3.0), ("exp(-2/x)", 0.3, 4.0)],
)
def test_a_function_of_one_input_is_found_without_a_shift_and_an_offset(law: str, low: float, high: float) -> None:
    x = np.random.default_rng(1).uniform(low, high, 1500)
    y = evaluate(parse(law), {"x": x})
    noise = np.random.default_rng(2).normal(0, 0.01 * float(np.std(y)), len(x))
    data = Dataset(x[:, None], y + noise, ("x",), "y")
    fits = [fit_constants(expr, data) for expr in single(data, 0.01, MatchConfig(), keep=6)]
    bits = [fit_length(fit, data) for fit in fits]
    truth = fit_constants(parse(law), data, iterations=0)
    spare = 2 * np.log2(data.rows)  # two numbers that are not rounded yet
    assert min(bits) < fit_length(truth, data) + spare
