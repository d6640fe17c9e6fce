"""Which functions of the library an edge's curve can be: c·f(a·x + b) + d, ranked by r² and complexity.

The inner parameters a and b are scanned over starts for the whole library, then refined by variable projection
(Golub & Pereyra 1973): c and d are eliminated exactly at every step, so only a and b are searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy

from kansr.data.dataset import Array
from kansr.graph import Edge
from kansr.symbolic.library import STANDARD, Function, Library


@dataclass(frozen=True)
class EdgeFit:
    """y ≈ c·f(a·x + b) + d on one edge."""

    function: Function
    a: float
    b: float
    c: float
    d: float
    r2: float

    def expr(self, x: sympy.Expr) -> sympy.Expr:
        inner = self.function.expr(x, self.a, self.b)
        return sympy.Float(self.c) * inner + (sympy.Float(self.d) if self.d else 0)

    def value(self, x: Array) -> Array:
        return self.c * self.function.inner(x, self.a, self.b) + self.d


@dataclass(frozen=True, kw_only=True)
class MatchConfig:
    library: Library = STANDARD
    scan_points: int = 64       # samples the starts are compared on
    refine: int = 3             # starts refined per function
    iterations: int = 25
    bits_per_node: float = 2.0  # what a node of complexity must be worth, in bits


def match(edge: Edge, config: MatchConfig = MatchConfig()) -> tuple[EdgeFit, ...]:
    """The best fit of every function of the library that can be fitted at all, best first.

    The order weighs the misfit, in bits and down to the edge's own error, against the function's complexity.
    """
    x, y = edge.x, edge.y
    centre, half = (x[-1] + x[0]) / 2, (x[-1] - x[0]) / 2
    spread = float(np.std(y))
    if half <= 0 or spread == 0 or len(x) < 4:
        return (EdgeFit(STANDARD["x"], 1.0, 0.0, 0.0, float(np.mean(y)), 1.0),)
    thin = np.unique(np.linspace(0, len(x) - 1, config.scan_points).round().astype(int))
    fits = [fit for f in config.library if (fit := _fit(f, x, y, thin, centre, half, config)) is not None]
    floor = max((edge.error / spread) ** 2, 1e-24)
    return tuple(sorted(fits, key=lambda fit: score(fit, floor, len(thin), config.bits_per_node)))


def score(fit: EdgeFit, floor: float, samples: int, bits_per_node: float) -> float:
    """Bits: the misfit of `samples` points above the floor (as 1 − r²) plus the function's complexity."""
    return 0.25 * samples * float(np.log2(max(1 - fit.r2, 0) + floor)) + bits_per_node * fit.function.complexity


def _fit(f: Function, x: Array, y: Array, thin: Array, centre: float, half: float, config: MatchConfig) -> EdgeFit | None:
    starts = _starts(f, float(centre), float(half))
    if f.free == "p" and x[0] <= 0:
        return None
    residual = _misfit(f.inner(x[thin], starts[:, :1], starts[:, 1:]), y[thin])
    order = np.argsort(residual)[: config.refine]
    best = starts[order[np.isfinite(residual[order])]]
    if not len(best):
        return None
    if f.free:
        best = _refine(f, x, y, best, config.iterations)
    final = _misfit(f.inner(x, best[:, :1], best[:, 1:]), y)
    a, b = best[int(np.nanargmin(final))]
    return _solved(f, x, y, float(a), float(b))


def _solved(f: Function, x: Array, y: Array, a: float, b: float) -> EdgeFit | None:
    """The fit with c and d by linear least squares for given a and b."""
    inner = f.inner(x, a, b)
    if not np.all(np.isfinite(inner)):
        return None
    mean = inner.mean()
    spread = float(np.sum((inner - mean) ** 2))
    if spread == 0:
        return None
    c = float(np.sum((inner - mean) * (y - y.mean())) / spread)
    d = float(y.mean() - c * mean)
    r2 = 1 - float(np.sum((c * inner + d - y) ** 2) / np.sum((y - y.mean()) ** 2))
    return EdgeFit(f, a, b, c, d, r2) if np.isfinite(r2) else None


def _misfit(F: Array, y: Array) -> Array:
    """1 − r² of y against every row of F with a free factor and offset; inf where a row is not finite."""
    with np.errstate(all="ignore"):
        F = F - F.mean(axis=1, keepdims=True)
        y = y - y.mean()
        norm = np.einsum("ij,ij->i", F, F)
        misfit = 1 - (F @ y) ** 2 / (norm * (y @ y))
    return np.where(np.isfinite(misfit) & (norm > 0), misfit, np.inf)


