"""One function with fitted inner constants beside known terms: T(y) = Σ b_k·B_k + c·A·f(v; a, b).

All shapes are scanned over a grid of inner constants, with the linear constants in closed form; the best starts are
refined together by variable projection (Golub and Pereyra 1973). Each shape has a share of the starts, because
flexible ones crowd out the others (results/2026-11-24-terminals).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.judge.exactness import ROW_RESIDUAL
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.least_squares import Projected, batch_at, refined_batch
from kansr.numeric.tolerances import EPS, ROUNDING, ROUNDING_RMS, SQRT_EPS, TINY
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.enumerated.function_parts import (
    FACTORS,
    BasisGroup,
    Parts,
    by_number_of_terms,
    parts_of,
)
from kansr.structure.terminals.enumerated.shapes import SHAPES, of_library
from kansr.structure.terminals.thresholds import (
    COMMON_TRANSFORMS,
    LEAST_CONSTANT,
    MOST_FORMULAS,
    MOST_STEPS,
    SCAN_ROWS,
)
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

# What 1 − r² of a start is multiplied by for each known term, for a factor and for a variable that is no input.
PER_TERM = 1.6

# Starts of each shape that are refined for a few steps: over an input itself, and over each other variable.
OVER_INPUTS = 60
OVER_OTHERS = 8

# Steps for those, and starts of each shape that go on.
FIRST_STEPS = 5
FINALISTS = 12


@dataclass(frozen=True, eq=False)
class Starts:
    """index: numbers of (shape, variable, factor, basis), (starts, 4); p: the inner constants (a, b), (starts, 2)."""

    index: NDArray[np.intp]
    p: Array

    def take(self, rows: NDArray[np.intp]) -> Starts:
        return Starts(self.index[rows], self.p[rows])


NONE = Starts(np.empty((0, 4), dtype=np.intp), np.empty((0, 2)))


def one_function(
    data: Dataset, library: Library = STANDARD, expired: Callable[[], bool] = lambda: False
) -> Iterator[sympy.Expr]:
    """Such formulas that are nearly exact, whose constants are to be fitted to all rows; the simplest first.

    data: at most as many inputs as FACTORS has entries, else nothing is tried.
    """
    if len(data.names) > len(FACTORS) or data.rows < SCAN_ROWS:
        return
    rows = evenly_spaced_rows(data.rows, SCAN_ROWS)
    targets = [row for row in transformed(data.y[rows]) if row[0].name in COMMON_TRANSFORMS]
    shapes = [of_library(f) for f in library if f.free] + list(SHAPES)
    with np.errstate(all="ignore"):
        parts = parts_of(data.names, data.X[rows], [t for _, _, t in targets], shapes)
    starts, loss = refined(parts, expired)
    complexity = [
        _complexity(parts, index) + targets[parts.bases[index[3]].target][0].complexity for index in starts.index
    ]
    close = np.flatnonzero(loss < ROW_RESIDUAL**2)
    order = sorted(close, key=lambda i: (loss[i] > ROUNDING**2, round(complexity[i], 1), loss[i]))
    first = {tuple(starts.index[i]): int(i) for i in reversed(order)}  # of several starts of the same parts
    for i in list(first.values())[::-1][:MOST_FORMULAS]:
        transform, sign, _ = targets[parts.bases[starts.index[i, 3]].target]
        yield sign * transform.symbolic(formula(parts, starts, i))


def _complexity(parts: Parts, index: NDArray[np.intp]) -> float:
    s, v, k, b = index
    shape, variable, factor, basis = parts.shapes[s], parts.variables[v], parts.factors[k], parts.bases[b]
    return shape.complexity + variable.complexity + factor.complexity + len(basis.terms)


def refined(parts: Parts, expired: Callable[[], bool]) -> tuple[Starts, Array]:
    """The best starts of every shape after refinement, and their 1 − r², (starts,)."""
    with np.errstate(all="ignore"):
        starts = _scan(parts, expired)
        if expired() or not len(starts.index):
            return NONE, np.empty(0)
        starts, loss = _refine(parts, starts, FIRST_STEPS)
        return _refine(parts, starts.take(of_each(loss, starts.index[:, 0], FINALISTS)), MOST_STEPS)


def of_each(loss: Array, key: NDArray[np.intp], count: int | NDArray[np.intp]) -> NDArray[np.intp]:
    """The `count` smallest losses for every key, those of one key together and ascending."""
    order = np.lexsort((loss, key))
    first = np.searchsorted(key[order], key[order])
    return order[np.arange(len(order)) - first < np.broadcast_to(count, len(order))[order]]


def _scan(parts: Parts, expired: Callable[[], bool]) -> Starts:
    """The most promising starts of every shape and variable."""
    losses: list[Array] = []
    found: list[Starts] = []
    groups = by_number_of_terms(parts.bases)
    for s, shape in enumerate(parts.shapes):
        for v, variable in enumerate(parts.variables):
            if expired():
                break
            p = shape.starts(variable.values)
            if len(p) < 2:
                continue
            values = shape.value(variable.values, p[:, :1], p[:, 1:])
            for k, factor in enumerate(parts.factors):
                products = values * factor.values
                for group in groups:
                    for loss, row in _best_of_halves(products, group):
                        index = np.column_stack([np.full((len(row), 3), (s, v, k)), group.index])
                        losses.append(loss)
                        found.append(Starts(index, p[row]))
    if not found:
        return NONE
    loss = np.concatenate(losses)
    starts = Starts(np.concatenate([f.index for f in found]), np.concatenate([f.p for f in found]))
    return starts.take(_promising(parts, loss, starts.index))


def _best_of_halves(values: Array, group: BasisGroup) -> Iterator[tuple[Array, NDArray[np.intp]]]:
    """1 − r² of the best start beside each basis, and its number, (bases,) each: of the even starts, then the odd.

    values: (starts, rows). The linear constants are in closed form: the gain of a function is the square of its product
    with what the basis leaves of the target, over what the basis leaves of the function.
    """
    bases = len(group.index)
    norm = np.einsum("sr,sr->s", values, values)[:, None]
    inside = np.square(values @ group.Q).reshape(len(values), bases, -1).sum(axis=2)
    left = norm - inside
    gain = (values @ group.goals.T) ** 2 / np.where(left > SQRT_EPS * norm, left, np.inf)
    gain = np.where(np.isfinite(gain), gain, 0.0)
    for half in (0, 1):
        row = half + 2 * np.argmax(gain[half::2], axis=0)
        yield 1 - gain[row, np.arange(bases)], row


def _promising(parts: Parts, loss: Array, index: NDArray[np.intp]) -> NDArray[np.intp]:
    """The starts that are refined: of every shape and variable those with the least loss, longer formulas behind."""
    terms = np.array([len(basis.terms) + (basis.target > 0) for basis in parts.bases])
    is_input = index[:, 1] < parts.inputs
    longer = terms[index[:, 3]] + (index[:, 2] > 0) + ~is_input
    rank = np.log(np.maximum(loss, EPS)) + np.log(PER_TERM) * longer
    key = index[:, 0] * len(parts.variables) + index[:, 1]
    return of_each(rank, key, np.where(is_input, OVER_INPUTS, OVER_OTHERS))


def _refine(parts: Parts, starts: Starts, steps: int) -> tuple[Starts, Array]:
    """Least squares in (a, b) of every start at once, with the linear constants projected out; -> 1 − r², (starts,)."""
    projected = _projected(parts, starts.index)
    pairs = refined_batch(projected, batch_at(projected, starts.p), steps)
    return Starts(starts.index, pairs.p), pairs.loss


def _projected(parts: Parts, index: NDArray[np.intp]) -> Projected:
    """Loss, Jacobian and residual of the starts at any inner constants, (starts, 2); the Jacobian by differences."""
    goal = np.stack([basis.goal() for basis in parts.bases])[index[:, 3]]
    free = np.array([["a" in shape.free, "b" in shape.free] for shape in parts.shapes], dtype=float)[index[:, 0]]
    values = _unit_values(parts, index)

    def residual(p: Array) -> Array:
        U = values(p)
        return goal - U * np.einsum("sr,sr->s", U, goal)[:, None]

    def projected(p: Array) -> tuple[Array, Array, Array]:
        r = residual(p)
        loss = np.einsum("sr,sr->s", r, r)
        J = np.empty((*r.shape, 2))
        for j in (0, 1):
            h = SQRT_EPS * (np.abs(p[:, j]) + LEAST_CONSTANT)
            moved = p.copy()
            moved[:, j] += h
            J[..., j] = np.nan_to_num((residual(moved) - r) / h[:, None]) * free[:, j, None]
        return np.where(np.isfinite(loss), loss, np.inf), J, np.nan_to_num(r)

    return projected


def _unit_values(parts: Parts, index: NDArray[np.intp]) -> Callable[[Array], Array]:
    """The functions at inner constants, (starts, 2) -> (starts, rows), with the basis projected out, of unit length."""
    v = np.stack([variable.values for variable in parts.variables])[index[:, 1]]
    factor = np.stack([factor.values for factor in parts.factors])[index[:, 2]]
    width = max(len(basis.terms) for basis in parts.bases)
    Q = np.stack([np.pad(basis.Q, ((0, 0), (0, width - len(basis.terms)))) for basis in parts.bases])[index[:, 3]]
    of_shape = [(s, np.flatnonzero(index[:, 0] == s)) for s in np.unique(index[:, 0])]

    def unit(values: Array) -> Array:
        return np.asarray(values / (np.sqrt(np.einsum("sr,sr->s", values, values))[:, None] + TINY))

    def values(p: Array) -> Array:
        out = np.empty_like(v)
        for s, rows in of_shape:
            out[rows] = parts.shapes[s].value(v[rows], p[rows, :1], p[rows, 1:])
        out = unit(out * factor)
        return unit(out - np.einsum("srk,sk->sr", Q, np.einsum("srk,sr->sk", Q, out)))

    return values


def formula(parts: Parts, starts: Starts, i: int) -> sympy.Expr:
    """The right-hand side of one start, its linear constants fitted; terms that are only rounding are left out."""
    s, v, k, b = starts.index[i]
    a, shift = (float(value) for value in starts.p[i])
    shape, variable, factor, basis = parts.shapes[s], parts.variables[v], parts.factors[k], parts.bases[b]
    with np.errstate(all="ignore"):
        values = shape.value(variable.values, a, shift) * factor.values
    A = np.column_stack([basis.columns, np.ravel(values)])
    size = np.abs(A).max(axis=0)
    w = np.linalg.lstsq(A / size, basis.t, rcond=None)[0]
    matters = np.abs(w) > ROUNDING_RMS * np.abs(basis.t).max()
    exprs = (*basis.terms, factor.expr * shape.expr(variable.expr, a, shift))
    return sympy.Add(*(sympy.Float(float(c)) * e for c, e, m in zip(w / size, exprs, matters) if m))
