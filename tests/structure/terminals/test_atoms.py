"""The table of small expressions: values and expressions agree, and nothing is in it twice."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.expression.evaluate import evaluate
from kansr.structure.terminals.enumerated.atoms import atoms


@pytest.mark.parametrize("low", [0.5, -1.5])
@pytest.mark.parametrize("names", [("x",), ("x", "y"), ("x", "y", "z"), ("x", "y", "z", "w")], ids="".join)
def test_an_atom_has_the_values_of_its_expression(names: tuple[str, ...], low: float) -> None:
    X = np.random.default_rng(0).uniform(low, 2, (25, len(names)))
    table = atoms(names, X)
    assert len(table) > 1000
    assert np.all(np.diff(table.complexity) >= 0)
    for i in range(0, len(table), 23):
        assert evaluate(table.expr(i), dict(zip(names, X.T))) == pytest.approx(table.values[i], rel=1e-9)


@pytest.mark.parametrize("names", [("x",), ("x", "y"), ("x", "y", "z")], ids="".join)
def test_no_two_atoms_are_the_same_up_to_a_factor_and_an_offset(names: tuple[str, ...]) -> None:
    A = atoms(names, np.random.default_rng(0).uniform(0.5, 2, (300, len(names)))).values
    A = A - A.mean(axis=1, keepdims=True)
    A = A / np.linalg.norm(A, axis=1, keepdims=True)
    alike = np.abs(np.triu(A @ A.T, 1)) > 1 - 1e-13
    assert alike.sum() < 3e-3 * len(A)  # a few at the edge of rounding
