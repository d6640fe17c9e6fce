"""Formulas as tuples: the same values and code lengths as sympy's."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.bench.problem import suite
from kansr.expression.complexity import bits as sympy_bits
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.search.edits.code_length import bits
from kansr.search.edits.neighbours import other_forms
from kansr.search.edits.program import Rows, values_of
from kansr.search.edits.translation import from_sympy, to_sympy
from kansr.search.edits.tree import Tree, constants, exp, mul, rewritten

NAMES = ("x", "y", "z")
PLACES = {name: i for i, name in enumerate(NAMES)}
X = np.random.default_rng(0).uniform(0.5, 2.0, (40, 3))
ROWS = Rows(X, np.ones(40), np.ones(40), 40)
LAWS = [p for name in ("feynman", "laws") for p in suite(name)]


def value_of(tree: Tree, rows: Rows = ROWS) -> np.ndarray:
    return values_of(tree, rows)


@pytest.mark.parametrize("law", LAWS[::7], ids=lambda law: law.id)
def test_a_law_keeps_its_code_length_on_the_way_to_a_tree_and_back(law):
    tree = from_sympy(law.expr, {name: i for i, name in enumerate(law.names)})
    assert tree is not None
    back = to_sympy(tree, law.names)
    assert bits(tree, 20.0, len(law.names)) == pytest.approx(sympy_bits(back, 20.0, len(law.names)))


LEAVES = st.sampled_from([*map(sympy.Symbol, NAMES), sympy.Integer(2), sympy.Float(0.7), sympy.Float(-1.3)])


def wider(children):
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] * p[1]),
        st.tuples(children, st.sampled_from([-1, 2, sympy.Rational(1, 2)])).map(lambda p: p[0] ** p[1]),
        st.tuples(st.sampled_from([sympy.exp, sympy.log, sympy.sin, sympy.tanh]), children).map(lambda p: p[0](p[1])),
    )


EXPRESSIONS = st.recursive(LEAVES, wider, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_a_tree_and_its_canonical_form_have_the_values_of_the_expression(expr):
    if expr.has(sympy.zoo, sympy.nan, sympy.I, sympy.oo):
        return
    tree = from_sympy(expr, PLACES)
    assert tree is not None
    expected = Tape(expr, NAMES).value(X)
    for one in (tree, rewritten(tree), from_sympy(to_sympy(tree, NAMES), PLACES)):
        values = value_of(one)
        known = np.isfinite(expected) & np.isfinite(values)
        np.testing.assert_allclose(values[known], expected[known], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "(x + y)*z",
        "exp(x + y)*z",
        "z/(x + y)",
        "x*y + x*z",
        "log(x*y)",
        "sqrt(x*y)*z",
        "x**2*y + 3.5*x*z + 1.0",
    ],
)
def test_other_forms_are_the_same_function(text):
    tree = from_sympy(parse(text), PLACES)
    others = list(other_forms(tree))
    assert others
    for other in others:
        np.testing.assert_allclose(value_of(other), value_of(tree), rtol=1e-9)


def test_a_constant_that_another_one_makes_redundant_is_not_there():
    tree = from_sympy(parse("2.0*(3.0*x + 6.0*y)"), PLACES)
    assert len(constants(tree)) == 2
    assert len(constants(from_sympy(parse("exp(x + 2.5)"), PLACES))) == 1


def test_the_exponential_of_a_multiple_of_a_logarithm_is_a_power():
    x, y = ("x", 0), ("x", 1)
    assert exp(mul(y, ("log", x))) == ("^", x, y)
    assert exp(mul(("log", x), ("log", y)))[0] == "exp"
