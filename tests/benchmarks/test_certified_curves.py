"""When a formula is as good as a certified one: its residuals, and how many numbers were fitted."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recovery.certified_curves import as_good, certified_formula, constants
from kansr.data.dataset import Dataset
from kansr.expression.parse import parse

CERTIFIED = {"form": "b1*(1 - exp(-b2*x))", "par": [["b1", 1, 1, 2.5, 0.1], ["b2", 1, 1, 0.7, 0.1]], "rsd": 0.02}


@pytest.mark.parametrize(
    ("text", "count"),
    [("2.5*(1 - exp(-0.7*x))", 2), ("x**(3/2)/3", 1), ("4*x**2 + sqrt(x)", 0), ("1.5*x + 1.5", 1)],
)
def test_fitted_numbers_are_counted(text: str, count: int) -> None:
    assert constants(parse(text)) == count


def test_a_formula_is_as_good_with_no_more_constants_and_the_same_residual() -> None:
    x = np.linspace(0.1, 5, 200)
    y = 2.5 * (1 - np.exp(-0.7 * x)) + 0.02 * np.random.default_rng(0).normal(size=200)
    data = Dataset(x[:, None], y, ("x",), "y")
    assert as_good(certified_formula(CERTIFIED), data, CERTIFIED)
    assert as_good(parse("5/2 - 5*exp(-0.7*x)/2"), data, CERTIFIED)
    assert not as_good(parse("2.5 - 2.499*exp(-0.7*x)"), data, CERTIFIED)
    assert not as_good(parse("2.6*(1 - exp(-0.7*x))"), data, CERTIFIED)
