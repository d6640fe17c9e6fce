"""New grids for a network: finer ones that keep the function, and ones that follow the data."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from kansr.errors import UsageError
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.spline import B_batch, coef2curve, curve2coef, extend_grid, grid_from_samples


def refine(model: Network, G: int) -> Network:
    """A new network with G intervals on every edge and, where G is not smaller than before, the same function.

    The new knots contain the old ones: every old interval is cut into equal parts, as many as G allows.
    """
    new = model.copy()
    for layer in new.layers:
        inner = layer.grid[:, layer.k : layer.k + layer.G + 1]
        set_knots(layer, extend_grid(_subdivide(inner, G), layer.k))
    return new


def take_over(model: Network, other: Network) -> None:
    """Give `model` (which is changed) the function of another network, on grids as fine as its own."""
    if (model.width, model.arities, model.k) != (other.width, other.arities, other.k):
        raise UsageError(
            f"a network takes over the function of one of the same width and k: this is {model.describe()}, "
            f"k={model.k}, the other {other.describe()}, k={other.k}"
        )
    finer = refine(other, model.layers[0].G)
    model.act_fun = finer.act_fun


def _subdivide(inner: Tensor, G: int) -> Tensor:
    """inner: (in, G_old + 1) -> (in, G + 1), containing the old points where G >= G_old"""
    old = inner.shape[1] - 1
    at = torch.linspace(0, old, G + 1, dtype=inner.dtype, device=inner.device)
    if old <= G:
        ends = [i * G // old for i in range(old + 1)]  # the positions the old points take
        parts = [np.linspace(i, i + 1, ends[i + 1] - ends[i], endpoint=False) for i in range(old)]
        at = inner.new_tensor(np.concatenate([*parts, [old]]))
    cell = at.floor().long().clamp(max=old - 1)
    return torch.lerp(inner[:, cell], inner[:, cell + 1], at - cell)


def set_knots(layer: KANLayer, knots: Tensor) -> None:
    """Put the layer's curves on other knots, as near as they can follow, by least squares in each interval."""
    k = layer.k
    inner = knots[:, k : knots.shape[1] - k]
    inside = (torch.arange(k + 2, dtype=knots.dtype, device=knots.device) + 0.5) / (k + 2)
    points = (inner[:, :-1, None] + inside * inner.diff(dim=1)[..., None]).flatten(1)
    points = torch.cat([inner[:, :1], points, inner[:, -1:]], 1).T
    with torch.no_grad():
        curves = coef2curve(points, layer.grid, layer.coef, k, layer.outside)
        layer.coef = nn.Parameter(_dense_fit(points, curves, knots, k).to(layer.coef))
        layer.grid = knots


def _dense_fit(x: Tensor, y: Tensor, knots: Tensor, k: int) -> Tensor:
    """`curve2coef` where every interval has points: least squares by QR, with nothing left open.

    x: (points, in); y: (points, in, out) -> (in, out, G + k)
    """
    basis = B_batch(x, knots, k).permute(1, 0, 2)
    Q, R = torch.linalg.qr(basis)
    return torch.linalg.solve_triangular(R, Q.mT @ y.permute(1, 0, 2), upper=True).permute(0, 2, 1).contiguous()


@torch.no_grad()
def fold_base(model: Network) -> None:
    """Let the splines of `model` (which is changed) take over the base functions, as near as their grids follow."""
    for layer in model.layers:
        if bool((layer.spline_mask * layer.scale_base).any()):
            layer.scale_sp[layer.scale_sp == 0] = 1.0
            low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
            x = torch.lerp(low, high, torch.linspace(0, 1, 10 * layer.G, dtype=low.dtype, device=low.device)[:, None])
            base = curve2coef(x, layer.base_fun(x)[..., None], layer.grid, layer.k)  # (in, 1, G + k)
            layer.coef += base * (layer.scale_base / layer.scale_sp)[..., None]
            layer.scale_base.zero_()


@torch.no_grad()
def fit_grids(
    model: Network, X: Tensor, G: int | None = None, grid_eps: float | Tensor | None = None, margin: float = 0.002
) -> None:
    """Let every grid of `model` (which is changed) cover what the rows of X send through it.

    X: (rows, inputs); G: intervals, as many as before if None; `grid_eps` is that of the first layer, hidden grids
    take the model's own.
    """
    x = X
    for n, (layer, nodes) in enumerate(model.stages()):
        eps = grid_eps if n == 0 and grid_eps is not None else model.grid_eps
        knots = grid_from_samples(x, G or layer.G, layer.k, eps, margin)
        x = nodes(layer(x))
        set_knots(layer, knots)


@torch.no_grad()
def grids_fit(model: Network, X: Tensor, slack: float = 0.05, fill: float = 0.7) -> bool:
    """Whether hidden values stay inside their grids, up to `slack` of the width, and fill the share `fill` of them."""
    for layer, x in zip(model.layers[1:], model.node_values(X)[1:]):
        low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
        a, b = x.min(0).values, x.max(0).values
        width = high - low
        inside = (a > low - slack * width) & (b < high + slack * width)
        unused = layer.mask.sum(1) == 0
        if not bool((unused | inside & (b - a > fill * width)).all()):
            return False
    return True
