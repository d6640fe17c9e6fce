"""Shapes: functions with one or two inner constants that are fitted, and where to start them.

They are the functions of the library, and a few of two constants on positive variables that are no f(a·v + b).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.symbolic.library.function import Function
from kansr.symbolic.matching.match import starting_points

# Starts of each function of the library.
STARTS = 110

# Frequencies, as radians over half the range of v, which resolve slow waves twice as well as fast ones.
FREQUENCIES = np.concatenate([np.linspace(0.3, 12, 40), np.linspace(12.7, 40, 40)])

# Exponents: between those of other terminals.
EXPONENTS = np.array([-3.3, -2.4, -1.7, -1.3, -0.7, -0.4, 0.3, 0.6, 1.4, 1.8, 2.3, 2.7, 3.4])

# Rates: changes of an exponent over the mean of what they multiply, or over half the range.
RATES = np.array([-6.0, -3, -1.5, -0.7, -0.3, 0.3, 0.7, 1.5, 3])

# Numbers beside a variable or a power of it, over its mean.
OFFSETS = np.geomspace(0.03, 10, 7)

# Distances of a pole from the rows, over half their range.
DISTANCES = np.array([0.1, 0.4, 1, 3, 9, 20, 60])

# Quantiles of v at which a function may have its middle.
MIDDLES = (0.05, 0.3, 0.5, 0.7, 0.95)

Starts = Callable[[Array], Array]  # v: (rows,) -> (starts, 2)


@dataclass(frozen=True, eq=False)
class Shape:
    """f(v; a, b).

    value: v (rows,) or (starts, rows), a and b (starts, 1) -> (starts, rows); starts: of (a, b); free: what is fitted.
    """

    value: Callable[[Array, Any, Any], Array]
    symbolic: Callable[[sympy.Expr, Any, Any], sympy.Expr]
    starts: Starts
    complexity: float
    free: str = "ab"

    def expr(self, v: sympy.Expr, a: float, b: float) -> sympy.Expr:
        return self.symbolic(v, sympy.Float(a), sympy.Float(b))


def of_library(f: Function) -> Shape:
    """f(a·v + b), or v**a."""

    def starts(v: Array) -> Array:
        low, high = float(v.min()), float(v.max())
        if f.free == "p" and low <= 0:
            return np.empty((0, 2))
        centre, half = (low + high) / 2, (high - low) / 2
        if f.periodic and "b" in f.free:
            waves = _grid(FREQUENCIES / half, (0, np.pi / 2))
            return np.column_stack([waves[:, 0], waves[:, 1] - waves[:, 0] * centre])
        points = starting_points(f, centre, half)
        return points[:: max(1, len(points) // STARTS)]

    def symbolic(v: sympy.Expr, a: sympy.Float, b: sympy.Float) -> sympy.Expr:
        return f.expr(v, float(a), float(b))

    return Shape(f.inner, symbolic, starts, f.complexity, f.free.replace("p", "a"))


def _grid(first: Sequence[float] | Array, second: Sequence[float] | Array) -> Array:
    return np.array([[a, b] for a in first for b in second])


def _positive(starts: Starts) -> Starts:
    """The starts where v is positive."""
    return lambda v: starts(v) if v.min() > 0 else np.empty((0, 2))


def _exponents_and_rates(v: Array) -> Array:
    return _grid(EXPONENTS, RATES / v.mean())


def _exponents_and_rates_of_powers(v: Array) -> Array:
    return np.vstack([_grid([p], RATES / np.mean(v**p)) for p in EXPONENTS])


def _exponents_and_offsets(v: Array) -> Array:
    return _grid(EXPONENTS, v.mean() * OFFSETS)


def _exponents_and_offsets_of_powers(v: Array) -> Array:
    return np.vstack([_grid([p], np.mean(v**p) * OFFSETS) for p in EXPONENTS])


def _poles(v: Array) -> Array:
    """(a, b) of exp(a/(v + b)) with the pole −b outside the rows, and rates at their centre."""
    low, high, half = float(v.min()), float(v.max()), float(np.ptp(v)) / 2
    b = np.concatenate([DISTANCES * half - low, -high - DISTANCES * half])
    return np.array([[rate / half * ((low + high) / 2 + pole) ** 2, pole] for pole in b for rate in RATES])


def _slopes_and_middles(v: Array, steepness: int) -> Array:
    """(slope, middle), slopes as rates over half the range times `steepness`; none where v is constant."""
    width = float(np.ptp(v))
    return _grid(steepness * RATES / width, np.quantile(v, MIDDLES).tolist()) if width else np.empty((0, 2))


def _crossings(v: Array) -> Array:
    """(a, b) of log(exp(a·v) + exp(b)), whose terms are equal at a middle of v."""
    starts = _slopes_and_middles(v, 2)
    return np.column_stack([starts[:, 0], starts[:, 0] * starts[:, 1]])


def _zeros(v: Array) -> Array:
    """(a, b) of a function of a·v + b, which is 0 at a middle of v."""
    starts = _slopes_and_middles(v, 4)
    return np.column_stack([starts[:, 0], -starts[:, 0] * starts[:, 1]])


def _bernoulli(u: Array) -> Array:
    """u/(exp(u) − 1), 1 at 0: rates of ion channels, photons at a temperature."""
    return np.asarray(np.where(u == 0, 1.0, u / np.expm1(u)))


SHAPES = (
    Shape(lambda v, a, b: v**a * np.exp(b * v), lambda v, a, b: v**a * sympy.exp(b * v),
          _positive(_exponents_and_rates), 6),
    Shape(lambda v, a, b: np.exp(b * v**a), lambda v, a, b: sympy.exp(b * v**a),
          _positive(_exponents_and_rates_of_powers), 6),
    Shape(lambda v, a, b: 1 / (v**a + b), lambda v, a, b: 1 / (v**a + b),
          _positive(_exponents_and_offsets_of_powers), 6),
    Shape(lambda v, a, b: (v + b) ** a, lambda v, a, b: (v + b) ** a, _positive(_exponents_and_offsets), 6),
    Shape(lambda v, a, b: np.log(v**a + b), lambda v, a, b: sympy.log(v**a + b),
          _positive(_exponents_and_offsets_of_powers), 6),
    Shape(lambda v, a, b: np.exp(a / (v + b)), lambda v, a, b: sympy.exp(a / (v + b)), _poles, 5),
    Shape(lambda v, a, b: np.logaddexp(a * v, b), lambda v, a, b: sympy.log(sympy.exp(a * v) + sympy.exp(b)),
          _crossings, 5),
    Shape(lambda v, a, b: _bernoulli(a * v + b), lambda v, a, b: (a * v + b) / (sympy.exp(a * v + b) - 1), _zeros, 6),
)  # fmt: skip
