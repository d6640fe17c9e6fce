"""Waves beside a trend, fitted together by variable projection (Golub and Pereyra 1973, Kaufman 1975).

A wave is exp(g·u)·cos(w·u + b·u² + phase): plain, damped with g, or a chirp with b. Amplitudes, phases and trend are
linear, so only w, g and b are looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import levenberg_marquardt
from kansr.numeric.tolerances import EPS
from kansr.structure.terminals.thresholds import MOST_STEPS

# Largest damping over half of the range: a wave that is e^60 times smaller at one end.
LARGEST_DAMPING = 60.0


@dataclass(frozen=True)
class Wave:
    """exp(damping·u) times cosine and sine of frequency·u + chirp·u²; those of a kind that does not vary are 0.

    frequency, damping: per unit of u, the frequency in radians; chirp: radians per squared unit of u.
    """

    frequency: float
    damping: float = 0.0
    chirp: float = 0.0

    @property
    def free(self) -> tuple[str, ...]:
        """The names of its nonlinear parameters."""
        return ("frequency", *(name for name in ("damping", "chirp") if getattr(self, name)))

    def columns(self, u: Array) -> tuple[Array, Array]:
        phase = (self.frequency + self.chirp * u) * u
        size = np.exp(np.clip(self.damping, -LARGEST_DAMPING, LARGEST_DAMPING) * u) if self.damping else 1.0
        return size * np.cos(phase), size * np.sin(phase)

    def slope(self, name: str, u: Array, weights: Array) -> Array:
        """The derivative of its part of the model by a parameter, (rows,). weights: of its two columns."""
        cosine, sine = self.columns(u)
        if name == "damping":
            return np.asarray(u * (weights[0] * cosine + weights[1] * sine))
        turned = weights[1] * cosine - weights[0] * sine
        return np.asarray(turned * (u if name == "frequency" else u * u))


@dataclass(frozen=True, eq=False)
class WaveFit:
    """Waves beside a polynomial in u, fitted.

    weights: of `design`; rest: what they leave, (rows,); errors: the standard error of each frequency, (waves,).
    """

    waves: tuple[Wave, ...]
    degree: int
    weights: Array
    rest: Array
    errors: Array

    @property
    def loss(self) -> float:
        """The mean squared residual."""
        return float(np.mean(self.rest**2))

    @property
    def constants(self) -> int:
        """How many numbers were fitted."""
        return len(self.weights) + sum(len(wave.free) for wave in self.waves)


def design(waves: Sequence[Wave], u: Array, degree: int) -> Array:
    """1, u, u² … and the two columns of each wave, (rows, degree + 1 + 2·waves)."""
    return np.column_stack([*(u**k for k in range(degree + 1)), *(c for wave in waves for c in wave.columns(u))])


def fitted(waves: Sequence[Wave], u: Array, y: Array, degree: int, move: bool = True) -> WaveFit:
    """All waves beside a trend of this degree, their parameters fitted from where they are.

    u, y: (rows,); move: whether frequencies, dampings and chirps are fitted too.
    """
    begin = np.array([getattr(wave, name) for wave in waves for name in wave.free])

    def residual(values: Array) -> Array:
        return _projected(_with(waves, values), u, y, degree)[2]

    def linearised(values: Array) -> tuple[Array, Array]:
        return residual(values), _jacobian(_with(waves, values), u, y, degree)

    if len(begin) and move:
        waves = _with(waves, levenberg_marquardt(residual, linearised, begin, MOST_STEPS).values)
    _, weights, rest = _projected(waves, u, y, degree)
    return WaveFit(tuple(waves), degree, weights, rest, _errors(waves, u, y, degree))


def _jacobian(waves: Sequence[Wave], u: Array, y: Array, degree: int) -> Array:
    """The derivatives of the residual by all parameters, (rows, parameters), as if the basis did not turn."""
    Q, weights, _ = _projected(waves, u, y, degree)
    first = degree + 1
    D = np.column_stack(
        [
            wave.slope(name, u, weights[first + 2 * k : first + 2 * k + 2])
            for k, wave in enumerate(waves)
            for name in wave.free
        ]
    )
    return np.asarray(Q @ (Q.T @ D) - D)


def _errors(waves: Sequence[Wave], u: Array, y: Array, degree: int) -> Array:
    """The standard errors of the frequencies, (waves,)."""
    if not waves:
        return np.zeros(0)
    J = _jacobian(waves, u, y, degree)
    rest = _projected(waves, u, y, degree)[2]
    free = max(len(y) - degree - 1 - 2 * len(waves) - J.shape[1], 1)
    variances = np.diag(np.linalg.pinv(J.T @ J)) * float(rest @ rest) / free
    names = [name for wave in waves for name in wave.free]
    return np.sqrt(np.maximum(variances, 0.0)[[k for k, name in enumerate(names) if name == "frequency"]])


def _with(waves: Sequence[Wave], values: Array) -> list[Wave]:
    """The waves with other parameters, in the order in which they name them."""
    given = iter(values.tolist())
    return [replace(wave, **{name: next(given) or EPS for name in wave.free}) for wave in waves]


def _projected(waves: Sequence[Wave], u: Array, y: Array, degree: int) -> tuple[Array, Array, Array]:
    """An orthonormal basis of the columns, their weights, and what they leave of y."""
    A = design(waves, u, degree)
    size = np.sqrt(np.mean(A * A, axis=0))
    Q, R = np.linalg.qr(A / size)
    along = Q.T @ y
    weights = np.linalg.lstsq(R, along, rcond=None)[0] / size
    return Q, weights, y - Q @ along
