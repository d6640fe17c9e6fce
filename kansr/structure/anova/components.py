"""The components of a functional ANOVA: lines, curves and interactions of pairs, each as columns of a design matrix.

A component of one input is a line, or a curve: cubic B-splines less their line, turned so that the penalty on the
second derivative is diagonal, the smoothest directions first (Demmler and Reinsch 1975). An interaction is the tensor
product of the first columns of two inputs (Gu 2002, Smoothing Spline ANOVA Models).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.interpolate import BSpline

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY

DEGREE = 3
INTERVALS = 9  # of the splines, where there are enough distinct values
VALUES_PER_INTERVAL = 3  # distinct values at least for each interval
FEWEST_VALUES = 3  # distinct values below which an input has no curve
SMOOTHEST = 6  # columns of a curve that are kept
PAIRED = 3  # columns of a curve that enter an interaction
SHARE_IN_PAIRS = 0.6  # factor of these columns beside the line, since an interaction that bends is less likely
BEYOND = 0.1  # of the range of an input, that its line goes on beyond the rows; curves end with the rows
RANK = 1e-9  # eigenvalue over the largest, below which a direction is rounding


class Kind(Enum):
    """What a component is."""

    LINE = "line"
    CURVE = "curve"
    PAIR = "pair"


@dataclass(frozen=True)
class Component:
    """One component: its kind, and the positions of its inputs, ascending."""

    kind: Kind
    inputs: tuple[int, ...]

    @property
    def is_pair(self) -> bool:
        return self.kind == Kind.PAIR


@dataclass(frozen=True, eq=False)
class InputBasis:
    """The line and the curve of one input.

    mean, spread: of its values; low, high: its range; knots: of the splines; turn: (splines, columns), which makes the
    columns of the curve; taken_out: (2, splines), the constant and the line in each spline, taken out before.
    """

    mean: float
    spread: float
    low: float
    high: float
    knots: Array
    turn: Array
    taken_out: Array

    @classmethod
    def of(cls, x: Array) -> InputBasis:
        """The basis for the values x, (rows,)."""
        mean, spread = float(np.mean(x)), float(np.std(x)) or 1.0
        low, high = float(x.min()), float(x.max())
        values = np.unique(x)
        intervals = min(INTERVALS, len(values) // VALUES_PER_INTERVAL)
        if len(values) < FEWEST_VALUES or intervals < 1:
            return cls(mean, spread, low, high, np.empty(0), np.empty((0, 0)), np.empty((0, 0)))
        share = np.linspace(0, 1, intervals + 1)
        inner = (np.quantile(x, share) + low + (high - low) * share)[1:-1] / 2
        knots = np.concatenate([np.full(DEGREE + 1, low), inner, np.full(DEGREE + 1, high)])
        splines = BSpline.design_matrix(x, knots, DEGREE).toarray()
        line = np.column_stack([np.ones(len(x)), (x - mean) / spread])
        taken_out = line.T @ splines / len(x)  # the two columns are orthogonal, with mean square 1
        turn = _smoothest(splines - line @ taken_out, _penalty(knots, spread), min(SMOOTHEST, len(values) - 2))
        return cls(mean, spread, low, high, knots, turn, taken_out)

    def line(self, x: Array) -> Array:
        """(rows,) -> (rows, 1)"""
        margin = BEYOND * (self.high - self.low)
        return ((np.clip(x, self.low - margin, self.high + margin) - self.mean) / self.spread)[:, None]

    def curve(self, x: Array) -> Array:
        """(rows,) -> (rows, columns), none where the input has too few distinct values."""
        if not self.turn.size:
            return np.empty((len(x), 0))
        x = np.clip(x, self.low, self.high)
        line = np.column_stack([np.ones(len(x)), (x - self.mean) / self.spread])
        splines = BSpline.design_matrix(x, self.knots, DEGREE).toarray()
        return np.asarray((splines - line @ self.taken_out) @ self.turn)


def _penalty(knots: Array, spread: float) -> Array:
    """The integrals of the products of second derivatives of the splines over the range, in standardised units."""
    count = len(knots) - DEGREE - 1
    inner = knots[DEGREE:-DEGREE]
    # second derivatives of cubics are linear between knots, so two Gauss points for each interval are exact
    centre, half = (inner[1:] + inner[:-1]) / 2, np.diff(inner) / 2
    at = np.concatenate([centre - half / np.sqrt(3), centre + half / np.sqrt(3)])
    weight = np.concatenate([half, half]) / spread
    second = BSpline(knots, np.eye(count), DEGREE).derivative(2)(at) * spread**2
    return np.asarray((second * weight[:, None]).T @ second)


def _smoothest(splines: Array, penalty: Array, most: int) -> Array:
    """(splines, columns): the directions of least roughness for their variance, the smoothest first.

    Each column has the variance of the first one times the ratio of their roughness, first over own: the prior of a
    smoothing spline.
    """
    values, vectors = np.linalg.eigh(splines.T @ splines / len(splines))
    kept = values > RANK * values[-1]
    whiten = vectors[:, kept] / np.sqrt(values[kept])
    rough, turn = np.linalg.eigh(whiten.T @ penalty @ whiten)
    rough = np.maximum(rough, RANK * rough[-1])
    return np.asarray((whiten @ turn * np.sqrt(rough[0] / rough))[:, :most])


@dataclass(frozen=True, eq=False)
class Design:
    """The columns of all components for one table. X: (rows, inputs), the rows that the bases were made from."""

    X: Array
    _bases: dict[int, InputBasis] = field(default_factory=dict)

    def basis(self, i: int) -> InputBasis:
        """The basis of one input, made when it is first asked for."""
        if i not in self._bases:
            self._bases[i] = InputBasis.of(self.X[:, i])
        return self._bases[i]

    @cached_property
    def varying(self) -> tuple[int, ...]:
        """The inputs that have more than one value."""
        return tuple(np.flatnonzero(np.ptp(self.X, axis=0) > 0).tolist())

    @cached_property
    def lines(self) -> Array:
        """The line of every input at the rows, (rows, inputs)."""
        spread = self.X.std(0)
        return np.asarray((self.X - self.X.mean(0)) / np.where(spread > 0, spread, 1.0))

    @cached_property
    def polynomials(self) -> Array:
        """Every input, its square and its cube, each without what comes before it: (DEGREE, rows, inputs)."""
        found: list[Array] = [np.full_like(self.lines, 1 / np.sqrt(len(self.lines)))]
        for _ in range(DEGREE):
            column = self.lines * found[-1]
            for before in found:
                column = column - before * np.sum(before * column, axis=0)
            found.append(column / (np.sqrt(np.sum(column * column, axis=0)) + TINY))
        return np.stack(found[1:])

    def curved(self, inputs: Iterable[int]) -> list[Component]:
        """The curves of those of the inputs that have enough values."""
        return [Component(Kind.CURVE, (i,)) for i in inputs if self.basis(i).turn.size]

    def pairs(self, inputs: Iterable[int]) -> list[Component]:
        """The interactions of all pairs of these inputs."""
        return [Component(Kind.PAIR, pair) for pair in combinations(sorted(inputs), 2)]

    def columns(self, component: Component, X: Array) -> Array:
        """The columns of a component at the rows of X, (rows, columns)."""
        if component.kind == Kind.LINE:
            (i,) = component.inputs
            return self.basis(i).line(X[:, i])
        if component.kind == Kind.CURVE:
            (i,) = component.inputs
            return self.basis(i).curve(X[:, i])
        first, second = (self.paired(i, X[:, i]) for i in component.inputs)
        return np.asarray((first[:, :, None] * second[:, None, :]).reshape(len(X), -1))

    def paired(self, i: int, x: Array) -> Array:
        """The columns of an input that enter interactions, (rows, columns)."""
        return np.column_stack([self.basis(i).line(x), SHARE_IN_PAIRS * self.basis(i).curve(x)[:, :PAIRED]])
