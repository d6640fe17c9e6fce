"""Standard errors of the inputs, and how large they make residuals before any formula is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import KernelRidge, grid
from kansr.numeric.standardise import standard

# The smooth model only weighs rows until a formula takes its place. None of these numbers has been measured alone.
CENTRES = 200  # rows at most that the smooth model is centred on
JUDGED = 1000  # rows at most that it is chosen on
FEWEST = 24  # rows from which there is one; of fewer a line says what the slopes are
LENGTHS = (1.0, 2.0, 4.0)  # length scales of its kernel, in standard deviations of the inputs
RIDGES = (1e-4, 1e-2, 0.3)  # added to the diagonal of its kernel, whose entries there are 1
CHUNK = 10_000  # rows that it is evaluated on at a time, for memory
# Effective error of a row over the typical one, at least: slopes to first order are 0 at an extremum, where the second
# order takes their place.
LEAST_SHARE = 0.05
ROUNDS = 100  # bisections of a variance: more than the bits of a float64


@dataclass(frozen=True, eq=False)
class InputErrors:
    """The standard errors of the inputs, and those of the target beside them.

    X: (rows, inputs), in the units of the inputs, 0 where one is exact. y: (rows,), in the unit of the target, 0 where
    it is exact; None where they are not known, and are estimated as the same for all rows, with each formula.
    absolute: whether they are known as such, or up to a common factor.
    """

    X: Array
    y: Array | None
    absolute: bool = True

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> InputErrors:
        """Those of the rows at `index`."""
        return InputErrors(self.X[index], None if self.y is None else self.y[index], self.absolute)

    def above(self, other: InputErrors) -> InputErrors:
        """Those of these rows and of the rows of another table below them."""
        y = None if self.y is None or other.y is None else np.append(self.y, other.y)
        return InputErrors(np.vstack([self.X, other.X]), y, self.absolute)


def scatter_beyond(residual: Array, variance: Array, free: float) -> float:
    """The variance s² of a scatter that is the same in all rows, with which Σ residual²/(s² + variance) is `free`.

    0 where the known variances, (rows,), explain the residuals, (rows,), alone. In the square of their unit.
    Source: Paule and Mandel 1982.
    """
    square = residual**2

    def excess(s2: float) -> float:
        with np.errstate(all="ignore"):
            return float(np.sum(np.where(square > 0, square / (s2 + variance), 0.0))) - free

    if not np.isfinite(square).all() or not excess(0.0) > 0:
        return 0.0
    low, high = 0.0, float(square.sum()) / free
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        if not low < (low + high) / 2 < high:
            break
    return high


def effective_errors(X: Array, y: Array, errors: InputErrors) -> Array:
    """The standard error of each row, (rows,), in the unit of the target: its own, and those of the inputs times slopes.

    The slopes are those of a smooth model, so that rows can be weighed before a formula is known; a formula is fitted
    and judged with its own. X: (rows, inputs); y: (rows,).
    """
    logs = np.zeros(X.shape[1], dtype=bool)
    U, spread = standard(X, logs)
    line, off = _line(U, y)
    model, judged = _smooth(U, off) or (None, np.arange(len(y)))
    variance = np.empty(len(y))
    for start in range(0, len(y), CHUNK):
        part = slice(start, start + CHUNK)
        slopes = line if model is None else line + model.with_gradient(U[part])[1]
        variance[part] = np.sum((slopes * errors.X[part] / spread) ** 2, axis=1)
    if errors.y is not None:
        variance += errors.y**2
    else:
        left = off[judged] if model is None else off[judged] - model(U[judged])
        variance += scatter_beyond(left, variance[judged], len(left))
    typical = float(np.median(variance)) or float(np.mean(variance)) or float(np.var(y)) or 1.0
    return np.sqrt(np.maximum(variance, LEAST_SHARE**2 * typical))


def _line(U: Array, y: Array) -> tuple[Array, Array]:
    """The slopes of the line through the rows, (inputs,), and what it leaves, (rows,)."""
    A = np.column_stack([np.ones(len(y)), U])
    constants = np.linalg.lstsq(A, y, rcond=None)[0]
    return constants[1:], y - A @ constants


def _smooth(U: Array, off: Array) -> tuple[KernelRidge, NDArray[np.intp]] | None:
    """A smooth model of what the line leaves, (rows,), and the rows that it was judged on.

    None where it is no better than the line on these.
    """
    if len(off) < FEWEST:
        return None
    order = np.random.default_rng(0).permutation(len(off))
    count = min(CENTRES, len(off) // 2)
    centres, others = order[:count], order[count : count + JUDGED]
    trials = [
        (float(np.median(np.abs(off[others] - trial.values))), i, trial)
        for i, trial in enumerate(grid(U[centres], off[centres], U[others], LENGTHS, RIDGES))
    ]
    best = min(trials, key=lambda row: row[:2], default=None)
    if best is None or not best[0] < float(np.median(np.abs(off[others]))):
        return None
    return KernelRidge(U[centres], best[2].weights, best[2].length), others
