"""The rows of one input as a curve of few points: some of the rows where there is no noise, binned means else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import relative_sigma
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.tolerances import EPS

# Points of a curve.
POINTS = 300

# How far a mean may be off the curve because of its curvature, over the standard error of the mean.
MOST_BIAS = 0.3

# How often a bin is halved where the curve is bent more.
HALVINGS = 4

Rows = NDArray[np.intp]


def curve(data: Dataset, noise: float) -> tuple[Array, Array, float]:
    """About POINTS points in order, (points,) each, and their noise over the spread of the target.

    noise: that of a row with the typical error. Bins have the same sum of 1/sigma², but for smaller ones where the
    curve is bent.
    """
    order = np.argsort(data.X[:, 0], kind="stable")
    if not noise:
        order = order[evenly_spaced_rows(data.rows, POINTS)]
        return data.X[order, 0], data.y[order], noise
    weight = relative_sigma(data) ** -2
    bins = _of_equal_weight(order, weight, min(POINTS, data.rows))
    x, y = _means(data, bins, weight)
    for _ in range(HALVINGS):
        if len(bins) < 3:
            break
        error = noise * float(np.std(data.y)) / np.sqrt([float(weight[b].sum()) for b in bins])
        variance = np.array([np.average((data.X[b, 0] - mean) ** 2, weights=weight[b]) for b, mean in zip(bins, x)])
        bent = 0.5 * np.abs(_second_derivatives(x, y)) * variance > MOST_BIAS * error
        if not bent.any():
            break
        bins = [part for b, split in zip(bins, bent) for part in (_of_equal_weight(b, weight, 2) if split else [b])]
        x, y = _means(data, bins, weight)
    return x, y, noise / float(np.sqrt(weight.sum() / len(bins)))


def _of_equal_weight(order: Rows, weight: Array, parts: int) -> list[Rows]:
    """Rows in order, cut into parts of equal weight. weight: (rows of the table,)"""
    sums = np.cumsum(weight[order])
    # a little more than equal shares, so that rounding of the sums leaves no row in the bin before its own
    cuts = (1 + len(order) * EPS) * np.linspace(0, 1, parts + 1)[1:-1]
    edges = np.searchsorted(sums, sums[-1] * cuts, side="right")
    return [block for block in np.split(order, edges) if len(block)]


def _means(data: Dataset, bins: list[Rows], weight: Array) -> tuple[Array, Array]:
    x, y = (np.array([_mean(column[b], weight[b]) for b in bins]) for column in (data.X[:, 0], data.y))
    return x, y


def _second_derivatives(x: Array, y: Array) -> Array:
    """From the three nearest points, (points,); 0 where two of them coincide."""
    slope = np.diff(y) / np.diff(x)
    second = 2 * np.diff(slope) / (x[2:] - x[:-2])
    return np.nan_to_num(np.concatenate([second[:1], second, second[-1:]]), posinf=0.0, neginf=0.0)


def _mean(values: Array, weights: Array) -> float:
    """Exactly the value where there is one, so that the matching of a curve that comes again is found in its cache."""
    return float(values[0] if len(values) == 1 else np.average(values, weights=weights))
