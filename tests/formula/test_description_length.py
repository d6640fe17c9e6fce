"""Description length: the law is shorter than its neighbours, constants cost their precision."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy
from support.tables import table

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import bits_per_float, description_length, fit_length
from kansr.formula.judge.judge import judge
from kansr.numeric.robust import mean_square

NARROW = table("2.5*x**2/z", noise=0.02, rows=200)
DECADES = table("exp(2.5*x)/z", low=0.2, high=3.0, noise=0.02, rows=200)
SIGMA = np.random.default_rng(3).uniform(0.1, 5.0, 200)


@pytest.mark.parametrize(
    "data, formula",
    [
        (NARROW, "2.4*x**2/z"),
        (DECADES, "exp(2.4*x)/z"),
        (replace(NARROW, sigma=SIGMA), "2.4*x**2/z"),
        (replace(NARROW, robust=True), "2.4*x**2/z"),
        (replace(DECADES, robust=True, sigma=SIGMA), "exp(2.4*x)/z"),
    ],
    ids=["constant", "relative", "stated", "robust", "stated and robust"],
)
def test_error_and_length_of_a_fit_are_those_of_its_candidate(data: Dataset, formula: str) -> None:
    fit = fit_constants(parse(formula), data, iterations=0)
    candidate = judge(fit.expr, data, data, "test")
    assert fit.error_ms == pytest.approx(candidate.error_ms, rel=1e-12)
    assert fit_length(fit, data) == pytest.approx(candidate.description_length, rel=1e-12)
    assert fit.rms**2 == pytest.approx(candidate.loss, rel=1e-12)


def test_the_precision_of_a_constant_is_known_by_the_rows_and_the_noise() -> None:
    assert bits_per_float(0.01, 10_000) == pytest.approx(math.log2(1e4))
    assert bits_per_float(0.01, 40_000) == pytest.approx(1 + bits_per_float(0.01, 10_000))
    assert bits_per_float(1.0, 1) == 4.0
    assert bits_per_float(0.0, 10**9) <= 52.0


def test_the_law_has_a_shorter_description_than_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 3, 300)
    y = 2.5 * x**2 + rng.normal(0, 0.1, 300)
    data = Dataset(x[:, None], y, ("x",), "y")

    def length(text: str) -> float:
        expr = parse(text)
        value = sympy.lambdify(sympy.Symbol("x"), expr, "numpy")(x)
        return description_length(expr, mean_square(value - y), data)

    truth = length("2.5*x**2")
    assert all(truth < length(text) for text in ("2.5*x", "2.5*x**2 + 0.0001*x", "2.5123*x**2", "2.5*x**2.01", "x**2"))
