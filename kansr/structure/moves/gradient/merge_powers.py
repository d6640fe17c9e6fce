"""Merges by powers: two inputs that enter only as x_i**p·M + c·x_j**q·N, M and N power products of the others.

With g the gradient, log|g_i/g_j| is linear in the logarithms of all inputs then, and its coefficients are p − 1, 1 − q
and the exponents in M/N: exponents are a regression, not a list. Instead of a power, one of the two may be exp, sin or
cos of its input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import sympy

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING, TINY
from kansr.structure.moves.gradient.sample import GradientSample, half, halves, misfit_of, monomial, power_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.structure.moves.thresholds import KNOWN_ROWS, NEGLIGIBLE
from kansr.structure.surrogate.coordinates import COORDINATES, SHAPES

NEAR_IN_NOISE = 0.15  # share of c by which noise may bring it away from a nice number; never measured alone
PLAIN = ("", "")  # both inputs enter by powers
KINDS = (PLAIN, *((shape, "") for shape in SHAPES), *(("", shape) for shape in SHAPES))


@dataclass(frozen=True)
class Term:
    """f(x_index)·Π x_k**others[k], where f is a power, or the coordinate `shape` if that is not empty."""

    index: int
    power: sympy.Rational
    shape: str
    others: dict[int, sympy.Rational]

    def values(self, X: Array) -> Array:
        """X: (rows, n) -> (rows,)"""
        x = X[:, self.index]
        value = COORDINATES[self.shape].value(x) if self.shape else power_of(x, self.power)
        for k, e in self.others.items():
            value = value * power_of(X[:, k], e)
        return value

    def symbolic(self, inputs: Sequence[sympy.Expr]) -> sympy.Expr:
        """The term in the inputs of the table."""
        x = inputs[self.index]
        value = COORDINATES[self.shape].symbolic(x) if self.shape else x**self.power
        return sympy.Mul(value, *(inputs[k] ** e for k, e in self.others.items()))


class Pair:
    """Inputs i and j of a sample, each with the shape that it enters by, "" for a power.

    slopes: (m,) each, of the shapes; 1 for a power.
    """

    def __init__(self, sample: GradientSample, i: int, j: int, shapes: tuple[str, str]) -> None:
        self.sample, self.i, self.j, self.shapes = sample, i, j, shapes
        self.gradients = sample.gradient[:, i], sample.gradient[:, j]
        self.slopes = tuple(
            COORDINATES[shape].slope(sample.X[:, k]) if shape else np.ones(len(sample.X))
            for k, shape in zip((i, j), shapes)
        )

    def is_moderate(self) -> bool:
        """Whether no shape is taken of larger values than it is of use for."""
        return all(
            not shape or np.abs(self.sample.X[:, k]).max() <= COORDINATES[shape].reach
            for k, shape in zip((self.i, self.j), self.shapes)
        )

    def exponents(self) -> Array | None:
        """The exponents of all inputs in the ratio of the slopes, (n,); None where they are no integers or halves."""
        sample = self.sample
        with np.errstate(all="ignore"):
            sizes = [np.log(np.abs(g / slope)) for g, slope in zip(self.gradients, self.slopes)]
            log_ratio = sizes[0] - sizes[1]
        known = np.isfinite(log_ratio)
        if known.mean() < KNOWN_ROWS:
            return None
        shaped = [k for k, shape in zip((self.i, self.j), self.shapes) if shape]
        free = [k for k in range(sample.n) if k not in shaped]
        weight = sample.ratio_weight(self.i, self.j)[known]
        logs = np.log(np.abs(sample.X[known][:, free]) + TINY)
        A = np.column_stack([np.ones(len(logs)), logs]) * weight[:, None]
        fitted = np.zeros(sample.n)
        fitted[free] = np.linalg.lstsq(A, log_ratio[known] * weight, rcond=ROUNDING)[0][1:]
        e = halves(fitted, tolerance=np.inf)  # noise may bring exponents off; the angle decides
        if e is None or not all(sample.positive(k) for k in np.flatnonzero(e % 1)):
            return None
        return e

    def powers(self, e: Array) -> tuple[float, float]:
        """p and q of the two inputs, 1 for a shape."""
        first, second = self.shapes
        return (1.0 if first else float(e[self.i]) + 1), (1.0 if second else 1 - float(e[self.j]))

    def factor(self, e: Array) -> tuple[float, float]:
        """c, and the angle between the gradients and those of x_i**p·M + c·x_j**q·N; (0, inf) where c is unknown."""
        with np.errstate(all="ignore"):
            product = monomial(self.sample.X, e)
            (gi, gj), (si, sj) = self.gradients, self.slopes
            ratio = gi * sj / (gj * si * product)
        known = np.isfinite(ratio)
        if known.mean() < KNOWN_ROWS or (size := float(np.median(ratio[known]))) == 0:
            return 0.0, np.inf
        sine = self.sample.sine(self.i, self.j, size * product * si / sj)
        p, q = self.powers(e)
        return p / (q * size), misfit_of(sine[np.isfinite(sine)])


def merges(sample: GradientSample) -> Iterator[Move]:
    """The merges of all pairs of inputs that gradients agree with."""
    for i, j in combinations(range(sample.n), 2):
        for shapes in KINDS:
            yield from _merges(Pair(sample, i, j, shapes))


def _merges(pair: Pair) -> Iterator[Move]:
    """The merge of a pair, with c a nice number, and with c as fitted where that is not near one."""
    e = pair.exponents() if pair.is_moderate() else None
    if e is None or 0 in pair.powers(e):
        return
    c, misfit = pair.factor(e)
    if misfit > pair.sample.max_misfit or not NEGLIGIBLE < abs(c) < 1 / NEGLIGIBLE:
        return
    nice, near = factor_near(c), factor_near(c, NEAR_IN_NOISE if pair.sample.noisy else 0.0)
    for number in filter(None, (nice or near, None if nice else sympy.Float(c))):
        yield _merge(pair, e, number, misfit)


def _merge(pair: Pair, e: Array, number: sympy.Expr, misfit: float) -> Move:
    sample, i, j = pair.sample, pair.i, pair.j
    p, q = pair.powers(e)
    others = {k: half(e[k]) for k in range(sample.n) if e[k] and k not in (i, j)}
    first = Term(i, half(p), pair.shapes[0], {k: power for k, power in others.items() if power > 0})
    second = Term(j, half(q), pair.shapes[1], {k: -power for k, power in others.items() if power < 0})
    cost = 0.5 * len(others) + 0.5 * bool(np.any(e % 1)) + (pair.shapes != PLAIN) + number.is_Float
    name = f"merge {sample.name(i)}, {sample.name(j)}"
    return Move(misfit, float(cost), name, sample.used((i, j)), partial(_join, sample.state, first, second, number))


def _join(state: State, first: Term, second: Term, number: sympy.Expr) -> State | None:
    """The state with first + number·second in place of the two inputs."""
    with np.errstate(all="ignore"):
        u = first.values(state.X) + float(number) * second.values(state.X)
    expr = first.symbolic(state.inputs) + number * second.symbolic(state.inputs)
    return replace_inputs(state, (first.index, second.index), [expr], [u])