def _refine(f: Function, x: Array, y: Array, starts: Array, iterations: int) -> Array:
    """Levenberg–Marquardt on (a, b) from every start at once, with c and d projected out (Kaufman's form).

    starts: (starts, 2) -> (starts, 2)
    """
    p, damping = starts.copy(), np.full(len(starts), 1e-2)
    centred = y - y.mean()
    loss, step_data = _projected(f, x, centred, p)
    for _ in range(iterations):
        J, r = step_data
        A = np.einsum("sni,snj->sij", J, J)
        g = np.einsum("sni,sn->si", J, r)
        scale = np.einsum("sii->si", A) + 1e-300
        A = A + np.einsum("s,si,ij->sij", damping, scale, np.eye(2)) + 1e-14 * scale.max(1)[:, None, None] * np.eye(2)
        with np.errstate(all="ignore"):
            trial = p - np.linalg.solve(np.nan_to_num(A) + 1e-300 * np.eye(2), g[..., None])[..., 0]
        trial = np.where(np.isfinite(trial), trial, p)
        new_loss, new_data = _projected(f, x, centred, trial)
        better = new_loss < loss
        if not better.any() and damping.min() > 1e6:
            break
        p = np.where(better[:, None], trial, p)
        step_data = tuple(np.where(better.reshape(-1, *[1] * (n.ndim - 1)), n, o) for n, o in zip(new_data, step_data))
        stalled = better & (new_loss > loss * (1 - 1e-9))
        loss = np.where(better, new_loss, loss)
        damping = np.where(better, damping * 0.1, damping * 8)
        if stalled.any() and np.all(stalled | ~better):
            break
    return p


def _projected(f: Function, x: Array, centred: Array, p: Array) -> tuple[Array, tuple[Array, Array]]:
    """Loss, and Jacobian and residual with c and d projected out, for every start."""
    a, b = p[:, :1], p[:, 1:]
    with np.errstate(all="ignore"):
        F = f.inner(x, a, b)
        F = F - F.mean(axis=1, keepdims=True)
        norm = np.einsum("sn,sn->s", F, F)[:, None]
        c = (F @ centred)[:, None] / norm
        r = c * F - centred
        slopes = [c * d for d, name in zip(f.slopes(x, a, b), "ab") if name in f.free or (f.free == "p" and name == "a")]
        columns = [d - d.mean(axis=1, keepdims=True) for d in slopes]
        columns = [d - np.einsum("sn,sn->s", d, F)[:, None] / norm * F for d in columns]
        J = np.zeros((*F.shape, 2))
        for i, column in zip([0] if f.free in ("a", "p") else [1] if f.free == "b" else [0, 1], columns):
            J[..., i] = column
        loss = np.einsum("sn,sn->s", r, r)
    bad = ~np.isfinite(loss) | ~np.isfinite(J).all(axis=(1, 2))
    return np.where(bad, np.inf, loss), (np.where(bad[:, None, None], 0.0, J), np.where(bad[:, None], 0.0, r))


@lru_cache(maxsize=4096)
def _unit_starts(free: str, domain: tuple[float, float], periodic: bool) -> Array:
    """Where to start (a, b) when x runs over [-1, 1]."""
    scales = np.geomspace(0.1, 20, 14)
    if free in ("", "p"):
        return np.array([[1.0, 0.0]]) if free == "" else np.array([[p, 0.0] for p in np.arange(-4, 4.1, 0.37)])
    if free == "a":
        return np.array([[s * a, 0.0] for a in (np.linspace(0.2, 30, 60) if periodic else scales) for s in (1, -1)])
    low, high = domain
    if free == "b":
        # f is shifted only: the foot of a domain or a pole lies outside the data, anything else may lie inside
        beyond = 1 + np.geomspace(1e-3, 30, 24)
        inside = [] if np.isfinite(low) else list(np.linspace(-1, 1, 9))
        return np.array([[1.0, b] for b in [*beyond, *inside]] + [[-1.0 if np.isfinite(low) else 1.0, b if np.isfinite(low) else -b] for b in beyond])
    if periodic:
        return np.array([[a, b] for a in np.linspace(0.25, 40, 120) for b in np.arange(4) * np.pi / 4])
    if np.isfinite(low) and np.isfinite(high):
        middles = np.linspace(low, high, 9)[1:-1]
        return np.array([[s * a, b] for b in middles for a in np.linspace(0.05, 1, 8) * min(b - low, high - b) for s in (1, -1)])
    if np.isfinite(low):
        return np.array([[s * a, a + low + g] for a in scales for g in np.geomspace(1e-2, 10, 8) for s in (1, -1)])
    return np.array([[a, -a * t] for a in scales for t in np.linspace(-1.5, 1.5, 9)])


def _starts(f: Function, centre: float, half: float) -> Array:
    """The starts for x around `centre` within ± `half`: u = a·(x − centre)/half + b, rewritten for x itself."""
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
    """The ranked fits of every edge."""
    return tuple(match(edge, config) for edge in edges)
