"""Sums of functions fitted to a curve from many starts at once, by variable projection.

The linear constants are eliminated exactly (Golub and Pereyra 1973), with Kaufman's (1975) Jacobian; what is left is
Levenberg–Marquardt in the inner constants.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import BATCH_DAMPING, EXACT, batch_at, refined_batch
from kansr.numeric.tolerances import SQRT_EPS, TINY
from kansr.structure.terminals.parametric_curves.model import LINES, Curve, Form
from kansr.structure.terminals.thresholds import LEAST_CONSTANT

# Levenberg–Marquardt steps: first of all starts, and of the best of them.
FIRST_STEPS, MOST_STEPS = 8, 30

# Relative decrease of the loss that is none.
SETTLED = 1e-5

# Length of a function beside the others, over its own, up to which it is one of their sums.
DEPENDENT = 1e-7


class Value(NamedTuple):
    """Of all starts at once.

    loss: mean square, (starts,), inf where there is no value; residual: (starts, points); columns: the functions beside
    the line, and U, orthonormal ones of the same span, (starts, points, functions); coefficients: (starts, functions).
    """

    loss: Array
    residual: Array
    columns: Array
    U: Array
    coefficients: Array


class Problem:
    """All starts of the functions of one form, each beside its own line. lines: which of LINES, (starts,)."""

    def __init__(self, curve: Curve, form: Form, lines: NDArray[np.intp]) -> None:
        self.curve, self.form = curve, form
        bases = np.stack([curve.line(powers) for powers in LINES])
        self.Q = bases[lines]
        goals = curve.goal - np.einsum("lpk,lk->lp", bases, np.einsum("lpk,p->lk", bases, curve.goal))
        self.goal = goals[lines]
        self.target = float(np.mean(curve.goal**2))

    def take(self, index: NDArray[np.intp]) -> Problem:
        """Some of the starts."""
        other = object.__new__(Problem)
        other.curve, other.form, other.target = self.curve, self.form, self.target
        other.Q, other.goal = self.Q[index], self.goal[index]
        return other

    def core_values(self, i: int, p: Array) -> Array:
        """The weighted values of function i beside the line, (starts, points). p: (starts, constants)"""
        core, where = self.form.cores[i], self.form.inner[i]
        values = core.values(self.curve.x, *(column[:, None] for column in p[:, where].T)) * self.curve.weight
        return _without(np.where(np.isfinite(values), values, 0.0), self.Q)

    def value(self, p: Array) -> Value:
        columns = np.stack([self.core_values(i, p) for i in range(len(self.form.cores))], axis=2)
        length = np.linalg.norm(columns, axis=1) + TINY
        U, R = np.linalg.qr(columns / length[:, None, :])
        diagonal = np.abs(np.diagonal(R, axis1=1, axis2=2))
        degenerate = (diagonal.min(axis=1) < DEPENDENT) | (length.min(axis=1) < SQRT_EPS)
        R = np.where(degenerate[:, None, None], np.eye(R.shape[1]), R)
        gain = np.matmul(self.goal[:, None, :], U)[:, 0]
        residual = self.goal - np.matmul(U, gain[..., None])[..., 0]
        loss = np.mean(residual**2, axis=1)
        coefficients = np.where(degenerate[:, None], 0.0, np.linalg.solve(R, gain[..., None])[..., 0] / length)
        loss = np.where(degenerate | ~np.isfinite(loss), np.inf, loss)
        return Value(loss, residual, columns, U, coefficients)

    def jacobian(self, p: Array, at: Value) -> Array:
        """Of the residual, by differences of the functions, (starts, points, constants)."""
        J = np.zeros((*at.residual.shape, p.shape[1]))
        for i, where in enumerate(self.form.inner):
            for j in range(where.start, where.stop):
                h = SQRT_EPS * (np.abs(p[:, j]) + LEAST_CONSTANT)
                moved = p.copy()
                moved[:, j] += h
                slope = (self.core_values(i, moved) - at.columns[..., i]) * (at.coefficients[:, i] / h)[:, None]
                J[..., j] = -_without(slope, at.U)
        return np.where(np.isfinite(J), J, 0.0)


def _without(values: Array, Q: Array) -> Array:
    """Beside orthonormal columns. values: (starts, points); Q: (starts, points, columns)"""
    return np.asarray(values - np.matmul(Q, np.matmul(values[:, None, :], Q)[:, 0, :, None])[..., 0])


def refined(problem: Problem, p: Array, steps: int) -> tuple[Array, Array]:
    """So many steps from all starts p, (starts, constants); -> the inner constants, and the loss, (starts,)."""

    def projected(p: Array) -> tuple[Array, Array, Array]:
        now = problem.value(p)
        return now.loss, problem.jacobian(p, now), now.residual

    done = refined_batch(projected, batch_at(projected, p), steps, SETTLED, EXACT * problem.target, BATCH_DAMPING)
    return done.p, done.loss
