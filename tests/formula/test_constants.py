"""Constants: fitting finds them, their standard errors are right, and snapping writes what the data allow."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import noisy_table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants, floats

# The formula, and the same one with constants to start from.
STARTS = [
    ("2.5*x + 1.75", "1.0*x + 0.5"),
    ("2.5*exp(-1.3*x) + 0.4", "1.5*exp(-0.5*x) + 1.1"),
    ("1.7*sin(2.2*x + 0.3)", "1.2*sin(2.0*x + 0.1)"),
    ("3.25*x**1.37*y**(-0.61)", "1.0*x**1.1*y**(-0.9)"),
    ("0.7*x/(1.9 + y)", "1.1*x/(0.8 + y)"),
    ("sqrt(x**2 + 2.3*y**2) - 0.125", "sqrt(x**2 + 1.5*y**2) - 0.5"),
    ("1.25*log(x + 0.33)", "0.8*log(x + 1.1)"),
    ("12345.6*x + 0.000321*y", "1.5*x + 0.7*y"),
]


@pytest.mark.parametrize(("truth", "start"), STARTS)
def test_fitting_finds_the_constants(truth: str, start: str) -> None:
    data = noisy_table(truth)
    fit = fit_constants(parse(start), data)
    expected = sorted(abs(float(c)) for c in floats(parse(truth)))
    assert sorted(abs(float(c)) for c in fit.constants) == pytest.approx(expected, rel=1e-5)
    assert fit.rms < 1e-9 * float(np.std(data.y))
    assert evaluate(fit.expr, dict(zip(data.names, data.X.T))) == pytest.approx(data.y, rel=1e-8, abs=1e-8)


def test_a_constant_and_its_negative_are_one() -> None:
    data = noisy_table("2.5*(1 - exp(-1.3*x))")
    fit = fit_constants(parse("1.5 - 1.5*exp(-0.5*x)"), data)
    assert sorted(map(float, fit.constants)) == pytest.approx([-1.3, 2.5])
    assert fit.rms < 1e-9 * float(np.std(data.y))


def test_the_breakpoint_of_a_maximum_is_fitted() -> None:
    data = noisy_table("1.5*max(1.2, x) + 0.3")
    fit = fit_constants(parse("1.1*max(1.0, x) + 0.5"), data)
    assert sorted(map(float, fit.constants)) == pytest.approx([0.3, 1.2, 1.5])


def test_fixed_constants_stay() -> None:
    data = noisy_table("2.5*x + 1.75")
    fit = fit_constants(parse("2.0*x + 1.0"), data, fixed=[sympy.Float(2.0)])
    assert sympy.Float(2.0) in floats(fit.expr)
    assert [float(c) for c in fit.constants] == pytest.approx([float(np.mean(data.y - 2 * data.X[:, 0]))])


def test_fitting_never_makes_it_worse() -> None:
    data = noisy_table("exp(sin(x*y))", rows=100)
    for text in ("1.5*sin(2.0*x) + 0.1*y", "1.0*exp(0.5*x*y)", "tanh(1.0*x) + 2.0*y", "1.5*x**1.1 - 0.3"):
        before = float(np.sqrt(np.mean((evaluate(parse(text), dict(zip(data.names, data.X.T))) - data.y) ** 2)))
        assert fit_constants(parse(text), data).rms <= before


def test_an_expression_without_values_or_without_constants_is_left_alone() -> None:
    data = noisy_table("x + 1")
    assert fit_constants(parse("log(-x - 1.5)"), data).rms == np.inf
    fit = fit_constants(parse("x + 1"), data)
    assert (fit.expr, fit.constants, fit.rms) == (parse("x + 1"), (), 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_standard_errors_are_those_of_linear_regression(seed: int) -> None:
    """The closed form: s²·(AᵀA)⁻¹ with s² = RSS/(n − p)."""
    data = noisy_table("2.5*x + 1.75*y - 0.6", rows=60, noise=0.05, seed=seed)
    fit = fit_constants(parse("1.0*x + 2.0*y + 0.1"), data)
    A = np.column_stack([data.X, np.ones(data.rows)])
    w, rss = np.linalg.lstsq(A, data.y, rcond=None)[:2]
    errors = np.sqrt(np.diag(np.linalg.inv(A.T @ A)) * rss[0] / (data.rows - 3))
    by_value = dict(zip(map(float, fit.constants), fit.errors))
    for value, error in zip(w, errors):
        nearest = min(by_value, key=lambda v: abs(v - value))
        assert nearest == pytest.approx(value, rel=1e-7)
        assert by_value[nearest] == pytest.approx(error, rel=1e-6)


def test_standard_errors_cover_the_truth() -> None:
    """Of a nonlinear fit too: the truth is within two of them in about 95 % of tables."""
    inside = []
    for seed in range(100):
        fit = fit_constants(parse("1.0*exp(0.5*x)"), noisy_table("2.0*exp(0.75*x)", rows=50, noise=0.05, seed=seed))
        inside += [abs(float(c) - t) < 2 * e for c, t, e in zip(fit.constants, (0.75, 2.0), fit.errors)]
    assert 0.88 < np.mean(inside) < 0.99


def test_what_the_data_do_not_determine_is_not_known() -> None:
    data = noisy_table("2*x", rows=2)
    assert np.isinf(fit_constants(parse("1.0*x + 0.5"), data).errors).all()


def test_hubers_loss_keeps_constants_from_heavy_tails() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (500, 1))
    y = 3.3 * X[:, 0] + 0.02 * rng.standard_t(1.2, 500)
    start = parse("2.0*x")
    squares, robust = (fit_constants(start, Dataset(X, y, ("x",), robust=robust)) for robust in (False, True))
    assert abs(float(robust.constants[0]) - 3.3) < 3 * robust.errors[0] < 0.02
    assert abs(float(robust.constants[0]) - 3.3) < abs(float(squares.constants[0]) - 3.3)
