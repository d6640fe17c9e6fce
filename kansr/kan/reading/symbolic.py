"""Symbolic edges: functions suggested for the spline of an edge, and edges fixed to a function."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network.network import EdgeIndex, Network
from kansr.kan.network.threads import one_thread
from kansr.kan.reading.trace import sample_points
from kansr.numeric.tolerances import EQUAL_VALUES
from kansr.result.graph import Edge
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match

TWO_VALUES = 2  # through two points goes a line; what lies between them nobody has seen
REPEATED = 12  # times that each of few values is repeated, as a curve of fewer samples would not be matched
FEW_VALUES = 6  # up to which a curve is matched at them alone, and not with waves, which go through any of them
MATCH_STARTS = 8  # of the nonlinear fit of one function that was asked for by name
RATES = tuple(np.geomspace(0.5, 8, 9))  # a of the fallback fit, for an edge on -1 to 1
SHIFTS = tuple(np.linspace(-1, 1, 9))  # centres of f in the fallback fit, for an edge on -1 to 1


@dataclass(frozen=True)
class Suggestions:
    """The functions that fit an edge, best first, shown as a table. As a tuple: name, EdgeFit and r2 of the best."""

    fits: tuple[EdgeFit, ...]

    def __getitem__(self, position: int) -> object:
        best = self.fits[0]
        return (best.function.name, best, best.r2)[position]

    def __len__(self) -> int:
        return 3

    def rows(self) -> list[tuple[str, float, int]]:
        """The name, r2 and complexity of each function."""
        return [(fit.function.name, fit.r2, fit.function.complexity) for fit in self.fits]

    def __str__(self) -> str:
        lines = [f"{name:>16} , {r2:18.15f} , {complexity:>10}" for name, r2, complexity in self.rows()]
        return "\n".join([f"{'function':>16} , {'r2':>18} , complexity", *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><td>{name}</td><td>{r2:.12f}</td><td>{n}</td></tr>" for name, r2, n in self.rows())
        return f"<table><tr><th>function</th><th>r2</th><th>complexity</th></tr>{cells}</table>"


@torch.no_grad()
def edge_curve(model: Network, edge_index: EdgeIndex, X: Tensor) -> Edge:
    """The activation of an edge, sampled on the values that reach it. X: (rows, inputs)"""
    n, i, o = checked(model, edge_index)
    layer = model.layers[n]
    values = model.node_values(X.to(layer.coef))[n]
    x = sample_points(values[:, i].cpu().to(torch.float64).numpy())
    found = np.unique(values[:, i].cpu().to(torch.float64).numpy())
    apart = found[np.append(True, np.diff(found) > EQUAL_VALUES * np.ptp(found))]
    if TWO_VALUES <= len(apart) <= FEW_VALUES:
        x = np.repeat(apart, REPEATED)
    points = values.new_zeros(len(x), layer.in_dim) + values.mean(0)
    points[:, i] = torch.from_numpy(x).to(points)
    return Edge(f"{n},{i}", f"{n + 1},{o}", x, layer.activations(points)[:, i, o].cpu().to(torch.float64).numpy())


def match_curve(edge: Edge, config: MatchConfig) -> tuple[EdgeFit, ...]:
    """`match` without the warnings of functions that do not fit, and with functions that are constant.

    What has two values only, as the values of a column of zeros and ones, is matched with a line: all functions fit.
    """
    flat = [f for f in config.library if not np.ptp(f.inner(edge.x, 1.0, 0.0)) > 0 and f.free == ""]
    few = len(np.unique(edge.x)) <= FEW_VALUES
    others = Library(tuple(f for f in config.library if f not in flat and not (few and f.periodic)))
    constant = tuple(EdgeFit(f, 1.0, 0.0, 1.0, float(np.mean(edge.y - f.numeric(edge.x))), 0.0) for f in flat)
    if len(np.unique(edge.x)) == TWO_VALUES and "x" in others.names:
        slope, height = np.polyfit(edge.x, edge.y, 1)
        return (EdgeFit(others["x"], 1.0, 0.0, float(slope), float(height), 1.0), *constant)
    with np.errstate(over="ignore", invalid="ignore"):
        return (*(match(edge, replace(config, library=others)) if len(others) else ()), *constant)


@one_thread()
def suggest(
    model: Network, edge_index: EdgeIndex, X: Tensor, library: Library = STANDARD, topk: int = 5
) -> Suggestions:
    """The functions that fit an edge, ordered by fit and complexity. X: (rows, inputs)"""
    return Suggestions(match_curve(edge_curve(model, edge_index, X), MatchConfig(library=library))[:topk])


@torch.no_grad()
def fix(model: Network, edge_index: EdgeIndex, fit: EdgeFit) -> None:
    """Make an edge of `model` (which is changed) symbolic: c·f(a·x + b) + d, with constants that can be trained."""
    n, i, o = checked(model, edge_index)
    layer = model.layers[n]
    layer.fixed[i, o] = fit.function
    layer.constants[i, o] = layer.constants.new_tensor([fit.a, fit.b, fit.c, fit.d])
    if not layer.mask[i, o]:
        layer.mask[i, o] = 1.0


def fix_nearest(model: Network, edge_index: EdgeIndex, function: Function, X: Tensor) -> float:
    """Fix an edge of `model` (which is changed) to a function with fitted constants; the r² of the fit.

    X: (rows, inputs). Raises UsageError where the function is not defined on the range of the edge.
    """
    edge = edge_curve(model, edge_index, X)
    fits = match_curve(edge, MatchConfig(library=Library((function,)), starts=MATCH_STARTS)) or _nearest(function, edge)
    if not fits:
        raise UsageError(
            f"{function.name} is not defined on all of edge {edge_index}, from {edge.x[0]:g} to {edge.x[-1]:g}; "
            "suggest_symbolic lists functions that are"
        )
    fix(model, edge_index, replace(fits[0], function=function))
    return fits[0].r2


def _nearest(function: Function, edge: Edge) -> list[EdgeFit]:
    """The best fits with a and b on a grid, for curves that f only approaches as a → 0 (x² by cosh).

    Empty where f is not defined on the range of the edge for any of them.
    """
    x, y, found = edge.x, edge.y, list[EdgeFit]()
    centre, half = (x[0] + x[-1]) / 2, (x[-1] - x[0]) / 2
    for a in np.array(RATES) / half if "a" in function.free else (1.0,):
        for shift in SHIFTS:
            b = -a * (centre + shift * half) if "b" in function.free else 0.0
            basis = np.column_stack([function.inner(x, a, b), np.ones_like(x)])
            if np.isfinite(basis).all():
                c, d = np.linalg.lstsq(basis, y, rcond=None)[0]
                r2 = 1 - float(np.mean((basis @ (c, d) - y) ** 2) / (np.var(y) or 1.0))
                found.append(EdgeFit(function, float(a), float(b), float(c), float(d), r2))
    return sorted(found, key=lambda fit: -fit.r2)


def fix_plain(model: Network, edge_index: EdgeIndex, function: Function, X: Tensor) -> float:
    """Fix an edge of `model` (which is changed) to f(x); the r² of this with the spline. X: (rows, inputs)"""
    edge = edge_curve(model, edge_index, X)
    fit = EdgeFit(function, 1.0, 0.0, 1.0, 0.0, 1.0)
    fix(model, edge_index, fit)
    return 1 - float(np.mean((fit.value(edge.x) - edge.y) ** 2) / (np.var(edge.y) or 1.0))


def unfix(model: Network, edge_index: EdgeIndex) -> None:
    """Give an edge of `model` (which is changed) back the spline it had before it was fixed."""
    n, i, o = checked(model, edge_index)
    model.layers[n].fixed.pop((i, o), None)


def checked(model: Network, edge_index: EdgeIndex) -> EdgeIndex:
    """The index as it is. Raises UsageError if the network has no such edge."""
    n, i, o = edge_index
    if not 0 <= n < len(model.layers):
        raise UsageError(f"no layer {n}: this network has layers 0 to {len(model.layers) - 1}")
    shape = model.layers[n].in_dim, model.layers[n].out_dim
    if not (0 <= i < shape[0] and 0 <= o < shape[1]):
        raise UsageError(f"no edge ({i}, {o}) in layer {n}: it goes from {shape[0]} nodes to {shape[1]} sums")
    return n, i, o
