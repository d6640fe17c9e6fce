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

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kansr.data.dataset import Dataset, InputErrors
from kansr.expression.evaluate import Constants, Program
from kansr.numeric.arrays import Array
from kansr.numeric.robust import scatter_beyond, typical
from kansr.numeric.tolerances import TINY

STEPS = 12  # Gauss-Newton steps to the adjusted inputs at most; most rows need two or three
SETTLED = 1e-12  # share of the sum of S by which the last step makes it smaller
TOO_FAR = 1e-6  # share by which S of a row rises where a step was too long: more than by rounding
SHORTER, LONGER = 0.25, 2.0  # what the share of a step is multiplied by after one that makes S larger, or smaller
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


def adjusted(program: Program, values: Constants, data: Dataset, own: Array, near: Array | None = None) -> Adjusted:
    """The adjusted inputs of all rows, and the distance there; inf where the formula has no value at the measured ones.

    own: the standard error of each y, (rows,); near: where to begin, (rows, inputs), at the measured inputs unless
    given. Gauss-Newton steps, each row's shortened until its S gets smaller.
    """
    assert data.input_errors is not None
    sigma_x = data.input_errors.X
    over = np.where(sigma_x > 0, sigma_x, np.inf)

    def at(X: Array) -> tuple[Array, Array, Array]:
        value, slopes = program.gradient(X, values)
        with np.errstate(all="ignore"):
            S = ((value - data.y) / own) ** 2 + np.sum(((X - data.X) / over) ** 2, axis=1)
        return value, slopes, np.where(np.isfinite(S) & np.isfinite(slopes).all(axis=1), S, np.inf)

    X: Array = data.X if near is None else near
    share: Array = np.ones(data.rows)
    value, slopes, S = at(X)
    if near is not None and not np.isfinite(S).all():
        return adjusted(program, values, data, own)
    moving = np.isfinite(S)
    for _ in range(STEPS):
        with np.errstate(all="ignore"):
            variance = own**2 + np.sum((slopes * sigma_x) ** 2, axis=1)
            linear = value + np.sum(slopes * (data.X - X), axis=1) - data.y
            goal = data.X - sigma_x**2 * slopes * (linear / variance)[:, None]
            trial = np.where(moving[:, None], X + share[:, None] * (goal - X), X)
        new_value, new_slopes, new_S = at(trial)
        better = moving & (new_S < S)
        gain = float(np.sum(S[better] - new_S[better]))
        X = np.where(better[:, None], trial, X)
        value, slopes = np.where(better, new_value, value), np.where(better[:, None], new_slopes, slopes)
        S, share = np.where(better, new_S, S), np.where(better, np.minimum(share * LONGER, 1), share * SHORTER)
        if gain <= SETTLED * float(np.sum(S[moving])) and not (moving & (new_S > S * (1 + TOO_FAR))).any():
            break
    with np.errstate(all="ignore"):
        sigma = np.sqrt(own**2 + np.sum((slopes * sigma_x) ** 2, axis=1))
        sign = np.where(value + np.sum(slopes * (data.X - X), axis=1) < data.y, -1.0, 1.0)
    return Adjusted(sign * np.sqrt(S), np.where(np.isfinite(sigma), sigma, np.inf), X)


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
