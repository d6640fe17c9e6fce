"""Scale symmetries: an input that only scales the target and other inputs is taken out exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
import sympy

from kansr.data.dataset import Array
from kansr.structure.gradients import (
    COORDINATES,
    MOST_EXPONENT,
    Rows,
    drop,
    misfit_of,
    multiplied,
    name_of,
    nice_number,
    raised,
)
from kansr.structure.state import Factor, Move, State

CERTAIN = 2e-3  # misfit of a factor that is taken out together with others


def symmetries(rows: Rows) -> Iterator[Move]:
    """c·g_c = gamma·z + Σ d_k·x_k·g_k for a coordinate c of x_i (g_c = g_i/c'), or (x_i + s)·g_i for a shift s:
    z / c**gamma depends on x_k·c**d_k and no longer on x_i."""
    for i in range(rows.n):
        for kind, coordinate in COORDINATES.items():
            x = rows.X[:, i]
            if np.abs(x).max() > coordinate.reach or (kind == "log" and rows.state.X[:, i].min() <= 0):
                continue
            with np.errstate(all="ignore"):
                own = coordinate.value(x) / coordinate.slope(x) * rows.gradient[:, i]
                base = coordinate.value(rows.state.X[:, i])
            if not np.isfinite(own).all() or not np.isfinite(base).all():
                continue
            columns = np.column_stack([rows.value, rows.X * rows.gradient, rows.gradient[:, i]])
            columns[:, 1 + i] = own
            symbol = coordinate.symbolic(rows.state.inputs[i])
            yield from _scalings(rows, columns, i, symbol, base, coordinate.cost)


def _scalings(rows: Rows, columns: Array, i: int, symbol: sympy.Expr, base: Array, cost: float) -> Iterator[Move]:
    """The scalings by one coordinate of x_i; only x_i itself may be shifted (the last column)."""
    size = np.sqrt(np.mean(columns**2, axis=0)) + 1e-300
    gram = (columns / size).T @ (columns / size)
    others = [0, *(1 + k for k in range(rows.n) if k != i)]
    shift = rows.n + 1
    subsets = [s for count in ((1, 2, 3) if cost == 0 else (1, 2)) for s in combinations(others, count)]
    if cost == 0:
        subsets += [(*s, shift) for count in (1, 2) for s in combinations(others, count)]
    for subset in subsets:
        chosen = list(subset)
        count = len(chosen)
        if count == 3 and rows.n > 7 and 0 not in chosen:
            continue
        try:
            w = np.linalg.solve(gram[np.ix_(chosen, chosen)] + 1e-12 * np.eye(count), gram[chosen, 1 + i])
        except np.linalg.LinAlgError:
            continue
        w = w * size[1 + i] / size[chosen]
        shifted = chosen[-1] == shift
        powers_only, where = (w[:-1], chosen[:-1]) if shifted else (w, chosen)
        exponents = np.round(2 * powers_only) / 2
        if (
            np.any(exponents == 0)
            or np.abs(exponents).max() > MOST_EXPONENT
            or np.abs(powers_only - exponents).max() > 0.1
        ):
            continue
        offset = sympy.S.Zero
        if shifted:
            nice = nice_number(float(-w[-1]), 0.03)
            offset = sympy.Float(float(-w[-1])) if nice is None else nice
            if abs(float(offset)) < 0.02 * float(np.abs(base).max()):
                continue
        fitted = columns[:, where] @ exponents - float(offset) * columns[:, shift]
        misfit = misfit_of(columns[:, 1 + i] - fitted, columns[:, 1 + i])
        values = base + float(offset)
        fractional = bool(np.any(exponents % 1 != 0))
        if misfit > 0.2 or (fractional and values.min() <= 0) or (np.any(exponents < 0) and np.any(values == 0)):
            continue
        powers = {c - 1: sympy.Rational(int(2 * e), 2) for c, e in zip(where, exponents)}
        used = frozenset(rows.state.inputs[k] for k in {i, *powers} - {-1})
        total = cost + len(where) - 1 + fractional + (1.0 if shifted else 0.0) + (1.0 if offset.is_Float else 0.0)
        name = f"scale {symbol + offset}: {', '.join(_power_name(rows, k, p) for k, p in powers.items())}"
        apply = partial(_scale, rows.state, i, symbol + offset, values, powers)
        factor = Factor(i, symbol + offset, values, powers[-1]) if list(powers) == [-1] else None
        yield Move(misfit + (0.02 if misfit > 0.03 and total > 0 else 0.0), total, name, used, apply, factor)


def joint_factors(rows: Rows, found: Sequence[Move]) -> Iterator[Move]:
    """All factors of single inputs that are as good as certain, taken out together: they commute."""
    best: dict[int, Move] = {}
    for move in found:
        if move.factor is not None and move.misfit < CERTAIN:
            known = best.get(move.factor.index)
            if known is None or (move.cost, move.misfit) < (known.cost, known.misfit):
                best[move.factor.index] = move
    factors = [move.factor for move in best.values() if move.factor is not None]
    if len(factors) > 1:
        least = min(move.misfit for move in best.values())
        used = frozenset(rows.state.inputs[factor.index] for factor in factors)
        yield Move(0.9 * least, 0.0, "all certain factors", used, partial(_divide, rows.state, factors))


def _power_name(rows: Rows, k: int, power: sympy.Rational) -> str:
    return f"{'target' if k == -1 else name_of(rows, k)}^{power}"


def _scale(state: State, i: int, factor: sympy.Expr, values: Array, powers: dict[int, sympy.Rational]) -> State | None:
    """x_i removed by scaling with `factor`, a function of it whose `values` are (rows,): key −1 is the target."""
    X, inputs, z, back = state.X.copy(), list(state.inputs), state.z, state.back
    said = []
    with np.errstate(all="ignore"):
        for k, power in powers.items():
            if k == -1:
                z = z / raised(values, power)
                back = partial(multiplied, state.back, factor**power)
                said.append(f"/ {factor**power}")
            else:
                X[:, k] = X[:, k] * raised(values, power)
                inputs[k] = inputs[k] * factor**power
                said.append(str(inputs[k]))
    new = replace(state, X=X, z=z, inputs=tuple(inputs), back=back)
    new = replace(drop(new, i), moves=(*state.moves, ", ".join(said)))
    return new if np.isfinite(new.X).all() and np.isfinite(new.z).all() else None


def _divide(state: State, factors: Sequence[Factor]) -> State | None:
    with np.errstate(all="ignore"):
        z = state.z / np.prod([raised(f.values, f.power) for f in factors], axis=0)
    outer = sympy.Mul(*(f.symbolic**f.power for f in factors))
    new = replace(state, z=z, back=partial(multiplied, state.back, outer))
    for index in sorted((f.index for f in factors), reverse=True):
        new = drop(new, index)
    return replace(new, moves=(*state.moves, f"/ {outer}")) if np.isfinite(z).all() else None
