"""Prony's method: constants of exponentials, waves and powers come out of the curve itself."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import fit_constants
from kansr.structure.terminals.one_input.prony import _smooth, exponentials

LAWS = {
    "two decays": ("2.3*(exp(-0.31*x) - exp(-1.7*x))", 0.0, 9.0),
    "a damped wave": ("exp(-0.4*x)*sin(3.1*x + 0.5) - 2", 0.0, 7.0),
    "two waves": ("sin(2.3*x) + 0.5*cos(5.1*x) + 1", -3.0, 3.0),
    "a decay beside a line": ("20 + 60*exp(-0.13*x) + 0.5*x", 0.0, 30.0),
    "a double root": ("x*exp(-0.7*x) + 0.3", 0.0, 6.0),
    "a logistic": ("3/(1 + 2*exp(-0.73*x))", 0.0, 9.0),
    "ugly powers": ("1.3*x**0.687 - 0.7*x**2.14 + 2", 0.2, 8.0),
    "under a logarithm": ("exp(1.3*sin(2.1*x) + 0.4)", -3.0, 3.0),
    "a wave in log x": ("sin(2.7*log(x)) + x**0.3", 0.3, 9.0),
}


@pytest.mark.parametrize(("text", "low", "high"), LAWS.values(), ids=LAWS)
def test_a_sum_of_exponentials_is_found(text: str, low: float, high: float) -> None:
    data = table(text, low=low, high=high, rows=900)
    assert min(fit_constants(expr, data).rms for expr in exponentials(data)) < 1e-10 * float(np.std(data.y))


# Curves, whether any sum comes near them, and whether one meets them.
OTHERS = {
    "sqrt(abs(x - 1))": (False, False),
    "log(x)/(1 + x**3)": (False, False),
    "sin(40*x**2)": (False, False),
    "tanh(3*x)": (True, False),
    "exp(sin(x))": (True, True),
}


@pytest.mark.parametrize(("text", "near", "met"), [(text, *ends) for text, ends in OTHERS.items()])
def test_other_curves_are_at_most_approximated(text: str, near: bool, met: bool) -> None:
    data = table(text, rows=900)
    left = [fit_constants(expr, data, iterations=20).rms / float(np.std(data.y)) for expr in exponentials(data)]
    assert bool(left) is near
    assert any(share < 1e-9 for share in left) is met


def test_noise_gives_nothing() -> None:
    data = table("exp(-x) + exp(-3*x)", rows=600, noise=0.01)
    assert list(exponentials(data)) == []
    assert list(exponentials(Dataset(data.X, data.y, data.names, data.target), lambda: True)) == []


@pytest.mark.parametrize(("text", "kept"), [("x/(exp(0.4*x) - 1)", False), ("exp(-0.2*x)*sin(3*x) + exp(-x)", True)])
def test_what_comes_close_to_any_curve_can_be_left_out(text: str, kept: bool) -> None:
    data = table(text, low=1.0, high=6.0, rows=600)
    assert bool(list(exponentials(data)))
    assert bool(list(exponentials(data, plausible=True))) == kept


def test_values_whose_range_overflowed_have_no_smooth_fit() -> None:
    t = np.linspace(1, 2, 60) ** 3
    assert _smooth(np.linspace(-1, 1, 60), t) is not None
    assert _smooth(np.full(60, np.nan), t) is None
