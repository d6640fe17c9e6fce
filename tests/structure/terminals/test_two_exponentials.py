"""Sums of two exponentials or powers in noise."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import fit_length
from kansr.structure.terminals.one_input.two_exponentials import sums_of_two


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [
        ("(1 - exp(-x))**2", -0.7, 3),
        ("3*(1 - exp(-1.7*(x - 1.2)))**2", 0.8, 3),
        ("0.3*exp(-x) + 0.7*exp(-0.2*x)", 0.1, 10),
        ("2 + 5*exp(-0.7*x)", 0, 6),
        ("4*(x**(-6) - x**(-3))", 1, 3),
        ("24/x + 3.6/x**0.313", 1, 100),
    ],
)
def test_sums_of_two_exponentials_or_powers_are_found_in_noise(law: str, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 1500)
    clean = evaluate(parse(law), {"x": x})
    data = Dataset(x[:, None], clean + 0.01 * np.std(clean) * rng.normal(size=len(x)), ("x",), "y")
    fits = [fit_constants(expr, data) for expr in sums_of_two(data, 0.01)]
    fit = min(fits, key=lambda fit: fit_length(fit, data))
    found = Tape(fit.expr, ("x",)).value(data.X)
    assert np.sqrt(np.mean((found - clean) ** 2)) < 0.0015 * np.std(clean)
