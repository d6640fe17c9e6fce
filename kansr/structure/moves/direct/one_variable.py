"""Is z·m a function of one variable v? Asked of thousands of v and m, for targets that no smooth surrogate follows.

With the rows sorted by v, neighbours have nearly the same z·m if it is: von Neumann's (1941) ratio of the mean squared
successive difference to twice the variance goes to 0, whatever the function, and however fast it oscillates. Within
slices of rows where one other input is nearly the same, the question is whether z is a function of v and that input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, reduce
from itertools import chain, combinations, product

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.result.derivation import Measure, Step
from kansr.structure.context import Context
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, State
from kansr.structure.surrogate.gradient_field import Field

ROWS, ACCEPT, MOST_INPUTS, MOST_DEGREE = 900, 0.05, 4, 4
LOST = 0.12  # gradient error from which the moves of a surrogate mean little
REACH = 7.0  # |x| up to which an input may be an angle
SLICES, PLAIN_ENOUGH = 12, 0.15  # slices of the other input, and the ratio within them up to which v is believed
MOST_BESIDE, MOST_VARIABLES, BLOCK = 5, 4000, 200  # inputs beside one other; variables tried, and tried at once
Named = tuple[sympy.Expr, Array]
Product = tuple[tuple[sympy.Expr, ...], Array]  # its factors, not yet multiplied: there are thousands
Factor = tuple[sympy.Expr, Array, bool]  # with whether it is an inverse


def single_index(state: State, field: Field | None, context: Context) -> Iterator[Move]:
    """One variable for all inputs; for all but one only where a surrogate follows the target badly."""
    lost = field is None or field.quality > LOST
    for child in chain(one_variable(state), beside_one(state, context.expired) if lost else ()):
        ratio, gone = child.moves[-1].value or 0.0, len(state.inputs) - len(child.inputs)
        apply = partial(_same, child)
        yield Move(ratio, 0.0, child.moves[-1].what, frozenset(), apply, removes=gone, measure=Measure.VARIANCE)


def _same(child: State) -> State:
    return child


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
    # what gives the rows the same order gives the same ratio: the first of them is the plainest
    distinct = {ratio: (ratio, i, k) for ratio, i, k in sorted(found, reverse=True)}
    for ratio, i, k in sorted(distinct.values())[:keep]:
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


def beside_one(state: State, expired: Callable[[], bool] = lambda: False, keep: int = 3) -> Iterator[State]:
    """States with two inputs, one as it was and a v of all others; the smallest ratios first."""
    n = len(state.inputs)
    if not 3 <= n <= MOST_BESIDE:
        return
    found: list[tuple[float, int, Product]] = []
    for k in range(n):
        others = [i for i in range(n) if i != k]
        rows = np.argsort(state.X[:, k], kind="stable")
        rows = rows[: len(rows) // SLICES * SLICES]
        z = state.z[rows].reshape(SLICES, -1)
        z = np.clip((z - z.mean()) / (z.std() + 1e-300), -4, 4)
        candidates = _products(state, others)
        candidates += [((e,), v) for e, v in _sums(state, *others)] if len(others) == 2 else []
        for start in range(0, len(candidates), BLOCK):
            if expired():
                return
            block = candidates[start : start + BLOCK]
            order = np.argsort(np.stack([v[rows].reshape(SLICES, -1) for _, v in block]), axis=2)
            steps = np.diff(np.take_along_axis(z[None], order, axis=2), axis=2)
            ratio = np.mean(steps * steps, axis=(1, 2)) / 2 / (z.var() + 1e-300)
            found += [(float(ratio[i]), k, block[i]) for i in np.argsort(ratio, kind="stable")[:keep]]
    distinct = {ratio: (ratio, k, v) for ratio, k, v in reversed(found)}
    for ratio, k, (factors, v) in sorted(distinct.values(), key=lambda row: row[:2])[:keep]:
        if ratio < PLAIN_ENOUGH:
            variable = sympy.Mul(*factors)
            step = Step(f"{variable} beside {state.inputs[k]}", Measure.VARIANCE, ratio)
            yield replace(state, X=np.column_stack([state.X[:, k], v]), inputs=(state.inputs[k], variable),
                          moves=(*state.moves, step))  # fmt: skip


def _products(state: State, members: list[int]) -> list[Product]:
    """Products of a power or a wave of each member, the plainer the more members there are."""
    options = [_factors(state, i) for i in members]
    while np.prod([len(o) for o in options]) > 2 * MOST_VARIABLES:
        options = [o[:-1] for o in options]
    options[0] = [factor for factor in options[0] if not factor[2]]  # 1/v is no other variable than v
    rows = [(tuple(f[0] for f in chosen), reduce(np.multiply, [f[1] for f in chosen])) for chosen in product(*options)]
    return [(factors, v) for factors, v in rows if np.isfinite(v).all()]


def _factors(state: State, i: int) -> list[Factor]:
    """What an input may be in a product, the likelier first."""
    x, values = state.inputs[i], state.X[:, i]
    plain: list[Named] = [(x, values), (x**2, values**2)]
    if np.abs(values).max() < REACH:
        plain[1:1] = [(sympy.cos(x), np.cos(values)), (sympy.sin(x), np.sin(values))]
    with np.errstate(all="ignore"):
        plain.append((sympy.sqrt(x), np.sqrt(values)))
        rows = [row for e, v in plain for row in ((e, v, False), (1 / e, 1 / v, True))]
    return [row for row in rows if np.isfinite(row[1]).all()]


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
        rows += _sums(state, i, j)
    rows.sort(key=lambda row: (bool(row[0].atoms(sympy.Rational) - row[0].atoms(sympy.Integer)), row[0].count_ops()))
    return [(expr, v) for expr, v in rows if np.isfinite(v).all()]


def _sums(state: State, i: int, j: int) -> list[Named]:
    """Sums and differences of two inputs and of their squares."""
    (x, y), (v, w) = (state.inputs[k] for k in (i, j)), (state.X[:, k] for k in (i, j))
    return [(x**p + sign * y**p, v**p + sign * w**p) for p in (1, 2) for sign in (1, -1)]


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
