"""The surrogate model of exact rows: Gaussian-kernel ridge regression, whose gradients show how the inputs combine.

Sources: results/2026-11-24-best-first-reductions; numbers were not measured alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import KernelRidge, grid, slopes, solve
from kansr.numeric.standardise import skewed, standard
from kansr.structure.surrogate.gradient_field import GradientField, capped_square, displacement_error
from kansr.structure.surrogate.target_transforms import View, views

LENGTHS = (1.0, 2.0, 4.0, 8.0)  # of the kernel, in standard deviations of the inputs
RIDGES = (1e-11, 1e-7)  # over the variance of the target
POOR = 5e-3  # gradient error above which each input gets a length of its own
CENTRES = 1200  # rows that span the kernel of the chosen model
FEW_CENTRES = 400  # rows that span it while models are compared
HELD_OUT = 300  # rows that errors are measured on
SPANNED = 0.7  # share of the rows that may span the kernel
COMPARED = 0.6  # the same while lengths of single inputs are compared
FIRST_LENGTHS = (1.0, 2.0, 4.0)  # equal lengths that the search for single ones begins with
STEPS = (2.5, 2.5, 1.6)  # factors by which the length of one input is changed, round by round
LESS = 0.97  # of the error that a changed length must reach to be kept


def surrogate(X: Array, z: Array) -> GradientField:
    """The surrogate with the least gradient error over kernels, logarithms of skewed inputs and target transforms.

    X: (rows, n), z: (rows,). R² does not choose: through a transform with a heavy tail it can be near 1 while the
    gradients are useless.
    """
    n = X.shape[1]
    options = [tuple(skewed(X)), (False,) * n, *([(True,) * n] if (X > 0).all() else [])]
    rows = views(z)
    drafts: list[Draft] = []
    for logs in dict.fromkeys(options):
        drafts += _drafts(X, z, rows, np.array(logs), np.ones(n), RIDGES, FEW_CENTRES)
    drafts.sort(key=lambda draft: draft.gradient_error)
    best = _best(X, z, rows, drafts[:1])
    if best.gradient_error > POOR and n > 1:
        chosen = np.array(best.logs)
        view = [row for row in rows if row.name == best.view]
        weights = _relevance(standard(X, chosen)[0], view[0].t, RIDGES[-1])
        scaled = _drafts(X, z, view, chosen, weights, RIDGES, FEW_CENTRES)
        scaled.sort(key=lambda draft: draft.gradient_error)
        best = min([best, _best(X, z, view, scaled[:1])], key=lambda field: field.gradient_error)
    return best


def _best(X: Array, z: Array, rows: list[View], drafts: list[Draft]) -> GradientField:
    """The best of the models fitted again, spanned by all rows, with the lengths next to theirs."""
    full: list[Draft] = []
    for draft in drafts:
        place = LENGTHS.index(draft.model.length)
        lengths = LENGTHS[max(place - 1, 0) : place + 2]
        view = [row for row in rows if row.name == draft.view.name]
        full += _drafts(X, z, view, np.array(draft.logs), draft.relevance, (draft.ridge,), CENTRES, lengths)
    return min(full or drafts, key=lambda draft: draft.gradient_error).field()


def _relevance(U: Array, t: Array, ridge: float, rows: int = 400, held: int = 300) -> Array:
    """A factor for each input, by coordinate search on the held-out error: how fast the target varies along it.

    Automatic relevance determination (MacKay 1992, Neal 1996) on few rows. U: (rows, n); t: (rows,) -> (n,)
    """
    t = (t - t.mean()) / t.std()
    rows = min(rows, int(COMPARED * len(t)))
    fitting, judging = slice(0, rows), slice(rows, rows + held)
    inside = (U[fitting, None, :] - U[None, fitting, :]) ** 2 / 2
    across = (U[judging, None, :] - U[None, fitting, :]) ** 2 / 2

    def error(weights: Array) -> float:
        w = solve(np.exp(-(inside @ weights**2)), t[fitting], ridge)
        return np.inf if w is None else float(capped_square(np.exp(-(across @ weights**2)) @ w - t[judging]))

    n = U.shape[1]
    starts = [np.full(n, 1 / length) for length in FIRST_LENGTHS]
    best = min(((error(w), i) for i, w in enumerate(starts)), default=(np.inf, 0))
    weights, least = starts[best[1]].copy(), best[0]
    for step in STEPS:
        for i in range(n):
            for factor in (step, 1 / step):
                trial = weights.copy()
                trial[i] *= factor
                if (found := error(trial)) < LESS * least:
                    weights, least = trial, found
                    break
    return weights / np.exp(np.mean(np.log(weights)))


@dataclass(frozen=True, eq=False)
class Draft:
    """A fitted kernel model with its errors; `field` computes its gradients.

    U: (rows, n) standardised inputs; scale: (n,) factors from slopes by U to slopes of T(z) by the inputs, or by their
    logarithms; relevance: (n,) what the inputs were multiplied by.
    """

    X: Array
    z: Array
    U: Array
    view: View
    scale: Array
    logs: tuple[bool, ...]
    relevance: Array
    ridge: float
    model: KernelRidge
    error: float
    gradient_error: float

    def field(self) -> GradientField:
        gradient = self.model.with_gradient(self.U)[1] * self.scale / np.where(self.logs, self.X, 1.0)
        view = self.view
        return GradientField(
            self.X, self.z, view.slope, gradient, view.name, self.error, self.gradient_error, self.logs
        )


def _drafts(
    X: Array,
    z: Array,
    rows: list[View],
    logs: Array,
    relevance: Array,
    ridges: tuple[float, ...],
    most: int,
    lengths: tuple[float, ...] = LENGTHS,
) -> list[Draft]:
    """The best model of each target transform over lengths and ridges, spanned by at most `most` rows."""
    U, spread = standard(X, logs)
    U, spread = U * relevance, spread / relevance
    count = min(most, int(SPANNED * len(z)))
    centres, held = U[:count], slice(len(z) - min(HELD_OUT, len(z) - count), len(z))
    T = np.column_stack([row.t for row in rows])
    T_spread = T.std(0)
    T = (T - T.mean(0)) / T_spread
    inputs = X.std(0) / np.where(logs, np.abs(X[held]), 1.0) / spread  # standard deviations of x in units of U
    found: dict[int, Draft] = {}
    for trial in grid(centres, T[:count], U[held], lengths, ridges):
        residual = trial.values - T[held]
        for v, row in enumerate(rows):
            model = KernelRidge(centres, trial.weights[:, v], trial.length)
            gradient = slopes(U[held], centres, trial.kernels * model.weights, model.length) * inputs
            error, gradient_error = float(capped_square(residual[:, v])), displacement_error(residual[:, v], gradient)
            if v not in found or error < found[v].error:
                scale, flags = T_spread[v] / spread, tuple(logs.tolist())
                found[v] = Draft(X, z, U, row, scale, flags, relevance, trial.ridge, model, error, gradient_error)
    return list(found.values())
