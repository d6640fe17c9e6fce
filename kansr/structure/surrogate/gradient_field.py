"""Values and gradients of a surrogate model on the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True, eq=False)
class Field:
    """Values and gradients of the surrogate at a sample of rows.

    X: (rows, n); z: (rows,) the target itself; slope: (rows,) T'(z); gradient: (rows, n) of T(z) by the inputs, T
    the view of the target the surrogate was fitted to. error: held-out 1 − R² of T; quality: how far, in standard
    deviations of the inputs, the error of the surrogate moves a point (rms, at most 1). tolerance: the misfit above
    which no move is worth a try. blur: the error of the gradients, inputs in standard deviations. linear: the model,
    where it is linear in known functions of some inputs.
    """

    X: Array
    z: Array
    slope: Array
    gradient: Array
    view: str
    error: float
    quality: float
    logs: tuple[bool, ...] = ()
    tolerance: float = 0.2
    blur: float = 0.0
    linear: LinearModel | None = None
