"""One layer of edges, each with the activation phi(x) = scale_base b(x) + scale_sp spline(x).

Source: Z. Liu et al., KAN: Kolmogorov-Arnold Networks, 2024, arXiv 2404.19756.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kansr.errors import UsageError
from kansr.kan.network import fixed_edges
from kansr.kan.network.pykan_names import function, is_known
from kansr.kan.network.spline import Outside, dense_basis, extend_grid
from kansr.kan.network.spline_sums import spline_sums
from kansr.symbolic.library.function import Function, Library

FIXED = "fixed"  # the key of the symbolic edges of a layer in a state_dict, where it has some

BaseFunction = Callable[[Tensor], Tensor]


def identity(x: Tensor) -> Tensor:
    return x


BASE_FUNCTIONS: dict[str, BaseFunction] = {"silu": nn.functional.silu, "identity": identity, "zero": torch.zeros_like}


class KANLayer(nn.Module):
    """Edges from `in_dim` nodes to `out_dim` sums: sum_o = bias_o + sum_i mask_io phi_io(x_i).

    grid: the knots, (in, G + 2k + 1); coef: (in, out, G + k); scale_base, scale_sp, mask: (in, out); bias: (out,)
    fixed: the edges (i, o) that are symbolic, c f(a x + b) + d with f from the library, instead of splines;
    constants: (in, out, 4), their a, b, c and d
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
        self.register_buffer("mask", knots.new_ones(in_dim, out_dim))
        self.coef = nn.Parameter(knots.new_zeros(in_dim, out_dim, knots.shape[1] - k - 1))
        self.scale_base = nn.Parameter(knots.new_zeros(in_dim, out_dim))
        self.scale_sp = nn.Parameter(knots.new_ones(in_dim, out_dim))
        self.bias = nn.Parameter(knots.new_zeros(out_dim))
        self.constants = nn.Parameter(knots.new_zeros(in_dim, out_dim, 4))
        self.fixed: dict[tuple[int, int], Function] = {}

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: symbolic edges by the names of their functions, as these are no values that pickle can write."""
        named = {edge: f.name if is_known(f) else f for edge, f in self.fixed.items()}
        return {**self.__dict__, "fixed": named}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.fixed = {edge: function(f) for edge, f in self.fixed.items()}

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """The tensors, and where edges are symbolic the names of their functions, as a tensor of bytes."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.fixed:
            names = [[i, o, f.name] for (i, o), f in self.fixed.items()]
            destination[prefix + FIXED] = torch.tensor(
                list(json.dumps(names).encode()), dtype=torch.uint8, device="cpu"
            )

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take over tensors and symbolic edges; functions of the user's own only where this layer has them already."""
        others = {name: value for name, value in state_dict.items() if name != prefix + FIXED}
        super()._load_from_state_dict(others, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        if prefix + "coef" not in state_dict:
            return
        own = Library(tuple(dict.fromkeys(self.fixed.values())))
        try:
            names = json.loads(bytes(state_dict[prefix + FIXED].tolist())) if prefix + FIXED in state_dict else []
            self.fixed = {(int(i), int(o)): function(name, own) for i, o, name in names}
        except (UsageError, ValueError, TypeError) as err:
            error_msgs.append(f"the symbolic edges of {prefix.rstrip('.')} cannot be read: {err}")

    @property
    def in_dim(self) -> int:
        return self.coef.shape[0]

    @property
    def out_dim(self) -> int:
        return self.coef.shape[1]

    @property
    def G(self) -> int:
        """The number of intervals of the grid."""
        return self.coef.shape[2] - self.k

    @property
    def spline_mask(self) -> Tensor:
        """The mask of the spline edges: 0 at symbolic edges too. (in, out)"""
        if not self.fixed:
            return self.mask
        mask = self.mask.clone()
        mask[tuple(zip(*self.fixed))] = 0.0
        return mask

    def fixed_activations(self, x: Tensor) -> Iterator[tuple[int, int, Tensor]]:
        """The activation of every symbolic edge in use: i, o, (batch,)"""
        for (i, o), f in self.fixed.items():
            if self.mask[i, o]:
                yield i, o, self.mask[i, o] * fixed_edges.value(f, x[:, i], self.constants[i, o])

    def activations(self, x: Tensor) -> Tensor:
        """The activation of every edge. x: (batch, in) -> (batch, in, out)"""
        spline = torch.einsum("big,iog->bio", dense_basis(x, self.grid, self.k, self.outside), self.coef)
        values = self.spline_mask * (self.scale_base * self.base_fun(x)[..., None] + self.scale_sp * spline)
        if not self.fixed:
            return values
        values = values.clone()
        for i, o, value in self.fixed_activations(x):
            values[:, i, o] = value
        return values

    def forward(self, x: Tensor) -> Tensor:
        """The sums. x: (batch, in) -> (batch, out)"""
        mask = self.spline_mask
        coef = (mask * self.scale_sp)[..., None] * self.coef
        base = torch.addmm(self.bias, self.base_fun(x), mask * self.scale_base)
        sums = base + spline_sums(x, coef, self.grid, self.k, self.outside)
        if not self.fixed:
            return sums
        columns = list(sums.unbind(1))
        for _, o, value in self.fixed_activations(x):
            columns[o] = columns[o] + value
        return torch.stack(columns, 1)


@dataclass(frozen=True)
class BaseScale:
    """How scale_base is drawn: uniformly around mean / sqrt(in), by up to `noise`, or `spread` / sqrt(in)."""

    mean: float = 1.0
    noise: float = 0.0
    spread: float = 0.0

    def half_width(self, in_dim: int) -> float:
        return self.noise + self.spread * in_dim**-0.5


def random_layer(
    points: Tensor, in_dim: int, out_dim: int, k: int, noise_scale: float, base_scale: BaseScale, rng: torch.Generator
) -> KANLayer:
    """A layer initialised as in the KAN papers: phi(x) near scale_base·b(x), plus a random spline.

    points: (G + 1,), the grid of every input; noise_scale: standard deviation of G times the coefficients
    """
    layer = KANLayer(extend_grid(points.repeat(in_dim, 1), k), out_dim, k)
    noise = torch.rand(in_dim, out_dim, generator=rng, dtype=torch.float64, device="cpu")
    with torch.no_grad():
        layer.scale_base.copy_(base_scale.mean * in_dim**-0.5 + base_scale.half_width(in_dim) * (2 * noise - 1))
        layer.coef.normal_(0, noise_scale / layer.G, generator=rng)
    return layer


def base_function(base: BaseFunction | str) -> BaseFunction:
    """The base function of this name, or the callable itself. Raises UsageError for an unknown name."""
    if not isinstance(base, str):
        return base
    if base not in BASE_FUNCTIONS:
        raise UsageError(f"no base function {base!r}: it is {', '.join(BASE_FUNCTIONS)}, or a callable on tensors")
    return BASE_FUNCTIONS[base]
