"""Match the curve of an edge with every library function f, as c·f(a·x + b) + d, and rank the fits.

The inner parameters a and b start from a grid, and are refined for the whole library at once by Levenberg–Marquardt
with variable projection (Golub and Pereyra 1973, Kaufman 1975): c and d are eliminated exactly at every step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.expression.render import render
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.least_squares import batch_at, refined_batch
from kansr.result.graph import Edge, Graph
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD

CANCELLATION = 1e5  # rms of c·f over that of the curve, from which a fit is a difference of large numbers, and refused


FEWEST_SAMPLES = 4  # of a curve that is matched
CONSTANT_SPREAD = 1e-15  # spread of a curve over its largest value, up to which it is a constant
LEAST_FLOOR = 1e-24  # 1 − r² of a perfect fit, by rounding
NEGLIGIBLE_SHIFT = 1e-7  # of b beside a·x, and of d beside the curve, up to which they are left out
# Without d, 1 − r² may be PROPORTIONAL_LOSS times as large, or larger by ROUNDING_LOSS, for d to be left out.
PROPORTIONAL_LOSS, ROUNDING_LOSS = 2.0, 1e-13
BITS_PER_SAMPLE = 0.25  # for each factor of 2 in 1 − r²; for samples with independent errors it would be 0.5
SETTLED = 1e-6  # relative decrease of the misfit that is none


@dataclass(frozen=True)
class EdgeFit:
    """y ≈ c·f(a·x + b) + d on one edge, with the r² of that; 1 is perfect."""

    function: Function
    a: float
    b: float
    c: float
    d: float
    r2: float

    def expr(self, x: sympy.Expr) -> sympy.Expr:
        """The fit as an expression in x."""
        inner = self.function.expr(x, self.a, self.b)
        return sympy.Float(self.c) * inner + (sympy.Float(self.d) if self.d else 0)

    def value(self, x: Array) -> Array:
        """The fit at x, (samples,) -> (samples,)."""
        return self.c * self.function.inner(x, self.a, self.b) + self.d


@dataclass(frozen=True, kw_only=True)
class MatchConfig:
    library: Library = STANDARD
    points: int = 64  # samples of the curve that starts are compared and refined on
    starts: int = 3  # starts that are refined for each function
    iterations: int = 30  # of Levenberg–Marquardt
    survivors: int = 24  # starts, of all functions, that are refined beyond the first third of the iterations
    bits_per_node: float = 2.0  # misfit that a node of complexity must save, in bits


def match(edge: Edge, config: MatchConfig = MatchConfig()) -> tuple[EdgeFit, ...]:
    """The best fit of every library function that can be fitted, least `score` first."""
    with np.errstate(all="ignore"):  # functions are tried where they overflow
        return _match(edge, config)


def _match(edge: Edge, config: MatchConfig) -> tuple[EdgeFit, ...]:
    x, y = edge.x, edge.y
    spread = float(np.std(y))
    if len(x) < FEWEST_SAMPLES or x[-1] <= x[0] or spread <= CONSTANT_SPREAD * float(np.max(np.abs(y))):
        return (EdgeFit(STANDARD["x"], 1.0, 0.0, 0.0, float(np.mean(y)), 1.0),)
    thin = evenly_spaced_rows(len(x), config.points, nearest=True)
    fits: dict[str, EdgeFit] = {}
    for f, a, b in _inner(x[thin].tobytes(), y[thin].tobytes(), config):
        fit = _solved(f, x, y, a, b, edge.error)
        if fit is not None and (f.name not in fits or fit.r2 > fits[f.name].r2):
            fits[f.name] = fit
    floor = max((edge.error / spread) ** 2, LEAST_FLOOR)
    return tuple(sorted(fits.values(), key=lambda fit: score(fit, floor, len(thin), config.bits_per_node)))


def with_matches(graph: Graph, matches: Sequence[Sequence[EdgeFit]]) -> Graph:
    """The graph with the best fit of each edge in `match`. matches: for each edge, best first."""
    edges = zip(graph.edges, matches)
    return replace(graph, edges=tuple(replace(edge, match=_written(fits[0], edge.source)) for edge, fits in edges))


def _written(fit: EdgeFit, source: str) -> str:
    try:
        return render(fit.expr(sympy.Symbol(source)))
    except FormulaError:  # a function of the user's that is not in the formula language
        return ""


def score(fit: EdgeFit, floor: float, samples: int = 64, bits_per_node: float = 2.0) -> float:
    """The rank of a fit in bits, less is better: misfit of `samples` points plus complexity and inner parameters.

    floor: the 1 − r² that the error of the curve itself leaves; a misfit below it does not count.
    """
    parameters = sum(parameter in "ab" for parameter in fit.function.free) - ("b" in fit.function.free and fit.b == 0)
    known = bits_per_node * fit.function.complexity + 0.5 * float(np.log2(samples)) * parameters
    return BITS_PER_SAMPLE * samples * float(np.log2(max(1 - fit.r2, 0) + floor)) + known


def _solved(f: Function, x: Array, y: Array, a: float, b: float, error: float) -> EdgeFit | None:
    """The fit with c and d by linear least squares, None where there is none; a b or d without effect becomes 0.

    x, y: (samples,); error: the rms error of y.
    """
    if "b" in f.free and abs(b) < NEGLIGIBLE_SHIFT * abs(a) * float(np.max(np.abs(x))):
        b = 0.0
    inner = f.inner(x, a, b)
    if not np.all(np.isfinite(inner)):
        return None
    mean = inner.mean()
    spread = float(np.sum((inner - mean) ** 2))
    if not 0 < spread < np.inf:
        return None
    c = float(np.sum((inner - mean) * (y - y.mean())) / spread)
    d = float(y.mean() - c * mean)
    total = float(np.sum((y - y.mean()) ** 2))
    r2 = 1 - float(np.sum((c * inner + d - y) ** 2)) / total
    if abs(d) < max(error, NEGLIGIBLE_SHIFT * float(np.max(np.abs(y)))):
        proportional = float(np.sum(inner * y) / np.sum(inner * inner))
        r2_proportional = 1 - float(np.sum((proportional * inner - y) ** 2)) / total
        if 1 - r2_proportional < PROPORTIONAL_LOSS * (1 - r2) + max(error**2 * len(y) / total, ROUNDING_LOSS):
            c, d, r2 = proportional, 0.0, r2_proportional
    if not np.isfinite(r2) or abs(c) * math.sqrt(float(np.mean(inner * inner))) > CANCELLATION * math.sqrt(
        total / len(y)
    ):
        return None
    return EdgeFit(f, a, b, c, d, r2)


Row = tuple[Function, float, float]  # a function with its a and b


@lru_cache(maxsize=512)
def _inner(x: bytes, y: bytes, config: MatchConfig) -> tuple[Row, ...]:
    """The inner parameters for a curve, cached: the same curve is matched again under another error."""
    points, values = np.frombuffer(x), np.frombuffer(y)
    return tuple(_refine(_scan(points, values, config), points, values, config))


def _scan(x: Array, y: Array, config: MatchConfig) -> list[Row]:
    """The best starts of every function, from a grid of (a, b)."""
    centre, half = (x[-1] + x[0]) / 2, (x[-1] - x[0]) / 2
    rows: list[Row] = []
    for f in config.library:
        if f.free == "p" and x[0] <= 0:
            continue
        starts = starting_points(f, float(centre), float(half))
        misfit = _misfit(f.inner(x, starts[:, :1], starts[:, 1:]), y)
        for i in np.argsort(misfit, kind="stable")[: config.starts]:
            if np.isfinite(misfit[i]):
                rows.append((f, float(starts[i, 0]), float(starts[i, 1])))
    return rows


def _misfit(F: Array, y: Array) -> Array:
    """1 − r² of y by c·F + d, for every row of F, (rows, samples) -> (rows,); inf where a row is not finite."""
    with np.errstate(all="ignore"):
        F = F - F.mean(axis=1, keepdims=True)
        y = y - y.mean()
        norm = np.einsum("ij,ij->i", F, F)
        misfit = 1 - (F @ y) ** 2 / (norm * (y @ y))
    return np.where(np.isfinite(misfit) & (norm > 0), misfit, np.inf)


def _refine(rows: list[Row], x: Array, y: Array, config: MatchConfig) -> list[Row]:
    """Least squares in (a, b) of every row at once; after a third of the steps the closest rows go on alone."""
    functions = [f for f, _, _ in rows]
    centred = (y - y.mean()) / np.linalg.norm(y - y.mean())
    first = config.iterations // 3
    start: Array = np.array([[a, b] for _, a, b in rows])
    projected = partial(_projected, functions, x, centred)
    tried = refined_batch(projected, batch_at(projected, start), first)
    order = np.argsort(tried.loss, kind="stable")
    kept, others = (np.sort(part) for part in np.split(order, [config.survivors]))
    chosen = [functions[i] for i in kept]
    best = refined_batch(partial(_projected, chosen, x, centred), tried.take(kept), config.iterations - first, SETTLED)
    rest = [(functions[i], *tried.p[i].tolist()) for i in others]
    return [(f, *p.tolist()) for f, p in zip(chosen, best.p)] + rest


def _projected(functions: list[Function], x: Array, centred: Array, p: Array) -> tuple[Array, Array, Array]:
    """Loss (rows,), Jacobian by a and b (rows, samples, 2) and residual (rows, samples), c and d projected out."""
    F = np.empty((len(p), len(x)))
    J = np.zeros((len(p), len(x), 2))
    start = 0
    for f, group in groupby(functions):
        stop = start + sum(1 for _ in group)
        a, b = p[start:stop, :1], p[start:stop, 1:]
        F[start:stop] = f.inner(x, a, b)
        if f.free:
            slopes = f.slopes(x, a, b)
            if f.free != "b":
                J[start:stop, :, 0] = slopes[0]
            if "b" in f.free:
                J[start:stop, :, 1] = slopes[1]
        start = stop
    with np.errstate(all="ignore"):
        F = F - F.mean(axis=1, keepdims=True)
        norm = np.einsum("sn,sn->s", F, F)[:, None]
        c = (F @ centred)[:, None] / norm
        r = c * F - centred
        J = c[..., None] * (J - J.mean(axis=1, keepdims=True))
        J = J - (np.matmul(F[:, None, :], J) / norm[..., None]) * F[..., None]
        loss = np.einsum("sn,sn->s", r, r)
    bad = ~np.isfinite(loss) | ~np.isfinite(J).all(axis=(1, 2))
    loss[bad], J[bad], r[bad] = np.inf, 0.0, 0.0
    return loss, J, r


@lru_cache(maxsize=4096)
def _unit_starts(free: str, domain: tuple[float, float], periodic: bool) -> Array:
    """Starts for (a, b) where x is in [-1, 1], (starts, 2)."""
    scales = np.geomspace(0.1, 20, 14)
    if free in ("", "p"):
        return np.array([[1.0, 0.0]]) if free == "" else np.array([[p, 0.0] for p in np.arange(-4, 4.1, 0.37)])
    if free == "a":
        return np.array([[s * a, 0.0] for a in (np.linspace(0.2, 30, 60) if periodic else scales) for s in (1, -1)])
    low, high = domain
    if free == "b":
        # only a shift: an end of the domain or a pole lies outside the data, other points may lie inside
        beyond = 1 + np.geomspace(1e-3, 30, 24)
        inside = [] if np.isfinite(low) else list(np.linspace(-1, 1, 9))
        return np.array(
            [[1.0, b] for b in [*beyond, *inside]]
            + [[-1.0 if np.isfinite(low) else 1.0, b if np.isfinite(low) else -b] for b in beyond]
        )
    if periodic:
        return np.array([[a, b] for a in np.linspace(0.25, 40, 120) for b in np.arange(4) * np.pi / 4])
    if np.isfinite(low) and np.isfinite(high):
        middles = np.linspace(low, high, 9)[1:-1]
        return np.array(
            [[s * a, b] for b in middles for a in np.linspace(0.05, 1, 8) * min(b - low, high - b) for s in (1, -1)]
        )
    if np.isfinite(low):
        return np.array([[s * a, a + low + g] for a in scales for g in np.geomspace(1e-2, 10, 8) for s in (1, -1)])
    return np.array([[a, -a * t] for a in scales for t in np.linspace(-1.5, 1.5, 9)])


def starting_points(f: Function, centre: float, half: float) -> Array:
    """Starts for (a, b), (starts, 2), where x is in centre ± half: those of [-1, 1], transformed."""
    starts = _unit_starts(f.free, f.domain, f.periodic)
    if f.free in ("", "p"):
        return starts
    a, b = starts[:, 0], starts[:, 1]
    if f.free == "b":  # |a| stays 1: the shift is scaled instead
        rows = np.column_stack([a, half * b - a * centre])
        return np.vstack([[[1.0, 0.0]], rows])
    if f.free == "a":
        reach = max(abs(centre) + half, 1e-300)
        return np.column_stack([a / reach, np.zeros_like(a)])
    shifted = np.column_stack([a / half, b - a * centre / half])
    return np.vstack([shifted, np.column_stack([a / (abs(centre) + half), np.zeros_like(a)])])


def match_all(edges: Sequence[Edge], config: MatchConfig = MatchConfig()) -> tuple[tuple[EdgeFit, ...], ...]:
    """The fits of every edge, each ranked as by `match`."""
    return tuple(match(edge, config) for edge in edges)
