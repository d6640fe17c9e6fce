"""Sums and products of curves: T(y) = Σ f_i(x_i) by linear least squares, y = Π f_i(x_i) by alternating least squares.

Each f_i is a cubic spline. With all other factors held, a product is linear in the curve of one (Carroll and Chang
1970).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import DEGREE, Basis, basis, least_squares, samples
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.limits import MOST_STEPS, PER_COMPLEXITY, ROWS_PER_COLUMN, SETTLED

# Intervals of the splines; the best of them by held-out error is kept.
GRIDS = (5, 12, 30)

# Starts of a product: all ones, then random.
STARTS = 3


class _Sum(NamedTuple):
    """rank: the error and what the transform costs; transform: its number; w: coefficients, (columns,)."""

    rank: float
    error: float
    G: int
    transform: int
    bases: list[Basis]
    w: Array
    offset: float


def additive(fitting: Dataset, held_out: Dataset, keep: int = 3) -> Iterator[Graph]:
    """The graphs T(y) = Σ f_i(x_i) of the `keep` best transforms T, by their relative rms of y on held-out rows."""
    targets = transformed(fitting.y)
    best: dict[int, _Sum] = {}
    for row in sorted(_sums(fitting, held_out), key=lambda row: (row.rank, row.G, row.transform)):
        best.setdefault(row.transform, row)
    for row in list(best.values())[:keep]:
        transform, sign, t = targets[row.transform]
        residual = _design(row.bases, fitting.X) @ row.w + row.offset - t
        edges = _curves(fitting, row.bases, row.w, row.offset, float(np.sqrt(np.mean(residual**2))))
        h = samples(t)
        edges.append(Edge("h", fitting.target, h, sign * transform.inverse(h)))
        inputs = (Node(name, NodeType.INPUT) for name in fitting.names)
        nodes = (*inputs, Node("h", NodeType.SUM), Node(fitting.target, NodeType.SUM))
        yield Graph(nodes, tuple(edges), f"additive {transform.name}", row.error)


def _sums(fitting: Dataset, held_out: Dataset) -> Iterator[_Sum]:
    """A sum for every grid and transform that has finite values on held-out rows."""
    targets = transformed(fitting.y)
    T = np.column_stack([t for _, _, t in targets])
    mean, spread = T.mean(0), T.std(0)
    for G in GRIDS:
        bases = [basis(x, G) for x in fitting.X.T]
        if (G + DEGREE) * len(bases) * 2 > fitting.rows:
            break
        W = least_squares(_design(bases, fitting.X), (T - mean) / spread) * spread
        predicted = _design(bases, held_out.X) @ W + mean
        for k, (transform, sign, _) in enumerate(targets):
            with np.errstate(all="ignore"):
                residual = sign * transform.inverse(predicted[:, k]) - held_out.y
            error = float(np.sqrt(np.mean(residual**2)) / np.std(held_out.y))
            if np.isfinite(error):
                rank = error * (1 + PER_COMPLEXITY * transform.complexity)
                yield _Sum(rank, error, G, k, bases, W[:, k], float(mean[k]))


def _design(bases: Sequence[Basis], X: Array) -> Array:
    """The basis functions of all inputs side by side, (rows, columns). X: (rows, inputs)"""
    return np.hstack([b(x) for b, x in zip(bases, X.T)])


def _curves(data: Dataset, bases: list[Basis], w: Array, offset: float, rms: float) -> list[Edge]:
    """The edges of a sum, its offset shared among them. rms: that of the sum's residual."""
    edges, start = [], 0
    for name, x, b in zip(data.names, data.X.T, bases):
        points = samples(x)
        columns = b(points)
        coefficients = w[start : start + columns.shape[1]]
        start += columns.shape[1]
        edges.append(Edge(name, "h", points, columns @ coefficients + offset / len(bases), rms))
    return edges


def multiplicative(fitting: Dataset, held_out: Dataset) -> Iterator[Graph]:
    """The graph y = Π f_i(x_i), whose factors may change sign, on the grid that is best on held-out rows."""
    best: tuple[float, list[Basis], list[Array]] | None = None
    for G in GRIDS:
        if fitting.rows < (G + DEGREE) * ROWS_PER_COLUMN:
            break
        bases = [basis(x, G) for x in fitting.X.T]
        designs = [b(x) for b, x in zip(bases, fitting.X.T)]
        _, factors = min((_alternate(designs, fitting.y, start) for start in range(STARTS)), key=lambda end: end[0])
        predicted = np.prod([b(x) @ w for b, x, w in zip(bases, held_out.X.T, factors)], axis=0)
        error = float(np.sqrt(np.mean((predicted - held_out.y) ** 2)) / np.std(held_out.y))
        if np.isfinite(error) and (best is None or error < best[0]):
            best = (error, bases, factors)
    if best is None:
        return
    error, bases, factors = best
    edges = []
    for name, x, b, w in zip(fitting.names, fitting.X.T, bases, factors):
        points = samples(x)
        curve = b(points) @ w
        edges.append(Edge(name, fitting.target, points, curve, error * float(np.std(curve))))
    nodes = (*(Node(name, NodeType.INPUT) for name in fitting.names), Node(fitting.target, NodeType.PRODUCT))
    yield Graph(nodes, tuple(edges), "multiplicative", error)


def _alternate(designs: list[Array], y: Array, start: int) -> tuple[float, list[Array]]:
    """Mean squared residual and coefficients of each factor. designs: (rows, G + k) each; start: 0 is all ones."""
    rng = np.random.default_rng(start)
    factors: list[Array] = [np.ones(D.shape[1]) + bool(start) * rng.normal(size=D.shape[1]) for D in designs]
    values = [D @ w for D, w in zip(designs, factors)]
    last = np.inf
    for _ in range(MOST_STEPS):
        for i, D in enumerate(designs):
            others = np.prod([np.ones(len(y)), *(v for j, v in enumerate(values) if j != i)], axis=0)
            factors[i] = least_squares(D * others[:, None], y[:, None])[:, 0]
            if i < len(designs) - 1:  # the last factor holds the size of the product
                factors[i] = factors[i] / (float(np.sqrt(np.mean((D @ factors[i]) ** 2))) or 1.0)
            values[i] = D @ factors[i]
        loss = float(np.mean((np.prod(values, axis=0) - y) ** 2))
        settled = not loss < last * (1 - SETTLED)
        last = min(loss, last)
        if settled:
            break
    return last, factors
