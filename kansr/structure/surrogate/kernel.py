"""A smooth stand-in for the target, whose gradient shows how the inputs combine: Gaussian-kernel ridge regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from kansr.numeric.arrays import Array
from kansr.numeric.standardise import skewed, standard
from kansr.structure.surrogate.gradient_field import Field
from kansr.structure.surrogate.target_transforms import View, views

LENGTHS, RIDGES = (1.0, 2.0, 4.0, 8.0), (1e-11, 1e-7)
POOR = 5e-3  # quality above which each input gets its own scale
CENTRES, FEW_CENTRES, HELD_OUT = 1200, 400, 300  # rows the kernel is spanned by, is tried with, and is judged on


def surrogate(X: Array, z: Array) -> Field:
    """The best surrogate over kernels, logarithms of skewed inputs and views of the target.

    X: (rows, n), z: (rows,). Chosen by `quality`, not by R²: a view with a heavy tail can have a fine R² and useless
    gradients.
    """
    n = X.shape[1]
    options = [tuple(skewed(X)), (False,) * n, *([(True,) * n] if (X > 0).all() else [])]
    rows = views(z)
    drafts: list[Draft] = []
    for logs in dict.fromkeys(options):
        drafts += _drafts(X, z, rows, np.array(logs), np.ones(n), RIDGES, FEW_CENTRES)
    drafts.sort(key=lambda draft: draft.quality)
    best = _best(X, z, rows, drafts[:1])
    if best.quality > POOR and n > 1:
        chosen = np.array(best.logs)
        view = [row for row in rows if row.name == best.view]
        weights = _relevance(standard(X, chosen)[0], view[0].t, RIDGES[-1])
        scaled = _drafts(X, z, view, chosen, weights, RIDGES, FEW_CENTRES)
        scaled.sort(key=lambda draft: draft.quality)
        best = min([best, _best(X, z, view, scaled[:1])], key=lambda field: field.quality)
    return best


def _best(X: Array, z: Array, rows: list[View], drafts: list[Draft]) -> Field:
    """The drafts refitted with all centres, and with lengths about theirs."""
    full: list[Draft] = []
    for draft in drafts:
        place = LENGTHS.index(draft.length)
        lengths = LENGTHS[max(place - 1, 0) : place + 2]
        view = [row for row in rows if row.name == draft.view]
        full += _drafts(X, z, view, np.array(draft.logs), draft.weights, (draft.ridge,), CENTRES, lengths)
    return min(full or drafts, key=lambda draft: draft.quality).field()


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


@dataclass(frozen=True, eq=False)
class Draft:
    """A fitted kernel model and what it is worth; `field` works out its gradients."""

    X: Array
    z: Array
    U: Array
    view: str
    slope: Array
    scale: Array
    logs: tuple[bool, ...]
    weights: Array
    length: float
    ridge: float
    coefficients: Array
    error: float
    quality: float

    def field(self) -> Field:
        gradient = _gradient(self.U, self.U[: len(self.coefficients)], self.coefficients, self.length) * self.scale
        gradient = gradient / np.where(self.logs, self.X, 1.0)
        return Field(self.X, self.z, self.slope, gradient, self.view, self.error, self.quality, self.logs)


def _drafts(
    X: Array,
    z: Array,
    rows: list[View],
    logs: Array,
    weights: Array,
    ridges: tuple[float, ...],
    most: int,
    lengths: tuple[float, ...] = LENGTHS,
) -> list[Draft]:
    """The best model of each view over lengths and ridges, spanned by at most `most` rows."""
    U, spread = standard(X, logs)
    U, spread = U * weights, spread / weights
    centres = min(most, int(0.7 * len(z)))
    held = slice(len(z) - min(HELD_OUT, len(z) - centres), len(z))
    T = np.column_stack([row.t for row in rows])
    T_mean, T_spread = T.mean(0), T.std(0)
    T = (T - T_mean) / T_spread
    square = np.sum(U * U, axis=1)
    inside = np.maximum(square[:centres, None] + square[:centres] - 2 * U[:centres] @ U[:centres].T, 0)
    across = np.maximum(square[held, None] + square[:centres] - 2 * U[held] @ U[:centres].T, 0)
    scales = [T_spread[v] / spread for v in range(len(rows))]
    inputs = X.std(0) / np.where(logs, np.abs(X[held]), 1.0) / spread  # standard deviations of x in units of U
    found: dict[int, Draft] = {}
    for length in lengths:
        K, k = np.exp(-inside / (2 * length**2)), np.exp(-across / (2 * length**2))
        for ridge in ridges:
            A = K.copy()
            A.flat[:: centres + 1] += ridge
            try:
                coefficients = cho_solve(
                    cho_factor(A, lower=True, overwrite_a=True, check_finite=False), T[:centres], check_finite=False
                )
            except np.linalg.LinAlgError:
                continue
            residual = k @ coefficients - T[held]
            for v, row in enumerate(rows):
                w = coefficients[:, v]
                error = float(np.mean(np.minimum(residual[:, v] ** 2, 25)))
                kw = k * w
                gradient = (kw @ U[:centres] - U[held] * kw.sum(1, keepdims=True)) / length**2 * inputs
                steepness = np.sqrt(np.sum(gradient**2, axis=1))
                moved = np.minimum(np.abs(residual[:, v]) / (steepness + 1e-9), 1)
                quality = float(np.sqrt(np.mean(moved**2)))
                if np.isfinite(quality) and (v not in found or error < found[v].error):
                    found[v] = Draft(
                        X,
                        z,
                        U,
                        row.name,
                        row.slope,
                        scales[v],
                        tuple(logs.tolist()),
                        weights,
                        length,
                        ridge,
                        w,
                        error,
                        quality,
                    )
    return list(found.values())


def _gradient(U: Array, centres: Array, w: Array, length: float) -> Array:
    """Of Σ w_c exp(−|u − c|²/2l²) at the rows U, (rows, n)."""
    square = np.sum(U * U, axis=1)[:, None] + np.sum(centres * centres, axis=1) - 2 * U @ centres.T
    k = np.exp(-np.maximum(square, 0) / (2 * length**2)) * w
    return (k @ centres - U * k.sum(1, keepdims=True)) / length**2
