"""y = Σ b_k·B_k + c·A·f(v; a, b): one function with fitted inner constants, beside known terms, times a known factor.

All functions of the library, and a few shapes with two inner constants, are scanned over a grid of those with the
linear constants in closed form; the best starts are refined together by variable projection (Golub & Pereyra 1973).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.least_squares import Projected, pairs_at, refined_pairs
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.enumerated.shapes import SHAPES, Shape, of_library
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

ROWS, MOST_INPUTS = 72, 3
FACTORS = (9, 12, 9)  # known factors that are tried, by the number of inputs
PRIOR = 1.6  # times the misfit for each term, factor or variable that makes a formula longer
# Starts refined a little, of each shape over an input itself and over each other variable; refined to the end, of each
# shape; formulas given out.
PLAIN, OTHERS, FINALISTS, OFFERED = 60, 8, 12, 6
FIRST, LAST = 5, 25  # steps of refinement before and after the field is cut
CLOSE = 1e-7  # misfit over the spread below which a start is given out to be fitted
STEP = 1e-6
TARGETS = ("y", "log(y)", "1/y", "y^2")

Named = tuple[sympy.Expr, Array]


@dataclass(frozen=True, eq=False)
class _Field:
    """Starts being refined: (shape, variable, factor, base) of each, and its constants (starts, 2)."""

    index: NDArray[np.intp]
    p: Array


@dataclass(frozen=True, eq=False)
class _Base:
    """Known terms under one transform of the target: terms; columns and orthonormal Q (rows, k); t (rows,)."""

    target: int
    terms: tuple[sympy.Expr, ...]
    columns: Array
    Q: Array
    t: Array

    def goal(self) -> Array:
        """The target with the terms projected out, of unit length."""
        rest = self.t - self.Q @ (self.Q.T @ self.t)
        rest = rest - self.Q @ (self.Q.T @ rest)
        return np.asarray(rest / (np.linalg.norm(rest) + 1e-300))


@dataclass(frozen=True, eq=False)
class _Setting:
    """What is combined; variables and factors: (rows,) each."""

    shapes: list[Shape]
    variables: list[Named]
    factors: list[Named]
    bases: list[_Base]
    inputs: int  # how many of the variables are inputs themselves


def one_function(
    data: Dataset, library: Library = STANDARD, expired: Callable[[], bool] = lambda: False
) -> Iterator[sympy.Expr]:
    """Such formulas for T(y) that are nearly exact, to be fitted; the simplest first.

    data: at most MOST_INPUTS inputs, else nothing is tried.
    """
    if len(data.names) > MOST_INPUTS or data.rows < ROWS:
        return
    rows = evenly_spaced_rows(data.rows, ROWS)
    targets = [row for row in transformed(data.y[rows]) if row[0].name in TARGETS]
    shapes = [of_library(f) for f in library if f.free] + list(SHAPES)
    with np.errstate(all="ignore"):
        setting = setting_of(data.names, data.X[rows], [t for _, _, t in targets], shapes)
    field, loss = refined(setting, expired)
    close = np.flatnonzero(loss < CLOSE**2)
    base = [setting.bases[b] for b in field.index[:, 3]]
    weight = [
        shapes[s].complexity
        + 0.5 * v
        + 1.5 * (a > 0)
        + 0.2 * a
        + len(base[i].terms)
        + targets[base[i].target][0].complexity
        for i, (s, v, a, _) in enumerate(field.index)
    ]
    order = sorted(close, key=lambda i: (loss[i] > 1e-20, round(weight[i], 1), loss[i]))
    for i in list({tuple(field.index[i]): int(i) for i in reversed(order)}.values())[::-1][:OFFERED]:
        transform, sign, _ = targets[base[i].target]
        yield sign * transform.symbolic(formula(setting, field, i))


def refined(setting: _Setting, expired: Callable[[], bool]) -> tuple[_Field, Array]:
    """The best starts of all refined, with what they leave: 1 − r²."""
    with np.errstate(all="ignore"):
        field = _scan(setting, expired)
        if expired() or not len(field.index):
            return _Field(np.empty((0, 4), dtype=np.intp), np.empty((0, 2))), np.empty(0)
        field, loss = _refine(setting, field, FIRST)
        best = of_each(loss, field.index[:, 0], FINALISTS)
        return _refine(setting, _Field(field.index[best], field.p[best]), LAST)


def of_each(loss: Array, key: NDArray[np.intp], count: int | NDArray[np.intp]) -> NDArray[np.intp]:
    """The `count` smallest losses for every key, those of one key together and ascending."""
    order = np.lexsort((loss, key))
    first = np.searchsorted(key[order], key[order])
    return order[np.arange(len(order)) - first < np.broadcast_to(count, len(order))[order]]


def setting_of(names: tuple[str, ...], X: Array, targets: list[Array], shapes: list[Shape]) -> _Setting:
    symbols = [sympy.Symbol(name) for name in names]
    inputs = list(zip(symbols, X.T))
    simple: list[Named] = []
    variables: list[Named] = list(inputs)
    for x, v in inputs:
        simple += [(x, v), (1 / x, 1 / v), (x**2, v * v), (sympy.exp(-x), np.exp(-v)), (sympy.exp(x), np.exp(v)),
                   (sympy.sin(x), np.sin(v)), (sympy.cos(x), np.cos(v)), (sympy.log(x), np.log(v)),
                   (sympy.sqrt(x), np.sqrt(v))]  # fmt: skip
    for (x, v), (z, w) in combinations(inputs, 2):
        pairs = [(x * z, v * w), (x / z, v / w), (z / x, w / v), (x + z, v + w), (x - z, v - w)]
        variables += [*pairs, (x**2 + z**2, v * v + w * w)]
        simple += pairs[:3]
    for x, v in inputs:
        variables += [(x**2, v * v), (1 / x, 1 / v)]
        if len(names) == 1:
            variables += [(sympy.sin(x), np.sin(v)), (sympy.cos(x), np.cos(v)), (sympy.exp(-x), np.exp(-v)),
                          (sympy.exp(x), np.exp(v)), (x**3, v**3), (sympy.sin(2 * x), np.sin(2 * v)),
                          (x**2 + x, v * v + v), (x**2 - x, v * v - v), (sympy.log(x), np.log(v))]  # fmt: skip
    variables, simple = ([(e, v) for e, v in rows if np.isfinite(v).all()] for rows in (variables, simple))
    one = (sympy.S.One, np.ones(len(X)))
    products = [(x * z, v * w) for (x, v), (z, w) in combinations(inputs, 2)]
    beside: list[list[Named]] = [[one], *([one, term] for term in simple)]
    beside += [[one, *inputs, *products]] if len(names) > 1 else []
    beside.append([one, *inputs, *((x**2, v * v) for x, v in inputs), *(products or [(symbols[0] ** 3, X[:, 0] ** 3)])])
    bases = []
    for target, t in enumerate(targets):
        for terms in beside if target == 0 else beside[:4]:
            columns = np.column_stack([v for _, v in terms])
            Q = np.linalg.qr(columns / np.abs(columns).max(axis=0))[0]
            bases.append(_Base(target, tuple(e for e, _ in terms), columns, Q, t))
    return _Setting(shapes, variables, [one, *simple[: FACTORS[len(names) - 1]]], bases, len(names))


def _scan(setting: _Setting, expired: Callable[[], bool]) -> _Field:
    """The most promising starts of every shape and variable, two for one factor and base at most."""
    found: list[tuple[Array, NDArray[np.intp], Array]] = []
    groups = [(g, np.concatenate([g.Q, g.goals.T], axis=1)) for g in _by_width(setting.bases)]
    for s, shape in enumerate(setting.shapes):
        for i, (_, v) in enumerate(setting.variables):
            if expired():
                break
            start = shape.starts(v)
            if len(start) < 2:
                continue
            values = shape.value(v, start[:, :1], start[:, 1:])
            for k, (_, factor) in enumerate(setting.factors):
                V = values * factor
                norm = np.einsum("sr,sr->s", V, V)[:, None]
                for group, columns in groups:
                    products = V @ columns
                    split = group.Q.shape[1]
                    inside = np.square(products[:, :split]).reshape(len(start), len(group.index), -1).sum(axis=2)
                    left = norm - inside
                    gain = products[:, split:] ** 2 / np.where(left > 1e-10 * norm, left, np.inf)
                    gain = np.where(np.isfinite(gain), gain, 0.0)
                    for part in (0, 1):
                        row = part + 2 * np.argmax(gain[part::2], axis=0)
                        which = np.empty((len(row), 4), dtype=np.intp)
                        which[:, :3], which[:, 3] = (s, i, k), group.index
                        found.append((1 - gain[row, np.arange(len(row))], which, start[row]))
    if not found:
        return _Field(np.empty((0, 4), dtype=np.intp), np.empty((0, 2)))
    loss = np.concatenate([f[0] for f in found])
    index: NDArray[np.intp] = np.concatenate([f[1] for f in found])
    p: Array = np.concatenate([f[2] for f in found])
    terms = np.array([len(base.terms) + (base.target > 0) for base in setting.bases])
    plain = index[:, 1] < setting.inputs
    prior = np.log(PRIOR) * (terms[index[:, 3]] + (index[:, 2] > 0) + ~plain)
    key = index[:, 0] * len(setting.variables) + index[:, 1]
    best = of_each(np.log(np.maximum(loss, 1e-30)) + prior, key, np.where(plain, PLAIN, OTHERS))
    return _Field(index[best], p[best])


@dataclass(frozen=True, eq=False)
class _Group:
    """The bases with one number of terms: which; their Q side by side (rows, bases · width); goals (bases, rows)."""

    index: NDArray[np.intp]
    Q: Array
    goals: Array


def _by_width(bases: list[_Base]) -> list[_Group]:
    widths = [base.Q.shape[1] for base in bases]
    groups = []
    for width in sorted(set(widths)):
        index = np.array([i for i, w in enumerate(widths) if w == width])
        chosen = [bases[i] for i in index]
        Q = np.concatenate([base.Q for base in chosen], axis=1)
        groups.append(_Group(index, Q, np.stack([base.goal() for base in chosen])))
    return groups


def _refine(setting: _Setting, field: _Field, steps: int) -> tuple[_Field, Array]:
    """Least squares in (a, b) of every start at once, with the linear constants projected out."""
    projected = _projected(setting, field.index)
    pairs = refined_pairs(projected, pairs_at(projected, field.p), steps)
    return _Field(field.index, pairs.p), pairs.loss


def _projected(setting: _Setting, index: NDArray[np.intp]) -> Projected:
    """Loss, Jacobian, by differences, and residual of the starts at any constants (starts, 2)."""
    v = np.stack([x for _, x in setting.variables])[index[:, 1]]
    factor = np.stack([x for _, x in setting.factors])[index[:, 2]]
    width = max(base.Q.shape[1] for base in setting.bases)
    Q = np.stack([np.pad(base.Q, ((0, 0), (0, width - base.Q.shape[1]))) for base in setting.bases])[index[:, 3]]
    goal = np.stack([base.goal() for base in setting.bases])[index[:, 3]]
    free = np.array([["a" in shape.free, "b" in shape.free] for shape in setting.shapes], dtype=float)[index[:, 0]]
    groups = [(s, np.flatnonzero(index[:, 0] == s)) for s in np.unique(index[:, 0])]

    def values(p: Array) -> Array:
        out = np.empty_like(v)
        for s, rows in groups:
            out[rows] = setting.shapes[s].value(v[rows], p[rows, :1], p[rows, 1:])
        out = out * factor
        out = out / (np.sqrt(np.einsum("sr,sr->s", out, out))[:, None] + 1e-300)
        out = out - np.einsum("srk,sk->sr", Q, np.einsum("srk,sr->sk", Q, out))
        return out / (np.sqrt(np.einsum("sr,sr->s", out, out))[:, None] + 1e-300)

    def residual(p: Array) -> Array:
        U = values(p)
        return goal - U * np.einsum("sr,sr->s", U, goal)[:, None]

    def projected(p: Array) -> tuple[Array, Array, Array]:
        r = residual(p)
        loss = np.einsum("sr,sr->s", r, r)
        J = np.empty((*r.shape, 2))
        for j in (0, 1):
            h = STEP * (np.abs(p[:, j]) + 1e-3)
            moved = p.copy()
            moved[:, j] += h
            J[..., j] = np.nan_to_num((residual(moved) - r) / h[:, None]) * free[:, j, None]
        return np.where(np.isfinite(loss), loss, np.inf), J, np.nan_to_num(r)

    return projected


def formula(setting: _Setting, field: _Field, i: int) -> sympy.Expr:
    s, v, k, b = field.index[i]
    a, shift = field.p[i]
    shape, base = setting.shapes[s], setting.bases[b]
    with np.errstate(all="ignore"):
        value = shape.value(setting.variables[v][1], float(a), float(shift)) * setting.factors[k][1]
    A = np.column_stack([base.columns, np.ravel(value)])
    size = np.abs(A).max(axis=0)
    w = np.linalg.lstsq(A / size, base.t, rcond=1e-15)[0]
    matters = np.abs(w) > 1e-8 * np.abs(base.t).max()
    function = setting.factors[k][0] * shape.symbolic(setting.variables[v][0], float(a), float(shift))
    return sympy.Add(*(sympy.Float(float(c)) * e for c, e, m in zip(w / size, (*base.terms, function), matters) if m))
