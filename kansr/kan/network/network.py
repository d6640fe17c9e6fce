"""Kolmogorov-Arnold networks: layers of edges, with sum and product nodes between them.

Source: Z. Liu et al. 2024, arXiv 2404.19756; product nodes: Z. Liu et al. 2024, arXiv 2408.10205.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from kansr.errors import UsageError
from kansr.kan.network.layer import BaseFunction, BaseScale, KANLayer, base_function, random_layer
from kansr.kan.network.spline import Outside

SHALLOW = 3  # layers of nodes, with inputs and outputs: networks of at most one hidden layer
SAMPLE = 256  # random rows on which the hidden values of a new deep network are scaled
FILLED = 0.5  # standard deviation of these, in half-widths of the grid: nearly all of them lie within it

WidthEntry = int | Sequence[int]
EdgeIndex = tuple[int, int, int]  # layer, from node, to sum or factor


class Network(nn.Module):
    """A Kolmogorov-Arnold network in float64. Calling it never changes it.

    width: the nodes of each layer, a number of sums or a pair [sums, products];
    mult_arity: the factors of a product, one number for all or a list for each layer. A layer of edges ends in its
    sums, followed by the factors of its products;
    grid_eps: 1 for evenly spaced knots, 0 for knots at the quantiles of the samples. By default they are even, and
    the first training may choose knots near the quantiles where these fit better;
    outside: how splines go on outside their grids, see `spline.Outside`. By default they are polynomials in the first
    layer and bounded in the others, whose values nobody chooses;
    scale_base_mu, scale_base_sigma: scale_base is drawn within sigma / sqrt(in) of mu / sqrt(in). By default, and
    with one hidden layer, it is 1 / sqrt(in) up to noise_scale_base. Deeper networks have any sign, and their hidden
    values are centred and scaled into the grids, so that a network of any depth starts with values of order 1.
    Raises UsageError for a width, grid, degree or device that is impossible.
    """

    def __init__(
        self,
        width: Sequence[WidthEntry],
        grid: int = 5,
        k: int = 3,
        seed: int = 0,
        *,
        mult_arity: int | Sequence[Sequence[int]] = 2,
        noise_scale: float = 0.1,
        noise_scale_base: float = 0.1,
        base_fun: BaseFunction | str = "silu",
        grid_eps: float | None = None,
        grid_range: tuple[float, float] = (-1.0, 1.0),
        outside: Outside | None = None,
        scale_base_mu: float | None = None,
        scale_base_sigma: float | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__()
        base_fun, grid = base_function(base_fun), int(grid)
        if grid < 1 or k < 0:
            raise UsageError(f"a grid has at least 1 interval and a degree k of at least 0; these are {grid} and {k}")
        self.width, self.seed = _width(width), seed
        self.arities = _arities(self.width, mult_arity)
        self.k, self.grid_eps, self.grid_eps_given = k, 1.0 if grid_eps is None else grid_eps, grid_eps is not None
        generator = torch.Generator().manual_seed(seed)
        scale = _base_scale(len(self.width) > SHALLOW, noise_scale_base, scale_base_mu, scale_base_sigma)
        layers: list[KANLayer] = []
        for before, after in pairwise(range(len(self.width))):
            out = self.width[after][0] + sum(self.arities[after])
            points = torch.linspace(*grid_range, grid + 1, dtype=torch.float64, device="cpu")
            layer = random_layer(points, sum(self.width[before]), out, k, noise_scale, scale, generator)
            layer.base_fun = base_fun
            layer.outside = outside or ("bounded" if layers else "polynomial")
            layers.append(layer)
        self.act_fun = nn.ModuleList(layers)
        if len(self.width) > SHALLOW:
            _into_grids(self, grid_range, generator)
        self.to(_available(device))

    @property
    def layers(self) -> list[KANLayer]:
        return list(self.act_fun)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs, in the precision of x; inside everything is in that of the network.

        x: (batch, inputs) -> (batch, outputs)
        """
        x = x if isinstance(x, Tensor) else torch.as_tensor(x, device="cpu")
        precision = x.dtype if x.is_floating_point() else self.act_fun[0].coef.dtype
        x = x.to(self.act_fun[0].coef.dtype)
        if x.ndim != 2 or x.shape[1] != self.act_fun[0].in_dim:
            raise UsageError(f"{self.describe()} takes (rows, {self.act_fun[0].in_dim}); this is {tuple(x.shape)}")
        for layer, nodes in self.stages():
            x = nodes(layer(x))
        return x.to(precision)

    def stages(self) -> Iterator[tuple[KANLayer, Nodes]]:
        """Each layer of edges with the nodes it ends in."""
        return zip(self.act_fun, (Nodes(w[0], a) for w, a in zip(self.width[1:], self.arities[1:])))

    @torch.no_grad()
    def node_values(self, x: Tensor) -> list[Tensor]:
        """The values of all nodes, layer by layer from the inputs on: (batch, nodes) each"""
        values = [x]
        for layer, nodes in self.stages():
            values.append(nodes(layer(values[-1])))
        return values

    def copy(self) -> Network:
        """A deep copy."""
        return copy.deepcopy(self)

    def describe(self) -> str:
        """The architecture in text: "kan [2, [0, 1], 1]"."""
        return f"kan {[sums if not products else [sums, products] for sums, products in self.width]}"


