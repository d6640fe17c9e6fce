"""Single-index search: is z·m a function of one variable v, for thousands of combinations v and m of the inputs?

With the rows sorted by v, neighbours have nearly the same z·m if it is: von Neumann's (1941) ratio of the mean squared
successive difference to twice the variance goes to 0, whatever the function is, and however fast it oscillates. Within
slices of rows in which another input is nearly constant, the question is whether z is a function of v and that input.
No surrogate is needed, so this is for targets that none follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce
from itertools import chain, combinations, product

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.result.derivation import Measure, Step
from kansr.structure.context import Context
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, State, times
from kansr.structure.moves.thresholds import FEW_INPUTS, KEPT, POOR_SURROGATE, SAMPLE_ROWS
from kansr.structure.surrogate.coordinates import COORDINATES
from kansr.structure.surrogate.gradient_field import GradientField

MAX_RATIO = 0.05  # variance ratio up to which a variable is accepted
MAX_RATIO_IN_SLICES = 0.15  # the same within slices, where the other input is not quite constant
SLICES = 12  # slices of rows by the other input
MOST_DEGREE = 4  # sum of the sizes of the exponents in a variable or a multiplier
MOST_VARIABLES = 8000  # variables that are tried beside another input
BATCH = 200  # variables that are sorted at a time
CLIP = 4  # standard deviations that values of the target are limited to: poles would be all of its variance

Named = tuple[sympy.Expr, Array]  # an expression in the inputs of the table, and its values, (rows,)
Factors = tuple[tuple[sympy.Expr, ...], Array]  # factors that are not multiplied yet: there are thousands of products


def single_index(state: State, field: GradientField | None, context: Context) -> Iterator[Move]:
    """One variable for all inputs; one for all but one, which takes a second, only where the surrogate is poor."""
    poor = field is None or field.gradient_error > POOR_SURROGATE
    for found in chain(one_variable(state), one_variable_beside(state, context.expired) if poor else ()):
        step, removes = found.moves[-1], len(state.inputs) - len(found.inputs)
        apply = partial(_same, found)
        yield Move(step.value or 0.0, 0.0, step.what, frozenset(), apply, removes=removes, measure=Measure.VARIANCE)


def _same(state: State) -> State:
    return state


def one_variable(state: State) -> Iterator[State]:
    """States with the single input v and the target z·m, for the v and m with the smallest ratios."""
    if not 2 <= len(state.inputs) <= FEW_INPUTS:
        return
    multipliers, variables = _multipliers(state), _variables(state)
    targets = np.stack([m[:SAMPLE_ROWS] for _, m in multipliers]) * state.z[:SAMPLE_ROWS]
    targets = targets - targets.mean(axis=1, keepdims=True)
    targets = np.clip(targets / (targets.std(axis=1, keepdims=True) + TINY), -CLIP, CLIP)
    variance = targets.var(axis=1) + TINY
    found: list[tuple[float, int, int]] = []
    for i, (_, v) in enumerate(variables):
        steps = np.diff(targets[:, np.argsort(v[:SAMPLE_ROWS], kind="stable")], axis=1)
        ratio = np.mean(steps * steps, axis=1) / 2 / variance
        found += [(float(ratio[k]), i, int(k)) for k in np.argsort(ratio)[:KEPT]]
    # variables that sort the rows alike have the same ratio: the first of them is the simplest
    distinct = {ratio: (ratio, i, k) for ratio, i, k in sorted(found, reverse=True)}
    for ratio, i, k in sorted(distinct.values())[:KEPT]:
        new = _of_variable(state, variables[i], multipliers[k], ratio) if ratio < MAX_RATIO else None
        if new is not None:
            yield new


def _of_variable(state: State, variable: Named, multiplier: Named, ratio: float) -> State | None:
    """The state with the single input v and the target z·m; None where a value is not finite."""
    with np.errstate(all="ignore"):
        z = state.z * multiplier[1]
    if not np.isfinite(z).all():
        return None
    step = Step(f"{TARGET_SYMBOL * multiplier[0]} by {variable[0]}", Measure.VARIANCE, ratio)
    back = partial(times, state.back, 1 / multiplier[0])
    return replace(state, X=variable[1][:, None], z=z, inputs=(variable[0],), back=back, moves=(*state.moves, step))


def one_variable_beside(state: State, expired: Callable[[], bool] = lambda: False) -> Iterator[State]:
    """States with two inputs, one as it was and a v of all the others; the smallest ratios first."""
    n = len(state.inputs)
    if not 3 <= n <= FEW_INPUTS + 1:
        return
    found: list[tuple[float, int, Factors]] = []
    for k in range(n):
        others = [i for i in range(n) if i != k]
        candidates = _products(state, others)
        candidates += [((e,), v) for e, v in _sums(state, *others)] if len(others) == 2 else []
        for start in range(0, len(candidates), BATCH):
            if expired():
                return
            batch = candidates[start : start + BATCH]
            ratio = _ratios_in_slices(state, k, [v for _, v in batch])
            found += [(float(ratio[i]), k, batch[i]) for i in np.argsort(ratio, kind="stable")[:KEPT]]
    distinct = {ratio: (ratio, k, v) for ratio, k, v in reversed(found)}
    for ratio, k, (factors, v) in sorted(distinct.values(), key=lambda row: row[:2])[:KEPT]:
        if ratio < MAX_RATIO_IN_SLICES:
            variable = sympy.Mul(*factors)
            step = Step(f"{variable} beside {state.inputs[k]}", Measure.VARIANCE, ratio)
            X = np.column_stack([state.X[:, k], v])
            yield replace(state, X=X, inputs=(state.inputs[k], variable), moves=(*state.moves, step))


def _ratios_in_slices(state: State, k: int, variables: Sequence[Array]) -> Array:
    """The variance ratio for each variable, (rows,), with the rows sorted by it within slices by input k."""
    rows = np.argsort(state.X[:, k], kind="stable")
    rows = rows[: len(rows) // SLICES * SLICES]
    z = state.z[rows].reshape(SLICES, -1)
    z = np.clip((z - z.mean()) / (z.std() + TINY), -CLIP, CLIP)
    order = np.argsort(np.stack([v[rows].reshape(SLICES, -1) for v in variables]), axis=2)
    steps = np.diff(np.take_along_axis(z[None], order, axis=2), axis=2)
    return np.asarray(np.mean(steps * steps, axis=(1, 2)) / 2 / (z.var() + TINY))


def _products(state: State, members: Sequence[int]) -> list[Factors]:
    """Products of a power or a wave of each member; the more members there are, the simpler they are."""
    options = [_factors(state, i) for i in members]
    while np.prod([len(o) for o in options]) > MOST_VARIABLES:
        options = [o[:-1] for o in options]
    options[0] = [factor for factor in options[0] if not factor[2]]  # 1/v is no other variable than v
    rows = [(tuple(f[0] for f in chosen), reduce(np.multiply, [f[1] for f in chosen])) for chosen in product(*options)]
    return [(factors, v) for factors, v in rows if np.isfinite(v).all()]


def _factors(state: State, i: int) -> list[tuple[sympy.Expr, Array, bool]]:
    """What an input may be in a product, the likelier first, with whether it is an inverse."""
    x, values = state.inputs[i], state.X[:, i]
    plain: list[Named] = [(x, values), (x**2, values**2)]
    if np.abs(values).max() < COORDINATES["sin"].reach:
        plain[1:1] = [(sympy.cos(x), np.cos(values)), (sympy.sin(x), np.sin(values))]
    with np.errstate(all="ignore"):
        plain.append((sympy.sqrt(x), np.sqrt(values)))
        rows = [row for e, v in plain for row in ((e, v, False), (1 / e, 1 / v, True))]
    return [row for row in rows if np.isfinite(row[1]).all()]


def _variables(state: State) -> list[Named]:
    """Power products of two inputs or more, sums and differences, the simplest first."""
    n = len(state.inputs)
    halves = sorted({*range(-3, 4), *(k / 2 for k in (-3, -1, 1, 3))})
    rows = []
    for e in product(halves if n == 2 else range(-2, 3), repeat=n):
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
    """What the target may be multiplied by: power products, and simple ones times a power of a wave of one input."""
    n = len(state.inputs)
    rows: list[Named] = [(sympy.S.One, np.ones(len(state.z)))]
    for e in product(range(-2, 3) if n < FEW_INPUTS else range(-1, 2), repeat=n):
        if any(e) and sum(map(abs, e)) <= MOST_DEGREE:
            rows.append(_monomial(state, e))
    simple = [_monomial(state, e) for e in product(range(-1, 2), repeat=n)] if n < FEW_INPUTS else rows[:1]
    for x, values in zip(state.inputs, state.X.T):
        for scale in (sympy.S.One, sympy.Rational(1, 2)):
            for function, array in ((sympy.sin, np.sin), (sympy.cos, np.cos)):
                wave = array(float(scale) * values)
                with np.errstate(all="ignore"):
                    for p in (1, 2, -1, -2):
                        rows += [(e * function(scale * x) ** p, m * wave ** float(p)) for e, m in simple]
    return [(expr, m) for expr, m in rows if np.isfinite(m).all()]


def _monomial(state: State, exponents: Sequence[float]) -> Named:
    """The power product with these exponents, integers or halves."""
    with np.errstate(all="ignore"):
        value = np.prod([np.ones(len(state.z)), *(x**p for x, p in zip(state.X.T, map(float, exponents)) if p)], axis=0)
    return sympy.Mul(*(x ** sympy.Rational(int(2 * p), 2) for x, p in zip(state.inputs, exponents))), value
