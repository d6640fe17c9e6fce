"""Sums of small expressions: each law is met in the table of all of them, and only what is close enough comes out."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from test_structure import misfit, table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.refine.constants import polish
from kansr.structure.atoms import MOST_ATOMS, MOST_INPUTS, atoms, sums_of_atoms

CLEAN = 1e-6


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
}


@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
def test_a_sum_of_atoms_is_found(text: str) -> None:
    data = table(text)
    found = list(sums_of_atoms(data, CLEAN, never))
    assert misfit(found[0], data) < 1e-9  # the first is the closest for the first transform that holds
    assert min(polish(expr, data).rms for expr in found) < 1e-12 * float(np.std(data.y))


@pytest.mark.parametrize("threshold", [1e-6, 1e-3, 0.05])
def test_nothing_above_the_threshold_comes_out(threshold: float) -> None:
    """The misfit is measured on T(y); on y itself, for laws of a moderate range, it is a few times that at most."""
    for text in ("2*x*y - 3*sin(y)", "sin(5*x*y)", "tan(x*y/4)*y + x**y"):
        data = table(text, rows=300)
        assert all(misfit(expr, data) < 5 * threshold for expr in sums_of_atoms(data, threshold, never))


@pytest.mark.parametrize("text", ["sin(5*x*y)", "1/(x + exp(y)*sin(x*y))", "x*y*z + cos(2*z - x) - sqrt(y + z**2)"])
def test_what_is_no_sum_of_three_atoms_gives_nothing(text: str) -> None:
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


@pytest.mark.parametrize("low", [0.5, -1.5])
@pytest.mark.parametrize("names", [("x",), ("x", "y"), ("x", "y", "z")], ids="".join)
def test_an_atom_has_the_values_of_its_expression(names: tuple[str, ...], low: float) -> None:
    X = np.random.default_rng(0).uniform(low, 2, (25, len(names)))
    every = atoms(names, X)
    assert 10 < len(every) <= MOST_ATOMS
    for expr, values in every[::7]:
        assert evaluate(expr, dict(zip(names, X.T))) == pytest.approx(values, rel=1e-12)


@pytest.mark.parametrize("names", [("x", "y"), ("x", "y", "z")], ids="".join)
def test_no_two_atoms_are_the_same_up_to_a_factor_and_an_offset(names: tuple[str, ...]) -> None:
    A = np.stack([values for _, values in atoms(names, np.random.default_rng(0).uniform(0.5, 2, (300, len(names))))])
    A = A - A.mean(axis=1, keepdims=True)
    A = A / np.linalg.norm(A, axis=1, keepdims=True)
    assert np.abs(np.triu(A @ A.T, 1)).max() < 1 - 1e-9
