"""A term that is nearly the whole target comes off, so that the small rest can be seen."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import routes, state_of, table

from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.exactness import exact
from kansr.structure.moves.direct.dominant_term import dominant_terms

# law -> the term that is most of it
DOMINATED = {
    "x*y/z**2 + 1e-3*x**2*y*exp(z)": "x*y/z**2",
    "3*sqrt(x)*z - 0.01*y": "3*sqrt(x)*z",
    "2*x**2*y + 0.02*sin(z)": "2*x**2*y",
}


@pytest.mark.parametrize(("law", "term"), DOMINATED.items())
def test_the_term_comes_off_or_before(law: str, term: str) -> None:
    state = state_of(table(law))
    names = tuple(map(str, state.inputs))
    first, second = (move.made(state) for move in dominant_terms(state))
    assert first is not None and second is not None
    whole = Tape(parse(term), names).value(state.X)
    assert np.allclose(first.z, state.z - whole, rtol=1e-6)
    assert np.std(second.z) < 0.1 * abs(np.mean(second.z))
    for left in (first, second):  # the way back is exact
        symbol = sympy.Symbol("left")
        back = Tape(left.back(symbol), (*names, "left")).value(np.column_stack([state.X, left.z]))
        assert np.allclose(back, state.z, rtol=1e-12)


def test_a_term_with_an_odd_number_before_it_only_divides() -> None:
    state = state_of(table("1.37*x**2*y + 0.02*sin(z)"))
    assert len(dominant_terms(state)) == 1


@pytest.mark.parametrize("law", ["x + y*z", "x*y*z", "x*y**(1 + 0.3*z)", "sin(x)*y*z"])
def test_nothing_comes_off_where_no_term_is_nearly_all(law: str) -> None:
    assert not dominant_terms(state_of(table(law)))


def test_a_small_term_of_many_inputs_is_found() -> None:
    data = table("x*y/z**2 - 1e-3*x**2*z*w/(w**2 + 4*y**2)", rows=1500)
    *_, last = routes(data)
    assert exact(last.fit, data)
