"""The rows that moves by gradients are judged on, their misfits, and power products on rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import sympy

from kansr.expression.nice_numbers import LARGEST_EXPONENT
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.moves.state import State
from kansr.structure.moves.thresholds import FAR, FEWEST_VALUES, SAMPLE_ROWS, WEAK_GRADIENT
from kansr.structure.surrogate.gradient_field import GradientField

TRIM = 0.92  # share of the rows, those with the smallest residuals, that a misfit is measured on; never measured alone
NEAR_HALF = 0.15  # distance from a half, or an integer, up to which an exponent is one; likewise
LEAST_STEEPNESS = 0.1  # share of the median steepness below which a row is not weighted up further; likewise
SHORTER_TAIL = 0.7  # times the tail of u that the tail of 1/u must have to be taken (results/2026-11-24-textbook-laws)


class GradientSample:
    """A sample of m rows of a gradient field, weighted so that the gradient of every row counts alike.

    With w the weight of a row and T the transform of the target that the surrogate was fitted through:
    X: (m, n); z: (m,); gradient: (m, n) of w·T(z); slope: (m,) w·T'(z); value: (m,) w·z·T'(z); plain_gradient: (m, n)
    of z itself, without weights; steepness: (m, n) size of the slope along each input, in its standard deviations,
    over the rms of all. max_misfit: above which nothing is proposed. noisy: whether gradients have noise.
    """

    def __init__(self, state: State, field: GradientField, rows: int = SAMPLE_ROWS) -> None:
        self.state, self.n = state, state.X.shape[1]
        self.max_misfit, self.noisy = field.tolerance, field.gradient_noise > 0
        steep = np.sqrt(np.sum((field.gradient * state.X.std(0)) ** 2, axis=1))
        weight = 1 / (steep + max(LEAST_STEEPNESS * float(np.median(steep)), field.gradient_noise) + TINY)
        good = np.flatnonzero(np.isfinite(field.gradient).all(1) & np.isfinite(weight))
        chosen = good[-rows:]
        self.X = state.X[chosen]
        self.z = state.z[chosen]
        self.gradient = field.gradient[chosen] * weight[chosen, None]
        self.slope = field.slope[chosen] * weight[chosen]
        self.value = self.z * self.slope
        self.plain_gradient = field.gradient[chosen] / field.slope[chosen, None]
        along = np.abs(self.gradient * state.X.std(0))
        self.steepness = along / (np.sqrt(np.mean(along**2)) + TINY)

    def name(self, i: int) -> str:
        """What input i is, in the inputs of the table."""
        return str(self.state.inputs[i])

    def used(self, indices: Iterable[int]) -> frozenset[sympy.Expr]:
        """The inputs at these places."""
        return frozenset(self.state.inputs[k] for k in indices)

    def positive(self, i: int) -> bool:
        """Whether all values of input i are above 0, so that it may be raised to any power."""
        return bool(self.state.X[:, i].min() > 0)

    def ratio_weight(self, i: int, j: int) -> Array:
        """How well the logarithm of the ratio of the slopes along inputs i and j is known, (m,)."""
        first, second = self.steepness[:, i], self.steepness[:, j]
        return limited(1 / np.sqrt(1 / (first**2 + TINY) + 1 / (second**2 + TINY)))

    def sine(self, i: int, j: int, ratio: Array) -> Array:
        """The sine of the angle between the gradient in inputs i and j and the direction (ratio, 1), (m,).

        Inputs are in standard deviations. Where the gradient is weak the sine is made smaller; not finite where the
        gradient or the ratio is not.
        """
        gi, gj = self.gradient[:, i], self.gradient[:, j]
        si, sj = self.state.X[:, i].std(), self.state.X[:, j].std()
        with np.errstate(all="ignore"):
            sine = (gi - ratio * gj) * si * sj / (np.hypot(gi * si, gj * sj) * np.hypot(ratio * si, sj))
            return sine * np.minimum(1, np.hypot(self.steepness[:, i], self.steepness[:, j]) / WEAK_GRADIENT)


def misfit_of(residual: Array, reference: Array | float = 1.0) -> float:
    """The rms residual over the rms of the reference, on the rows with the smallest residuals; both (m,)."""
    keep = np.abs(residual) <= np.quantile(np.abs(residual), TRIM)
    reference = np.broadcast_to(reference, residual.shape)
    return float(np.sqrt(np.mean(residual[keep] ** 2) / (np.mean(reference[keep] ** 2) + TINY)))


def limited(weight: Array) -> Array:
    """Weights without outliers: none far above the median. weight: (m,)"""
    return np.minimum(weight, FAR * np.median(weight))


def is_continuous(x: Array) -> bool:
    """Whether an input has enough distinct values for a curve over it. x: (m,)"""
    return len(np.unique(x)) >= FEWEST_VALUES


def power_of(x: Array, power: sympy.Rational) -> Array:
    """x**power, by repeated multiplication where the power is a positive integer. x: (rows,)"""
    return x ** int(power) if power.is_Integer and power > 0 else x ** float(power)


def monomial(X: Array, exponents: Array) -> Array:
    """Π x_k**e_k for integers and halves, with the sign of odd powers. X: (rows, n); exponents: (n,) -> (rows,)"""
    sizes = np.where(exponents == 0, 1.0, np.abs(X) ** exponents)
    return np.prod(sizes * np.where(exponents % 2 == 1, np.sign(X), 1.0), axis=1)


def halves(values: Array, tolerance: float = NEAR_HALF) -> Array | None:
    """The nearest integers and halves; None where one is farther than `tolerance`, or too large for an exponent.

    values: (n,)
    """
    rounded = np.round(2 * values) / 2
    near = np.abs(values - rounded).max(initial=0.0) <= tolerance
    return rounded if near and np.abs(rounded).max(initial=0.0) < LARGEST_EXPONENT else None


def half(value: float) -> sympy.Rational:
    """An integer or half as a sympy number."""
    return sympy.Rational(int(2 * value), 2)


def shorter_tail(u: Array, expr: sympy.Expr) -> tuple[Array, sympy.Expr]:
    """u or 1/u, whichever has its largest value nearer to the median: a surrogate follows it better. u: (rows,)"""
    with np.errstate(all="ignore"):
        tails = [float(np.max(size) / np.median(size)) for size in (np.abs(u), np.abs(1 / u))]
    return (1 / u, 1 / expr) if tails[1] < SHORTER_TAIL * tails[0] else (u, expr)
