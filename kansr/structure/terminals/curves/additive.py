"""T(y) = Σ f_i(x_i) and y = Π f_i(x_i), one spline curve per input, by linear least squares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import Basis, basis, least_squares, samples
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.structure.surrogate.target_transforms import transformed

GRIDS, STARTS = (5, 12, 30), 3


def additive(fitting: Dataset, held_out: Dataset, keep: int = 3) -> Iterator[Graph]:
    """The graphs T(y) = Σ f_i(x_i) of the `keep` best transforms T, by their error on held-out rows in y itself."""
    found = []
    targets = transformed(fitting.y)
    T = np.column_stack([t for _, _, t in targets])
    mean, spread = T.mean(0), T.std(0)
    for G in GRIDS:
        bases = [basis(x, G) for x in fitting.X.T]
        if sum(G + 3 for _ in bases) * 2 > fitting.rows:
            break
        A = np.hstack([b(x) for b, x in zip(bases, fitting.X.T)])
        W = least_squares(A, (T - mean) / spread) * spread
        unseen = np.hstack([b(x) for b, x in zip(bases, held_out.X.T)]) @ W + mean
        for k, (transform, sign, _) in enumerate(targets):
            with np.errstate(all="ignore"):
                residual = sign * transform.inverse(unseen[:, k]) - held_out.y
            error = float(np.sqrt(np.mean(residual**2)) / np.std(held_out.y))
            if np.isfinite(error):
                found.append((error * (1 + 0.01 * transform.complexity), G, k, bases, W[:, k], float(mean[k])))
    best: dict[int, tuple] = {}
    for row in sorted(found, key=lambda row: row[:3]):
        best.setdefault(row[2], row)
    for error, _, k, bases, w, offset in list(best.values())[:keep]:
        transform, sign, t = targets[k]
        rms = float(np.sqrt(np.mean((np.hstack([b(x) for b, x in zip(bases, fitting.X.T)]) @ w + offset - t) ** 2)))
        edges = _curves(fitting, bases, w, offset, rms)
        h = samples(t)
        edges.append(Edge("h", fitting.target, h, sign * transform.inverse(h)))
        yield _graph(fitting, NodeType.SUM, edges, f"additive {transform.name}", error)


def _curves(data: Dataset, bases: list[Basis], w: Array, offset: float, rms: float) -> list[Edge]:
    edges, start = [], 0
    for name, x, b in zip(data.names, data.X.T, bases):
        columns = b(x).shape[1]
        coefficients = w[start : start + columns]
        start += columns
        points = samples(x)
        shift = offset / len(bases)
        edges.append(Edge(name, "h", points, b(points) @ coefficients + shift, rms))
    return edges


def multiplicative(fitting: Dataset, held_out: Dataset, sweeps: int = 30) -> Iterator[Graph]:
    """The graph y = Π f_i(x_i), whose factors may change sign, by alternating least squares.

    With all other factors held, y is linear in the curve of one (Carroll & Chang 1970); the best of a few grids.
    """
    best: tuple[float, list[Basis], list[Array]] | None = None
    for G in GRIDS:
        bases = [basis(x, G) for x in fitting.X.T]
        if fitting.rows < (G + 3) * 3:
            break
        designs = [b(x) for b, x in zip(bases, fitting.X.T)]
        factors = min((_alternate(designs, fitting.y, sweeps, s) for s in range(STARTS)), key=lambda end: end[0])[1]
        unseen = np.prod([b(x) @ w for b, x, w in zip(bases, held_out.X.T, factors)], axis=0)
        error = float(np.sqrt(np.mean((unseen - held_out.y) ** 2)) / np.std(held_out.y))
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


def _alternate(designs: list[Array], y: Array, sweeps: int, start: int) -> tuple[float, list[Array]]:
    """Loss and coefficients of each factor, from ones or a random start; designs: (rows, G + k) each."""
    rng = np.random.default_rng(start)
    factors: list[Array] = [np.ones(D.shape[1]) + 0.7 * bool(start) * rng.normal(size=D.shape[1]) for D in designs]
    values = [D @ w for D, w in zip(designs, factors)]
    last = np.inf
    for _ in range(sweeps):
        for i, D in enumerate(designs):
            others = (
                np.prod([v for j, v in enumerate(values) if j != i], axis=0) if len(values) > 1 else np.ones(len(y))
            )
            factors[i] = least_squares(D * others[:, None], y[:, None])[:, 0]
            scale = 1.0 if i == len(designs) - 1 else float(np.sqrt(np.mean((D @ factors[i]) ** 2))) or 1.0
            factors[i] = factors[i] / scale
            values[i] = D @ factors[i]
        loss = float(np.mean((np.prod(values, axis=0) - y) ** 2))
        settled = not loss < last * (1 - 1e-6)
        last = min(loss, last)
        if settled:
            break
    return last, factors


def _graph(data: Dataset, kind: NodeType, edges: list[Edge], origin: str, error: float) -> Graph:
    nodes = (*(Node(name, NodeType.INPUT) for name in data.names), Node("h", kind), Node(data.target, NodeType.SUM))
    return Graph(nodes, tuple(edges), origin, error)
