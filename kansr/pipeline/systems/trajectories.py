"""Constants of right-hand sides fitted by least squares on trajectories, in pieces that start where they like.

Multiple shooting (Bock 1983): every run is cut into pieces, the state at the start of each is free, and all pieces,
with all copies in which one unknown is moved for the Jacobian, are integrated at once by the fourth-order formula of
Runge and Kutta, with the same steps, so that differences of copies are smooth.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import levenberg_marquardt
from kansr.pipeline.systems.rates import Equations

STEP = 1e-6  # relative change of an unknown for a difference quotient: the root of the accuracy of a trajectory
SUBSTEPS = (1, 2, 4, 8)  # steps from row to row that are tried
STEP_ERROR = 0.1  # over the errors of the rows: error of the integration that is let pass
ITERATIONS = 12  # Levenberg–Marquardt steps
STALLED = 1e-3  # relative decrease of the sum of squares that ends a fit
RANK = 1e-13  # singular value of a scaled normal matrix, over the largest, below which a direction is left out
WORST = 1e6  # residual over its error of a trajectory that runs away: it stays finite


@dataclass(frozen=True, eq=False)
class Pieces:
    """Runs cut in pieces of nearly equal lengths, padded by repeating the last row with a step of 0.

    t: (pieces, L); x, sigma: measured values and their errors, (pieces, L, measured states); weight: 1 for rows, 0 for
    padding and for starts that are rows of another piece as well, (pieces, L); starts: guesses, (pieces, states).
    measured: the places of the measured states among all; lengths: of the pieces.
    """

    t: Array
    x: Array
    sigma: Array
    weight: Array
    starts: Array
    measured: tuple[int, ...]
    lengths: tuple[int, ...]

    def joined(self, path: Array) -> Array:
        """A path, (pieces, L, states), as the rows of all runs, (n, states); where two pieces meet, the earlier one."""
        return np.concatenate([path[k, :n][self.weight[k, :n] > 0] for k, n in enumerate(self.lengths)])


def cut(runs: Sequence[tuple[Array, Array, Array, Array]], measured: Sequence[int], rows: int) -> Pieces:
    """Pieces of about so many rows. runs: (t, x, sigma, smooth states) of each, the last (n, all states)."""
    parts = []
    for t, x, sigma, smooth in runs:
        count = max(round((len(t) - 1) / rows), 1)
        edges = np.round(np.linspace(0, len(t) - 1, count + 1)).astype(int)
        for begin, end in itertools.pairwise(edges):
            rows_of = np.arange(begin, end + 1)
            parts.append((t[rows_of], x[rows_of], sigma[rows_of], smooth[begin], begin == 0))
    longest = max(len(part[0]) for part in parts)

    def padded(a: Array) -> Array:
        return np.concatenate([a, np.repeat(a[-1:], longest - len(a), axis=0)])

    weight = np.array([[float(k < len(p[0]) and (k > 0 or p[4])) for k in range(longest)] for p in parts])
    times, x, sigma = (np.stack([padded(part[i]) for part in parts]) for i in range(3))
    return Pieces(
        times,
        x,
        sigma,
        weight,
        np.stack([part[3] for part in parts]),
        tuple(measured),
        tuple(len(part[0]) for part in parts),
    )


def integrate(equations: Equations, t: Array, starts: Array, constants: Array, substeps: int) -> Array:
    """Trajectories of all pieces and copies at once.

    t: (pieces, L); starts: (pieces, copies, states); constants: (copies, constants) -> (pieces, copies, L, states)
    """
    pieces, copies, states = starts.shape
    Z: Array = starts.reshape(-1, states).T
    C = list(np.tile(constants, (pieces, 1)).T)
    out = np.empty((pieces, copies, t.shape[1], states))
    out[:, :, 0] = starts
    steps = np.repeat(np.diff(t, axis=1) / substeps, copies, axis=0)
    for k in range(t.shape[1] - 1):
        h = steps[:, k]
        for _ in range(substeps):
            first = equations.rates([*Z, *C])
            second = equations.rates([*(Z + (h / 2) * first), *C])
            third = equations.rates([*(Z + (h / 2) * second), *C])
            fourth = equations.rates([*(Z + h * third), *C])
            Z = Z + (h / 6) * (first + 2 * (second + third) + fourth)
        out[:, :, k + 1] = Z.T.reshape(pieces, copies, states)
    return out


@dataclass(frozen=True, eq=False)
class TrajectoryFit:
    """A system fitted to trajectories.

    exprs: with the constants fitted; values, covariance: of the constants, for residuals of unit size; starts: (pieces,
    states); residual: over the errors of the rows, (pieces, L, measured states), 0 in padding; trajectory: the states,
    (pieces, L, states); substeps: steps from row to row.
    """

    exprs: tuple[sympy.Expr, ...]
    equations: Equations
    values: Array
    covariance: Array
    starts: Array
    residual: Array
    trajectory: Array
    substeps: int

    def rms(self, weight: Array) -> Array:
        """The rms residual of each measured state, over its errors, (measured states,)."""
        return np.sqrt(np.sum(self.residual**2, axis=(0, 1)) / np.sum(weight))


def fit_trajectories(
    exprs: Sequence[sympy.Expr],
    names: tuple[str, ...],
    pieces: Pieces,
    *,
    fixed: Sequence[sympy.Expr] = (),
    starts: Array | None = None,
    iterations: int = ITERATIONS,
) -> TrajectoryFit:
    """The constants and the starts of all pieces at their least-squares optimum."""
    equations = Equations.of(exprs, names, fixed)
    begin = pieces.starts if starts is None else starts
    count, shape = len(equations.values), begin.shape
    substeps = _substeps(equations, pieces, begin)
    measured = list(pieces.measured)
    size = np.sqrt(np.mean(begin**2, axis=0)) + np.max(np.abs(pieces.x)) * STEP

    def residual_of(path: Array) -> Array:
        r = (path[..., measured] - pieces.x) / pieces.sigma * pieces.weight[..., None]
        return np.clip(np.nan_to_num(r, nan=WORST, posinf=WORST, neginf=-WORST), -WORST, WORST)

    def path_of(unknown: Array) -> Array:
        Z = unknown[count:].reshape(shape)[:, None, :]
        return integrate(equations, pieces.t, Z, unknown[None, :count], substeps)[:, 0]

    def residual(unknown: Array) -> Array:
        return residual_of(path_of(unknown)).ravel()

    def linearised(unknown: Array) -> tuple[Array, Array]:
        values, Z = unknown[:count], unknown[count:].reshape(shape)
        moves = STEP * np.where(values == 0, 1.0, np.abs(values))
        constants = np.vstack([values, values + np.diag(moves), np.tile(values, (shape[1], 1))])
        copies = np.repeat(Z[:, None, :], 1 + count + shape[1], axis=1)
        for j in range(shape[1]):
            copies[:, 1 + count + j, j] += STEP * size[j]
        paths = integrate(equations, pieces.t, copies, constants, substeps)
        r = residual_of(paths[:, 0])
        J = np.zeros((*r.shape, count + begin.size))
        for j in range(count):
            J[..., j] = (residual_of(paths[:, 1 + j]) - r) / moves[j]
        for j in range(shape[1]):
            change = (residual_of(paths[:, 1 + count + j]) - r) / (STEP * size[j])
            for p in range(shape[0]):
                J[p, ..., count + p * shape[1] + j] = change[p]
        return r.ravel(), J.reshape(r.size, -1)

    with np.errstate(all="ignore"):
        start = np.concatenate([equations.values, begin.ravel()])
        best = levenberg_marquardt(residual, linearised, start, iterations, stalled=STALLED)
        path = path_of(best.values)
        covariance = _covariance(best.J, count)
    values = best.values[:count]
    return TrajectoryFit(
        equations.at(values),
        equations,
        values,
        covariance,
        best.values[count:].reshape(shape),
        residual_of(path),
        path,
        substeps,
    )


def _covariance(J: Array, count: int) -> Array:
    scale = np.sqrt(np.sum(J * J, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    N = np.linalg.pinv((J / scale).T @ (J / scale), rcond=RANK)
    return (N / scale / scale[:, None])[:count, :count]


def _substeps(equations: Equations, pieces: Pieces, starts: Array) -> int:
    """The fewest steps from row to row whose trajectories twice as many would not change by more than is let pass."""

    def path(substeps: int) -> Array:
        values = equations.values[None, :]
        return integrate(equations, pieces.t, starts[:, None, :], values, substeps)[:, 0][..., list(pieces.measured)]

    with np.errstate(all="ignore"):
        before = path(SUBSTEPS[0])
        for substeps in SUBSTEPS[1:]:
            after = path(substeps)
            change = np.sqrt(np.mean(((after - before) / pieces.sigma * pieces.weight[..., None]) ** 2))
            if change < STEP_ERROR or not np.isfinite(after).all():
                return substeps // 2
            before = after
    return SUBSTEPS[-1]
