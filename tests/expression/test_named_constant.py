"""Constants with a name are numbers that print as their names."""

from __future__ import annotations

import pickle

import numpy as np
import sympy

from kansr.expression.evaluate import evaluate
from kansr.expression.named_constant import NamedConstant
from kansr.expression.render import render


def test_a_constant_with_a_name_is_a_number_that_prints_as_its_name() -> None:
    G, x = NamedConstant("G", 6.674e-11), sympy.Symbol("x")
    formula = 2.5 * G * x**2
    assert render(formula) == "2.5*G*x**2"
    assert formula.free_symbols == {x}
    np.testing.assert_allclose(evaluate(formula, {"x": np.array([2.0])}), [2.5 * 6.674e-11 * 4])
    assert pickle.loads(pickle.dumps(formula)) == formula  # noqa: S301  our own bytes
    assert NamedConstant("G", 1.0) != G
