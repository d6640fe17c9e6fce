"""The slopes of a target by its inputs before a formula is known: those of a line, or of a smooth model beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import KernelRidge, grid
from kansr.numeric.standardise import standard

# None of these numbers has been measured alone: the slopes weigh rows only until there is a formula.
CENTRES = 200  # rows at most that the smooth model is centred on
JUDGED = 1000  # rows at most that it is chosen on
FEWEST = 24  # rows from which there is one
LENGTHS = (1.0, 2.0, 4.0)  # length scales of its kernel, in standard deviations of the inputs
RIDGES = (1e-4, 1e-2, 0.3)  # added to the diagonal of its kernel, whose entries there are 1
CHUNK = 10_000  # rows that it is evaluated on at a time, for memory


class Slopes(NamedTuple):
    """slopes: (rows, inputs), in the units of target over input; judged: some rows; left: their residuals, (judged,).

    The smooth model was not fitted to these rows.
    """

    slopes: Array
    judged: NDArray[np.intp]
    left: Array


def smooth_slopes(X: Array, y: Array) -> Slopes:
    """The slopes of the target in every row, and what is left of the target in some. X: (rows, inputs); y: (rows,)."""
    U, spread = standard(X, np.zeros(X.shape[1], dtype=bool))
    line, off = _line(U, y)
    found = _smooth(U, off)
    if found is None:
        return Slopes(np.tile(line / spread, (len(y), 1)), np.arange(len(y)), off)
    model, judged = found
    parts = (U[start : start + CHUNK] for start in range(0, len(y), CHUNK))
    slopes = np.concatenate([line + model.with_gradient(part)[1] for part in parts])
    return Slopes(slopes / spread, judged, off[judged] - model(U[judged]))


def _line(U: Array, y: Array) -> tuple[Array, Array]:
    """The slopes of the line through the rows, (inputs,), and what it leaves, (rows,)."""
    A = np.column_stack([np.ones(len(y)), U])
    constants = np.linalg.lstsq(A, y, rcond=None)[0]
    return np.asarray(constants[1:]), y - A @ constants


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
