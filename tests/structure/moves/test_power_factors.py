"""Powers of inputs before a rough rest come off, from targets that know these inputs no other way."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import FOUR, over_decades, state_of

from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.structure.moves.direct.power_factors import power_factors


@pytest.mark.parametrize(
    ("law", "gone", "signed"),
    [
        ("x*y/(z**2 - w**2)", "xy", True),
        ("x**2*sin(40*y*z)/w", "xw", False),
        ("sqrt(x)*(y + z*w)", "x", False),
        ("3*y**2*(1 + 100*x*cos(z)/w)", "y", False),
    ],
)
def test_powers_before_a_rough_rest_come_off(law: str, gone: str, signed: bool) -> None:
    data = over_decades(law, signed=signed)
    move, *_ = power_factors(state_of(data))
    assert {str(s) for s in move.used} == set(gone)
    state = move.apply()
    assert state is not None and len(state.inputs) == 4 - len(gone)
    rest = parse(law) / sympy.Mul(*(s**p for s, p in parse(law).as_powers_dict().items() if str(s) in gone))
    assert np.allclose(state.z, Tape(rest, FOUR).value(data.X), rtol=1e-9)
    assert np.allclose(Tape(state.back(rest), FOUR).value(data.X), data.y, rtol=1e-9)


@pytest.mark.parametrize("law", ["(x + y)*(z + w)", "(x*y + z*w)**2", "x*sqrt(x**2 + y**2)*(z - w)"])
def test_no_power_comes_off_a_target_that_knows_its_inputs_otherwise(law: str) -> None:
    data = over_decades(law)
    assert not power_factors(state_of(data))
