"""One variable, or one beside another input, found without a surrogate: by neighbours along thousands of candidates."""

from __future__ import annotations

import pytest
from support.tables import state_of, table

from kansr.expression.parse import parse
from kansr.structure.moves.direct.one_variable import one_variable, one_variable_beside

ALONE = {
    "a product inside a wave": ("sin(5*x*y)/x", "x*y"),
    "a distance inside a wave": ("y*cos(9*(x**2 + y**2))", "x**2 + y**2"),
    "a difference inside a wave": ("y**2*cos(30*(x - y))", "x - y"),
}
BESIDE = {
    "waves in a denominator": ("1/(1 + f*sin(2.3*x*cos(y)/w)**2)", "x*cos(y)/w", "f", 0.5, 1.5),
    "a damped wave": ("exp(-2*g)*cos(14*x/y) - g**2", "x/y", "g", 0.3, 2.0),
    "a phase of a sum": ("log(g + cos(25*(x + y)))", "x + y", "g", 1.2, 2.4),
}


@pytest.mark.parametrize(("text", "variable"), ALONE.values(), ids=ALONE)
def test_the_variable_of_a_fast_wave_is_found(text: str, variable: str) -> None:
    state = next(iter(one_variable(state_of(table(text, low=0.3, high=2.0, rows=1500)))))
    assert state.inputs == (parse(variable),) and state.X.shape == (1500, 1)


@pytest.mark.parametrize(("text", "variable", "other", "low", "high"), BESIDE.values(), ids=BESIDE)
def test_a_variable_beside_another_input_is_found(
    text: str, variable: str, other: str, low: float, high: float
) -> None:
    data = table(text, low=low, high=high, rows=1500)
    found = [state.inputs for state in one_variable_beside(state_of(data))]
    assert (parse(other), parse(variable)) in found or (parse(other), 1 / parse(variable)) in found


def test_what_has_no_such_variable_gives_nothing() -> None:
    assert (
        list(one_variable_beside(state_of(table("sin(9*a*b) + sin(11*c) + cos(8*d)", low=0.5, high=3.0, rows=1500))))
        == []
    )


def test_the_clock_is_kept() -> None:
    assert list(one_variable_beside(state_of(table("f*sin(9*x*y)", low=1.0, high=2.0)), lambda: True)) == []
