"""How far a formula is from rows whose inputs have errors, and with what standard error.

The true inputs t of a row are unknowns beside the constants, and those with the least
    S = (f(t) − y)²/σ_y² + Σ_j (t_j − x_j)²/σ_j²
are its adjusted inputs. There S = r²/σ², with the residual r = f(t) + Σ_j f_j·(x_j − t_j) − y and the effective
variance σ² = σ_y² + Σ_j f_j²·σ_j², slopes f_j at t; and the derivative of r/σ by a constant c is (∂f/∂c)/σ at t, since
S does not change with t to first order. So the constants that minimise the sum of S are found by least squares of r/σ
with that Jacobian. For a line they are those of York (1966; York et al. 2004), otherwise those of orthogonal distance
regression (Britt and Luecke 1973; Boggs, Byrd and Schnabel 1987).

Least squares of f(x) − y with the weights 1/σ² held, and updated until they settle, is simpler and biased: its Jacobian
is taken at the measured inputs, and so slopes come out too small (Lybanon 1984 on Orear 1982; Fuller 1987).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kansr.data.dataset import Dataset, InputErrors
from kansr.expression.evaluate import Constants, Program
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.robust import scatter_beyond, typical
from kansr.numeric.tolerances import TINY

STEPS = 12  # to the adjusted inputs at most; most rows need two to four
# Change of S of a row, over the mean of S, by its last step at most. The error of the adjusted inputs is about its
# root, in standard errors.
SETTLED = 1e-11
# What a step that makes S larger is multiplied by where S is not convex; the least share of a step: a row that it does
# not bring nearer is beside a maximum, beyond which the formula never comes; and the most.
SHORTER, LEAST_STEP, MOST_STEP = 0.25, 1 / 32, 4.0
ROUNDS = 4  # of estimates of the target's own error in turn with adjusted inputs
# Error of the target over the typical effective error, at least: to float64 one of 0 would be a constraint, and one of
# a thousandth adds a millionth to the variance.
LEAST_OWN = 1e-3


class Adjusted(NamedTuple):
    """Where a formula is beside rows.

    distance: (rows,), the root of S with the sign of the residual, in standard errors; sigma: the effective error,
    (rows,), in the unit of the target; X: the adjusted inputs, (rows, inputs).
    """

    distance: Array
    sigma: Array
    X: Array


class _Place(NamedTuple):
    """A formula at inputs that are so many standard errors off the measured ones.

    U: (rows, inputs), 0 where an input is exact; residual: value minus target, (rows,); slopes: by U, (rows, inputs);
    S: (rows,), inf where there is no value; uphill: half the slope of S by U, (rows, inputs).
    """

    U: Array
    residual: Array
    slopes: Array
    S: Array
    uphill: Array

    def step(self, own: Array) -> Array:
        """The step of Gauss and Newton, (rows, inputs)."""
        linear = self.residual - np.sum(self.slopes * self.U, axis=1)
        return np.asarray(-self.slopes * (linear / (own**2 + np.sum(self.slopes**2, axis=1)))[:, None] - self.U)

    def moved(self, rows: Mask, other: _Place) -> _Place:
        """The same, but the other place in these rows, (rows,)."""
        column = rows[:, None]
        return _Place(*(np.where(column if a.ndim > 1 else rows, b, a) for a, b in zip(self, other)))


def adjusted(program: Program, values: Constants, data: Dataset, own: Array, near: Array | None = None) -> Adjusted:
    """The adjusted inputs of all rows, and the distance there; inf where the formula has no value at the measured ones.

    own: the standard error of each y, (rows,); near: where to begin, (rows, inputs), at the measured inputs unless
    given. Steps of Gauss and Newton, each row's as long as the curvature of its S says that the last one made known.
    """
    assert data.input_errors is not None
    sigma_x = data.input_errors.X

    def at(U: Array) -> _Place:
        value, slopes = program.gradient(data.X + sigma_x * U, values)
        slopes = slopes * sigma_x
        residual = value - data.y
        S = (residual / own) ** 2 + np.sum(U**2, axis=1)
        known = np.isfinite(S) & np.isfinite(slopes).all(axis=1)
        return _Place(U, residual, slopes, np.where(known, S, np.inf), slopes * (residual / own**2)[:, None] + U)

    with np.errstate(all="ignore"):
        start = np.zeros_like(sigma_x) if near is None else (near - data.X) / np.where(sigma_x > 0, sigma_x, np.inf)
        here = at(start)
        if near is not None and not np.isfinite(here.S).all():
            return adjusted(program, values, data, own)
        here = _nearest(at, here, own)
        sigma = np.sqrt(own**2 + np.sum(here.slopes**2, axis=1))
        sign = np.where(here.residual < np.sum(here.slopes * here.U, axis=1), -1.0, 1.0)
        X = data.X + sigma_x * here.U
        return Adjusted(sign * np.sqrt(here.S), np.where(np.isfinite(sigma), sigma, np.inf), X)


def _nearest(at: Callable[[Array], _Place], here: _Place, own: Array) -> _Place:
    """The place of least S near a given one, row by row."""
    moving = np.isfinite(here.S)
    typical_S = float(np.mean(here.S[moving])) if moving.any() else 0.0
    share: Array = np.ones(len(own))
    for _ in range(STEPS):
        trial = at(here.U + np.where(moving, share, 0.0)[:, None] * here.step(own))
        better = moving & (trial.S < here.S)
        before, here = here, here.moved(better, trial)
        moving &= (np.abs(before.S - trial.S) > SETTLED * typical_S) & (better | (share > LEAST_STEP))
        if not moving.any():
            break
        share = _share(before, trial, here, own, np.where(better, 1.0, share * SHORTER))
    return here


def _share(before: _Place, trial: _Place, here: _Place, own: Array, otherwise: Array) -> Array:
    """The share of the next step of Gauss and Newton, (rows,): its curvature over that of S along the last step.

    The latter is by the secant. otherwise: the share where S is not convex there.
    """
    along = trial.U - before.U
    curvature = np.sum(along * (trial.uphill - before.uphill), axis=1)
    expected = (np.sum(here.slopes * along, axis=1) / own) ** 2 + np.sum(along**2, axis=1)
    share = np.clip(expected / curvature, LEAST_STEP, MOST_STEP)
    return np.where((curvature > 0) & np.isfinite(share), share, otherwise)


def own_errors(program: Program, values: Constants, data: Dataset) -> Array:
    """The standard error of each y, (rows,), in the unit of the target: as it is given, or estimated for a formula.

    The estimate is the scatter, the same for all rows, that the errors of the inputs leave to be explained.
    """
    errors = data.input_errors
    assert errors is not None and data.sigma is not None
    least = LEAST_OWN * typical(data.sigma)
    if errors.y is not None:
        return np.maximum(errors.y, least)
    value, slopes = program.gradient(data.X, values)
    own = _scatter(value - data.y, slopes, errors, len(values), least)
    for _ in range(ROUNDS):
        before, off = own, adjusted(program, values, data, own)
        if not np.isfinite(off.distance).all():
            break
        variance = off.sigma**2 - own**2
        own = _level(off.distance * off.sigma, variance, len(values), least)
        if np.abs(own - before).max() <= least:
            break
    return own


def _scatter(residual: Array, slopes: Array, errors: InputErrors, constants: int, least: float) -> Array:
    with np.errstate(all="ignore"):
        return _level(residual, np.sum((slopes * errors.X) ** 2, axis=1), constants, least)


def _level(residual: Array, variance: Array, constants: int, least: float) -> Array:
    """The standard deviation of the scatter, (rows,), at least `least`. constants: how many have been fitted."""
    free = max(len(residual) - constants, 1)
    return np.full(len(residual), max(np.sqrt(scatter_beyond(residual, variance, free)), least))


def effective(program: Program, data: Dataset, values: Constants = ()) -> tuple[Array, Dataset]:
    """What a formula leaves of each row, (rows,), and the rows with its effective errors as their stated ones.

    These are at the adjusted inputs, of which the residuals are independent (those at measured inputs are not, since
    the same error is in both). Where inputs are exact they are the rows as they are, and the residual is value minus
    target.
    """
    if data.input_errors is None or data.sigma is None:
        return program.value(data.X, values) - data.y, data
    off = adjusted(program, values, data, own_errors(program, values, data))
    good = np.isfinite(off.sigma) & (off.sigma > TINY)
    sigma = np.where(good, off.sigma, data.sigma)
    residual = np.where(good, off.distance * sigma, np.inf)
    return residual, replace(data, X=off.X, sigma=sigma)
