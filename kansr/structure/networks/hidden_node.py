"""A hidden node: T(y) = Σ f_i(x_i) with T unknown, and what the sum is, so that T is a curve of one named input.

The network [n, 1, 1] is trained from sums of curves that linear least squares finds for transforms of the target. Its
node is known up to scale and shift only, and a sum of logarithms is taken for a product of powers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.structure.networks.reading import likely
from kansr.structure.networks.spans import names_of, span_of
from kansr.symbolic.library.function import Library
from kansr.symbolic.matching.match import EdgeFit

MOST_ROWS = 1500  # that the network is trained on
FAR = 10.0  # times the error of a coefficient, by which a whole or half number may be off in a sum that is not exact


@dataclass(frozen=True, eq=False)
class HiddenNode:
    """expr: what the node is, in the inputs; error: of the network on held-out rows, over the spread of the target.

    exact: whether its constants are exponents that were rounded; origin: the network.
    """

    expr: sympy.Expr
    error: float
    exact: bool
    origin: str


def hidden_node(
    fitting: Dataset, judging: Dataset, seed: int, library: Library, expired: Callable[[], bool]
) -> HiddenNode | None:
    """The node of the network [n, 1, 1]; None where a curve into it has no name."""
    import torch

    from kansr.kan.reading.trace import sample_points
    from kansr.kan.training.multistart import FitConfig, fit_kan

    data = fitting.take(slice(0, MOST_ROWS))
    width = [len(data.names), 1, 1]
    model, _ = fit_kan(data.X, data.y, width, FitConfig(starts=0), seed=seed, expired=expired)
    with torch.no_grad():
        value = model(torch.from_numpy(np.ascontiguousarray(judging.X)))[:, 0].numpy()
        error = float(np.sqrt(np.mean((value - judging.y) ** 2)) / (np.std(judging.y) or 1.0))
        X = torch.from_numpy(np.ascontiguousarray(data.X))
        first = model.layers[0]
        spread = float(first(X)[:, 0].std(correction=0)) or 1.0
        named: list[tuple[int, EdgeFit, float]] = []
        for i in range(len(data.names)):
            x = sample_points(data.X[:, i])
            points = X.mean(0).repeat(len(x), 1)
            points[:, i] = torch.from_numpy(x)
            curve = first.activations(points)[:, i, 0].numpy() / spread
            span = span_of(x, curve[:, None], error)
            names = names_of(span, library)
            if not names:
                return None
            named += [(i, fit, _slope(fit, x, curve)) for fit in names[0]]
    return _node(named, data.names, error, model.describe()) if named else None


def _slope(fit: EdgeFit, x: Array, curve: Array) -> float:
    """The coefficient of a function in a curve."""
    f = fit.function.inner(x, fit.a, fit.b)
    f = f - f.mean()
    return float(f @ (curve - curve.mean()) / (f @ f))


def _node(named: list[tuple[int, EdgeFit, float]], names: tuple[str, ...], error: float, origin: str) -> HiddenNode:
    symbols = [sympy.Symbol(name) for name in names]
    largest = max((c for _, _, c in named), key=abs)
    ratios = [likely(c / largest, FAR * error) for _, _, c in named]
    written = [fit.function.expr(symbols[i], fit.a, fit.b) for i, fit, _ in named]
    exact = not any(ratio.has(sympy.Float) for ratio in ratios)
    if all(fit.function.name == "log" for _, fit, _ in named):
        product = sympy.Mul(*(log.args[0] ** ratio for log, ratio in zip(written, ratios)))
        return HiddenNode(product, error, exact, origin)
    return HiddenNode(sympy.Add(*(ratio * part for ratio, part in zip(ratios, written))), error, exact, origin)
