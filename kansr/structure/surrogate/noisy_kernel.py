"""The surrogate model of noisy rows: Gaussian-kernel ridge regression, weighted by the noise scale of each row.

Its held-out error is always that of the table's target, whatever transform the model is fitted through, so models of
different states can be compared. Sources: results/2026-11-25-noisy-searches-first and 2026-11-27-noise-levels; numbers
without one were not measured alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import grid, kernel_ridge
from kansr.numeric.standardise import skewed, standard
from kansr.numeric.tolerances import TINY
from kansr.structure.surrogate.gradient_field import GradientField, displacement_error
from kansr.structure.surrogate.target_transforms import IDENTITY, View, views

LENGTHS = (1.0, 1.6, 2.5, 4.0, 8.0, 16.0)  # of the kernel, in standard deviations of the inputs
RIDGES = (1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)  # over the variance of the target
FEW = 400  # rows that span the kernel while models are compared
MANY = 1100  # rows that span the kernel of the chosen model
JUDGED = 1000  # rows that a held-out error is measured on, at most
CLOSER = 4  # settings of a first comparison that are refined
NOISIEST = 20.0  # largest noise scale of a row over the median that its weight follows, and the inverse of the least
LEAST_SCALE = 1e-3  # squared scale of an input that the target hardly depends on, over the largest
SPANNED = 0.8  # share of the rows that may span the kernel whose gradients are used; errors need the others
NEAR_LENGTHS = (0.6, 1.0, 1.6)  # times the length of a model, for models near it
NEAR_RIDGES = (0.2, 1.0, 5.0)  # times its ridge
SHORTER = 4  # times shorter kernels that are tried of one input, which may bend more than each of several inputs did
WORST_ROW = 100.0  # times the median squared residual that a row counts for at most: no single row decides
TOLERANCE_PER_ERROR = 3.0  # gradient errors up to which the misfit of a move may lie
TOLERANCE_RANGE = (0.2, 0.5)  # least and largest misfit up to which moves are tried


@dataclass(frozen=True)
class KernelSettings:
    """How a model is made. view: the target transform; logs: inputs that are logarithms; scales: factors of inputs."""

    view: str
    logs: tuple[bool, ...]
    length: float
    ridge: float
    scales: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class ScoredSettings:
    """Settings with the held-out error of the model that they give, in the unit of the table's target."""

    setting: KernelSettings
    error: float


@dataclass(frozen=True, eq=False)
class NoisyRows:
    """Rows with noise. X: (rows, n); z: (rows,); sigma_z: its noise scale |dz/dy|, (rows,), y the table's target."""

    X: Array
    z: Array
    sigma_z: Array

    @property
    def mean(self) -> float:
        """Of z, each row weighted by the inverse square of its noise scale."""
        return float(np.average(self.z, weights=self.sigma_z**-2.0))

    def view(self, name: str) -> View | None:
        return next((view for view in views(self.z, noisy=True) if view.name == name), None)


def held_out_error(X: Array, z: Array, centres: int = FEW) -> float:
    """The held-out error of the best surrogate over the target's spread: the noise, or an upper bound for it.

    X: (rows, n); z: (rows,), rows in no particular order; centres: rows that may span the kernel.
    """
    return best_settings(NoisyRows(X, z, np.ones_like(z)), centres).error / (float(np.std(z)) or 1.0)


def held_out_error_on(held_out: Dataset, data: Dataset) -> float:
    """The error on `held_out` of the best surrogate of `data`, over the target's spread there.

    A formula is compared with it on the same rows: on different rows the two would differ by chance.
    """
    data = data.take(slice(0, MANY))
    y = np.concatenate([data.y, held_out.y])
    rows = NoisyRows(np.vstack([data.X, held_out.X]), y, np.ones_like(y))
    error = min(smooth.error for smooth in nearby_models(rows, best_settings(rows), data.rows))
    return error / (float(np.std(held_out.y)) or 1.0)


