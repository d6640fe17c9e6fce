"""Fits with errors in the inputs are those of York for a line, and of orthogonal distance regression for the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import odr
from support.york import CHI_SQUARE, INTERCEPT, INTERCEPT_ERROR, SLOPE, SLOPE_ERROR, TABLE

import kansr
from kansr.data.dataset import Dataset, InputErrors
from kansr.data.roles import dataset
from kansr.data.stated_errors import effective_errors
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import Optimum, fit_constants, least_squares, minimise
from kansr.formula.fit.effective_variance import adjusted, effective, own_errors
from kansr.formula.judge.exactness import chi_square, within_errors
from kansr.numeric.arrays import Array
from kansr.result.result import Status

STEPS = 60
# Standard errors by which two fits may differ: both end where the sum of squares falls by less than about 1e-11 of
# itself, and near its minimum it rises by the square of the distance in standard errors.
CLOSE = 1e-4
LINE, EXPONENTIAL = "a + b*x", "a*exp(b*x)"


def rows_of(x: Array, y: Array, error_x: Array, error_y: Array | None) -> Dataset:
    errors = InputErrors(error_x[:, None], error_y)
    sigma = effective_errors(x[:, None], y, errors)
    return Dataset(x[:, None], y, ("x",), sigma=sigma, input_errors=errors)


def fitted(form: str, data: Dataset, start: tuple[float, ...]) -> Optimum:
    return least_squares(tape_of(form), data, np.array(start), STEPS)


def tape_of(form: str) -> Tape:
    return Tape(parse(form), ("x",), sympy.symbols("a b"))


def test_the_line_of_york() -> None:
    data, notes = dataset(TABLE, sigma=["error_y", "x=error_x"])
    found = fitted(LINE, data, (1.0, 1.0))
    assert found.values == pytest.approx([INTERCEPT, SLOPE], rel=1e-7)
    assert found.errors == pytest.approx([INTERCEPT_ERROR, SLOPE_ERROR], rel=1e-4)
    assert chi_square(parse(f"{found.values[0]:.12g} + {found.values[1]:.12g}*x"), data) == pytest.approx(CHI_SQUARE)
    assert any("errors of inputs" in note and "'x' (in 'error_x')" in note for note in notes)


def test_the_line_of_york_is_a_form_with_its_standard_errors_and_chi_square() -> None:
    found = kansr.refine(TABLE, "a + b*x", sigma={"x": "error_x", "y": "error_y"}, time_limit=5)
    assert found.verdict is not None and found.inputs == ("x",)
    assert [row[1] for row in found.verdict.constants] == pytest.approx([INTERCEPT, SLOPE], rel=1e-6)
    assert [row[2] for row in found.verdict.constants] == pytest.approx([INTERCEPT_ERROR, SLOPE_ERROR], rel=1e-4)
    assert any("χ² by the stated errors is 11.87; about 8 is expected" in note for note in found.notes)


def by_scipy(form: str, x: Array, y: Array, error_x: Array, error_y: Array, start: Array) -> tuple[Array, Array, float]:
    """Constants, their standard errors by the stated errors, and χ², by ODRPACK."""
    tape = tape_of(form)
    model = odr.Model(lambda constants, x: tape.value(np.ravel(x)[:, None], constants))
    rows = odr.RealData(x, y, sx=error_x, sy=error_y)
    found = odr.ODR(rows, model, beta0=start, maxit=500, sstol=1e-15, partol=1e-15).run()
    return found.beta, np.sqrt(np.diag(found.cov_beta)), found.sum_square


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    slope=st.floats(0.2, 5.0),
    sign=st.sampled_from((-1.0, 1.0)),
    share=st.floats(0.01, 0.1),
    uneven=st.floats(1.0, 10.0),
)
def test_a_line_is_that_of_scipy(seed: int, slope: float, sign: float, share: float, uneven: float) -> None:
    rng = np.random.default_rng(seed)
    true = rng.uniform(-3, 3, 40)
    error_x, error_y = share * rng.uniform(1, uneven, (2, 40)) / uneven * 3
    x, y = true + error_x * rng.normal(size=40), 1.5 + sign * slope * true + error_y * rng.normal(size=40)
    found = fitted(LINE, rows_of(x, y, error_x, error_y), (0.0, 0.0))
    constants, errors, squares = by_scipy(LINE, x, y, error_x, error_y, found.values)
    assert found.values == pytest.approx(constants, abs=CLOSE * float(errors.min()))
    assert found.errors == pytest.approx(errors, rel=1e-3)
    data = rows_of(x, y, error_x, error_y)
    assert float(np.sum(adjusted(tape_of(LINE), found.values, data, error_y).distance ** 2)) == pytest.approx(squares)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), rate=st.floats(-1.5, 1.5).filter(lambda rate: abs(rate) > 0.1))
def test_a_curve_is_that_of_scipy(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    true, error_x, error_y = rng.uniform(0, 2, 50), np.full(50, 0.05), np.full(50, 0.1)
    x, y = true + error_x * rng.normal(size=50), 2 * np.exp(rate * true) + error_y * rng.normal(size=50)
    found = fitted(EXPONENTIAL, rows_of(x, y, error_x, error_y), (2.0, rate))
    constants, errors, _ = by_scipy(EXPONENTIAL, x, y, error_x, error_y, found.values)
    assert found.values == pytest.approx(constants, abs=CLOSE * float(errors.min()))


def noisy_inputs(rng: np.random.Generator, rows: int, error_x: float, error_y: float = 0.0) -> tuple[Array, Array]:
    """2·exp(0.8·x), and x as it was measured."""
    true = rng.uniform(0, 3, rows)
    return true + error_x * rng.normal(size=rows), 2 * np.exp(0.8 * true) + error_y * rng.normal(size=rows)


@pytest.mark.parametrize(
    ("stated", "error_y"), [("given", 0.3), ("given", 0.0), ("estimated", 0.3), ("estimated", 0.0)]
)
def test_constants_lie_as_far_off_as_their_standard_errors_say(stated: str, error_y: float) -> None:
    """40 tables of 100 rows; fits with weights that are held end up several standard errors off, all to one side."""
    off, held_off = [], []
    for seed in range(40):
        x, y = noisy_inputs(np.random.default_rng(seed), 100, 0.1, error_y)
        own = np.full(100, error_y) if stated == "given" else None
        data = rows_of(x, y, np.full(100, 0.1), own)
        found = fitted(EXPONENTIAL, data, (2.0, 0.8))
        off.append((found.values - [2, 0.8]) / found.errors)
        naive = minimise(tape_of(EXPONENTIAL), data.X, y, np.array([2.0, 0.8]), STEPS)
        held_off.append((naive.values - [2, 0.8]) / found.errors)
    assert np.abs(np.mean(off, axis=0)).max() < 0.5  # 3 standard errors of a mean of 40
    assert (np.std(off, axis=0) > 0.75).all() and (np.std(off, axis=0) < 1.3).all()
    assert np.abs(np.mean(held_off, axis=0)).max() > 1


@pytest.mark.parametrize(("error_x", "error_y"), [(0.0, 0.2), (0.05, 0.5), (0.1, 0.0)])
def test_a_scatter_of_the_target_that_is_not_stated_is_estimated(error_x: float, error_y: float) -> None:
    x, y = noisy_inputs(np.random.default_rng(1), 2000, max(error_x, 1e-6), error_y)
    data = rows_of(x, y, np.full(2000, max(error_x, 1e-6)), None)
    own = own_errors(tape_of(EXPONENTIAL), [2.0, 0.8], data)
    assert own == pytest.approx(np.full(2000, error_y), abs=0.15 * max(error_y, 0.4))
    off, rows = effective(tape_of(EXPONENTIAL), data, [2.0, 0.8])
    assert rows.sigma is not None
    assert float(np.mean((off / rows.sigma) ** 2)) == pytest.approx(1, abs=0.1)


def test_inputs_that_are_nearly_exact_change_nothing() -> None:
    x, y = noisy_inputs(np.random.default_rng(2), 60, 0.0, 0.3)
    plain = Dataset(x[:, None], y, ("x",), sigma=np.full(60, 0.3))
    near = replace(plain, input_errors=InputErrors(np.full((60, 1), 1e-9), plain.sigma))
    one, other = (fitted(EXPONENTIAL, data, (1.0, 1.0)) for data in (plain, near))
    assert other.values == pytest.approx(one.values, rel=1e-6) and other.errors == pytest.approx(one.errors, rel=1e-5)
    assert other.error_ms == pytest.approx(one.error_ms, rel=1e-6) and other.rms == pytest.approx(one.rms, rel=1e-6)


def test_only_ratios_of_errors_may_be_known() -> None:
    x, y = noisy_inputs(np.random.default_rng(3), 200, 0.05, 0.2)
    expr = parse("2.1*exp(0.75*x)")
    table = pd.DataFrame({"x": x, "y": y})
    known, _ = dataset(table, sigma={"x": 0.05, "y": 0.2})
    ratios, _ = dataset(table, sigma={"x": 0.5, "y": 2.0}, absolute_sigma=False)
    one, other = fit_constants(expr, known), fit_constants(expr, ratios)
    assert [float(c) for c in other.constants] == pytest.approx([float(c) for c in one.constants], rel=1e-6)
    assert other.errors == pytest.approx(one.errors, rel=0.2) and (ratios.stated, known.relative) == (None, False)


def test_one_far_row_counts_for_less_with_hubers_loss() -> None:
    x, y = noisy_inputs(np.random.default_rng(4), 200, 0.05, 0.1)
    y[:4] += 40
    data = rows_of(x, y, np.full(200, 0.05), np.full(200, 0.1))
    plain, robust = (fitted(EXPONENTIAL, replace(data, robust=robust), (2.0, 0.8)) for robust in (False, True))
    assert abs(robust.values[1] - 0.8) < 0.02 < abs(plain.values[1] - 0.8)


def test_a_formula_is_within_the_errors_of_inputs_or_beyond_them() -> None:
    x, y = noisy_inputs(np.random.default_rng(5), 300, 0.1)
    table = pd.DataFrame({"x": x, "y": y})
    data, _ = dataset(table, sigma={"x": 0.1, "y": 0})
    assert within_errors(parse("2*exp(0.8*x)"), data)
    assert not within_errors(parse("2*exp(0.85*x)"), data)
    understated, _ = dataset(table, sigma={"x": 0.05, "y": 0})
    assert not within_errors(parse("2*exp(0.8*x)"), understated)


@pytest.mark.parametrize("text", ["sqrt(x - 1)", "log(x)", "1/(x - 1.5)", "3.0", "exp(x**9)"])
def test_formulas_without_a_value_or_without_the_input(text: str) -> None:
    x, y = noisy_inputs(np.random.default_rng(6), 50, 0.1)
    residual, rows = effective(Tape(parse(text), ("x",)), rows_of(x, y, np.full(50, 0.1), np.zeros(50)))
    assert rows.sigma is not None and not np.isnan(residual).any() and (rows.sigma > 0).all()


@pytest.mark.parametrize("own", [{"y": 0}, {}])
def test_a_law_whose_noise_comes_from_its_inputs_is_found(own: dict[str, float]) -> None:
    x, y = noisy_inputs(np.random.default_rng(7), 300, 0.05)
    found = kansr.discover(pd.DataFrame({"x": x, "y": y}), sigma={"x": 0.05, **own}, time_limit=40)
    assert found.status is Status.FOUND
    values = found.best.expr.subs({sympy.Symbol("x"): 1.5})
    assert found.best.expr.atoms(sympy.exp) and float(values) == pytest.approx(2 * np.exp(1.2), rel=0.01)
    assert found.best.complexity <= 7
