"""The products of named functions that a target is a sum of are found, and no others."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.structure.networks.terms import MOST_COLUMNS, sum_of_terms, term_keys
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit


def fit(name: str) -> EdgeFit:
    return EdgeFit(STANDARD[name], 1.0, 0.0, 1.0, 0.0, 1.0)


ALL = frozenset({0, 1, 2})
NAMES = {0: (fit("x"), fit("x^2")), 1: (fit("exp"),), 2: (fit("log"),)}
SYMBOLS = [sympy.Symbol(name) for name in "abc"]


@pytest.mark.parametrize(
    "text", ["2*a*exp(b) + 3", "a**2 - 2*a*exp(b)*log(c) + log(c)", "exp(b)*log(c)/2 - a**2/3", "a + a**2 + exp(b)"]
)
def test_the_terms_of_a_sum_are_found(text: str) -> None:
    X = np.random.default_rng(0).uniform(0.5, 2, (300, 3))
    t = evaluate(parse(text), dict(zip("abc", X.T)))
    found = sum_of_terms(X, t, NAMES, [ALL], 1e-6, SYMBOLS)
    assert found is not None
    assert len(sympy.Add.make_args(found)) == len(sympy.Add.make_args(parse(text)))
    assert np.allclose(evaluate(found, dict(zip("abc", X.T))), t)


def test_a_node_allows_products_of_its_own_inputs_only() -> None:
    keys = term_keys(NAMES, [frozenset({0, 1})])
    assert ((0, 1), (1, 0)) in keys and ((2, 0),) in keys and () in keys
    assert not any({i for i, _ in key} >= {1, 2} for key in keys)


def test_too_many_products_are_refused() -> None:
    many = {i: (fit("x"), fit("x^2")) for i in range(8)}
    assert MOST_COLUMNS < 3**8 and term_keys(many, [frozenset(range(8))]) == []


def test_what_the_network_misses_adds_no_terms() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(0.5, 2, (300, 3))
    t = X[:, 0] * np.exp(X[:, 1]) + 0.01 * rng.normal(size=300)
    found = sum_of_terms(X, t, NAMES, [ALL], 0.02, SYMBOLS)
    assert found is not None and found.free_symbols == {*SYMBOLS[:2]}
    assert len(sympy.Add.make_args(found)) == 1