class Nodes:
    """The nodes that a layer of edges ends in: first the sums, then products of `arities` factors each."""

    def __init__(self, sums: int, arities: Sequence[int]) -> None:
        self.sums = sums
        self.groups: list[range] = []
        start = sums
        for arity in arities:
            self.groups.append(range(start, start + arity))
            start += arity
        self.factors = range(sums, start)

    def __call__(self, s: Tensor) -> Tensor:
        """The values of the nodes. s: (..., sums + factors) -> (..., nodes)"""
        if not self.groups:
            return s
        products = [s[..., g.start : g.stop].prod(-1, keepdim=True) for g in self.groups]
        return torch.cat([s[..., : self.sums], *products], -1)

    def pull_back(self, s: Tensor, slope: Tensor) -> Tensor:
        """The chain rule: from derivatives by the nodes to derivatives by the sums and factors that enter them.

        s: (..., sums + factors); slope: (..., outputs, nodes) -> (..., outputs, sums + factors)
        """
        if not self.groups:
            return slope
        parts = [slope[..., : self.sums]]
        for n, group in enumerate(self.groups, self.sums):
            others = [s[..., [f for f in group if f != factor]].prod(-1) for factor in group]
            parts.append(slope[..., n, None] * torch.stack(others, -1)[..., None, :])
        return torch.cat(parts, -1)


@torch.no_grad()
def _into_grids(model: Network, grid_range: tuple[float, float], generator: torch.Generator) -> None:
    """Shift and scale the hidden sums of a new network (which is changed), layer by layer, so that they fill the grids.

    Source: D. Mishkin and J. Matas, All you need is a good init, 2016: variances set layer by layer.
    """
    low, high = grid_range
    shape = (SAMPLE, model.act_fun[0].in_dim)
    x = low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu")
    for n, (layer, nodes) in enumerate(model.stages()):
        s = layer(x)
        if n == len(model.act_fun) - 1:
            break
        deviation = s.std(0, correction=0)
        scale = torch.where(deviation > 0, FILLED / 2 * (high - low) / deviation, torch.ones_like(deviation))
        layer.coef *= scale[:, None]
        layer.scale_base *= scale
        layer.bias.copy_((layer.bias - s.mean(0)) * scale + (low + high) / 2)
        layer.bias[nodes.sums :] += 1 - (low + high) / 2  # factors stay around 1, so that no product vanishes
        x = nodes(layer(x))


def _base_scale(deep: bool, noise: float, mu: float | None, sigma: float | None) -> BaseScale:
    if mu is None and sigma is None and not deep:
        return BaseScale(1.0, noise)
    return BaseScale(mu or 0.0, 0.0, 1.0 if sigma is None else sigma)


def _pair(entry: object) -> tuple[int, ...]:
    return tuple(entry) if isinstance(entry, Sequence) and not isinstance(entry, str) else ()


def _width(width: Sequence[WidthEntry]) -> tuple[tuple[int, int], ...]:
    """The sums and products of each layer."""
    pairs = [(entry, 0) if isinstance(entry, (int, np.integer)) else _pair(entry) for entry in width]
    if len(pairs) < 2 or not all(len(p) == 2 and min(p) >= 0 < sum(p) for p in pairs) or pairs[0][1]:
        raise UsageError(
            f"width is the nodes of each layer, such as [2, 5, 1], or [2, [3, 2], 1] with 3 sums and 2 products; "
            f"this is {list(width)}"
        )
    return tuple((int(sums), int(products)) for sums, products in pairs)


def _available(device: str | torch.device) -> torch.device:
    device = torch.device(device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device: leave device out, the CPU gives the same numbers")
    return device


def _arities(
    width: Sequence[tuple[int, int]], mult_arity: int | Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], ...]:
    if isinstance(mult_arity, int):
        return tuple((mult_arity,) * products for _, products in width)
    if [len(a) for a in mult_arity] != [products for _, products in width]:
        raise UsageError(
            f"mult_arity {list(mult_arity)} needs a list for each layer of the width {list(width)}, "
            "with one number for each product"
        )
    return tuple(tuple(a) for a in mult_arity)
