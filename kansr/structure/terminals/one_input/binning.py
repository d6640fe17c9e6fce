"""The rows of one input as a curve of few points: some rows where there is no noise, means of neighbours else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import relative_sigma
from kansr.numeric.arrays import Array, evenly_spaced_rows

POINTS = 300  # that a curve is matched on
BENT = 0.3  # how far off a mean may be for the curve's bend, over its standard error
HALVINGS = 4  # of the rows of a point where the curve is bent

Rows = NDArray[np.intp]


def curve(data: Dataset, noise: float) -> tuple[Array, Array, float]:
    """About POINTS points in order, (points,) each, and their noise relative to the target's spread.

    noise: that of a row of the typical error. Where the rows have errors of their own, each mean is of as much weight
    as any other, but for those of fewer rows where the curve is so bent that its mean lies beside it.
    """
    order = np.argsort(data.X[:, 0], kind="stable")
    if not noise:
        order = order[evenly_spaced_rows(data.rows, POINTS)]
        return data.X[order, 0], data.y[order], noise
    weight = relative_sigma(data) ** -2
    blocks = _of_equal_weight(order, weight, min(POINTS, data.rows))
    x, y = _means(data, blocks, weight)
    for _ in range(HALVINGS):
        if len(blocks) < 3:
            break
        error = noise * float(np.std(data.y)) / np.sqrt([float(weight[b].sum()) for b in blocks])
        width = np.array([np.average((data.X[b, 0] - mean) ** 2, weights=weight[b]) for b, mean in zip(blocks, x)])
        bent = 0.5 * np.abs(_bends(x, y)) * width > BENT * error
        if not bent.any():
            break
        blocks = [part for b, split in zip(blocks, bent) for part in (_of_equal_weight(b, weight, 2) if split else [b])]
        x, y = _means(data, blocks, weight)
    return x, y, noise / float(np.sqrt(weight.sum() / len(blocks)))


def _of_equal_weight(order: Rows, weight: Array, parts: int) -> list[Rows]:
    places = np.cumsum(weight[order])
    # a little more than whole shares, so that rounding leaves no row in the block before its own
    cuts = (1 + 1e-12) * np.linspace(0, 1, parts + 1)[1:-1]
    edges = np.searchsorted(places, places[-1] * cuts, side="right")
    return [block for block in np.split(order, edges) if len(block)]


def _means(data: Dataset, blocks: list[Rows], weight: Array) -> tuple[Array, Array]:
    x, y = (np.array([_average(c[b], weight[b]) for b in blocks]) for c in (data.X[:, 0], data.y))
    return x, y


def _bends(x: Array, y: Array) -> Array:
    """The second derivative by the three nearest points, (points,); 0 where two of them coincide."""
    slope = np.diff(y) / np.diff(x)
    bend = 2 * np.diff(slope) / (x[2:] - x[:-2])
    return np.nan_to_num(np.concatenate([bend[:1], bend, bend[-1:]]), posinf=0.0, neginf=0.0)


def _average(values: Array, weights: Array) -> float:
    """To the last bit the value where there is one, so that a curve that comes again is known again."""
    return float(values[0] if len(values) == 1 else np.average(values, weights=weights))
