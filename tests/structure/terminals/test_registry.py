"""The table of terminals: what a reduction leaves is found whether it came out as u, as 1/u or as u**2."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import misfit, state_of, table

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import fit_constants
from kansr.structure.context import Context
from kansr.structure.terminals.registry import TERMINALS

# A law of u, and the power of u that the reductions left.
GUISES = [
    ("tanh(u)/u", 1.0),
    ("tanh(u)/u", 2.0),
    ("(1 - exp(-u))/u", 1.0),
    ("(1 - exp(-u))/u", -1.0),
    ("u*exp(-u) + 1/u", -1.0),
    ("log(1 + u)/u", -1.0),
]


def first_exact(data: Dataset) -> sympy.Expr | None:
    """What the solvers come to in the order of their turns."""
    state = state_of(data)
    asked = sorted(
        (kind for kind in TERMINALS if kind.suits(state, 0.0) and not kind.at_once), key=lambda kind: kind.cost(state)
    )
    with np.errstate(all="ignore"):  # formulas are tried where they have no value
        for kind in asked:
            for expr in () if kind.solve is None else kind.solve(state, Context()):
                fit = fit_constants(state.formula(expr), data)
                if fit.rms < 1e-9 * np.std(data.y):
                    return fit.expr
    return None


@pytest.mark.parametrize(("text", "power"), GUISES)
def test_a_law_of_one_input_is_found_in_any_guise(text: str, power: float) -> None:
    data = table(text, low=0.2, high=3.0, rows=400)
    found = first_exact(Dataset(data.X**power, data.y, data.names, data.target))
    assert found is not None


def test_and_one_of_two_inputs() -> None:
    text = "(1 + v)*(1 - exp(-u))/u - exp(-u)"
    data = table(text, low=0.2, high=3.0, rows=400)
    found = first_exact(Dataset(data.X ** np.array([-1.0, 1.0]), data.y, data.names, data.target))
    assert found is not None
    turned = found.xreplace({sympy.Symbol("u"): 1 / sympy.Symbol("u")})
    assert misfit(turned, table(text, low=0.2, high=3.0, rows=200, seed=5)) < 1e-8
