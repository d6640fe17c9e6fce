"""Expressions of sympy at random, rows of their inputs, and whether two have the same values there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy
from hypothesis import strategies as st

from kansr.expression.evaluate import evaluate
from kansr.expression.parse import magnitude

NAMES = ("x", "y", "z")


ROWS = np.random.default_rng(7).uniform(0.3, 2.0, (25, 3))


COLUMNS = dict(zip(NAMES, ROWS.T))


def values(expr: sympy.Expr) -> np.ndarray:
    return evaluate(expr, COLUMNS)


def keeps(after: sympy.Expr, before: sympy.Expr) -> bool:
    """Whether `after` has the value of `before` on every row where that is finite and of sensible size."""
    old, new = values(before), values(after)
    known = np.isfinite(old) & (np.abs(old) < 1e8)
    return bool(np.allclose(new[known], old[known], rtol=1e-7, atol=1e-7))


def numbers() -> st.SearchStrategy[sympy.Expr]:
    whole = st.integers(-4, 4).filter(bool).map(sympy.Integer)
    decimal = st.sampled_from([0.5, -0.75, 1.25, 2.0, -3.5, 9.5]).map(sympy.Float)
    return st.one_of(whole, decimal, st.just(sympy.pi))


def combined(inner: st.SearchStrategy[sympy.Expr]) -> st.SearchStrategy[sympy.Expr]:
    def of(*parts: st.SearchStrategy[sympy.Expr], by: Callable[..., sympy.Expr]) -> st.SearchStrategy[sympy.Expr]:
        return st.builds(by, *parts)

    functions = [sympy.exp, sympy.log, sympy.sqrt, sympy.sin, sympy.cos, sympy.tanh, magnitude]
    powers = st.sampled_from([2, 3, -1, -2, sympy.Rational(1, 2), sympy.Rational(-3, 2)])
    return st.one_of(
        of(inner, inner, by=lambda a, b: a + b),
        of(inner, inner, by=lambda a, b: a * b),
        of(inner, powers, by=lambda a, b: a**b if a != 0 else a),
        *(of(inner, by=f) for f in functions),
    )


EXPRESSIONS = st.recursive(st.one_of(st.sampled_from(sympy.symbols(NAMES)), numbers()), combined, max_leaves=6)


def real(expr: sympy.Expr) -> bool:
    return not expr.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I) and bool(np.isfinite(values(expr)).any())
