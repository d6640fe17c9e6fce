"""Constants: polishing finds them, their standard errors are right, and snapping writes what the data allow."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import noisy_table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.nice_numbers import nice_numbers, proposals
from kansr.expression.parse import parse
from kansr.formula.fit.constants import floats, polish
from kansr.formula.polish.snap import snap

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
def test_polishing_finds_the_constants(truth: str, start: str) -> None:
    data = noisy_table(truth)
    fit = polish(parse(start), data)
    expected = sorted(abs(float(c)) for c in floats(parse(truth)))
    assert sorted(abs(float(c)) for c in fit.constants) == pytest.approx(expected, rel=1e-5)
    assert fit.rms < 1e-9 * float(np.std(data.y))
    assert evaluate(fit.expr, dict(zip(data.names, data.X.T))) == pytest.approx(data.y, rel=1e-8, abs=1e-8)


def test_what_is_fixed_stays() -> None:
    data = noisy_table("2.5*x + 1.75")
    fit = polish(parse("2.0*x + 1.0"), data, fixed=[sympy.Float(2.0)])
    assert sympy.Float(2.0) in floats(fit.expr)
    assert [float(c) for c in fit.constants] == pytest.approx([float(np.mean(data.y - 2 * data.X[:, 0]))])


def test_polishing_never_makes_it_worse() -> None:
    data = noisy_table("exp(sin(x*y))", rows=100)
    for text in ("1.5*sin(2.0*x) + 0.1*y", "1.0*exp(0.5*x*y)", "tanh(1.0*x) + 2.0*y", "1.5*x**1.1 - 0.3"):
        before = float(np.sqrt(np.mean((evaluate(parse(text), dict(zip(data.names, data.X.T))) - data.y) ** 2)))
        assert polish(parse(text), data).rms <= before


def test_an_expression_without_values_or_without_constants_is_left_alone() -> None:
    data = noisy_table("x + 1")
    assert polish(parse("log(-x - 1.5)"), data).rms == np.inf
    fit = polish(parse("x + 1"), data)
    assert (fit.expr, fit.constants, fit.rms) == (parse("x + 1"), (), 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_standard_errors_are_those_of_linear_regression(seed: int) -> None:
    """The closed form: s²·(AᵀA)⁻¹ with s² = RSS/(n − p)."""
    data = noisy_table("2.5*x + 1.75*y - 0.6", rows=60, noise=0.05, seed=seed)
    fit = polish(parse("1.0*x + 2.0*y + 0.1"), data)
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
        fit = polish(parse("1.0*exp(0.5*x)"), noisy_table("2.0*exp(0.75*x)", rows=50, noise=0.05, seed=seed))
        inside += [abs(float(c) - t) < 2 * e for c, t, e in zip(fit.constants, (0.75, 2.0), fit.errors)]
    assert 0.88 < np.mean(inside) < 0.99


def test_what_the_data_do_not_determine_is_not_known() -> None:
    data = noisy_table("2*x", rows=2)
    assert np.isinf(polish(parse("1.0*x + 0.5"), data).errors).all()


# What is written when the data come from it: the start has floats in all places.
SNAPS = [
    ("2*pi*x", "6.0*x"),
    ("x/2 + y", "0.6*x + 1.1*y"),
    ("sqrt(2*pi)*x", "2.4*x"),
    ("x**(3/2)", "1.1*x**1.4"),
    ("sin(pi*x)", "1.1*sin(3.1*x)"),
    ("x**2 + y**2", "1.1*x**2.1 + 0.9*y**1.9"),
    ("exp(-x**2/2)/sqrt(2*pi)", "0.5*exp(-0.6*x**2)"),
    ("3*x/4 - 7*y", "0.7*x - 6.5*y"),
    ("log(x + y)", "1.1*log(x + 0.9*y) + 0.1"),
]


@pytest.mark.parametrize(("truth", "start"), SNAPS)
def test_snapping_writes_the_number_a_person_would_have_written(truth: str, start: str) -> None:
    data = noisy_table(truth)
    fit = snap(polish(parse(start), data), data)
    assert not floats(fit.expr)
    assert sympy.simplify(fit.expr - parse(truth)) == 0


@pytest.mark.parametrize("text", ["0.687*x", "x + 0.15*x*y", "0.0123*x + y"])
def test_decimals_are_written_as_such(text: str) -> None:
    data = noisy_table(text)
    start = parse(text).xreplace({c: sympy.Float(float(c) * 1.1) for c in floats(parse(text))})
    fit = snap(polish(start, data), data)
    assert fit.expr == parse(text)


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("start", ["2.0*x + 0.5*y + 1.0", "3.1*x + 0.3*sin(2.0*y)", "2.9*x + 0.1*y**2 + 0.2*log(y)"])
def test_terms_that_are_nothing_are_dropped(start: str, noise: float) -> None:
    X = np.random.default_rng(2).uniform(0.5, 3, (400, 2))
    y = 3 * X[:, 0] + noise * 5 * np.random.default_rng(3).normal(size=400)
    data = Dataset(X, y, ("x", "y"), "t")
    fit = snap(polish(parse(start), data), data)
    assert {str(s) for s in fit.expr.free_symbols} == {"x"}
    assert fit.expr.as_coeff_Mul()[1] == sympy.Symbol("x")


@pytest.mark.parametrize("value", [3.1, 2.51, 0.4987, 1.4159265358979, 9.8696])
def test_a_number_that_the_data_contradict_is_not_written(value: float) -> None:
    data = noisy_table(f"{value!r}*x + y")
    fit = snap(polish(parse("1.5*x + 0.8*y"), data), data)
    assert fit.expr.has(sympy.Symbol("y"))
    slope = float(sympy.diff(fit.expr, sympy.Symbol("x")))
    assert slope == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("noise", [0.003, 0.03])
def test_with_noise_a_number_is_snapped_only_within_its_error(noise: float) -> None:
    data = noisy_table("pi*x + 0.37*y", noise=noise, rows=500)
    before = polish(parse("3.0*x + 0.5*y"), data)
    after = snap(before, data)
    spread = {repr(float(c)): e for c, e in zip(before.constants, before.errors)}
    for symbol in "xy":
        old, new = (float(sympy.diff(f.expr, sympy.Symbol(symbol))) for f in (before, after))
        assert abs(old - new) < 4 * spread[repr(old)]
    assert after.rms < before.rms * 1.01


NICE = {
    "0": 0.0,
    "3": 3.0,
    "1/2": 0.5,
    "-2/3": -2 / 3,
    "pi": np.pi,
    "sqrt(2*pi)": np.sqrt(2 * np.pi),
    "1/sqrt(2*pi)": 1 / np.sqrt(2 * np.pi),
    "pi**2/6": np.pi**2 / 6,
    "4*pi/3": 4 * np.pi / 3,
    "sqrt(3)": np.sqrt(3),
    "1/(4*pi)": 1 / (4 * np.pi),
}


@pytest.mark.parametrize(("text", "value"), NICE.items())
def test_the_first_proposal_within_rounding_is_the_number_meant(text: str, value: float) -> None:
    assert sympy.simplify(proposals(value, max(abs(value), 1) * 1e-10)[0] - parse(text)) == 0


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e3, 1e3, allow_nan=False), st.floats(1e-9, 0.1))
def test_proposals_are_within_the_tolerance(value: float, tolerance: float) -> None:
    for number in proposals(value, tolerance):
        assert abs(float(number) - value) <= tolerance * (1 + 1e-6) + 1e-15


def test_nice_numbers_ascend_and_are_what_they_say() -> None:
    values, bits, keys = nice_numbers()
    assert np.all(np.diff(values) > 0)
    assert np.all(bits > 0)
    assert len(keys) == len(values)
