"""Reductions read off the gradient field of a surrogate: each says how an input can be removed, and how well it fits.

If z depends on two inputs only through h, the direction of its gradient in these two is that of h, whatever the other
inputs do. Scale symmetries are Euler's relation for homogeneous functions with the exponents as unknowns, and they
are linear in them, so signs and zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
import sympy

from kansr.data.dataset import Array
from kansr.structure.state import Factor, Move, State
from kansr.structure.surrogate import Field

MOST_EXPONENT, TRIM = 6, 0.92
CERTAIN = 2e-3  # misfit of a factor that is taken out together with others
NICE = tuple(
    sympy.Rational(*pq)
    for pq in ((1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (1, 3), (1, 4), (3, 2), (2, 3), (6, 1), (8, 1))
)


def moves(state: State, field: Field, sample: int = 800) -> list[Move]:
    """All moves that fit at all, the most convincing first."""
    rows = _Rows(state, field, sample)
    found = [*irrelevant(rows), *symmetries(rows), *merges(rows), *peels(rows)]
    found += joint_factors(rows, found)
    return sorted(found, key=lambda move: (move.misfit * (1 + 0.3 * move.cost), move.name))


class _Rows:
    """The sample of rows that the moves are judged on, weighted so that every row's gradient counts alike."""

    def __init__(self, state: State, field: Field, sample: int) -> None:
        self.state, self.n = state, state.X.shape[1]
        steep = np.sqrt(np.sum((field.gradient * state.X.std(0)) ** 2, axis=1))
        weight = 1 / (steep + 0.1 * np.median(steep) + 1e-300)
        good = np.flatnonzero(np.isfinite(field.gradient).all(1) & np.isfinite(weight))
        rows = good[-sample:]
        self.X = state.X[rows]
        self.gradient = field.gradient[rows] * weight[rows, None]  # of T(z)
        self.value = state.z[rows] * field.slope[rows] * weight[rows]  # z·T'(z)
        self.plain = field.gradient[rows] / field.slope[rows, None]  # of z itself
        reach = np.abs(self.gradient * state.X.std(0))
        self.reach = reach / (np.sqrt(np.mean(reach**2)) + 1e-300)


def irrelevant(rows: _Rows) -> Iterator[Move]:
    """Inputs along which the target does not move."""
    reach = np.sqrt(np.mean(np.minimum(rows.reach, np.quantile(rows.reach, 0.99)) ** 2, axis=0))
    for i in range(rows.n):
        if rows.n > 1 and reach[i] < 1e-4 * reach.max():
            yield Move(1e-8, 0, f"without {_name(rows, i)}", frozenset(), partial(_drop, rows.state, i))


