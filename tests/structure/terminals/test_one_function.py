"""One function with fitted inner constants beside known terms and times a known factor."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table
from support.thin import thinned

from kansr.formula.fit.constants import fit_constants
from kansr.structure.terminals.enumerated.one_function import MOST_INPUTS, one_function

LAWS = {
    "a bump beside a line": ("exp(-(x - 1.3)**2/0.8) + 0.4*x", -1.0, 4.0),
    "a gamma shape": ("x**0.3*exp(-0.6*x) + 1", 0.1, 6.0),
    "a Hill curve beside a line": ("3*x**2.4/(2.2 + x**2.4) + 0.1*x", 0.1, 5.0),
    "a factor": ("log(1 + 2.3*x)*x + 1", 0.1, 5.0),
    "a known factor that changes sign": ("sin(x)*exp(-1.3*x**2) + x", -2.0, 2.0),
    "an exponential with a pole": ("30*exp(-20/(x + 5.7)) + 2", 1.0, 9.0),
    "a logarithm of two exponentials": ("1.9*log(exp(0.8*x) + 3.2)", -4.0, 4.0),
    "an exponential of a wave": ("exp(1.4*sin(2*x)) + x", -2.0, 2.0),
    "a wave of a product": ("1.3*x*y - 2*sin(1.7*x*y + 0.3)", -2.0, 2.0),
    "a step of a difference": ("1/(1 + exp(-1.3*(x - y))) + x*y", -2.0, 2.0),
    "a decay times an input": ("y*exp(-0.37*x) + x", 0.1, 4.0),
}


@pytest.mark.parametrize(("text", "low", "high"), thinned(LAWS, often=4))
def test_the_law_is_found(text: str, low: float, high: float) -> None:
    data = table(text, low=low, high=high, rows=900)
    fits = [fit_constants(expr, data) for expr in one_function(data)]
    assert min(fit.rms for fit in fits) < 1e-10 * float(np.std(data.y))


def test_the_simplest_of_the_exact_ones_comes_first() -> None:
    first = next(iter(one_function(table("3*exp(-1.7*x) + 0.5*x", low=0.0, high=3.0))))
    assert first.count_ops() <= 7


def test_noise_too_many_inputs_and_a_clock_that_has_run_out_give_nothing() -> None:
    assert list(one_function(table("exp(-1.7*x) + x", noise=0.01))) == []
    assert list(one_function(table("+".join("abcdefg"[: MOST_INPUTS + 1])))) == []
    assert list(one_function(table("exp(-1.7*x)"), expired=lambda: True)) == []
