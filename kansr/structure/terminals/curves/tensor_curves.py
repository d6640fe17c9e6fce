"""Two inputs: T(z) = A(u) + B(u)·g(v), A, B and g unknown curves, by alternating least squares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.spline_basis import Basis, basis, least_squares, samples
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.structure.surrogate.target_transforms import Transform, transformed
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match

SCREEN_ROWS, SCREEN_G, FINE_G = 600, 8, 20

# First guesses of g, only to start from: the curve is free afterwards.
GUESSES: tuple[Callable[[Array], Array], ...] = (
    lambda v: v, np.square, lambda v: v**3, lambda v: 1 / v, lambda v: v**-2.0, np.sqrt, np.log,
    np.exp, lambda v: np.exp(-v), np.sin, np.cos, lambda v: np.sin(2 * v), lambda v: np.cos(2 * v), np.tanh,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Screened:
    error: float
    transform: Transform
    sign: float
    t: Array
    first: int  # the input that is u
    g: Array  # at the rows screened


def tensor(data: Dataset, config: MatchConfig, clean: float, expired: Callable[[], bool]) -> Iterator[Graph]:
    """Graphs of the best few such structures whose error on held-out rows is below `clean` (over T's spread).

    data: two inputs; its rows are taken to be in no particular order.
    """
    best = sorted(_screen(data), key=lambda s: s.error * (1 + 0.1 * s.transform.complexity))
    for screened in best[:3]:
        if expired() or screened.error > max(0.05, 2 * clean):
            return
        curve = _alternate(data, screened)
        for fit in curve[:4]:
            graph = _graph(data, screened, fit)
            if graph.error < clean:
                yield graph


def _screen(data: Dataset) -> Iterator[_Screened]:
    rows = slice(0, min(SCREEN_ROWS, data.rows * 2 // 3))
    held = slice(rows.stop, min(rows.stop + 300, data.rows))
    for transform, sign, t in transformed(data.y):
        spread = float(np.std(t[rows]))
        for first in (0, 1):
            u, v = data.X[:, first], data.X[:, 1 - first]
            b = basis(u, SCREEN_G)
            D = b(u[: held.stop])
            best: tuple[float, Array] | None = None
            for guess in GUESSES:
                with np.errstate(all="ignore"):
                    g = guess(v[: held.stop])
                if not np.isfinite(g).all() or np.std(g) == 0:
                    continue
                g = g / np.abs(g).max()
                A = np.hstack([D, D * g[:, None]])
                w = least_squares(A[rows], t[rows, None])[:, 0]
                error = float(np.sqrt(np.mean((A[held] @ w - t[held]) ** 2))) / spread
                if best is None or error < best[0]:
                    best = (error, g[rows])
            if best is not None:
                yield _Screened(best[0], transform, sign, t, first, best[1])


def _alternate(data: Dataset, screened: _Screened, sweeps: int = 12) -> list[EdgeFit]:
    """The curve g, freed, and what the library makes of it."""
    rows = slice(0, len(screened.g))
    u, v, t = data.X[rows, screened.first], data.X[rows, 1 - screened.first], screened.t[rows]
    D, E = basis(u, SCREEN_G)(u), basis(v, SCREEN_G)(v)
    g, last = screened.g, np.inf
    for _ in range(sweeps):
        w = least_squares(np.hstack([D, D * g[:, None]]), t[:, None])[:, 0]
        a, b = D @ w[: D.shape[1]], D @ w[D.shape[1] :]
        c = least_squares(E * b[:, None], (t - a)[:, None])[:, 0]
        new = E @ c
        scale = np.std(new)
        if not np.isfinite(scale) or scale == 0:
            break
        loss = float(np.mean((a + b * new - t) ** 2))
        g = (new - new.mean()) / scale
        if not loss < 0.99 * last:
            break
        last = loss
    order = np.argsort(v)
    thin = order[evenly_spaced_rows(len(order), 200)]
    error = np.sqrt(last) / (np.std(t) + 1e-300) if np.isfinite(last) else 1e-3
    return list(match(Edge("v", "g", v[thin], g[thin], float(error))))


def _graph(data: Dataset, screened: _Screened, fit: EdgeFit) -> Graph:
    """A and B refitted with g as the matched function, on a finer grid, with their error on held-out rows."""
    names = (data.names[screened.first], data.names[1 - screened.first])
    u, v, t = data.column(names[0]), data.column(names[1]), screened.t
    with np.errstate(all="ignore"):
        g = fit.function.inner(v, fit.a, fit.b)
    rows = data.rows * 3 // 4
    best: tuple[float, Basis, Array] | None = None
    if np.isfinite(g).all() and np.std(g) > 0:
        size = float(np.abs(g).max())
        for G in (SCREEN_G, FINE_G):
            b = basis(u, G)
            D = b(u)
            A = np.hstack([D, D * (g / size)[:, None]])
            w = least_squares(A[:rows], t[:rows, None])[:, 0]
            error = float(np.sqrt(np.mean((A[rows:] @ w - t[rows:]) ** 2)) / np.std(t))
            if best is None or error < best[0]:
                best = (error, b, w / np.repeat([1.0, size], D.shape[1]))
    if best is None:
        return Graph((), (), "tensor", np.inf)
    error, b, w = best
    points = samples(u)
    D = b(points)
    count = D.shape[1]
    low, high = np.quantile(u, [0.02, 0.98])  # the curves are loose where rows are few
    inner = (points >= low) & (points <= high)
    rms = error * float(np.std(t))
    x_v = samples(v)
    h = samples(t)
    z, transform = data.target, screened.transform
    edges = [
        Edge(names[0], "sum", points[inner], (D @ w[:count])[inner], rms),
        Edge(names[0], "product", points[inner], (D @ w[count:])[inner], rms / float(np.std(g) + 1e-300)),
        Edge(names[1], "product", x_v, fit.function.inner(x_v, fit.a, fit.b)),
        Edge("product", "sum", np.array([0.0, 1, 2, 3]), np.array([0.0, 1, 2, 3])),
        Edge("sum", z, h, screened.sign * transform.inverse(h)),
    ]
    nodes = (
        *(Node(name, NodeType.INPUT) for name in data.names),
        Node("product", NodeType.PRODUCT), Node("sum", NodeType.SUM), Node(z, NodeType.SUM),
    )  # fmt: skip
    return Graph(nodes, tuple(edges), f"A + B·g, {transform.name}", error)
