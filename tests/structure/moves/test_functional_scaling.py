"""Functional scalings: an input that scales the target and another input is taken out, and the way back is exact."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import state_of, table
from support.thin import thinned

from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.structure.moves.gradient.functional_scaling import functional_scalings
from kansr.structure.moves.gradient.sample import GradientSample
from kansr.structure.moves.state import State
from kansr.structure.surrogate.kernel import surrogate
from kansr.symbolic.matching.match import MatchConfig

# The law, the inputs that are left, and what is left of the target as a function of them (u0, ...).
LAWS = {
    "a factor of one input": ("x/(1 + x)**2*(y + log(y))", ("y",), "u0 + log(u0)"),
    "a factor beside a number": ("3 + sin(y)*(1 + x)/x**2", ("y",), "sin(u0)"),
    "a factor of the inverse beside a number": ("1/(2 + y*exp(y)*x/(3 - x))", ("y",), "u0*exp(u0)"),
    "a scale": ("tanh(y*sqrt(3 - x))", ("y*sqrt(3 - x)",), "tanh(u0)"),
    "a factor and a scale": ("x*(1 + x)*log(1 + y/(1 + x))", ("y/(1 + x)",), "log(1 + u0)"),
}


def reached(text: str) -> list[State]:
    data = table(text, low=0.5, high=2.0, rows=1200)
    state = state_of(data)
    rows = GradientSample(state, surrogate(state.X, state.z))
    states = [move.apply() for move in functional_scalings(rows, MatchConfig())]
    return [state for state in states if state is not None]


@pytest.mark.parametrize(("text", "columns", "rest"), thinned(LAWS, often=2))
def test_an_input_is_taken_out_exactly(text: str, columns: tuple[str, ...], rest: str) -> None:
    data = table(text, low=0.5, high=2.0, rows=1200)
    for state in reached(text):
        X = np.column_stack([evaluate(parse(column), dict(zip(data.names, data.X.T))) for column in columns])
        scale = state.X / X  # functions are known up to a factor
        if np.ptp(scale) > 1e-9 or state.value_error:
            continue
        inner = {f"u{k}": x for k, x in enumerate(X.T)}
        left = state.z / evaluate(parse(rest), inner)
        assert np.ptp(left) < 1e-9 * abs(left[0])
        whole = state.formula(left[0] * parse(rest).xreplace({sympy.Symbol("u0"): sympy.Symbol("u0") / scale[0, 0]}))
        assert evaluate(whole, dict(zip(data.names, data.X.T))) == pytest.approx(data.y, rel=1e-9)
        return
    pytest.fail(str([(state.inputs, state.moves, state.value_error) for state in reached(text)]))


def test_no_move_where_no_input_scales_the_target() -> None:
    assert reached("sin(3*x*y) + exp(x - y**2)") == []
