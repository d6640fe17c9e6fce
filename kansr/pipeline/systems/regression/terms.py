"""The terms that right-hand sides are made of: monomials, common functions of a state, and functions of two.

A term may have a constant inside, as x/(c + x) has; it is offered with several values of it, and fitted later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import numpy as np
import sympy

from kansr.expression.complexity import bits
from kansr.expression.evaluate import Tape
from kansr.numeric.arrays import Array

DEGREE = 3  # of monomials
SHARES = (0.03, 0.1, 0.3, 1.0, 3.0)  # constants inside terms that are offered, over the largest size of the state
STEEPNESS = (3.0, 10.0, 30.0)  # of a logistic function, over the range of the state
PLACES = (0.2, 0.5, 0.8)  # of its middle, in the range of the state
RATES = (0.3, 1.0, 3.0)  # of exponentials, over the size of the state
PHASE = 5.0  # of sine and cosine with a constant inside at the largest size of the state: slower ones are parabolas
POWERS = (0.5, 0.75, 1.25, 1.5, 2.5)  # exponents that are offered, and fitted later
FEW_INPUTS = 3  # inputs up to which terms with constants inside are multiplied by another input


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms with their values.

    exprs: the terms; values: at the rows, (n, terms); middles: halfway between, (n - segments, terms); bits: the code
    length of each with its coefficient but without its numbers' digits, and numbers: how many it has, (terms,).
    kind: 0 for monomials, 1 for other terms without a constant inside, 2 for those with one, (terms,).
    family: a number for those that differ in constants alone, -1 for terms without any, (terms,).
    """

    exprs: tuple[sympy.Expr, ...]
    values: Array
    middles: Array
    bits: Array
    numbers: Array
    kind: Array
    family: Array


def terms(names: tuple[str, ...], values: Array, middles: Array) -> Terms:
    """The terms that have finite values everywhere. values: (n, inputs); middles: the inputs halfway between rows."""
    low = np.minimum(values.min(axis=0), middles.min(axis=0))
    high = np.maximum(values.max(axis=0), middles.max(axis=0))
    symbols = [sympy.Symbol(name) for name in names]
    offered = dict.fromkeys(_offered(symbols, low, high))
    kept, V, M = [], [], []
    for expr in offered:
        tape = Tape(expr, names)
        v, m = tape.value(values), tape.value(middles)
        if np.isfinite(v).all() and np.isfinite(m).all() and np.any(v != 0):
            kept.append(expr)
            V.append(v)
            M.append(m)
    numbers = np.array([len(expr.atoms(sympy.Float)) for expr in kept], dtype=float)
    lengths = np.array([bits(_product(expr), 0.0, len(names)) for expr in kept])
    kind = np.array([2 if expr.has(sympy.Float) else 0 if expr.is_polynomial(*symbols) else 1 for expr in kept])
    return Terms(tuple(kept), np.column_stack(V), np.column_stack(M), lengths, numbers + 1, kind, _families(kept))


def form_of(expr: sympy.Expr) -> sympy.Expr:
    """The expression with one symbol in place of all its constants."""
    return expr.xreplace({c: sympy.Symbol("_c") for c in expr.atoms(sympy.Float)})


def _families(exprs: list[sympy.Expr]) -> Array:
    numbers: dict[sympy.Expr, int] = {}
    return np.array([numbers.setdefault(form_of(e), len(numbers)) if e.has(sympy.Float) else -1 for e in exprs])


def _product(expr: sympy.Expr) -> sympy.Expr:
    """A term with its coefficient and the sign that joins it to others."""
    return sympy.Add(sympy.Symbol("_"), sympy.Mul(sympy.Float(1.5), expr, evaluate=False), evaluate=False)


def _offered(x: list[sympy.Symbol], low: Array, high: Array) -> Iterator[sympy.Expr]:
    yield sympy.S.One
    for degree in range(1, DEGREE + 1):
        for factors in combinations_with_replacement(x, degree):
            yield sympy.Mul(*factors)
    partners = [sympy.S.One, *x]
    for k, state in enumerate(x):
        for function in _functions(state, float(low[k]), float(high[k])):
            for partner in partners:
                yield function * partner
        for function in _parametric(state, float(low[k]), float(high[k])):
            for partner in partners if len(x) <= FEW_INPUTS else [sympy.S.One, state]:
                yield function * partner
        yield from _logistic(state, float(low[k]), float(high[k]))
    for a, b in combinations(x, 2):
        places = [x.index(a), x.index(b)]
        pair = [list(_factors(s, float(low[k]), float(high[k]))) for s, k in zip((a, b), places)]
        yield from (f * g for f in pair[0] for g in pair[1])
        yield from (f(u) for f in (sympy.sin, sympy.cos) for u in (a - b, a + b))


def _functions(x: sympy.Symbol, low: float, high: float) -> Iterator[sympy.Expr]:
    """Functions of one state without a constant inside."""
    yield from (sympy.sin(x), sympy.cos(x), sympy.sin(2 * x), sympy.cos(2 * x))
    yield from (sympy.exp(x), sympy.exp(-x), sympy.tanh(x))
    if low < 0 < high:
        yield sympy.Abs(x)
        return
    yield from (1 / x, 1 / x**2)
    if low > 0:
        yield from (sympy.log(x), sympy.sqrt(x))


def _factors(x: sympy.Symbol, low: float, high: float) -> Iterator[sympy.Expr]:
    """Functions of one state that are multiplied by those of another."""
    yield from (sympy.sin(x), sympy.cos(x), sympy.exp(-x))
    if not low < 0 < high:
        yield 1 / x


def _parametric(x: sympy.Symbol, low: float, high: float) -> Iterator[sympy.Expr]:
    """Functions of one state with a constant inside, at several values of it."""
    size = max(abs(low), abs(high))
    if low >= 0:
        for share in SHARES:
            c = sympy.Float(float(f"{share * size:.3g}"))
            yield from (1 / (c + x), x / (c + x), 1 / (c + x**2), x**2 / (c + x**2))
        yield from (x ** sympy.Float(p) for p in POWERS if low > 0)
    for rate in RATES:
        c = sympy.Float(float(f"{rate / size:.3g}"))
        yield from (sympy.exp(c * x), sympy.exp(-c * x))
    c = sympy.Float(float(f"{PHASE / size:.3g}"))
    yield from (sympy.sin(c * x), sympy.cos(c * x))


def _logistic(x: sympy.Symbol, low: float, high: float) -> Iterator[sympy.Expr]:
    """Logistic functions of one state, rising and falling."""
    for steepness in STEEPNESS:
        for place in PLACES:
            k = float(f"{steepness / (high - low):.3g}") if high > low else 1.0
            for sign in (1, -1):
                factor = float(np.exp(sign * k * (low + place * (high - low))))
                if np.isfinite(factor) and factor > 0:
                    yield 1 / (1 + sympy.Float(float(f"{factor:.3g}")) * sympy.exp(sympy.Float(-sign * k) * x))
