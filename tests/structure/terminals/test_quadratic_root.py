"""Roots of quadratics whose coefficients are polynomials of the inputs."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import misfit, table

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import fit_constants
from kansr.structure.terminals.closed_form.quadratic_root import quadratics

ROOTS = [
    "x + y - sqrt((x + y)**2 - 3*x*y)",
    "(x + y)/2 + sqrt((x - y)**2/4 + z**2)",
    "(1 + x - sqrt((1 + x)**2 - 4*x*y*0.2))/(0.4*y)",
    "x*(sin(t) + sqrt(sin(t)**2 + 2/x))",
]


@pytest.mark.parametrize("text", ROOTS)
def test_the_root_is_found(text: str) -> None:
    data = table(text, rows=400)
    (root,) = quadratics(data)
    fit = fit_constants(root, data)
    assert misfit(fit.expr, data) < 1e-9
    assert misfit(fit.expr, table(text, rows=200, seed=5)) < 1e-9


@pytest.mark.parametrize("text", ["exp(x*y)", "sin(3*x)*y + x**y"])
def test_where_there_is_none_none_is_found(text: str) -> None:
    assert not list(quadratics(table(text, rows=400)))


def test_nor_in_noise() -> None:
    data = table(ROOTS[1], rows=400)
    noise = 1e-3 * np.random.default_rng(0).normal(size=400)
    assert not list(quadratics(Dataset(data.X, data.y + noise, data.names, data.target)))
