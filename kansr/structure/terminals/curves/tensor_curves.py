"""Two inputs: T(z) = A(u) + B(u)·g(v) with unknown curves A, B and g, by alternating least squares.

With g held the problem is linear in A and B, with those held in g (Carroll and Chang 1970). g starts as one of a list
of functions, is freed, named by a library function, and A and B are fitted again beside that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.spline_basis import TRIM, Basis, basis, least_squares, samples
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.structure.moves.thresholds import POINTS
from kansr.structure.surrogate.target_transforms import Transform, transformed
from kansr.structure.terminals.thresholds import (
    COARSE_ROWS,
    MOST_FITS,
    MOST_STEPS,
    PER_COMPLEXITY,
    PROMISING,
    SETTLED,
)
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match

# Intervals of the splines: the first while g is looked for; in the end the better ones for A and B.
GRIDS = (8, 20)

# Structures that are followed up, of those with the least error.
FOLLOWED = 3

# Functions that g starts from.
GUESSES: tuple[Callable[[Array], Array], ...] = (
    lambda v: v, np.square, lambda v: v**3, lambda v: 1 / v, lambda v: v**-2.0, np.sqrt, np.log,
    np.exp, lambda v: np.exp(-v), np.sin, np.cos, lambda v: np.sin(2 * v), lambda v: np.cos(2 * v), np.tanh,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Start:
    """A structure with g still a guess.

    error: relative rms of t on held-out rows; t: (rows,) of the whole table; first: the number of the input u;
    g: on the first rows, (screened rows,).
    """

    error: float
    transform: Transform
    sign: float
    t: Array
    first: int
    g: Array

    def rank(self) -> float:
        return self.error * (1 + PER_COMPLEXITY * self.transform.complexity)


def tensor(data: Dataset, config: MatchConfig, max_misfit: float, expired: Callable[[], bool]) -> Iterator[Graph]:
    """Graphs of the best few such structures whose relative rms of T(z) on held-out rows is below `max_misfit`.

    data: two inputs; its rows are taken to be in no particular order.
    """
    for start in sorted(_starts(data), key=_Start.rank)[:FOLLOWED]:
        if expired() or start.error > max(PROMISING, 2 * max_misfit):
            return
        for fit in match(_freed(data, start), config)[:MOST_FITS]:
            graph = _graph(data, start, fit)
            if graph is not None and graph.error < max_misfit:
                yield graph


def _starts(data: Dataset) -> Iterator[_Start]:
    """The best guess of g for each transform and each of the inputs as u."""
    rows = slice(0, min(COARSE_ROWS, data.rows * 2 // 3))
    held_out = slice(rows.stop, min(rows.stop + COARSE_ROWS // 2, data.rows))
    for transform, sign, t in transformed(data.y):
        spread = float(np.std(t[rows]))
        for first in (0, 1):
            u, v = data.X[: held_out.stop, first], data.X[: held_out.stop, 1 - first]
            D = basis(data.X[:, first], GRIDS[0])(u)
            best: tuple[float, Array] | None = None
            for guess in GUESSES:
                with np.errstate(all="ignore"):
                    g = guess(v)
                if not np.isfinite(g).all() or np.std(g) == 0:
                    continue
                A = _design(D, g / np.abs(g).max())
                w = least_squares(A[rows], t[rows, None])[:, 0]
                error = float(np.sqrt(np.mean((A[held_out] @ w - t[held_out]) ** 2))) / spread
                if best is None or error < best[0]:
                    best = (error, (g / np.abs(g).max())[rows])
            if best is not None:
                yield _Start(best[0], transform, sign, t, first, best[1])


def _design(D: Array, g: Array) -> Array:
    """The columns of A(u) and of B(u)·g, (rows, 2·columns). D: (rows, columns) of a spline in u; g: (rows,)"""
    return np.hstack([D, D * g[:, None]])


def _freed(data: Dataset, start: _Start) -> Edge:
    """The curve g as a spline, A, B and g fitted in turn."""
    rows = slice(0, len(start.g))
    u, v, t = data.X[rows, start.first], data.X[rows, 1 - start.first], start.t[rows]
    D, E = basis(u, GRIDS[0])(u), basis(v, GRIDS[0])(v)
    g, last = start.g, np.inf
    for _ in range(MOST_STEPS):
        w = least_squares(_design(D, g), t[:, None])[:, 0]
        a, b = D @ w[: D.shape[1]], D @ w[D.shape[1] :]
        freed = E @ least_squares(E * b[:, None], (t - a)[:, None])[:, 0]
        scale = np.std(freed)
        if not np.isfinite(scale) or scale == 0:
            break
        loss = float(np.mean((a + b * freed - t) ** 2))
        g = (freed - freed.mean()) / scale
        if not loss < (1 - SETTLED) * last:
            break
        last = loss
    order = np.argsort(v)
    thin = order[evenly_spaced_rows(len(order), POINTS)]
    error = float(np.sqrt(last) / np.std(t)) if np.isfinite(last) else start.error
    return Edge("v", "g", v[thin], g[thin], error)


def _graph(data: Dataset, start: _Start, fit: EdgeFit) -> Graph | None:
    """The graph with g as the matched function, A and B fitted again; None where g has no finite values."""
    u, v = data.X[:, start.first], data.X[:, 1 - start.first]
    with np.errstate(all="ignore"):
        g = fit.function.inner(v, fit.a, fit.b)
    if not np.isfinite(g).all() or not np.std(g) > 0:
        return None
    error, b, w = min((_curves(u, g, start.t, intervals) for intervals in GRIDS), key=lambda row: row[0])
    points = samples(u)
    D = b(points)
    low, high = np.quantile(u, [1 - TRIM, TRIM])  # the curves are loose where rows are few
    inner = (points >= low) & (points <= high)
    rms = error * float(np.std(start.t))
    x_v, h = samples(v), samples(start.t)
    first, second, z = data.names[start.first], data.names[1 - start.first], data.target
    identity = np.arange(4, dtype=float)
    edges = (
        Edge(first, "sum", points[inner], (D @ w[: D.shape[1]])[inner], rms),
        Edge(first, "product", points[inner], (D @ w[D.shape[1] :])[inner], rms / float(np.std(g))),
        Edge(second, "product", x_v, fit.function.inner(x_v, fit.a, fit.b)),
        Edge("product", "sum", identity, identity),
        Edge("sum", z, h, start.sign * start.transform.inverse(h)),
    )
    nodes = (
        *(Node(name, NodeType.INPUT) for name in data.names),
        Node("product", NodeType.PRODUCT), Node("sum", NodeType.SUM), Node(z, NodeType.SUM),
    )  # fmt: skip
    return Graph(nodes, edges, f"A + B·g, {start.transform.name}", error)


def _curves(u: Array, g: Array, t: Array, intervals: int) -> tuple[float, Basis, Array]:
    """A and B beside a given g: relative rms on the last quarter of the rows, basis, coefficients of both."""
    rows = len(t) * 3 // 4
    b = basis(u, intervals)
    D = b(u)
    size = float(np.abs(g).max())
    A = _design(D, g / size)
    w = least_squares(A[:rows], t[:rows, None])[:, 0]
    error = float(np.sqrt(np.mean((A[rows:] @ w - t[rows:]) ** 2)) / np.std(t))
    return error, b, w / np.repeat([1.0, size], D.shape[1])
