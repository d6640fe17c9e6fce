"""Views: linear functionals that a state and the integrals of its right-hand side have in common.

dx/dt = Σ cⱼ·θⱼ means x(t) = x(t₀) + Σ cⱼ·∫θⱼ (integral matching), and for every smooth φ that vanishes at its ends
−∫φ'·x = Σ cⱼ·∫φ·θⱼ (weak form: Messenger and Bortz, Multiscale Model. Simul. 19, 1474, 2021). The second is a linear
functional −∫φ'· of the first, so that one matrix of integrals serves all views. In none of them is x differentiated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from kansr.numeric.arrays import Array

NARROW, WIDE = 0.02, 0.08  # half widths of the test functions without noise and with it, over the rows of a segment
FLATNESS = 4  # exponent of a test function (1 - s²)^p
STEPS = 4  # test functions in half a width
LEAST_HALF = 3  # rows in half a width at least
CHUNKS = 8  # pieces of a segment, each with a start of its own, in the local view


@dataclass(frozen=True, eq=False)
class View:
    """A matrix (functionals, n) that rows are multiplied by, and after that an orthonormal basis (·, k) to be left out.

    Errors of the rows become errors of size 1; white: whether they stay independent.
    """

    matrix: csr_matrix
    basis: Array | None
    white: bool

    def of(self, rows: Array) -> Array:
        """The view of a column (n,) or of columns (n, m)."""
        seen: Array = self.matrix @ rows
        return seen if self.basis is None else seen - self.basis @ (self.basis.T @ seen)


def cumulative(t: Array, values: Array, middles: Array, order: int = 1) -> Array:
    """∫f dt from the first row, by Simpson's rule; for order 2 the integral of it.

    t: (n,); values: (n, ...) at the rows; middles: (n - 1, ...) halfway between them -> (n, ...)
    """
    step = np.diff(t).reshape((-1,) + (1,) * (values.ndim - 1))
    first = _summed(step / 6 * (values[:-1] + 4 * middles + values[1:]))
    if order == 1:
        return first
    # ∫∫ over one step, for the parabola through both ends and the middle: h²/6·(f₀ + 2·f½)
    inner = step**2 / 6 * (values[:-1] + 2 * middles)
    return _summed(step * first[:-1] + inner)


def _summed(pieces: Array) -> Array:
    return np.concatenate([np.zeros((1, *pieces.shape[1:])), np.cumsum(pieces, axis=0)])


def views(segments: list[Array], sigma: Array, width: float, order: int = 1) -> list[View]:
    """The views of a state. segments: the times of each, (n_k,); sigma: its standard errors in all rows, (n,).

    width: of the test functions.
    """
    weight = 1 / sigma
    places = np.split(np.arange(len(sigma)), np.cumsum([len(t) for t in segments])[:-1])
    scaled = csr_matrix(diags_array(weight))
    made = [
        View(scaled, _starts(segments, places, weight, order, 1), True),
        View(scaled, _starts(segments, places, weight, order, CHUNKS), True),
    ]
    rows = [_weak(t, place, weight, width, order) for t, place in zip(segments, places)]
    return [*made, View(csr_matrix(np.vstack(rows)), None, False)]


def _starts(segments: list[Array], places: list[NDArray[np.intp]], weight: Array, order: int, chunks: int) -> Array:
    """An orthonormal basis of what the starts of the segments, or of their chunks, contribute, weighted."""
    columns = []
    for t, place in zip(segments, places):
        least = max(len(t) // (3 * order + 3), 1)
        for piece in np.array_split(np.arange(len(t)), min(chunks, least)):
            for power in range(order):
                column = np.zeros(len(weight))
                column[place[piece]] = ((t[piece] - t[piece].mean()) / (np.ptp(t) or 1.0)) ** power
                columns.append(column * weight)
    return np.linalg.qr(np.column_stack(columns))[0]


def _weak(t: Array, place: NDArray[np.intp], weight: Array, width: float, order: int) -> Array:
    """−∫φ'·dt, or ∫φ''·dt, of one segment for test functions all along it, each scaled to unit noise."""
    n, half = len(t), max(int(width * len(t)), LEAST_HALF)
    area = np.gradient(t)
    rows = []
    for k in range(half, n - half, max(half // STEPS, 1)):
        piece = slice(k - half, k + half + 1)
        s = (2 * t[piece] - t[k - half] - t[k + half]) / (t[k + half] - t[k - half])
        bump = np.maximum(1 - s * s, 0.0)
        first = 2 * FLATNESS * s * bump ** (FLATNESS - 1)
        second = 4 * FLATNESS * (FLATNESS - 1) * s**2 * bump ** (FLATNESS - 2) - 2 * FLATNESS * bump ** (FLATNESS - 1)
        row = (first if order == 1 else second) * area[piece]
        row = _annihilating(row, s, bump**FLATNESS, order)
        full = np.zeros(len(weight))
        full[place[piece]] = row / np.sqrt(np.sum((row / weight[place[piece]]) ** 2))
        rows.append(full)
    return np.array(rows).reshape(len(rows), len(weight))


def _annihilating(row: Array, s: Array, bump: Array, order: int) -> Array:
    """The functional corrected so that it is exactly 0 for what a start contributes: 1, and s for order 2."""
    powers = np.vander(s, order, increasing=True)
    kernels = bump[:, None] * powers
    corrected: Array = row - kernels @ np.linalg.solve(powers.T @ kernels, powers.T @ row)
    return corrected
