"""Nonlinear least squares: Levenberg–Marquardt for one problem, and for many small ones at once.

Marquardt (1963). A linear model is damped until its step makes the sum of squares smaller; the damping falls after a
step that does and rises after one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import TINY

FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-14, 1e8  # relative to the squares of the scaled columns
FASTER, SLOWER = 0.1, 10.0  # what damping is multiplied by after a step that is taken, and after one that is not
SETTLED, SMALL_STEP = 1e-9, 1e-10  # relative decrease of the loss, and relative steps, that end the search together
STALLED = 1e-12  # relative decrease of the loss that ends it alone
BATCH_DAMPING, BATCH_SLOWER = 1e-2, 8.0  # the first damping, and the factor after a step not taken, of many problems
LEAST_BATCH_DAMPING = 1e-12  # of more than two unknowns, whose columns may depend on each other
STUCK = 1.0  # damping of a problem that has not moved for some steps
RANK = 1e-15  # singular value over the largest, below which a direction is left alone
EXACT = 1e-28  # loss, over that of no model, that is rounding


Steps = Callable[[Array, Array], Callable[[float], Array]]


class Minimum(NamedTuple):
    """The unknowns, (n,); the rms of their residual, inf where that is not finite; its Jacobian, (rows, n)."""

    values: Array
    rms: float
    J: Array


def scaled_steps(r: Array, J: Array) -> Callable[[float], Array]:
    """The step, (n,), at a damping, for a residual, (rows,), and its Jacobian, (rows, n)."""
    scale = np.sqrt(np.sum(J * J, axis=0)) + 1e-300
    unit = J / scale
    N, g = unit.T @ unit, unit.T @ r
    return lambda damping: damped_step(N, g, damping) / scale


def damped_step(N: Array, g: Array, damping: float) -> Array:
    """The solution of (N + damping·1) step = g, (n,), by Cholesky; of least squares where N is singular all the same.

    N: (n, n), symmetric, with a diagonal of ones; g: (n,).
    """
    damped = N + damping * np.eye(len(N))
    _, step, failed = dposv(damped, g)
    if failed or not np.isfinite(step).all():
        step = np.linalg.lstsq(damped, g, rcond=RANK)[0]
    return np.asarray(step)


def levenberg_marquardt(
    residual: Callable[[Array], Array],
    linearised: Callable[[Array], tuple[Array, Array]],
    start: Array,
    iterations: int,
    rounding: float = 0.0,
    stalled: float = STALLED,
    steps: Steps = scaled_steps,
) -> Minimum:
    """The least squares of a residual near `start`, with columns scaled to unit length.

    residual: of the unknowns, (n,) -> (rows,); linearised: the same with its Jacobian, (rows, n). Any decrease is
    accepted; a step to values that are not finite counts as an increase. rounding: rms that is as good as zero.
    stalled: relative decrease of the loss that ends it; larger where many fits are compared and one is fitted again.
    steps: of residual and Jacobian, the step at a damping; others where normal equations have zeros in known places.
    """
    values = start
    r, J = linearised(values)
    loss, damping = mean_square(r), FIRST_DAMPING
    if not np.isfinite(loss) or not len(values):
        return Minimum(values, float(np.sqrt(loss)), np.zeros((len(r), len(values))))
    for _ in range(iterations):
        if not np.isfinite(J).all():
            J = np.nan_to_num(J, nan=0.0, posinf=0.0, neginf=0.0)
        step_at = steps(r, J)
        trial, trial_loss = values, np.inf
        while damping < MOST_DAMPING:
            trial = values - step_at(damping)
            trial_loss = mean_square(residual(trial))
            if trial_loss < loss:
                break
            damping *= SLOWER
        if not trial_loss < loss:
            break
        gain, step = loss - trial_loss, values - trial
        values, loss, damping = trial, trial_loss, max(damping * FASTER, LEAST_DAMPING)
        r, J = linearised(values)
        small = np.all(np.abs(step) <= SMALL_STEP * np.abs(values) + 1e-300)
        if loss <= rounding**2 or (gain < SETTLED * loss and small) or gain < stalled * loss:
            break
    return Minimum(values, float(np.sqrt(loss)), np.nan_to_num(J))


class Batch(NamedTuple):
    """Many problems in n unknowns each.

    p: (problems, n); damping, loss: (problems,); J: the Jacobians, (problems, rows, n); r: residuals, (problems, rows).
    """

    p: Array
    damping: Array
    loss: Array
    J: Array
    r: Array

    def take(self, index: NDArray[np.intp]) -> Batch:
        """Some of the problems."""
        return Batch(*(part[index] for part in self))


Projected = Callable[[Array], tuple[Array, Array, Array]]


def batch_at(projected: Projected, p: Array) -> Batch:
    """The problems at their starts, (problems, n).

    projected: loss, Jacobian and residual at any p as in `Batch`, the linear unknowns eliminated (variable projection:
    Golub and Pereyra 1973, with Kaufman's Jacobian 1975). Where they are not finite, loss is inf and the others 0.
    """
    return Batch(p, np.full(len(p), BATCH_DAMPING), *projected(p))


def refined_batch(
    projected: Projected,
    batch: Batch,
    iterations: int,
    settled: float = 0.0,
    rounding: float = EXACT,
    stuck: float = STUCK,
) -> Batch:
    """So many Levenberg–Marquardt steps of all problems at once.

    settled: relative decrease of the loss that is none; with one, the steps end where no problem moves any more.
    rounding: the loss that is as good as zero. stuck: damping of all problems from which none is thought to move.
    """
    p, damping, loss, J, r = batch
    for _ in range(iterations):
        step = _steps_of_two(J, r, damping) if p.shape[1] == 2 else _steps(J, r, damping)
        trial = np.where(np.isfinite(step), p - step, p)
        new_loss, new_J, new_r = projected(trial)
        better = new_loss < loss
        moved = bool(np.any(better & (new_loss < loss * (1 - settled)) & (loss > rounding)))
        p = np.where(better[:, None], trial, p)
        J, r = np.where(better[:, None, None], new_J, J), np.where(better[:, None], new_r, r)
        loss = np.where(better, new_loss, loss)
        damping = np.where(better, damping * FASTER, damping * BATCH_SLOWER)
        if settled and not moved and damping.min() > stuck:
            break
    return Batch(p, damping, loss, J, r)


def _steps_of_two(J: Array, r: Array, damping: Array) -> Array:
    """The damped 2 × 2 systems in closed form, (problems, 2); an unknown with a column of zeros stays."""
    g = np.matmul(r[:, None, :], J)[:, 0]
    A = np.matmul(J.transpose(0, 2, 1), J)
    A00, A01, A11 = A[:, 0, 0] * (1 + damping), A[:, 0, 1], A[:, 1, 1] * (1 + damping)
    with np.errstate(all="ignore"):
        A00, A11 = np.where(A00 > 0, A00, 1.0), np.where(A11 > 0, A11, 1.0)
        determinant = A00 * A11 - A01 * A01
        step = np.column_stack([A11 * g[:, 0] - A01 * g[:, 1], A00 * g[:, 1] - A01 * g[:, 0]])
        return np.asarray(step / determinant[:, None])


def _steps(J: Array, r: Array, damping: Array) -> Array:
    """The damped systems with columns scaled to unit length, (problems, n); one with a column of zeros stays."""
    JT = J.transpose(0, 2, 1)
    N, g = np.matmul(JT, J), np.matmul(JT, r[..., None])
    diagonal = np.diagonal(N, axis1=1, axis2=2)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    damping = np.maximum(damping, LEAST_BATCH_DAMPING)
    N = N / (size[:, :, None] * size[:, None, :]) + np.eye(N.shape[1]) * damping[:, None, None]
    N = np.where(np.isfinite(N), N, 0.0) + TINY * np.eye(N.shape[1])
    try:
        return np.asarray(np.linalg.solve(N, g / size[..., None])[..., 0] / size)
    except np.linalg.LinAlgError:
        return np.zeros(J.shape[::2])
