"""Functions with one or two inner constants, as they are fitted beside other terms, and where to start them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.symbolic.library.function import Function
from kansr.symbolic.matching.match import starting_points

STARTS = 110  # of each function
FREQUENCIES = np.concatenate([np.linspace(0.3, 12, 40), np.linspace(12.7, 40, 40)])  # over half the range


@dataclass(frozen=True, eq=False)
class Shape:
    """f(v; a, b): values (starts, rows) for v (rows,) or (starts, rows) and a, b (starts, 1); starts: v -> (k, 2)."""

    value: Callable[[Array, Any, Any], Array]
    symbolic: Callable[[sympy.Expr, float, float], sympy.Expr]
    starts: Callable[[Array], Array]
    complexity: float
    free: str = "ab"


def of_library(f: Function) -> Shape:
    def starts(v: Array) -> Array:
        low, high = float(v.min()), float(v.max())
        if f.free == "p" and low <= 0:
            return np.empty((0, 2))
        centre, half = (low + high) / 2, (high - low) / 2
        if f.periodic and "b" in f.free:
            waves = grid(FREQUENCIES / half, np.array([0, np.pi / 2]))
            return np.column_stack([waves[:, 0], waves[:, 1] - waves[:, 0] * centre])
        rows = starting_points(f, centre, half)
        return rows[:: max(1, len(rows) // STARTS)]

    return Shape(f.inner, f.expr, starts, f.complexity, f.free.replace("p", "a"))


def grid(first: Array, second: Array) -> Array:
    return np.array([[a, b] for a in first for b in second])


def _positive(starts: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda v: starts(v) if v.min() > 0 else np.empty((0, 2))


def _poles(v: Array) -> Array:
    """(a, b) of a/(v + b) with the pole outside the rows, and the slope of an exponential's exponent."""
    low, high, half = float(v.min()), float(v.max()), float(np.ptp(v)) / 2
    b = np.concatenate([DISTANCES * half - low, -high - DISTANCES * half])
    return np.array([[rate / half * ((low + high) / 2 + pole) ** 2, pole] for pole in b for rate in RATES])


def _bernoulli(u: Array) -> Array:
    """u/(exp(u) − 1), 1 at 0: rates of ion channels, photons at a temperature."""
    return np.asarray(np.where(np.abs(u) < 1e-8, 1.0, u / np.expm1(u)))


EXPONENTS = np.array([-3.3, -2.4, -1.7, -1.3, -0.7, -0.4, 0.3, 0.6, 1.4, 1.8, 2.3, 2.7, 3.4])
DISTANCES = np.array([0.1, 0.4, 1, 3, 9, 20, 60])  # of a pole from the rows, over half their range
RATES = np.array([-6.0, -3, -1.5, -0.7, -0.3, 0.3, 0.7, 1.5, 3])
F = sympy.Float
# Shapes of two inner constants on positive variables that no function of a·v + b has.
SHAPES = (
    Shape(lambda v, a, b: v**a * np.exp(b * v), lambda v, a, b: v ** F(a) * sympy.exp(F(b) * v),
           _positive(lambda v: grid(EXPONENTS, RATES / v.mean())), 6),
    Shape(lambda v, a, b: np.exp(b * v**a), lambda v, a, b: sympy.exp(F(b) * v ** F(a)),
           _positive(lambda v: np.vstack([grid(np.array([p]), RATES / np.mean(v**p)) for p in EXPONENTS])), 6),
    Shape(lambda v, a, b: 1 / (v**a + b), lambda v, a, b: 1 / (v ** F(a) + F(b)),
           _positive(lambda v: np.vstack([grid(np.array([p]), np.mean(v**p) * np.geomspace(0.03, 10, 7))
                                          for p in EXPONENTS])), 6),
    Shape(lambda v, a, b: (v + b) ** a, lambda v, a, b: (v + F(b)) ** F(a),
           _positive(lambda v: grid(EXPONENTS, v.mean() * np.array([0.1, 0.3, 1, 3]))), 6),
    Shape(lambda v, a, b: np.log(v**a + b), lambda v, a, b: sympy.log(v ** F(a) + F(b)),
           _positive(lambda v: np.vstack([grid(np.array([p]), np.mean(v**p) * np.geomspace(0.03, 10, 5))
                                          for p in EXPONENTS[EXPONENTS > 0]])), 6),
    Shape(lambda v, a, b: np.exp(a / (v + b)), lambda v, a, b: sympy.exp(F(a) / (v + F(b))), _poles, 5),
    Shape(lambda v, a, b: np.logaddexp(a * v, b), lambda v, a, b: sympy.log(sympy.exp(F(a) * v) + sympy.exp(F(b))),
          lambda v: np.array([[a, a * k] for a in 2 * RATES / (np.ptp(v) + 1e-300)
                              for k in np.quantile(v, [0.05, 0.5, 0.95])]), 5),
    Shape(lambda v, a, b: _bernoulli(a * v + b), lambda v, a, b: (F(a) * v + F(b)) / (sympy.exp(F(a) * v + F(b)) - 1),
          lambda v: np.array([[a, -a * c] for a in 4 * RATES / (np.ptp(v) + 1e-300)
                              for c in np.quantile(v, [0.05, 0.3, 0.5, 0.7, 0.95])]), 6),
)  # fmt: skip
