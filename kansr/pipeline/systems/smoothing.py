"""The states of a run as smooth curves: values, slopes and the size of the noise.

Every state is fitted by a quintic regression spline whose number of knots is chosen by generalised cross-validation
(Craven and Wahba 1979), and by the one through all points; errors may be constant or in proportion to the state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from kansr.data.derivative import DEGREE, smoothing_spline
from kansr.numeric.arrays import Array

KNOT_SHARES = (0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03, 0.02)  # numbers of knots that are tried, over rows
# Relative rms of the residuals of the densest spline below which there is no noise to smooth: the spline through all
# points is taken. Solvers that make such rows are good to 1e-6 or so; measuring instruments are not.
NO_NOISE = 1e-5
LEAST_SIZE = 1e-3  # over the rms of a state: errors in proportion to a state are no smaller where it crosses zero
PROPORTIONAL_NATS = 10.0  # log-likelihood by which errors in proportion to the state are preferred to constant ones
LEAST_NOISE = 1e-12  # standard error of a value, over its spread, that rounding leaves at least


@dataclass(frozen=True, eq=False)
class Curve:
    """One state of one run as a smooth curve.

    values, slopes: at the rows, (n,); middles, middle_slopes: halfway between them, (n - 1,).
    sigma: the standard error of the measured values, (n,), in the unit of the state.
    """

    values: Array
    middles: Array
    slopes: Array
    middle_slopes: Array
    sigma: Array


def smooth_curve(t: Array, x: Array) -> Curve:
    """The smooth curve through one state. t, x: (n,), t rising."""
    u, length = (t - t[0]) / (t[-1] - t[0]), float(t[-1] - t[0])
    spread = float(np.std(x))
    if not spread > 0:
        flat = np.zeros_like(x)
        return Curve(x, x[1:], flat, flat[1:], np.full_like(x, LEAST_NOISE * max(abs(float(x[0])), 1.0)))
    spline, noise = _fit(u, x)
    scale = np.ones_like(x)
    if noise > NO_NOISE * spread:
        relative = np.abs(spline(u)) + LEAST_SIZE * float(np.sqrt(np.mean(x * x)))
        if _nats(x - spline(u), relative) > _nats(x - spline(u), scale) + PROPORTIONAL_NATS:
            scale = relative
            spline, noise = _fit(u, x, 1 / scale)
    else:
        spline = make_interp_spline(u, x, DEGREE)
    slope, halfway = spline.derivative(), (u[1:] + u[:-1]) / 2
    sigma = np.maximum(noise * scale, LEAST_NOISE * spread)
    return Curve(spline(u), spline(halfway), slope(u) / length, slope(halfway) / length, sigma)


def _nats(residual: Array, scale: Array) -> float:
    """The log-likelihood of residuals with errors in proportion to `scale`, but for a constant."""
    rms = float(np.sqrt(np.mean((residual / scale) ** 2)))
    return -len(residual) * float(np.log(rms + LEAST_NOISE)) - float(np.sum(np.log(scale)))


def _fit(u: Array, x: Array, weight: Array | None = None) -> tuple[BSpline, float]:
    """The spline of lowest GCV score, and the standard deviation of its residuals times `weight`."""
    n = len(u)
    counts = dict.fromkeys(min(max(int(share * n), 1), n - DEGREE - 3) for share in KNOT_SHARES)
    _, spline, noise = min((smoothing_spline(u, x, inner, weight) for inner in counts), key=lambda fit: fit[0])
    return spline, noise
