"""One layer of edges: phi(x) = scale_base b(x) + scale_sp spline(x) on each (Liu et al. 2024, arXiv 2404.19756)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from kansr.kan.spline import B_batch, Outside, extend_grid

BaseFunction = Callable[[Tensor], Tensor]


class KANLayer(nn.Module):
    """Edges from `in_dim` nodes to `out_dim` sums: sum_o = bias_o + sum_i mask_io phi_io(x_i).

    grid: the knots, (in, G + 2k + 1); coef: (in, out, G + k); scale_base, scale_sp, mask: (in, out); bias: (out,)
    """

    def __init__(
        self,
        knots: Tensor,
        out_dim: int,
        k: int,
        base_fun: BaseFunction = nn.functional.silu,
        outside: Outside = "polynomial",
    ) -> None:
        super().__init__()
        in_dim = len(knots)
        self.k, self.base_fun, self.outside = k, base_fun, outside
        self.register_buffer("grid", knots)
        self.register_buffer("mask", torch.ones(in_dim, out_dim, dtype=torch.float64))
        self.coef = nn.Parameter(torch.zeros(in_dim, out_dim, knots.shape[1] - k - 1, dtype=torch.float64))
        self.scale_base = nn.Parameter(torch.zeros(in_dim, out_dim, dtype=torch.float64))
        self.scale_sp = nn.Parameter(torch.ones(in_dim, out_dim, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(out_dim, dtype=torch.float64))

    @property
    def in_dim(self) -> int:
        return self.coef.shape[0]

    @property
    def out_dim(self) -> int:
        return self.coef.shape[1]

    @property
    def G(self) -> int:
        return self.coef.shape[2] - self.k

    def activations(self, x: Tensor) -> Tensor:
        """What each edge gives. x: (batch, in) -> (batch, in, out)"""
        spline = torch.einsum("big,iog->bio", B_batch(x, self.grid, self.k, self.outside), self.coef)
        return self.mask * (self.scale_base * self.base_fun(x)[..., None] + self.scale_sp * spline)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, in) -> (batch, out)"""
        coef = (self.mask * self.scale_sp)[..., None] * self.coef
        basis = B_batch(x, self.grid, self.k, self.outside)
        return self.bias + self.base_fun(x) @ (self.mask * self.scale_base) + torch.einsum("big,iog->bo", basis, coef)


def random_layer(
    in_dim: int, out_dim: int, G: int, k: int, noise_scale: float, noise_scale_base: float, generator: torch.Generator
) -> KANLayer:
    """A layer on [-1, 1] as the KAN paper starts it: near 1/sqrt(in) b(x), with a little spline noise on top."""
    knots = extend_grid(torch.linspace(-1, 1, G + 1, dtype=torch.float64).repeat(in_dim, 1), k)
    layer = KANLayer(knots, out_dim, k)
    noise = torch.rand(in_dim, out_dim, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        layer.scale_base.copy_(in_dim**-0.5 + noise_scale_base * (2 * noise - 1))
        layer.coef.normal_(0, noise_scale / G, generator=generator)
    return layer
