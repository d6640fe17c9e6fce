"""Is z·m a function of one variable v? Asked of thousands of v and m, for targets that no smooth surrogate follows.

With the rows sorted by v, neighbours have nearly the same z·m if it is: von Neumann's (1941) ratio of the mean squared
successive difference to twice the variance goes to 0, whatever the function, and however fast it oscillates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import sympy

from kansr.data.dataset import Array
from kansr.graph import Measure, Step
from kansr.structure.state import TARGET_SYMBOL, State

ROWS, ACCEPT, MOST_INPUTS, MOST_DEGREE = 900, 0.05, 4, 4
Named = tuple[sympy.Expr, Array]


def one_variable(state: State, keep: int = 3) -> Iterator[State]:
    """States with the single input v and the target z·m, for the v and m with the smallest ratio."""
    if not 2 <= len(state.inputs) <= MOST_INPUTS:
        return
    multipliers = _multipliers(state)
    W = np.stack([m[:ROWS] for _, m in multipliers]) * state.z[:ROWS]
    W = W - W.mean(axis=1, keepdims=True)
    W = np.clip(W / (W.std(axis=1, keepdims=True) + 1e-300), -4, 4)
    variance = W.var(axis=1) + 1e-300
    found: list[tuple[float, int, int]] = []
    variables = _variables(state)
    for i, (_, v) in enumerate(variables):
        steps = np.diff(W[:, np.argsort(v[:ROWS], kind="stable")], axis=1)
        ratio = np.mean(steps * steps, axis=1) / 2 / variance
        found += [(float(ratio[k]), i, int(k)) for k in np.argsort(ratio)[:3]]
    for ratio, i, k in sorted(found)[:keep]:
        if ratio < ACCEPT:
            (variable, v), (multiplier, m) = variables[i], multipliers[k]

            def back(expr: sympy.Expr, multiplier: sympy.Expr = multiplier) -> sympy.Expr:
                return state.back(expr / multiplier)

            with np.errstate(all="ignore"):
                z = state.z * m
            if np.isfinite(z).all():
                step = Step(f"{TARGET_SYMBOL * multiplier} by {variable}", Measure.VARIANCE, ratio)
                yield replace(state, X=v[:, None], z=z, inputs=(variable,), back=back,
                              moves=(*state.moves, step))  # fmt: skip


def _variables(state: State) -> list[Named]:
    """Power products of small degree with two inputs or more, sums and differences."""
    n = len(state.inputs)
    exponents = (-2, -1, 0, 1, 2) if n > 2 else (-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3)
    rows = []
    for e in product(exponents, repeat=n):
        used = [p for p in e if p]
        if len(used) >= 2 and used[0] > 0 and sum(map(abs, e)) <= MOST_DEGREE:
            rows.append(_monomial(state, e))
    for i, j in combinations(range(n), 2):
        for sign in (1, -1):
            rows.append((state.inputs[i] + sign * state.inputs[j], state.X[:, i] + sign * state.X[:, j]))
    return [(expr, v) for expr, v in rows if np.isfinite(v).all()]


def _multipliers(state: State) -> list[Named]:
    n = len(state.inputs)
    rows: list[Named] = [(sympy.S.One, np.ones(len(state.z)))]
    for e in product((-2, -1, 0, 1, 2) if n < 4 else (-1, 0, 1), repeat=n):
        if any(e) and sum(map(abs, e)) <= MOST_DEGREE:
            rows.append(_monomial(state, e))
    simple = [_monomial(state, e) for e in product((-1, 0, 1), repeat=n)] if n < 4 else rows[:1]
    for x, values in zip(state.inputs, state.X.T):
        for scale in (sympy.S.One, sympy.Rational(1, 2)):
            for function, array in ((sympy.sin, np.sin), (sympy.cos, np.cos)):
                wave = array(float(scale) * values)
                with np.errstate(all="ignore"):
                    for p in (1, 2, -1, -2):
                        rows += [(e * function(scale * x) ** p, m * wave ** float(p)) for e, m in simple]
    return [(expr, m) for expr, m in rows if np.isfinite(m).all()]


def _monomial(state: State, exponents: tuple[float, ...]) -> Named:
    with np.errstate(all="ignore"):
        value = np.prod([np.ones(len(state.z)), *(x**p for x, p in zip(state.X.T, map(float, exponents)) if p)], axis=0)
    return sympy.Mul(*(x ** sympy.Rational(int(2 * p), 2) for x, p in zip(state.inputs, exponents))), value
