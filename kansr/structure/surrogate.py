"""A smooth stand-in for the target, whose gradient shows how the inputs combine: Gaussian-kernel ridge regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from kansr.data.dataset import Array

LENGTHS, RIDGES = (1.0, 2.0, 4.0, 8.0), (1e-11, 1e-7, 1e-4, 1e-2, 1.0)
FINE, POOR = 1e-4, 5e-3  # quality below which no other inputs are tried, and above which each gets its own scale
CENTRES, HELD_OUT = 1200, 500  # rows the kernel is spanned by and judged on


View = tuple[str, Array, Array]


def views(z: Array) -> list[View]:
    """(name, T(z), T'(z)) for the transforms T that are one to one on these values."""
    rows = [("z", z, np.ones_like(z))]
    if z.min() > 0 or z.max() < 0:
        with np.errstate(all="ignore"):
            rows += [("log z", np.log(np.abs(z)), 1 / z), ("1/z", 1 / z, -1 / z**2), ("z^2", z * z, 2 * z)]
    return [row for row in rows if np.isfinite(row[1]).all() and np.isfinite(row[2]).all() and np.std(row[1]) > 0]


@dataclass(frozen=True, eq=False)
class Field:
    """Values and gradients of the surrogate at a sample of rows.

    X: (rows, n); z: (rows,) the target itself; slope: (rows,) T'(z); gradient: (rows, n) of T(z) by the inputs, T
    the view of the target the surrogate was fitted to. error: held-out 1 − R² of T; quality: how far, in standard
    deviations of the inputs, the error of the surrogate moves a point (rms, at most 1).
    """

    X: Array
    z: Array
    slope: Array
    gradient: Array
    view: str
    error: float
    quality: float
    logs: tuple[bool, ...] = ()


def surrogate(X: Array, z: Array, noisy: bool = False, plain: bool = False) -> Field:
    """The best surrogate over kernels, logarithms of skewed inputs and views of the target.

    X: (rows, n), z: (rows,). noisy: more smoothing is tried; plain: no view but the target itself. Chosen by
    `quality`, not by R²: a view with a heavy tail can have a fine R² and useless gradients.
    """
    n = X.shape[1]
    options = [tuple(skewed(X)), (False,) * n, *([(True,) * n] if (X > 0).all() else [])]
    rows = views(z)[:1] if plain else views(z)
    ridges = RIDGES if noisy else RIDGES[:2]
    fields: list[Field] = []
    for logs in dict.fromkeys(options):
        fields.append(_fit(X, z, rows, np.array(logs), np.ones(n), ridges))
        if fields[-1].quality < FINE:
            break
    best = min(fields, key=lambda field: field.error if plain else field.quality)
    if best.quality > POOR and not plain and n > 1:
        chosen = np.array(best.logs)
        view = [row for row in rows if row[0] == best.view]
        weights = _relevance(standard(X, chosen)[0], view[0][1], ridges[-1])
        best = min([best, _fit(X, z, view, chosen, weights, ridges)], key=lambda field: field.quality)
    return best


def attainable(X: Array, z: Array) -> float:
    """The held-out error of the best surrogate of the target as it is, over its spread: noise, or a bound for it."""
    return float(np.sqrt(surrogate(X, z, noisy=True, plain=True).error))


def skewed(X: Array) -> list[bool]:
    """Which inputs are spread more evenly on a log scale."""
    flags = []
    for x in X.T:
        flags.append(False)
        if x.min() > 0:
            low, middle, high = np.quantile(x, [0.02, 0.5, 0.98])
            plain = abs(np.log((high - middle) / max(middle - low, 1e-300) + 1e-300))
            logs = abs(np.log(np.log(high / middle) / max(np.log(middle / low), 1e-300) + 1e-300))
            flags[-1] = bool(logs < 0.8 * plain)
    return flags


def standard(X: Array, logs: Array) -> tuple[Array, Array]:
    """The inputs, in logarithms where asked for, with mean 0 and spread 1, and what they were divided by."""
    W = np.where(logs, np.log(np.where(logs, X, 1.0)), X)
    spread = W.std(0) + 1e-300
    return (W - W.mean(0)) / spread, spread


def _relevance(U: Array, t: Array, ridge: float, rows: int = 400, held: int = 300) -> Array:
    """A factor for every input, by coordinate search on the held-out error: how fast the target varies along it.

    Automatic relevance determination (MacKay 1992, Neal 1996) on few rows. U: (rows, n); t: (rows,) -> (n,)
    """
    t = (t - t.mean()) / t.std()
    rows = min(rows, int(0.6 * len(t)))
    fitting, judging = slice(0, rows), slice(rows, rows + held)
    inside = (U[fitting, None, :] - U[None, fitting, :]) ** 2 / 2
    across = (U[judging, None, :] - U[None, fitting, :]) ** 2 / 2

    def error(weights: Array) -> float:
        K = np.exp(-(inside @ weights**2))
        K.flat[:: len(K) + 1] += ridge
        try:
            a = cho_solve(cho_factor(K, lower=True, overwrite_a=True, check_finite=False), t[fitting])
        except np.linalg.LinAlgError:
            return np.inf
        return float(np.mean(np.minimum((np.exp(-(across @ weights**2)) @ a - t[judging]) ** 2, 25)))

    n = U.shape[1]
    starts = [np.full(n, 1 / length) for length in (1.0, 2.0, 4.0)]
    best = min(((error(w), i) for i, w in enumerate(starts)), default=(np.inf, 0))
    weights, least = starts[best[1]].copy(), best[0]
    for step in (2.5, 2.5, 1.6):
        for i in range(n):
            for factor in (step, 1 / step):
                trial = weights.copy()
                trial[i] *= factor
                if (found := error(trial)) < 0.97 * least:
                    weights, least = trial, found
                    break
    return weights / np.exp(np.mean(np.log(weights)))


def _fit(X: Array, z: Array, rows: list[View], logs: Array, weights: Array, ridges: tuple[float, ...]) -> Field:
    U, spread = standard(X, logs)
    U, spread = U * weights, spread / weights
    centres = min(CENTRES, int(0.7 * len(z)))
    held = slice(centres, centres + HELD_OUT)
    T = np.column_stack([t for _, t, _ in rows])
    T_mean, T_spread = T.mean(0), T.std(0)
    T = (T - T_mean) / T_spread
    square = np.sum(U * U, axis=1)
    inside = np.maximum(square[:centres, None] + square[:centres] - 2 * U[:centres] @ U[:centres].T, 0)
    across = np.maximum(square[held, None] + square[:centres] - 2 * U[held] @ U[:centres].T, 0)
    best: dict[int, tuple[float, float, Array, Array]] = {}
    for length in LENGTHS:
        K, k = np.exp(-inside / (2 * length**2)), np.exp(-across / (2 * length**2))
        for ridge in ridges:
            A = K.copy()
            A.flat[:: centres + 1] += ridge
            try:
                coefficients = cho_solve(cho_factor(A, lower=True, overwrite_a=True, check_finite=False), T[:centres])
            except np.linalg.LinAlgError:
                continue
            residual = k @ coefficients - T[held]
            for v, error in enumerate(np.mean(np.minimum(residual**2, 25), axis=0)):
                if v not in best or error < best[v][0]:
                    best[v] = (float(error), length, coefficients[:, v], residual[:, v])
    fields = []
    for v, (error, length, w, residual) in best.items():
        name, _, slope = rows[v]
        gradient = _gradient(U, U[:centres], w, length) * T_spread[v] / spread
        gradient = gradient / np.where(logs, X, 1.0)
        steepness = np.sqrt(np.sum((gradient[held] * X.std(0) / T_spread[v]) ** 2, axis=1))
        quality = float(np.sqrt(np.mean(np.minimum(np.abs(residual) / (steepness + 1e-9), 1) ** 2)))
        fields.append(Field(X, z, slope, gradient, name, error, quality, tuple(logs.tolist())))
    return min(fields, key=lambda field: field.quality)


def _gradient(U: Array, centres: Array, w: Array, length: float) -> Array:
    """Of Σ w_c exp(−|u − c|²/2l²) at the rows U, (rows, n)."""
    square = np.sum(U * U, axis=1)[:, None] + np.sum(centres * centres, axis=1) - 2 * U @ centres.T
    k = np.exp(-np.maximum(square, 0) / (2 * length**2)) * w
    return (k @ centres - U * k.sum(1, keepdims=True)) / length**2
