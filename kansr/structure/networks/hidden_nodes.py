"""Hidden nodes: T(y) = Σ_k g_k(Σ_i f_ki(x_i)) with curves g_k behind the nodes, and what the sums in the nodes are.

The network [n, m, 1] is trained from several starts, for one node from the sums of curves that linear least squares
finds for transforms of the target. A node is known up to scale and shift only, and a sum of logarithms is taken for a
product of powers. With its nodes as inputs the target is a sum of curves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.structure.networks.growth import in_coordinates, logarithmic
from kansr.structure.networks.reading import MOST_NEAR, likely
from kansr.structure.networks.spans import names_of, span_of
from kansr.structure.surrogate.target_transforms import View, views
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit

if TYPE_CHECKING:
    from kansr.kan.network.network import Network

MOST_ROWS = 1500  # that the network is trained on
STARTS = 8  # random ones of a network of several nodes
LINKED = 0.03  # held-out error of a network up to which its nodes are named
NEARLY_LOG = 0.95  # r² of a logarithm, from which a curve may be one: what it leads to is verified
FAR = 10.0  # times the error of the network, by which the ratio of two coefficients may miss a likely one

Logs = tuple[bool, ...]  # the inputs that the network takes as logarithms
Named = tuple[int, EdgeFit, float]  # an input, a function of it, and its coefficient


@dataclass(frozen=True, eq=False)
class HiddenNodes:
    """exprs: what each node is, in the inputs; error: of the network on held-out rows, over the spread of the target.

    exact: whether all constants are exponents or ratios that were rounded; origin: the network.
    """

    exprs: tuple[sympy.Expr, ...]
    error: float
    exact: bool
    origin: str


def hidden_nodes(
    fitting: Dataset, judging: Dataset, count: int, seed: int, library: Library, expired: Callable[[], bool]
) -> Iterator[HiddenNodes]:
    """What the nodes of the network [n, count, 1] may be; nothing where it does not come near, or a curve has no name.

    A slow power is hard to tell from a logarithm, so that nodes that may be products are taken for these, too.
    """
    data = fitting.take(slice(0, MOST_ROWS))
    logs = logarithmic(data.X, judging.X)
    trained = [
        _trained(data, judging, logs, view, count, seed, expired) for view in (views(data.y) if count > 1 else [None])
    ]
    error, model = min(trained, key=lambda one: one[0])
    if error > LINKED:
        return
    seen: set[tuple[sympy.Expr, ...]] = set()
    for as_product in (False, True):
        nodes = [_named(model, node, data.X, logs, error, library, as_product) for node in range(count)]
        written = [_node(named, data.names, MOST_NEAR if as_product else FAR * error) for named in nodes if named]
        exprs = tuple(expr for expr, _ in written)
        if len(set(exprs)) == count and exprs not in seen:
            seen.add(exprs)
            yield HiddenNodes(exprs, error, all(exact for _, exact in written), model.describe())


def _trained(
    data: Dataset, judging: Dataset, logs: Logs, view: View | None, count: int, seed: int, expired: Callable[[], bool]
) -> tuple[float, Network]:
    """The network, for the target under a transform, and its held-out error in the target's spread."""
    import torch

    from kansr.kan.training.multistart import FitConfig, fit_kan

    t = data.y if view is None else (view.t - view.t.mean()) / view.t.std()
    config = FitConfig(starts=STARTS if count > 1 else 0)
    model, _ = fit_kan(in_coordinates(data.X, logs), t, [len(data.names), count, 1], config, seed=seed, expired=expired)
    with torch.no_grad():
        value = model(torch.from_numpy(in_coordinates(judging.X, logs)))[:, 0].numpy()
    y = value if view is None else view.target(view.t.mean() + view.t.std() * value)
    error = float(np.sqrt(np.mean((y - judging.y) ** 2)) / (np.std(judging.y) or 1.0))
    return (error if np.isfinite(error) else np.inf), model


def _named(
    model: Network, node: int, X: Array, logs: Logs, error: float, library: Library, as_product: bool
) -> list[Named]:
    """The functions that enter a node, with their coefficients in its spread; empty where a curve has no name.

    as_product: whether curves that are nearly logarithms are taken for these
    """
    import torch

    from kansr.kan.reading.importance import importance
    from kansr.kan.reading.trace import sample_points

    U = in_coordinates(X, logs)
    rows = torch.from_numpy(U)
    first, named = model.layers[0], list[Named]()
    weights = importance(model, rows)
    with torch.no_grad():
        spread = float(first(rows)[:, node].std(correction=0)) or 1.0
        own = error / max(float(weights.nodes[1][node]), error)  # of the node, in its standard deviations
        for i in range(X.shape[1]):
            u = sample_points(U[:, i])
            x = np.exp(u) if logs[i] else u
            points = rows.mean(0).repeat(len(u), 1)
            points[:, i] = torch.from_numpy(u)
            curve = first.activations(points)[:, i, node].numpy() / spread
            span = span_of(x, curve[:, None], own)
            log = _as_logarithm(x, span.basis) if as_product else ()
            names = [log] if log else names_of(span, library)
            if not names:
                return []
            named += _with_slopes(names[0], i, x, curve)
    return named


def _as_logarithm(x: Array, basis: Array) -> tuple[EdgeFit, ...]:
    """The logarithm, where the curve is near it. basis: (points, 1), the curve of mean 0 and length 1"""
    if basis.shape[1] != 1 or not x.min() > 0:
        return ()
    log = np.log(x) - np.log(x).mean()
    r2 = float((log @ basis[:, 0]) ** 2 / (log @ log))
    return (EdgeFit(STANDARD["log"], 1.0, 0.0, 1.0, 0.0, r2),) if r2 > NEARLY_LOG else ()


def _with_slopes(fits: Sequence[EdgeFit], i: int, x: Array, curve: Array) -> list[Named]:
    """The functions with their coefficients in a curve."""
    if not fits:
        return []
    A = np.column_stack([*(fit.function.inner(x, fit.a, fit.b) for fit in fits), np.ones(len(x))])
    w = np.linalg.lstsq(A, curve, rcond=None)[0]
    return [(i, fit, float(c)) for fit, c in zip(fits, w)]


def _node(named: Sequence[Named], names: Sequence[str], near: float) -> tuple[sympy.Expr, bool]:
    """What a node is, up to scale and shift, and whether its constants are likely ones.

    near: how far away a ratio of coefficients may be from a likely one
    """
    symbols = [sympy.Symbol(name) for name in names]
    largest = max((c for _, _, c in named), key=abs)
    ratios = [likely(c / largest, near) for _, _, c in named]
    written = [fit.function.expr(symbols[i], fit.a, fit.b) for i, fit, _ in named]
    exact = not any(ratio.has(sympy.Float) for ratio in ratios)
    if all(fit.function.name == "log" for _, fit, _ in named):
        return sympy.Mul(*(log.args[0] ** ratio for log, ratio in zip(written, ratios))), exact
    return sympy.Add(*(ratio * part for ratio, part in zip(ratios, written))), exact
