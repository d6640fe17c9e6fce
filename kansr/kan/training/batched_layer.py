"""A layer of networks of one shape as plain tensors, `nets` of them along the first axis: what training works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.network import fixed_edges
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Nodes
from kansr.kan.network.spline import nonzero_basis
from kansr.symbolic.library.function import Function


@dataclass(eq=False)
class Basis:
    """The basis functions that are not zero: which they are, their values and slopes, (nets, batch, in, k + 1) each."""

    index: Tensor
    value: Tensor
    slope: Tensor
    width: int

    def dense(self, part: Tensor) -> Tensor:
        """All of them. (nets, batch, in, G + k)"""
        return part.new_zeros(*part.shape[:3], self.width).scatter_(3, self.index, part)


@dataclass(eq=False)
class Stage:
    """A layer with plain tensors in place of parameters; coef carries mask and scale_sp, `base` mask and scale_base.

    knots: (nets, in, G + 2k + 1); coef: (nets, in, out, G + k); base: (nets, in, out); bias: (nets, out);
    i, o: (edges,), where each spline in use begins and ends;
    `free`: the sums whose bias is moved; `supple`: the sums whose scale the edges that follow can take over, so that
    it must not move. constants: (nets, in, out, 4); from_, to, place: (constants,), where the free ones of fixed edges
    are. `layer` is that of the first network, for what all share.
    """

    layer: KANLayer
    nodes: Nodes
    knots: Tensor
    coef: Tensor
    base: Tensor
    bias: Tensor
    i: Tensor
    o: Tensor
    free: Tensor
    supple: Tensor
    fixed: dict[tuple[int, int], Function]
    constants: Tensor
    from_: Tensor
    to: Tensor
    place: Tensor
    with_base: bool

    @property
    def width(self) -> int:
        return self.coef.shape[3]

    def basis(self, x: Tensor) -> Basis:
        """x: (nets, batch, in)"""
        nets, batch, count = x.shape
        flat = x.transpose(0, 1).reshape(batch, nets * count)
        first, *parts = nonzero_basis(flat, self.knots.flatten(0, 1), self.layer.k, self.layer.outside)
        index = first[..., None] + torch.arange(self.layer.k + 1, device=x.device)
        shape = batch, nets, count, self.layer.k + 1
        index, value, slope = (part.view(shape).transpose(0, 1) for part in (index, *parts))
        return Basis(index, value, slope, self.width)

    def sums(self, x: Tensor, basis: Tensor) -> Tensor:
        """x: (nets, batch, in); basis: (nets, batch, in, G + k) -> (nets, batch, out)"""
        s = torch.baddbmm(self.bias[:, None], basis.flatten(2), self.coef.transpose(2, 3).flatten(1, 2))
        if self.with_base:
            s += self.layer.base_fun(x) @ self.base
        for (i, o), f in self.fixed.items():
            s[:, :, o] += fixed_edges.value(f, x[:, :, i], self.constants[:, i, o])
        return s

    def slopes(self, x: Tensor, basis_slope: Tensor) -> Tensor:
        """The slope of every edge at every row: (nets, batch, in, out)"""
        slope = torch.einsum("sbig,siog->sbio", basis_slope, self.coef)
        if self.with_base:
            with torch.enable_grad():
                at = x.detach().requires_grad_()
                value = self.layer.base_fun(at).sum()
            if value.requires_grad:  # not a constant
                (b,) = torch.autograd.grad(value, at)
                slope = slope + b[..., None] * self.base[:, None]
        for (i, o), f in self.fixed.items():
            slope[..., i, o] = self._fixed_slopes(x, i, o, f)[1]
        return slope

    def by_constants(self, x: Tensor) -> Tensor:
        """The slopes of fixed edges by their free constants. x: (nets, batch, in) -> (nets, batch, constants)"""
        by_edge = {(i, o): self._fixed_slopes(x, i, o, f)[0] for (i, o), f in self.fixed.items()}
        where = zip(self.from_.tolist(), self.to.tolist(), self.place.tolist())
        return torch.stack([by_edge[i, o][..., place] for i, o, place in where], -1)

    def _fixed_slopes(self, x: Tensor, i: int, o: int, f: Function) -> tuple[Tensor, Tensor]:
        """By its constants, (nets, batch, 4), and by x, (nets, batch)."""
        by_constants, by_x = zip(*(fixed_edges.slopes(f, x[s, :, i], self.constants[s, i, o]) for s in range(len(x))))
        return torch.stack(by_constants), torch.stack(by_x)


def stage(layers: Sequence[KANLayer], nodes: Nodes, following: KANLayer | None, train_base: bool) -> Stage:
    layer, mask = layers[0], layers[0].spline_mask
    base = torch.stack([mask * own.scale_base.detach() for own in layers])
    i, o = mask.nonzero(as_tuple=True)
    used = {(i, o): f for (i, o), f in layer.fixed.items() if layer.mask[i, o]}
    places = [(i, o, place) for (i, o), f in used.items() for place in fixed_edges.free(f)]
    from_, to, place = torch.tensor(places, dtype=torch.long, device=mask.device).reshape(-1, 3).unbind(1)
    free, supple = _roles(layer, nodes, following)
    return Stage(
        layer=layer,
        nodes=nodes,
        knots=torch.stack([own.grid for own in layers]),
        coef=torch.stack([(mask * own.scale_sp.detach())[..., None] * own.coef.detach() for own in layers]),
        base=base,
        bias=torch.stack([own.bias.detach() for own in layers]),
        i=i,
        o=o,
        free=free.nonzero()[:, 0],
        supple=supple,
        fixed=used,
        constants=torch.stack([own.constants.detach() for own in layers]),
        from_=from_,
        to=to,
        place=place,
        with_base=train_base or bool(base.any()),
    )


def _roles(layer: KANLayer, nodes: Nodes, following: KANLayer | None) -> tuple[Tensor, Tensor]:
    """Which sums have a bias of their own, and which have a scale that the next layer can take over. (out,) each

    A spline takes over both from the node it starts at; a function may be able to take neither. Of outputs only the
    shares of the factors in a product are open.
    """
    free = torch.zeros_like(layer.bias, dtype=torch.bool)
    free[nodes.factors.start :] = True
    supple = torch.ones_like(free)
    firsts = [g.start for g in nodes.groups]
    if following is None:
        free[:] = True
        supple[: nodes.sums] = False
        supple[firsts] = False
    else:
        for i, o in following.fixed:
            if following.mask[i, o]:
                column = i if i < nodes.sums else firsts[i - nodes.sums]
                supple[column] = False
                free[column] = True
    return free, supple