@dataclass(frozen=True)
class Coordinate:
    """A function of one input that may take its place: value and slope on arrays, and as sympy."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    symbolic: Callable[[sympy.Expr], sympy.Expr]
    cost: float = 1.0
    reach: float = np.inf  # the largest |x| at which it is worth asking


# What can be scaled or merged besides the inputs themselves; with log, an input that is another's exponent.
COORDINATES = {
    "x": Coordinate(lambda x: x, np.ones_like, lambda x: x, 0.0),
    "log": Coordinate(np.log, np.reciprocal, sympy.log),
    "exp": Coordinate(np.exp, np.exp, sympy.exp, reach=20),
    "sin": Coordinate(np.sin, np.cos, sympy.sin, reach=20),
    "cos": Coordinate(np.cos, lambda x: -np.sin(x), sympy.cos, reach=20),
    "sin/2": Coordinate(lambda x: np.sin(x / 2), lambda x: np.cos(x / 2) / 2, lambda x: sympy.sin(x / 2), 1.5, 20),
    "cos/2": Coordinate(lambda x: np.cos(x / 2), lambda x: -np.sin(x / 2) / 2, lambda x: sympy.cos(x / 2), 1.5, 20),
}
SHAPES = ("exp", "sin", "cos")


def symmetries(rows: _Rows) -> Iterator[Move]:
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


def _scalings(rows: _Rows, columns: Array, i: int, symbol: sympy.Expr, base: Array, cost: float) -> Iterator[Move]:
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
            nice = _nice(float(-w[-1]), 0.03)
            offset = sympy.Float(float(-w[-1])) if nice is None else nice
            if abs(float(offset)) < 0.02 * float(np.abs(base).max()):
                continue
        fitted = columns[:, where] @ exponents - float(offset) * columns[:, shift]
        misfit = _misfit(columns[:, 1 + i] - fitted, columns[:, 1 + i])
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


def joint_factors(rows: _Rows, found: Sequence[Move]) -> Iterator[Move]:
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


def merges(rows: _Rows) -> Iterator[Move]:
    """x_i and x_j enter only through x_i**p·M + c·x_j**q·N, M and N power products of the other inputs.

    log|g_i/g_j| is linear in the logs of all inputs then, and its coefficients are p − 1, 1 − q and the exponents.
    """
    logs = np.log(np.abs(rows.X) + 1e-300)
    for i, j in combinations(range(rows.n), 2):
        gi, gj = rows.gradient[:, i], rows.gradient[:, j]
        weight = 1 / np.sqrt(1 / (rows.reach[:, i] ** 2 + 1e-12) + 1 / (rows.reach[:, j] ** 2 + 1e-12))
        weight = np.minimum(weight, 3 * np.median(weight))
        for kind_i, kind_j in (("power", "power"), *((k, "power") for k in SHAPES), *(("power", k) for k in SHAPES)):
            yield from _merge(rows, i, j, kind_i, kind_j, gi, gj, logs, weight)


def _merge(
    rows: _Rows, i: int, j: int, kind_i: str, kind_j: str, gi: Array, gj: Array, logs: Array, weight: Array
) -> Iterator[Move]:
    shape_i, shape_j = (COORDINATES[k] if k in SHAPES else None for k in (kind_i, kind_j))
    if any(s and np.abs(rows.X[:, k]).max() > 20 for s, k in ((shape_i, i), (shape_j, j))):
        return
    free = [k for k in range(rows.n) if not (k == i and shape_i) and not (k == j and shape_j)]
    with np.errstate(all="ignore"):
        slope_i = shape_i.slope(rows.X[:, i]) if shape_i else np.ones(len(gi))
        slope_j = shape_j.slope(rows.X[:, j]) if shape_j else np.ones(len(gi))
        r = np.log(np.abs(gi / slope_i)) - np.log(np.abs(gj / slope_j))
    good = np.isfinite(r)
    if good.mean() < 0.9:
        return
    A = np.column_stack([np.ones(len(r)), logs[:, free]])[good] * weight[good, None]
    w = np.linalg.lstsq(A, r[good] * weight[good], rcond=1e-10)[0]
    e = np.zeros(rows.n)
    e[free] = np.round(2 * w[1:]) / 2
    if np.abs(w[1:] - e[free]).max(initial=0) > 0.24 or np.abs(e).max() > MOST_EXPONENT - 1:
        return
    p, q = (1.0 if shape_i else e[i] + 1), (1.0 if shape_j else 1 - e[j])
    if p == 0 or q == 0:
        return
    fractional = [k for k in range(rows.n) if e[k] % 1 != 0]
    if any(rows.state.X[:, k].min() <= 0 for k in fractional):
        return
    with np.errstate(all="ignore"):
        monomial = np.prod(np.where(e == 0, 1.0, np.abs(rows.X) ** e), axis=1)
        monomial = monomial * np.prod(np.where((e % 2 == 1), np.sign(rows.X), 1.0), axis=1)
        ratio = gi * slope_j / (gj * slope_i * monomial)
    finite = np.isfinite(ratio)
    if finite.mean() < 0.9:
        return
    c = float(np.median(ratio[finite]))  # = a·p / (b·q)
    if c == 0:
        return
    predicted = c * monomial * slope_i / slope_j
    with np.errstate(all="ignore"):
        # the sine of the angle between the two directions, in units of the inputs' spread
        si, sj = rows.state.X[:, i].std(), rows.state.X[:, j].std()
        sine = (gi - predicted * gj) * si * sj / (np.hypot(gi * si, gj * sj) * np.hypot(predicted * si, sj))
        sine = sine * np.minimum(1, np.hypot(rows.reach[:, i], rows.reach[:, j]) / 0.05)
    misfit = _misfit(sine[np.isfinite(sine)], np.ones(int(np.isfinite(sine).sum())))
    if misfit > 0.2:
        return
    factor = p / (q * c)
    nice = _nice(factor)
    spread = abs(factor) if nice is None else 1.0
    if spread > 1e4 or spread < 1e-4:
        return
    cost = 1.0 * (nice is None) + 0.5 * len([k for k in range(rows.n) if e[k] and k not in (i, j)])
    cost += 1.0 * bool(shape_i or shape_j) + 0.3 * bool(fractional) + 0.1 * (abs(p) + abs(q) - 2)
    term_i = _Term(
        i, sympy.Rational(int(2 * p), 2), kind_i, {k: e[k] for k in range(rows.n) if e[k] > 0 and k not in (i, j)}
    )
    term_j = _Term(
        j, sympy.Rational(int(2 * q), 2), kind_j, {k: -e[k] for k in range(rows.n) if e[k] < 0 and k not in (i, j)}
    )
    number = sympy.Float(factor) if nice is None else nice
    used = frozenset(rows.state.inputs[k] for k in (i, j))
    name = f"merge {_name(rows, i)}, {_name(rows, j)}"
    yield Move(misfit, cost, name, used, partial(_join, rows.state, term_i, term_j, number))


class _Term:
    """x_i**p (or a shape of x_i) times powers of other inputs."""

    def __init__(self, index: int, power: sympy.Rational, kind: str, others: dict[int, float]) -> None:
        self.index, self.power, self.kind = index, power, kind
        self.others = {k: sympy.Rational(int(2 * e), 2) for k, e in others.items()}

    def array(self, X: Array) -> Array:
        x = X[:, self.index]
        value = COORDINATES[self.kind].value(x) if self.kind in SHAPES else _raise(x, self.power)
        for k, e in self.others.items():
            value = value * _raise(X[:, k], e)
        return value

    def symbolic(self, inputs: tuple[sympy.Expr, ...]) -> sympy.Expr:
        x = inputs[self.index]
        value = COORDINATES[self.kind].symbolic(x) if self.kind in SHAPES else x**self.power
        return sympy.Mul(value, *(inputs[k] ** e for k, e in self.others.items()))


def peels(rows: _Rows) -> Iterator[Move]:
    """g_i is a power product c·Π x_k**e_k, so z = c/(e_i + 1)·x_i·Π… + something without x_i."""
    if np.any(rows.X == 0):
        return
    A = np.column_stack([np.ones(len(rows.X)), np.log(np.abs(rows.X))])
    for i in range(rows.n):
        g = rows.plain[:, i]
        if np.any(g == 0):
            continue
        weight = np.minimum(np.abs(g), 3 * np.median(np.abs(g)))
        w = np.linalg.lstsq(A * weight[:, None], np.log(np.abs(g)) * weight, rcond=1e-10)[0]
        e = np.round(2 * w[1:]) / 2
        if np.abs(w[1:] - e).max() > 0.15 or np.count_nonzero(e) > 5 or np.abs(e).max() > MOST_EXPONENT:
            continue
        if any(rows.state.X[:, k].min() <= 0 for k in range(rows.n) if e[k] % 1):
            continue
        shape = np.prod(np.where(e == 0, 1.0, np.abs(rows.X) ** e * np.where(e % 2 == 1, np.sign(rows.X), 1.0)), axis=1)
        c = float(np.sum(g * shape) / np.sum(shape * shape))
        misfit = _misfit(g - c * shape, g)
        if misfit > 0.1:
            continue
        powers = {k: sympy.Rational(int(2 * e[k]), 2) for k in range(rows.n) if e[k]}
        used = frozenset({rows.state.inputs[i]})
        yield Move(1.5 * misfit, 1.0, f"peel {_name(rows, i)}", used, partial(_peel, rows.state, i, c, powers))


def _multiplied(back: Callable[[sympy.Expr], sympy.Expr], factor: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    return back(factor * expr)


def _added(back: Callable[[sympy.Expr], sympy.Expr], term: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    return back(term + expr)


def _drop(state: State, i: int) -> State:
    keep = [k for k in range(len(state.inputs)) if k != i]
    return replace(state, X=state.X[:, keep], inputs=tuple(state.inputs[k] for k in keep),
                   moves=(*state.moves, f"without {state.inputs[i]}"))  # fmt: skip


def _scale(state: State, i: int, factor: sympy.Expr, values: Array, powers: dict[int, sympy.Rational]) -> State | None:
    """x_i removed by scaling with `factor`, a function of it whose `values` are (rows,): key −1 is the target."""
    X, inputs, z, back = state.X.copy(), list(state.inputs), state.z, state.back
    said = []
    with np.errstate(all="ignore"):
        for k, power in powers.items():
            if k == -1:
                z = z / _raise(values, power)
                back = partial(_multiplied, state.back, factor**power)
                said.append(f"/ {factor**power}")
            else:
                X[:, k] = X[:, k] * _raise(values, power)
                inputs[k] = inputs[k] * factor**power
                said.append(str(inputs[k]))
    new = replace(state, X=X, z=z, inputs=tuple(inputs), back=back)
    new = replace(_drop(new, i), moves=(*state.moves, ", ".join(said)))
    return new if np.isfinite(new.X).all() and np.isfinite(new.z).all() else None


def _divide(state: State, factors: Sequence[Factor]) -> State | None:
    with np.errstate(all="ignore"):
        z = state.z / np.prod([_raise(f.values, f.power) for f in factors], axis=0)
    outer = sympy.Mul(*(f.symbolic**f.power for f in factors))
    new = replace(state, z=z, back=partial(_multiplied, state.back, outer))
    for index in sorted((f.index for f in factors), reverse=True):
        new = _drop(new, index)
    return replace(new, moves=(*state.moves, f"/ {outer}")) if np.isfinite(z).all() else None


def _join(state: State, first: _Term, second: _Term, number: sympy.Expr) -> State | None:
    with np.errstate(all="ignore"):
        u = first.array(state.X) + float(number) * second.array(state.X)
    if not np.isfinite(u).all():
        return None
    expr = first.symbolic(state.inputs) + number * second.symbolic(state.inputs)
    keep = [k for k in range(len(state.inputs)) if k not in (first.index, second.index)]
    return replace(
        state,
        X=np.column_stack([state.X[:, keep], u]),
        inputs=(*(state.inputs[k] for k in keep), expr),
        moves=(*state.moves, str(expr)),
    )


def _peel(state: State, i: int, c: float, powers: dict[int, sympy.Rational]) -> State | None:
    power = powers.get(i, sympy.S.Zero) + 1
    if power == 0:
        return None
    factor = c / float(power)
    nice = _nice(factor)
    number = sympy.Float(factor) if nice is None else nice
    term = number * sympy.Mul(state.inputs[i] ** power, *(state.inputs[k] ** e for k, e in powers.items() if k != i))
    value = float(number) * _raise(state.X[:, i], power)
    for k, e in powers.items():
        if k != i:
            value = value * _raise(state.X[:, k], e)
    back = partial(_added, state.back, term)
    return replace(_drop(replace(state, z=state.z - value, back=back), i), moves=(*state.moves, f"− {term}"))


def _raise(x: Array, power: sympy.Rational) -> Array:
    return x ** int(power) if power.is_Integer and power > 0 else x ** float(power)


def _nice(value: float, tolerance: float = 0.02) -> sympy.Expr | None:
    for number in NICE:
        if abs(abs(value) / float(number) - 1) < tolerance:
            return number if value > 0 else -number
    return None


def _misfit(residual: Array, reference: Array) -> float:
    """The rms residual over the rms of the reference, without the worst rows."""
    keep = np.abs(residual) <= np.quantile(np.abs(residual), TRIM)
    return float(np.sqrt(np.mean(residual[keep] ** 2) / (np.mean(reference[keep] ** 2) + 1e-300)))


def _name(rows: _Rows, i: int) -> str:
    return str(rows.state.inputs[i])


def _power_name(rows: _Rows, k: int, power: sympy.Rational) -> str:
    return f"{'target' if k == -1 else _name(rows, k)}^{power}"
