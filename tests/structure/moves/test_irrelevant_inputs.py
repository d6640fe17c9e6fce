"""Inputs that the target does not know are dropped, those that matter only beside another are not."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import over_decades, state_of

from kansr.structure.moves.direct.irrelevant_inputs import uncorrelated_inputs
from kansr.structure.moves.state import State


@pytest.mark.parametrize("law", ["x*cos(y)", "x*y", "exp(x*y)", "x**2 + y", "sin(x)*(y - 1)"])
def test_inputs_that_the_target_does_not_know_are_dropped_at_once(law: str) -> None:
    data = over_decades(law)
    (move,) = uncorrelated_inputs(state_of(data))
    assert {str(s) for s in move.used} == {"z", "w"}


def test_no_input_is_dropped_that_matters_beside_another_only() -> None:
    rng = np.random.default_rng(2)
    X = rng.uniform(-1, 1, (1000, 3))
    assert not uncorrelated_inputs(State(X, X[:, 0] * X[:, 1] + X[:, 2] ** 2, sympy.symbols("x y z")))
