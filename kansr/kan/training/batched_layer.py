"""One layer of several networks of the same shape, as plain tensors with the networks along the first axis."""

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
    """The k + 1 basis functions that are not zero at each point; `count` is the number of all of them, G + k.

    index, value, slope: (nets, batch, in, k + 1)
    """

    index: Tensor
    value: Tensor
    slope: Tensor
    count: int

    def dense(self, part: Tensor) -> Tensor:
        """Values or slopes of all basis functions. part: (nets, batch, in, k + 1) -> (nets, batch, in, G + k)"""
        return part.new_zeros(*part.shape[:3], self.count).scatter_(3, self.index, part)


@dataclass(eq=False)
class BatchedLayer:
    """A layer with tensors in place of parameters. Masks are multiplied into coef (with scale_sp) and base.

    first: the layer of the first network, for all they have in common;
    knots: (nets, in, G + 2k + 1); coef: (nets, in, out, G + k); base: (nets, in, out), the scales of the base
    function; bias: (nets, out); constants: (nets, in, out, 4);
    i, o: (splines,), the ends of each spline edge in use;
    free_bias: (sums,), the sums whose bias is trained;
    rescalable: (out,), whether the next layer can undo a change in the scale of a sum, so that training holds it;
    symbolic: the symbolic edges in use; constant_i, constant_o, constant_index: (constants,), the ends of the edge and
    the position in its row of each constant that is trained
    """

    first: KANLayer
    nodes: Nodes
    knots: Tensor
    coef: Tensor
    base: Tensor
    bias: Tensor
    i: Tensor
    o: Tensor
    free_bias: Tensor
    rescalable: Tensor
    symbolic: dict[tuple[int, int], Function]
    constants: Tensor
    constant_i: Tensor
    constant_o: Tensor
    constant_index: Tensor
    with_base: bool

    @property
    def basis_count(self) -> int:
        return self.coef.shape[3]

    @property
    def trained_constants(self) -> tuple[slice, Tensor, Tensor, Tensor]:
        """The index of the constants that are trained."""
        return slice(None), self.constant_i, self.constant_o, self.constant_index

    def basis(self, x: Tensor) -> Basis:
        """The basis functions at the values of the nodes. x: (nets, batch, in)"""
        nets, batch, count = x.shape
        flat = x.transpose(0, 1).reshape(batch, nets * count)
        first, *parts = nonzero_basis(flat, self.knots.flatten(0, 1), self.first.k, self.first.outside)
        index = first[..., None] + torch.arange(self.first.k + 1, device=x.device)
        shape = batch, nets, count, self.first.k + 1
        index, value, slope = (part.view(shape).transpose(0, 1) for part in (index, *parts))
        return Basis(index, value, slope, self.basis_count)

    def sums(self, x: Tensor, basis: Tensor) -> Tensor:
        """The sums. x: (nets, batch, in); basis: (nets, batch, in, G + k) -> (nets, batch, out)"""
        s = torch.baddbmm(self.bias[:, None], basis.flatten(2), self.coef.transpose(2, 3).flatten(1, 2))
        if self.with_base:
            s += self.first.base_fun(x) @ self.base
        for (i, o), f in self.symbolic.items():
            s[:, :, o] += fixed_edges.value(f, x[:, :, i], self.constants[:, i, o])
        return s

    def slopes(self, x: Tensor, basis_slope: Tensor) -> Tensor:
        """The derivative of every activation. basis_slope: (nets, batch, in, G + k) -> (nets, batch, in, out)"""
        slope = torch.einsum("sbig,siog->sbio", basis_slope, self.coef)
        if self.with_base:
            with torch.enable_grad():
                points = x.detach().requires_grad_()
                value = self.first.base_fun(points).sum()
            if value.requires_grad:  # False for a base function that is constant
                (b,) = torch.autograd.grad(value, points)
                slope = slope + b[..., None] * self.base[:, None]
        for (i, o), f in self.symbolic.items():
            slope[..., i, o] = self._symbolic_slopes(x, i, o, f)[1]
        return slope

    def by_constants(self, x: Tensor) -> Tensor:
        """The derivatives of symbolic edges by the constants that are trained.

        x: (nets, batch, in) -> (nets, batch, constants)
        """
        by_edge = {(i, o): self._symbolic_slopes(x, i, o, f)[0] for (i, o), f in self.symbolic.items()}
        trained = zip(self.constant_i.tolist(), self.constant_o.tolist(), self.constant_index.tolist())
        return torch.stack([by_edge[i, o][..., index] for i, o, index in trained], -1)

    def _symbolic_slopes(self, x: Tensor, i: int, o: int, f: Function) -> tuple[Tensor, Tensor]:
        """The derivatives of a symbolic edge by its constants, (nets, batch, 4), and by x, (nets, batch)."""
        by_constants, by_x = zip(*(fixed_edges.slopes(f, x[s, :, i], self.constants[s, i, o]) for s in range(len(x))))
        return torch.stack(by_constants), torch.stack(by_x)


def batch_layers(
    layers: Sequence[KANLayer], nodes: Nodes, following: KANLayer | None, train_base: bool
) -> BatchedLayer:
    """The same layer of several networks as one; `following` is the layer after it in the first of them."""
    first, mask = layers[0], layers[0].spline_mask
    base = torch.stack([mask * layer.scale_base.detach() for layer in layers])
    i, o = mask.nonzero(as_tuple=True)
    used = {(i, o): f for (i, o), f in first.fixed.items() if first.mask[i, o]}
    trained = [(i, o, index) for (i, o), f in used.items() for index in fixed_edges.free_constants(f)]
    constants = torch.tensor(trained, dtype=torch.long, device=mask.device).reshape(-1, 3)
    free, rescalable = _free_and_rescalable(first, nodes, following)
    return BatchedLayer(
        first=first,
        nodes=nodes,
        knots=torch.stack([layer.grid for layer in layers]),
        coef=torch.stack([(mask * layer.scale_sp.detach())[..., None] * layer.coef.detach() for layer in layers]),
        base=base,
        bias=torch.stack([layer.bias.detach() for layer in layers]),
        i=i,
        o=o,
        free_bias=free.nonzero()[:, 0],
        rescalable=rescalable,
        symbolic=used,
        constants=torch.stack([layer.constants.detach() for layer in layers]),
        constant_i=constants[:, 0],
        constant_o=constants[:, 1],
        constant_index=constants[:, 2],
        with_base=train_base or bool(base.any()),
    )


def _free_and_rescalable(layer: KANLayer, nodes: Nodes, following: KANLayer | None) -> tuple[Tensor, Tensor]:
    """Which sums have a bias that matters, and which a scale that the next layer can undo: (out,), (out,)

    The splines that leave a node can undo any shift and scale of it, a symbolic edge in general neither. The scale of
    an output is determined; the factors of a product can still trade theirs among each other.
    """
    free = torch.zeros_like(layer.bias, dtype=torch.bool)
    free[nodes.factors.start :] = True
    rescalable = torch.ones_like(free)
    first_factors = [g.start for g in nodes.groups]
    if following is None:
        free[:] = True
        rescalable[: nodes.sums] = False
        rescalable[first_factors] = False
    else:
        for i, o in following.fixed:
            if following.mask[i, o]:
                column = i if i < nodes.sums else first_factors[i - nodes.sums]
                rescalable[column] = False
                free[column] = True
    return free, rescalable
