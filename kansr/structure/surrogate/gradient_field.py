"""Values and gradients of a surrogate model on the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kansr.numeric.arrays import Array
from kansr.structure.surrogate.target_transforms import View


class LinearModel(Protocol):
    """A surrogate T(z) = Σ_A h_A(rest)·Π_{i in A} φ_i that is linear in known functions φ_i of some inputs."""

    @property
    def view(self) -> View: ...

    @property
    def bends(self) -> Mapping[int, str]: ...

    @property
    def misfit(self) -> float: ...

    def beside(self, i: int) -> list[int]: ...

    def slope(self, i: int) -> Array: ...


LEAST_STEEPNESS = 1e-9  # of the target's spread over that of the inputs; less is flat but for rounding
MOST_SQUARE = 25.0  # of a residual over the spread, beyond which a row's error is no worse


@dataclass(frozen=True, eq=False)
class GradientField:
    """Values and gradients of the surrogate at a sample of rows.

    X: (rows, n); z: (rows,), the target itself; slope: (rows,), T'(z); gradient: (rows, n), of T(z) by the inputs, for
    the target transform T that the surrogate was fitted through; view: its name. error: held-out 1 − R² of T(z).
    gradient_error: the rms displacement, in standard deviations of the inputs, that explains the held-out residuals; 0
    is best, 1 the worst. gradient_noise: the typical error of the gradients, inputs in standard deviations; 0 for exact
    rows. tolerance: the misfit above which no move is tried. logs: the inputs taken as logarithms. linear: the model,
    where it is linear in known functions of some inputs.
    """

    X: Array
    z: Array
    slope: Array
    gradient: Array
    view: str
    error: float
    gradient_error: float
    logs: tuple[bool, ...] = ()
    tolerance: float = 0.2
    gradient_noise: float = 0.0
    linear: LinearModel | None = None


def displacement_error(residual: Array, gradient: Array, spread: float = 1.0) -> float:
    """The rms displacement that explains a surrogate's residuals, in standard deviations of the inputs, at most 1.

    residual: (rows,) held out; gradient: (rows, n) by inputs in standard deviations; spread: of the target, in the
    units of both. A row counts for 1 at most, and for that where either is not finite; where the surrogate is flat a
    residual of rounding is no displacement.
    """
    steepness = np.sqrt(np.sum(gradient**2, axis=1))
    moved = np.abs(residual) / (steepness + LEAST_STEEPNESS * spread)
    return float(np.sqrt(np.mean(np.fmin(moved, 1) ** 2)))


def capped_square(residual: Array) -> Array:
    """The mean square of residuals over the spread, (rows, …), each row counting for MOST_SQUARE at most."""
    return np.asarray(np.mean(np.fmin(residual**2, MOST_SQUARE), axis=0))
