"""Right-hand sides fitted to one state by integral matching: what is left of the state in a view of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import replaced, tied_floats
from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import levenberg_marquardt
from kansr.pipeline.systems.regression.views import View, cumulative

ITERATIONS = 25  # Levenberg–Marquardt steps
STALLED = 1e-6  # relative decrease of the sum of squares that ends a fit


@dataclass(frozen=True, eq=False)
class Curves:
    """All states of all segments as smooth curves, one after another.

    times: of each segment, (n_k,); values: (n, states); middles: for each segment (n_k - 1, states), one after another.
    """

    names: tuple[str, ...]
    times: tuple[Array, ...]
    values: Array
    middles: Array
    order: int = 1

    def integrals(self, values: Array, middles: Array) -> Array:
        """∫ from the first row of each segment. values: (n, ...); middles: (n - segments, ...) -> (n, ...)"""
        made, row, half = [], 0, 0
        for t in self.times:
            n = len(t)
            made.append(cumulative(t, values[row : row + n], middles[half : half + n - 1], self.order))
            row, half = row + n, half + n - 1
        return np.concatenate(made)


@dataclass(frozen=True, eq=False)
class IntegralFit:
    """A right-hand side with its constants fitted; rms: of what it leaves in a view of unit noise."""

    expr: sympy.Expr
    rms: float


def fit_integral(expr: sympy.Expr, curves: Curves, x: Array, view: View) -> IntegralFit | None:
    """The constants at their least-squares optimum in the view of the measured state x, (n,); None without a value."""
    constants = tied_floats(expr)
    try:
        tape = Tape(expr, curves.names, constants)
    except FormulaError:
        return None
    seen = view.of(x)

    def residual(values: Array) -> Array:
        f, m = tape.value(curves.values, values), tape.value(curves.middles, values)
        return view.of(curves.integrals(f, m)) - seen

    def linearised(values: Array) -> tuple[Array, Array]:
        f, J = tape.jacobian(curves.values, values)
        m, JM = tape.jacobian(curves.middles, values)
        both = curves.integrals(np.column_stack([f, J]), np.column_stack([m, JM]))
        out = view.of(both)
        return out[:, 0] - seen, out[:, 1:]

    start = np.array([float(c) for c in constants])
    with np.errstate(all="ignore"):
        best = levenberg_marquardt(residual, linearised, start, ITERATIONS, stalled=STALLED)
    if not np.isfinite(best.rms):
        return None
    new = {c: sympy.Float(float(v)) for c, v in zip(constants, best.values)}
    return IntegralFit(replaced(expr, new) if new else expr, best.rms)
