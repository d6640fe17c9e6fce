"""Sums and products of small expressions met in the middle: laws come out exactly, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import misfit, table, with_noise

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import fit_constants
from kansr.structure.terminals.enumerated.meet_in_the_middle import sums_of_atoms
from kansr.structure.terminals.limits import MOST_INPUTS

CLEAN = 1e-8


def never() -> bool:
    return False


LAWS = {
    "one atom": "2.5*exp(-x**2) + 1",
    "two": "2*x*y - 3*sin(y)",
    "two ratios": "1.5*x**2/y + 0.7*exp(-x)*y",
    "a function of a sum": "0.3*log(x + y) + 2*sin(x*y)",
    "under an exponential": "exp(sin(x) + x*log(y))",
    "under a root": "sqrt(x*y + cos(z) + 2)",
    "under tanh": "tanh(sin(x)/4 + x*y/9)",
    "negative": "-exp(x/y + y**2)",
    "three unlike ones": "sqrt(x) + 0.3*exp(x) - 2*sin(3*x)",
    "beside a polynomial": "2*x**3 - x**2 + 0.5*x + cos(x**2) + log(x)",
    "beside a polynomial of two": "x*y - 2*x + 3*y + cos((x + 1)*(y - 1))",
    "factors with ugly exponents": "1.3*(x**2 + 1)**0.37*exp(-0.8*x)*x**1.71",
    "powers of a wave": "x**2*exp(-x)*sin(x)*cos(x) - 0.4",
}


@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
def test_a_law_is_found(text: str) -> None:
    data = table(text)
    found = next(expr for expr in sums_of_atoms(data, CLEAN, never) if misfit(expr, data) < 1e-9)
    assert fit_constants(found, data).rms < 1e-12 * float(np.std(data.y))


def test_of_the_exact_ones_the_lightest_comes_first() -> None:
    assert next(iter(sums_of_atoms(table("3*exp(-x) + 2"), CLEAN))).count_ops() <= 5


@pytest.mark.parametrize("text", ["x*sin(2*x) + 2", "sin(x)**2*x + 1", "exp(x)*cos(3*x)/x"])
def test_signs_may_change(text: str) -> None:
    data = table(text, low=-2.0)
    assert any(misfit(expr, data) < 1e-9 for expr in sums_of_atoms(data, CLEAN))


@pytest.mark.parametrize("threshold", [1e-3, 0.03])
def test_nothing_far_above_the_threshold_comes_out(threshold: float) -> None:
    """The misfit is measured on T(y); on y itself, for laws of a moderate range, it is a few times that at most."""
    data = with_noise("2*x*y - 3*sin(y)", threshold / 1.5, rows=300)
    left = [misfit(expr, data) for expr in sums_of_atoms(data, threshold, never)]
    assert left and 0.5 * threshold < min(left) and max(left) < 8 * threshold


@pytest.mark.parametrize(
    "text", ["sin(5*x*y + 1)", "1/(x + exp(y)*sin(x*y + 1.2))", "x*y*z + cos(2*z - x) - sqrt(y + z**3)"]
)
def test_what_is_no_combination_gives_nothing(text: str) -> None:
    assert list(sums_of_atoms(table(text), CLEAN, never)) == []


def test_noise_gives_nothing_unless_it_is_allowed_for() -> None:
    data = table("2*x*y - 3*sin(y)")
    noisy = data.y + 0.02 * float(np.std(data.y)) * np.random.default_rng(3).normal(size=data.rows)
    data = Dataset(data.X, noisy, data.names, data.target)
    assert list(sums_of_atoms(data, CLEAN, never)) == []
    assert any(expr.has(sympy.sin) for expr in sums_of_atoms(data, 0.03, never))


def test_too_many_inputs_are_not_tried() -> None:
    names = "abcdefg"[: MOST_INPUTS + 1]
    assert list(sums_of_atoms(table("+".join(names)), CLEAN, never)) == []


def test_the_clock_is_asked() -> None:
    assert list(sums_of_atoms(table("2*x*y - 3*sin(y)"), CLEAN, lambda: True)) == []
