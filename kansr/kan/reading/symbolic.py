"""Functions for edges: asked about one by one, fixed, chosen for all edges together, and read off as formulas."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy
import torch
from torch import Tensor

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import polish
from kansr.formula.judge.description_length import description_length
from kansr.formula.polish.snap import snap
from kansr.kan.network.network import Network
from kansr.kan.network.threads import one_thread
from kansr.kan.reading.trace import sample_points
from kansr.kan.training.dataset import Seen
from kansr.kan.training.levenberg_marquardt import Expired, LMConfig, never
from kansr.kan.training.train import TrainConfig, train_together
from kansr.result.graph import Edge, Graph
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.choose import combinations
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match

log = logging.getLogger(__name__)

Place = tuple[int, int, int]  # layer, from, to


@dataclass(frozen=True)
class Suggestions:
    """The functions an edge may be, best first; shown as a table. Each also gives (name, EdgeFit, r2) by position."""

    fits: tuple[EdgeFit, ...]

    def __getitem__(self, place: int) -> object:
        best = self.fits[0]
        return (best.function.name, best, best.r2)[place]

    def __len__(self) -> int:
        return 3

    def rows(self) -> list[tuple[str, float, int]]:
        """Function, r2 and complexity of each."""
        return [(fit.function.name, fit.r2, fit.function.complexity) for fit in self.fits]

    def __str__(self) -> str:
        lines = [f"{name:>16} , {r2:18.15f} , {cost:>10}" for name, r2, cost in self.rows()]
        return "\n".join([f"{'function':>16} , {'r2':>18} , complexity", *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><td>{name}</td><td>{r2:.12f}</td><td>{cost}</td></tr>" for name, r2, cost in self.rows())
        return f"<table><tr><th>function</th><th>r2</th><th>complexity</th></tr>{cells}</table>"


@torch.no_grad()
def edge_curve(model: Network, place: Place, X: Tensor) -> Edge:
    """What the edge does to the values that reach it. X: (rows, inputs)"""
    n, i, o = checked(model, place)
    layer = model.layers[n]
    reached = model.node_values(X.to(layer.coef))[n]
    x = sample_points(reached[:, i].cpu().to(torch.float64).numpy())
    at = reached.new_zeros(len(x), layer.in_dim) + reached.mean(0)
    at[:, i] = torch.from_numpy(x).to(at)
    return Edge(f"{n},{i}", f"{n + 1},{o}", x, layer.activations(at)[:, i, o].cpu().to(torch.float64).numpy())


def _match(edge: Edge, config: MatchConfig) -> tuple[EdgeFit, ...]:
    with np.errstate(over="ignore", invalid="ignore"):  # of functions that are far from fitting
        return match(edge, config)


@one_thread()
def suggest(model: Network, place: Place, X: Tensor, library: Library = STANDARD, topk: int = 5) -> Suggestions:
    """What the edge may be, by how well it fits for its complexity. The network stays as it is."""
    return Suggestions(_match(edge_curve(model, place, X), MatchConfig(library=library))[:topk])


@torch.no_grad()
def fix(model: Network, place: Place, fit: EdgeFit) -> None:
    """Make the edge of `model` (which is changed) the function c·f(a·x + b) + d, with constants that can be trained."""
    n, i, o = checked(model, place)
    layer = model.layers[n]
    layer.fixed[i, o] = fit.function
    layer.constants[i, o] = layer.constants.new_tensor([fit.a, fit.b, fit.c, fit.d])
    if not layer.mask[i, o]:
        layer.mask[i, o] = 1.0


def fix_nearest(model: Network, place: Place, function: Function, X: Tensor) -> float:
    """Fix the edge to the function with the constants nearest to its curve; r² of that."""
    edge = edge_curve(model, place, X)
    fits = _match(edge, MatchConfig(library=Library((function,)), starts=8)) or _nearest(function, edge)
    if not fits:
        raise UsageError(
            f"{function.name} has no values on all of edge {place}, from {edge.x[0]:g} to {edge.x[-1]:g}; "
            "suggest_symbolic lists what has"
        )
    fix(model, place, replace(fits[0], function=function))
    return fits[0].r2


def _nearest(function: Function, edge: Edge) -> list[EdgeFit]:
    """The best of a few shapes, where the best of all is a limit (x² is that of cosh); none where f has no values."""
    x, y, found = edge.x, edge.y, list[EdgeFit]()
    centre, half = (x[0] + x[-1]) / 2, (x[-1] - x[0]) / 2
    for a in np.geomspace(0.5, 8, 9) / half if "a" in function.free else (1.0,):
        for shift in np.linspace(-1, 1, 9):
            b = -a * (centre + shift * half) if "b" in function.free else 0.0
            basis = np.column_stack([function.inner(x, a, b), np.ones_like(x)])
            if np.isfinite(basis).all():
                c, d = np.linalg.lstsq(basis, y, rcond=None)[0]
                r2 = 1 - float(np.mean((basis @ (c, d) - y) ** 2) / (np.var(y) or 1.0))
                found.append(EdgeFit(function, float(a), float(b), float(c), float(d), r2))
    return sorted(found, key=lambda fit: -fit.r2)


def fix_plain(model: Network, place: Place, function: Function, X: Tensor) -> float:
    """Fix the edge to f(x) itself; r² of that with its curve."""
    edge = edge_curve(model, place, X)
    fit = EdgeFit(function, 1.0, 0.0, 1.0, 0.0, 1.0)
    fix(model, place, fit)
    return 1 - float(np.mean((fit.value(edge.x) - edge.y) ** 2) / (np.var(edge.y) or 1.0))


def unfix(model: Network, place: Place) -> None:
    """Make the edge of `model` (which is changed) a spline again: the one it was before."""
    n, i, o = checked(model, place)
    model.layers[n].fixed.pop((i, o), None)


def checked(model: Network, place: Place) -> Place:
    """The place, if the network has an edge there."""
    n, i, o = place
    if not 0 <= n < len(model.layers):
        raise UsageError(f"no layer {n}: this network has layers 0 to {len(model.layers) - 1}")
    shape = model.layers[n].in_dim, model.layers[n].out_dim
    if not (0 <= i < shape[0] and 0 <= o < shape[1]):
        raise UsageError(f"no edge ({i}, {o}) in layer {n}: it goes from {shape[0]} nodes to {shape[1]} sums")
    return n, i, o


def places(model: Network) -> Iterator[tuple[Place, bool]]:
    """The edges in use, with whether they are fixed."""
    for n, layer in enumerate(model.layers):
        for i, o in layer.mask.nonzero().tolist():
            yield (n, i, o), (i, o) in layer.fixed


@dataclass(frozen=True, kw_only=True)
class AutoConfig:
    library: Library = STANDARD
    per_edge: int = 8  # fits considered for each edge
    trials: int = 60  # combinations that are refitted
    rows: int = 200  # a trial is refitted on
    steps: int = 15
    keep: int = 3  # refitted on all rows in the end
    after: int = 6  # trials after the first that leaves nothing but rounding


@one_thread()
def auto(model: Network, seen: Seen, config: AutoConfig = AutoConfig(), expired: Expired = never) -> Network:
    """A new network with every spline fixed to a function, chosen together.

    Combinations are tried in the order of their fits edge by edge; what decides is the description length of the
    whole formula and its residuals after its constants were trained on the rows.
    """
    open_ = [place for place, fixed in places(model) if not fixed]
    if not open_:
        return model.copy()
    edges = tuple(edge_curve(model, place, seen.X) for place in open_)
    error = float((model(seen.X) - seen.y).detach().square().mean().sqrt())
    edges = tuple(replace(edge, error=min(error, 0.3 * float(np.std(edge.y)))) for edge in edges)
    matches = [_match(edge, MatchConfig(library=config.library)) for edge in edges]
    few = seen.take(torch.arange(0, len(seen.X), max(len(seen.X) // config.rows, 1), device=seen.X.device))
    drafts: list[tuple[float, int, Network]] = []
    left = config.trials
    for number, fits in enumerate(combinations(Graph((), edges, "", error), matches, config.per_edge)):
        if not left or (drafts and expired()):
            break
        trial = model.copy()
        for place, fit in zip(open_, fits):
            fix(trial, place, fit)
        least = min((draft[0] for draft in drafts), default=np.inf)
        residual = _refit(trial, few, config.steps)
        left -= 1
        if _bits_of(residual, few) < least:  # the formula adds to it: what is longer already needs no formula
            drafts.append((_length(trial, few, residual), number, trial))
        if _bits_of(residual, few) == 0:
            left = min(left, config.after)
    drafts.sort(key=lambda draft: draft[:2])
    final = []
    for _, number, trial in drafts[: config.keep]:
        final.append((_length(trial, seen, _refit(trial, seen, 4 * config.steps)), number, trial))
    length, number, best = min(final, key=lambda draft: draft[:2])
    log.info("fixed %d edges by combination %d: %.0f bits", len(open_), number, length)
    return best


def _refit(model: Network, seen: Seen, steps: int) -> list[float]:
    """Train the constants (in place); the mean squared residual of each output."""
    config = TrainConfig(steps=steps, update_grid=False, lm=LMConfig(smoothing=0.0, gain=1e-3))
    train_together([model], seen, config)
    return seen.mean((model(seen.X) - seen.y).detach().square().T).tolist()


def _bits_of(residual: Sequence[float], seen: Seen) -> float:
    """What the residuals add to the description length of the outputs."""
    zero = sympy.S.Zero
    return sum(
        description_length(zero, r, data) - description_length(zero, 0.0, data)
        for r, data in zip(residual, _tables(seen))
    )


def _length(model: Network, seen: Seen, residual: Sequence[float]) -> float:
    """Bits for the formulas and their residuals."""
    tables = _tables(seen)
    found = expressions(model, [sympy.Symbol(name) for name in tables[0].names], least_shift=1e-8)
    bits = [description_length(canonical(e), r, data) for e, r, data in zip(found, residual, tables)]
    return sum(bits) if np.isfinite(bits).all() else np.inf


def _tables(seen: Seen) -> list[Dataset]:
    """The rows with each of the outputs as the target."""
    names = tuple(f"x_{i + 1}" for i in range(seen.X.shape[1]))
    return [Dataset(seen.X.cpu().numpy(), y.cpu().numpy(), names) for y in seen.y.unbind(1)]


def expressions(model: Network, inputs: Sequence[sympy.Expr], least_shift: float = 0.0) -> list[sympy.Expr]:
    """What the network computes, one expression an output; every edge in use has to be fixed.

    Shifts b of up to `least_shift` times a are left out.
    """
    if open_ := [place for place, fixed in places(model) if not fixed]:
        raise UsageError(
            f"the edges {', '.join(map(str, open_))} are splines still: fix_symbolic(l, i, j, name) or auto_symbolic() "
            "gives them functions"
        )
    values = list(inputs)
    for layer, nodes in model.stages():
        sums = [sympy.Float(bias) if bias else sympy.S.Zero for bias in layer.bias.tolist()]
        for (i, o), f in layer.fixed.items():
            if layer.mask[i, o]:
                a, b, c, d = layer.constants[i, o].tolist()
                b = b if abs(b) > least_shift * abs(a) else 0.0
                sums[o] += EdgeFit(f, a, b, c, d, 1.0).expr(values[i])
        values = sums[: nodes.sums] + [sympy.Mul(*sums[g.start : g.stop]) for g in nodes.groups]
    return values


@one_thread()
def formulas(
    model: Network, var: Sequence[str | sympy.Expr] | None, seen: Seen | None, snapped: bool = True
) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
    """One formula an output, and the variables.

    With rows at hand constants that the rows do not distinguish from a whole number, a fraction or a multiple of pi
    become that, and the others are fitted once more.
    """
    count = model.layers[0].in_dim
    if var is not None and len(var) != count:
        raise UsageError(f"var has {len(var)} names, and the network {count} inputs")
    names = [f"x_{i + 1}" for i in range(count)]
    symbols = [sympy.Symbol(name) for name in names]
    shown = [sympy.Symbol(v.lstrip("\\")) if isinstance(v, str) else v for v in var or names]
    found = [canonical(expr) for expr in expressions(model, symbols)]
    if snapped and seen is not None:
        found = [snap(polish(expr, table), table).expr for expr, table in zip(found, _tables(seen))]
    return [expr.xreplace(dict(zip(symbols, shown))) for expr in found], shown
