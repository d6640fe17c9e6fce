"""States: inputs replaced by new ones."""

import numpy as np
import sympy

from kansr.structure.moves.state import State, replace_inputs

x, y, z = sympy.symbols("x y z")
STATE = State(np.arange(12.0).reshape(4, 3), np.ones(4), (x, y, z))


def test_new_inputs_stand_after_those_that_are_kept():
    new = replace_inputs(STATE, {0, 2}, [x * z, x - z], [STATE.X[:, 0] * STATE.X[:, 2], STATE.X[:, 0] - STATE.X[:, 2]])
    assert new is not None
    assert new.inputs == (y, x * z, x - z)
    assert np.array_equal(new.X[1], [4.0, 15.0, -2.0])
    assert [step.what for step in new.moves] == ["x*z, x - z"]


def test_an_input_without_a_finite_value_makes_no_state():
    assert replace_inputs(STATE, {0}, [1 / x], [np.array([np.inf, 1.0, 1.0, 1.0])]) is None