def best_settings(rows: NoisyRows, centres: int = FEW) -> ScoredSettings:
    """The settings with the least held-out error: target transform, logarithms, length, ridge, scales of inputs."""
    n = rows.X.shape[1]
    centres = _few(rows, centres)
    logs = dict.fromkeys([tuple(skewed(rows.X)), (False,) * n, *([(True,) * n] if (rows.X > 0).all() else [])])
    settings = (KernelSettings(v.name, chosen, 0.0, 0.0) for v, chosen in product(views(rows.z, noisy=True), logs))
    # half the rows are enough to see which settings are worth refining
    few = centres // 2
    tried = (_tried(rows, first, LENGTHS[1:], RIDGES[::2], few, JUDGED // 2) for first in settings)
    rough = sorted((min(some, key=_by_error) for some in map(list, tried) if some), key=_by_error)
    best = min((s for near in rough[:CLOSER] for s in nearby_models(rows, near, centres)), key=_by_error)
    best = min([best, *nearby_models(rows, best, centres)], key=_by_error)
    if n > 1:
        reach = np.sqrt(np.mean((gradients(rows, best.setting, centres).gradient * rows.X.std(0)) ** 2, axis=0))
        if np.isfinite(reach).all():
            scales = tuple(np.sqrt(np.maximum(reach / reach.max(), LEAST_SCALE)).tolist())
            scaled = KernelSettings(
                best.setting.view, best.setting.logs, best.setting.length, best.setting.ridge, scales
            )
            best = min([best, *nearby_models(rows, ScoredSettings(scaled, best.error), centres)], key=_by_error)
    return best


def quick_model(rows: NoisyRows, setting: KernelSettings) -> ScoredSettings | None:
    """A model by settings that suited a similar state, also without the target transform; None where neither applies.

    Of one input, shorter kernels are tried too: it may bend more than each of several inputs did.
    """
    plain = KernelSettings(setting.view, setting.logs, setting.length, setting.ridge)
    lengths = [setting.length / SHORTER**k for k in range(3 if rows.X.shape[1] == 1 else 1)]
    seen = (replace(plain, view=v) for v in dict.fromkeys((setting.view, IDENTITY.name)) if rows.view(v) is not None)
    tried = (_tried(rows, one, lengths, [one.ridge], _few(rows)) for one in seen)
    return min((smooth for some in tried for smooth in some), key=_by_error, default=None)


def gradients(rows: NoisyRows, setting: KernelSettings, centres: int = MANY) -> GradientField:
    """The gradient field of a model spanned by more rows; its noise comes from two models of half the rows each."""
    view, U, spread, weight = _prepared(rows, setting)
    t = view.t
    centres = min(centres, int(SPANNED * len(t)))
    mean, scale = _centre(t, weight)
    outward = scale / spread / np.where(setting.logs, rows.X, 1.0)
    standardised = (t - mean) / scale

    def model(index: slice) -> tuple[Array, Array]:
        model = kernel_ridge(U[index], standardised[index], setting.length, setting.ridge, weight[index])
        value, gradient = model.with_gradient(U)
        return value * scale + mean, gradient * outward

    value, gradient = model(slice(0, centres))
    halves = [model(slice(start, centres, 2))[1] for start in (0, 1)]
    gradient_noise = (
        (halves[0] - halves[1]) / np.sqrt(8) * rows.X.std(0)
    )  # errors of a half are √2 those of all, twice over
    held = slice(centres, None)
    residual = value[held] - t[held]
    error = float(np.mean(residual**2) / np.var(t))
    gradient_error = displacement_error(residual, gradient[held] * rows.X.std(0), scale)
    noise = float(np.sqrt(np.median(np.sum(gradient_noise**2, axis=1))))
    return GradientField(
        rows.X, rows.z, view.slope, gradient, view.name, error, gradient_error, setting.logs,
        tolerance=float(np.clip(TOLERANCE_PER_ERROR * gradient_error, *TOLERANCE_RANGE)), gradient_noise=noise,
    )  # fmt: skip


def _by_error(smooth: ScoredSettings) -> float:
    return smooth.error


def nearby_models(rows: NoisyRows, smooth: ScoredSettings, centres: int | None = None) -> list[ScoredSettings]:
    """Models with lengths and ridges near those of one, spanned by the first `centres` rows, or by FEW."""
    s = smooth.setting
    centres = _few(rows) if centres is None else centres
    lengths = [s.length * f for f in NEAR_LENGTHS]
    return list(_tried(rows, s, lengths, [s.ridge * f for f in NEAR_RIDGES], centres))


def _tried(
    rows: NoisyRows,
    setting: KernelSettings,
    lengths: Iterable[float],
    ridges: Iterable[float],
    centres: int,
    judged: int = JUDGED,
) -> Iterator[ScoredSettings]:
    """The errors of models with these lengths and ridges, spanned by the first `centres` rows, on those that follow."""
    view, U, _, weight = _prepared(rows, setting)
    t = view.t
    held = slice(centres, centres + judged)
    mean, _ = _centre(t, weight)
    for trial in grid(U[:centres], t[:centres] - mean, U[held], lengths, ridges, weight[:centres]):
        # errors of T(z) times its slope would be those of z only where they are small
        with np.errstate(all="ignore"):
            residual = (view.target(trial.values + mean) - rows.z[held]) / (rows.sigma_z[held] + TINY)
            worst = WORST_ROW * np.median(residual**2)
            error = float(np.sqrt(np.mean(np.minimum(residual**2, worst))))
        if np.isfinite(error):
            yield ScoredSettings(
                KernelSettings(setting.view, setting.logs, trial.length, trial.ridge, setting.scales), error
            )


def _few(rows: NoisyRows, most: int = FEW) -> int:
    """How many rows span a model that is compared with others; half of the rows are kept for its error."""
    return min(most, len(rows.z) // 2)


def _prepared(rows: NoisyRows, setting: KernelSettings) -> tuple[View, Array, Array, Array]:
    """The target transform, standardised inputs, what they were divided by, and the noise of rows over the median."""
    view = rows.view(setting.view)
    assert view is not None
    U, spread = standard(rows.X, np.array(setting.logs))
    if setting.scales is not None:
        U, spread = U * setting.scales, spread / np.array(setting.scales)
    sigma_z = rows.sigma_z * np.abs(view.slope)
    weight = np.clip(sigma_z / (np.median(sigma_z) or 1.0), 1 / NOISIEST, NOISIEST)
    return view, U, spread, weight


def _centre(t: Array, weight: Array) -> tuple[float, float]:
    """The mean, weighted by the inverse square of the noise, and the spread."""
    return float(np.average(t, weights=1 / weight**2)), float(np.std(t)) or 1.0
