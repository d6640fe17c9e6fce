"""What changes nothing on the rows is taken out; the effect of an indicator is read off a straight line."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import FOUR, over_decades

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.polish.tidy import lines_of_two_values, without_negligible

# What is found -> what is left of it on rows from 1e-12 to 1e-9.
TIDY = {
    "x*sin(y)/z": "x*y/z",
    "x*(y*cos(z) + 1)": "x",
    "w*(x**2 + tanh(y))/sin(y)": "w",
}


@pytest.mark.parametrize(("found", "law"), TIDY.items())
def test_functions_of_tiny_values_and_terms_below_rounding_go(found: str, law: str) -> None:
    data = over_decades(law, decades=1.0)
    data = Dataset(data.X * 1e-11, evaluate(parse(law), dict(zip(FOUR, (data.X * 1e-11).T))), FOUR, "t")
    short = without_negligible(parse(found), data)
    assert np.allclose(Tape(short - parse(law), FOUR).value(data.X), 0, atol=1e-30)
    assert not short.has(sympy.sin, sympy.cos, sympy.tanh)


def test_what_the_rows_speak_for_stays() -> None:
    data = over_decades("x*sin(y) + z")
    assert without_negligible(parse("x*sin(y) + z"), data) == parse("x*sin(y) + z")


def test_a_function_of_an_indicator_becomes_a_line() -> None:
    """1/(1 + x) of an x that is 0 or 1 is 1 - x/2 as well, which says what the indicator does."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 2, 200), *rng.uniform(1, 3, (3, 200))]).astype(float)
    data = Dataset(X, Tape(parse("y*(1 - 0.15*x)/z"), FOUR).value(X), FOUR, "t")
    found = fit_constants(parse("y/(z*(1.0 + 0.17*x))"), data)
    assert found.rms < 1e-12
    line = lines_of_two_values(found.expr, data)
    far = np.column_stack([np.full(4, 0.5), *rng.uniform(1, 3, (3, 4))])
    assert np.allclose(Tape(line, FOUR).value(far), far[:, 1] * (1 - 0.15 * 0.5) / far[:, 2], rtol=1e-9)
    assert lines_of_two_values(parse("y/(1.0 + z)"), data) == parse("y/(1.0 + z)")
