"""Digits are noise: what rounding leaves of a law, and that nothing speaks for a formula that comes closer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.tables import table

from kansr.data.dataset import Dataset
from kansr.data.resolution import rounding_of
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.fit.rounding import digits_floor, most_rounding, rounding_error
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.exactness import exact, within_digits
from kansr.formula.judge.judge import judge
from kansr.formula.polish.snap import snap
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square


def digits(column: Array, count: int) -> Array:
    return np.array([float(f"{value:.{count - 1}e}") for value in column.ravel()]).reshape(column.shape)


def rounded(text: str, count: int, rows: int = 600) -> Dataset:
    """Rows of a formula, all columns with so many significant digits."""
    data = table(text, rows=rows)
    X, y = digits(data.X, count), digits(data.y, count)
    return replace(data, X=X, y=y, rounding=rounding_of(X, y))


LAWS = ("x*y/z", "x*exp(-2*y)", "x*(1/y - 1/z)", "sqrt(x**2 + y**2)")


@pytest.mark.parametrize("text", LAWS)
@pytest.mark.parametrize("count", [3, 4, 7])
def test_rounding_of_all_columns_is_what_the_law_leaves(text: str, count: int) -> None:
    data = rounded(text, count)
    tape = Tape(parse(text), data.names)
    residual = tape.value(data.X) - data.y
    scale = rounding_error(tape.value, residual, data)
    assert scale is not None
    assert mean_square(residual / scale) == pytest.approx(1.0, abs=most_rounding(data.rows) - 1)
    assert within_digits(parse(text), data)
    assert exact(fit_constants(parse(text), data), data)


@pytest.mark.parametrize("text", LAWS)
def test_a_formula_beside_the_law_is_not_exact_to_the_digits(text: str) -> None:
    assert not within_digits(parse(f"({text})*1.002"), rounded(text, 4))
    assert not within_digits(parse(f"({text}) + 0.01*sin(3*x)"), rounded(text, 4))


def test_nothing_speaks_for_what_is_below_the_digits() -> None:
    data = table("2*sin(10*x)", rows=400)
    y = data.y.round(4)
    data = replace(data, y=y, rounding=rounding_of(data.X, y))
    law = fit_constants(parse("2*sin(10*x)"), data)
    second = fit_constants(parse("2*sin(10*x) + 1e-5*cos(40.3*x)"), data)
    assert second.rms < law.rms <= digits_floor(data)
    assert fit_length(law, data) < fit_length(second, data)
    assert judge(law.expr, data, data, "test").description_length == pytest.approx(fit_length(law, data))


def test_constants_are_snapped_to_what_the_digits_allow() -> None:
    data = rounded("x*y*(1/z - 1/w)", 4, rows=375)
    fit = fit_constants(parse("0.99*x*y*(1/z - 1/w)"), data)
    assert snap(fit, data).expr == parse("x*y*(1/z - 1/w)")


def test_numbers_in_full_have_no_floor() -> None:
    data = table("x*y")
    assert data.rounding is None and digits_floor(data) == 0.0
    assert not within_digits(parse("x*y"), data)


def test_a_table_that_a_formula_meets_to_the_last_digit_is_no_rounded_one() -> None:
    x = np.arange(1.0, 101.0)
    y = x * (x + 1) / 2
    data = Dataset(x[:, None], y, ("x",), rounding=rounding_of(x[:, None], y))
    assert data.rounding is not None
    law, near = fit_constants(parse("x**2/2 + x/2"), data), fit_constants(parse("x**2/2 + x/2 + 0.1"), data)
    assert fit_length(law, data) < fit_length(near, data) - 1000
