"""Grids of a network: refined ones that keep the function, and ones fitted to the data."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from kansr.errors import UsageError
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.spline import MARGIN, B_batch, coef2curve, curve2coef, extend_grid, grid_from_samples

SLACK = 0.05  # of a grid's width, by which hidden values may leave it
FILL = 0.7  # least share of its grid that hidden values should cover
LEAST_STRETCH = 1e-6  # of its width: a grid does not shrink further, as its values are then equal
POINTS_PER_INTERVAL = 10  # at which a base function is fitted by a spline
TAIL = 0.05  # share of the samples in each tail
HEAVY = 3.0  # times the range between the tails: an input whose range is wider than this has heavy tails
HEAVY_GRID_EPS = 0.1  # of such an input: nearly as many samples in every interval


def refine(model: Network, G: int) -> Network:
    """A new network with G intervals on every edge and, unless G is smaller than before, the same function.

    The new knots contain the old ones: every old interval is divided into equal parts, as evenly as G allows.
    """
    new = model.copy()
    for layer in new.layers:
        inner = layer.grid[:, layer.k : layer.k + layer.G + 1]
        set_knots(layer, extend_grid(_subdivide(inner, G), layer.k))
    return new


def take_over(model: Network, other: Network) -> None:
    """Give `model` (which is changed) the function of another network, on grids as fine as its own.

    Raises UsageError where width, products or degree differ.
    """
    if (model.width, model.arities, model.k) != (other.width, other.arities, other.k):
        raise UsageError(
            f"a network can only take over the function of one with the same width and k: this is {model.describe()}, "
            f"k={model.k}, the other {other.describe()}, k={other.k}"
        )
    finer = refine(other, model.layers[0].G)
    model.act_fun = finer.act_fun


def _subdivide(inner: Tensor, G: int) -> Tensor:
    """A grid of G intervals on the same range, with the old points among its own if G is not smaller than before.

    inner: (in, G_old + 1) -> (in, G + 1)
    """
    old = inner.shape[1] - 1
    position = torch.linspace(0, old, G + 1, dtype=inner.dtype, device=inner.device)  # in old intervals
    if old <= G:
        index = [i * G // old for i in range(old + 1)]  # of the old points in the new grid
        parts = [np.linspace(i, i + 1, index[i + 1] - index[i], endpoint=False) for i in range(old)]
        position = inner.new_tensor(np.concatenate([*parts, [old]]))
    cell = position.floor().long().clamp(max=old - 1)
    return torch.lerp(inner[:, cell], inner[:, cell + 1], position - cell)


def set_knots(layer: KANLayer, knots: Tensor) -> None:
    """Give a layer (which is changed) other knots, and the splines on them that are nearest to its own.

    knots: (in, G + 2k + 1). Nearest by least squares on k + 2 points in each interval.
    """
    k = layer.k
    inner = knots[:, k : knots.shape[1] - k]
    share = (torch.arange(k + 2, dtype=knots.dtype, device=knots.device) + 0.5) / (k + 2)
    points = (inner[:, :-1, None] + share * inner.diff(dim=1)[..., None]).flatten(1)
    points = torch.cat([inner[:, :1], points, inner[:, -1:]], 1).T
    with torch.no_grad():
        curves = coef2curve(points, layer.grid, layer.coef, k, layer.outside)
        layer.coef = nn.Parameter(_dense_fit(points, curves, knots, k).to(layer.coef))
        layer.grid = knots


def _dense_fit(x: Tensor, y: Tensor, knots: Tensor, k: int) -> Tensor:
    """`curve2coef` for samples in every interval: least squares by QR, without a roughness penalty.

    x: (points, in); y: (points, in, out) -> (in, out, G + k)
    """
    basis = B_batch(x, knots, k).permute(1, 0, 2)
    Q, R = torch.linalg.qr(basis)
    return torch.linalg.solve_triangular(R, Q.mT @ y.permute(1, 0, 2), upper=True).permute(0, 2, 1).contiguous()


@torch.no_grad()
def fold_base(model: Network) -> None:
    """Replace the base functions of `model` (which is changed) by splines, as near as its grids allow."""
    for layer in model.layers:
        if bool((layer.spline_mask * layer.scale_base).any()):
            layer.scale_sp[layer.scale_sp == 0] = 1.0
            low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
            x = torch.lerp(
                low,
                high,
                torch.linspace(0, 1, POINTS_PER_INTERVAL * layer.G, dtype=low.dtype, device=low.device)[:, None],
            )
            base = curve2coef(x, layer.base_fun(x)[..., None], layer.grid, layer.k)  # (in, 1, G + k)
            layer.coef += base * (layer.scale_base / layer.scale_sp)[..., None]
            layer.scale_base.zero_()


@torch.no_grad()
def fit_grids(
    model: Network, X: Tensor, G: int | None = None, grid_eps: float | Tensor | None = None, margin: float = MARGIN
) -> None:
    """Fit the grids of `model` (which is changed) to the values that reach them on the rows of X.

    X: (rows, inputs); G: number of intervals, None for the present one; grid_eps: of the inputs, a number or
    (inputs,), None for the model's own, which hidden grids always have; margin: share of the range added on either
    side
    """
    x = X
    for n, (layer, nodes) in enumerate(model.stages()):
        x = x[x.isfinite().all(1)]  # a symbolic edge may have no value somewhere
        if not len(x):
            return
        eps = grid_eps if n == 0 and grid_eps is not None else model.grid_eps
        knots = grid_from_samples(x, G or layer.G, layer.k, eps, margin)
        x = nodes(layer(x))
        set_knots(layer, knots)


@torch.no_grad()
def follow_values(model: Network, X: Tensor, margin: float = MARGIN) -> None:
    """Shift and stretch the grids of the hidden layers of `model` (which is changed) to the values that reach them.

    Knots keep their places in a grid, layer by layer. Values that are all equal leave a grid as it is.
    X: (rows, inputs); margin: share of the range added on either side
    """
    x = X
    for n, (layer, nodes) in enumerate(model.stages()):
        low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
        a, b = x.min(0).values, x.max(0).values
        x = nodes(layer(x))
        x = x[x.isfinite().all(1)] if bool(x.isfinite().all(1).any()) else x
        ratio = (1 + 2 * margin) * (b - a) / (high - low)
        moved = (ratio > LEAST_STRETCH) & ratio.isfinite()
        if n and bool(moved.any()):
            stretched = (a - margin * (b - a))[:, None] + ratio[:, None] * (layer.grid - low[:, None])
            set_knots(layer, torch.where(moved[:, None], stretched, layer.grid))


@torch.no_grad()
def grids_fit(model: Network, X: Tensor, slack: float = SLACK, fill: float = FILL) -> bool:
    """Whether hidden values stay in their grids, up to a share `slack` of its width, and cover a share `fill` of it."""
    for layer, x in zip(model.layers[1:], model.node_values(X)[1:]):
        low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
        a, b = x.min(0).values, x.max(0).values
        width = high - low
        inside = (a > low - slack * width) & (b < high + slack * width)
        unused = layer.mask.sum(1) == 0
        if not bool((unused | inside & (b - a > fill * width)).all()):
            return False
    return True


def input_grid_eps(X: Tensor) -> Tensor:
    """The grid_eps of each input: 1 for even grids, less where the tails are heavy. X: (rows, n) -> (n,)"""
    low, first, last, high = torch.quantile(X, X.new_tensor([0, TAIL, 1 - TAIL, 1]), dim=0)
    return torch.where(high - low > HEAVY * (last - first), HEAVY_GRID_EPS * torch.ones_like(low), torch.ones_like(low))


@torch.no_grad()
def rows_over_grids(model: Network, count: int = 500) -> Tensor:
    """Random rows within the grids of the inputs, the same ones every time: (count, inputs)"""
    layer = model.layers[0]
    low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
    rng = torch.Generator().manual_seed(0)
    share = torch.rand(count, layer.in_dim, generator=rng, dtype=torch.float64, device="cpu")
    return low + (high - low) * share.to(low)
