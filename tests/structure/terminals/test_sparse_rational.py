"""Ratios of polynomials come out, in noise too."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import misfit, table

from kansr.data.dataset import Dataset
from kansr.structure.terminals.closed_form.sparse_rational import rationals

RATIONALS = [
    "(m*r + n*s)/(m + n)",
    "x/(1 + x**2)",
    "x*y/(x + y)",
    "(x - y)/(1 - x*y/9)",
    "(x**2 + 2*y)/(3 + x*y)",
    "1/(1/x + 1/y)",
    "a*b*c/(b + 2*c)",
]


@pytest.mark.parametrize("text", RATIONALS)
def test_a_ratio_of_polynomials_is_found(text: str) -> None:
    data = table(text)
    assert min(misfit(expr, data) for expr in rationals(data, 0.3)) < 1e-7


NOISY_RATIONALS = ["(x + y)/(1 + x*y)", "x/(1 + y)", "x*y/(x + y)", "1/(x**2 + y**2)", "3*x*y/(2 + x)"]


@pytest.mark.parametrize("text", NOISY_RATIONALS)
@pytest.mark.parametrize("share", [0.03, 0.2])
def test_a_ratio_of_polynomials_is_found_in_spite_of_noise(text: str, share: float) -> None:
    """Its coefficients are not too small, as they are where noise comes into the columns."""
    law = table(text, rows=1500, low=0.2, high=1.2)
    noise = share * float(np.std(law.y)) * np.random.default_rng(0).normal(size=law.rows)
    found = list(rationals(Dataset(law.X, law.y + noise, law.names, "t"), 1.3 * share, noisy=True))
    assert min(misfit(expr, law) for expr in found) < 0.1 * share
