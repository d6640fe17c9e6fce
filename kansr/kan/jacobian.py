"""A network as a function of one vector, its coefficients: values, Jacobian, and the directions that change nothing.

A spline is linear in its own coefficients, so a column of the Jacobian is a basis function times the slope of the
output with respect to the edge; slopes go backwards through the layers by the chain rule. An edge that is fixed to a
function gives a column for each of its free constants instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from kansr.kan import fixed
from kansr.kan.layer import KANLayer
from kansr.kan.model import Network, Nodes
from kansr.kan.spline import B_batch, basis_and_slope, differences
from kansr.symbolic.library import Function

FINE, ENDS = 40, 8  # intervals from which the ends are smoothed more, and the differences there


@dataclass(eq=False)
class _Stage:
    """A layer with plain tensors in place of parameters; coef carries mask and scale_sp, `base` mask and scale_base.

    coef: (in, out, G + k); base: (in, out); i, o: (edges,), where each spline in use begins and ends;
    `free`: the sums whose bias is moved; `supple`: the sums whose scale the edges that follow can take over, so that
    it must not move. constants: (in, out, 4); from_, to, place: (constants,), where the free ones of fixed edges are.
    """

    layer: KANLayer
    nodes: Nodes
    knots: Tensor
    coef: Tensor
    base: Tensor | None
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

    def sums(self, x: Tensor, basis: Tensor) -> Tensor:
        """x: (batch, in); basis: (batch, in, G + k) -> (batch, out)"""
        s = torch.addmm(self.bias, basis.flatten(1), self.coef.transpose(1, 2).flatten(0, 1))
        if self.base is not None:
            s += self.layer.base_fun(x) @ self.base
        for (i, o), f in self.fixed.items():
            s[:, o] += fixed.value(f, x[:, i], self.constants[i, o])
        return s

    def slopes(self, x: Tensor, basis_slope: Tensor) -> Tensor:
        """The slope of every edge at every row: (batch, in, out)"""
        slope = torch.bmm(basis_slope.transpose(0, 1), self.coef.transpose(1, 2)).transpose(0, 1)
        if self.base is not None:
            with torch.enable_grad():
                at = x.detach().requires_grad_()
                (b,) = torch.autograd.grad(self.layer.base_fun(at).sum(), at)
            slope = slope + b[..., None] * self.base
        if not self.fixed:
            return slope
        slope = slope.clone()
        for (i, o), f in self.fixed.items():
            slope[:, i, o] = fixed.slopes(f, x[:, i], self.constants[i, o])[1]
        return slope

    def by_constants(self, x: Tensor) -> Tensor:
        """The slopes of fixed edges with respect to their free constants. x: (batch, in) -> (batch, constants)"""
        by_edge = {(i, o): fixed.slopes(f, x[:, i], self.constants[i, o])[0] for (i, o), f in self.fixed.items()}
        where = zip(self.from_.tolist(), self.to.tolist(), self.place.tolist())
        return torch.stack([by_edge[i, o][:, place] for i, o, place in where], 1)


@dataclass(eq=False)
class Trace:
    """What a pass forward leaves for the Jacobian, layer by layer.

    x: (batch, in); basis, basis_slope: (batch, in, G + k); sums: (batch, out)
    """

    x: list[Tensor]
    basis: list[Tensor]
    basis_slope: list[Tensor]
    sums: list[Tensor]
    output: Tensor


class Linearised:
    """The network as a function of its coefficient vector `theta`, at fixed grids."""

    def __init__(self, model: Network, X: Tensor) -> None:
        stages = list(model.stages())
        after = [layer for layer, _ in stages[1:]] + [None]
        self.stages = [_stage(layer, nodes, following) for (layer, nodes), following in zip(stages, after)]
        sizes = [len(s.i) * s.coef.shape[2] for s in self.stages]
        sizes += [len(s.free) for s in self.stages] + [len(s.place) for s in self.stages]
        ends = list(accumulate(sizes))
        self.blocks = [slice(end - size, end) for size, end in zip(sizes, ends)]  # coefficients, biases, constants
        self.size = ends[-1]
        self.first = basis_and_slope(X, self.stages[0].knots, model.k, self.stages[0].layer.outside)
        self.X = X

    def theta(self) -> Tensor:
        coef = [s.coef[s.i, s.o].flatten() for s in self.stages]
        constants = [s.constants[s.from_, s.to, s.place] for s in self.stages]
        return torch.cat(coef + [s.bias[s.free] for s in self.stages] + constants)

    def set(self, theta: Tensor) -> None:
        count = len(self.stages)
        for n, s in enumerate(self.stages):
            s.coef[s.i, s.o] = theta[self.blocks[n]].view(len(s.i), s.coef.shape[2])
            s.bias[s.free] = theta[self.blocks[count + n]]
            s.constants[s.from_, s.to, s.place] = theta[self.blocks[2 * count + n]]

    def store(self, model: Network) -> None:
        """Write the coefficients into the network."""
        with torch.no_grad():
            for layer, s in zip(model.layers, self.stages):
                layer.scale_sp[layer.scale_sp == 0] = 1.0
                used = layer.spline_mask != 0
                layer.coef[used] = (s.coef / (layer.mask * layer.scale_sp)[..., None])[used]
                layer.bias.copy_(s.bias)
                layer.constants.copy_(s.constants)

    def run(self) -> Trace:
        """The pass over the rows that are fitted, with slopes of the basis."""
        x, trace = self.X, Trace([], [], [], [], self.X)
        for n, s in enumerate(self.stages):
            basis, slope = self.first if n == 0 else basis_and_slope(x, s.knots, s.layer.k, s.layer.outside)
            sums = s.sums(x, basis)
            for seen, value in zip((trace.x, trace.basis, trace.basis_slope, trace.sums), (x, basis, slope, sums)):
                seen.append(value)
            x = s.nodes(sums)
        trace.output = x
        return trace

    def predict(self, x: Tensor) -> Tensor:
        """(batch, inputs) -> (batch, outputs)"""
        for s in self.stages:
            x = s.nodes(s.sums(x, B_batch(x, s.knots, s.layer.k, s.layer.outside)))
        return x

    def jacobian(self, trace: Trace, out: Tensor) -> Tensor:
        """The slopes of all outputs with respect to theta, written to `out`: (batch, outputs, size)"""
        batch, outputs = trace.output.shape
        slope = torch.eye(outputs, dtype=out.dtype).expand(batch, -1, -1)
        count = len(self.stages)
        for n in range(count - 1, -1, -1):
            s = self.stages[n]
            into = s.nodes.pull_back(trace.sums[n], slope)  # (batch, outputs, out)
            block = out[:, :, self.blocks[n]].view(batch, outputs, len(s.i), s.coef.shape[2])
            torch.mul(into[:, :, s.o, None], trace.basis[n][:, None, s.i], out=block)
            out[:, :, self.blocks[count + n]] = into[:, :, s.free]
            if s.fixed:
                out[:, :, self.blocks[2 * count + n]] = into[:, :, s.to] * s.by_constants(trace.x[n])[:, None]
            if n:
                slope = torch.einsum("bqo,bio->bqi", into, s.slopes(trace.x[n], trace.basis_slope[n]))
        return out

    def gauge(self, trace: Trace) -> Tensor:
        """Unit rows orthogonal to which a step changes no gauge: (rows, size).

        The mean of an edge could move to its neighbours (or on, into the next layer), the scale of a hidden node into
        the edges that leave it. The biases that do matter, of outputs and factors, are free.
        """
        rows = []
        for n, s in enumerate(self.stages):
            mean = trace.basis[n].mean(0)  # (in, G + k)
            rows.append(self._row_per_edge(n, mean[s.i]))
            scaled = trace.sums[n].clone()
            scaled[:, : s.nodes.sums] -= scaled[:, : s.nodes.sums].mean(0)
            scaled[:, ~s.supple] = 0.0
            change = torch.einsum("bo,big->oig", scaled, trace.basis[n])
            row = change.new_zeros(s.coef.shape[1], self.size)
            part = change.new_zeros(len(row), len(s.i), s.coef.shape[2])
            part[s.o, torch.arange(len(s.i))] = change[s.o, s.i]
            row[:, self.blocks[n]] = part.flatten(1)
            row[s.free, torch.arange(self.size)[self.blocks[len(self.stages) + n]]] = scaled[:, s.free].sum(0)
            if s.fixed:
                by_constants = (scaled[:, s.to] * s.by_constants(trace.x[n])).sum(0)
                row[s.to, torch.arange(self.size)[self.blocks[2 * len(self.stages) + n]]] = by_constants
            rows.append(row)
        V = torch.cat(rows)
        length = V.norm(dim=1, keepdim=True)
        return V / torch.where(length > 0, length, torch.ones_like(length))

    def _row_per_edge(self, n: int, value: Tensor) -> Tensor:
        """value: (edges, G + k) -> (edges, size), each edge's in its own columns"""
        edges, width = value.shape
        row = value.new_zeros(edges, self.size)
        part = value.new_zeros(edges, edges, width)
        part[torch.arange(edges), torch.arange(edges)] = value
        row[:, self.blocks[n]] = part.flatten(1)
        return row

    def roughness(self) -> Tensor:
        """Rows whose squares add up to the roughness of all edges, by (k + 1)-th differences: (rows, size)

        On fine grids also by differences of higher order at the ends, where rows are few and a curve has to go on
        beyond the last of them.
        """
        rows = []
        for n, s in enumerate(self.stages):
            G, D = s.layer.G, differences(s.coef.shape[2], s.layer.k + 1)
            if G >= FINE:
                ends = G * differences(s.coef.shape[2], s.layer.k + 3)
                D = torch.cat([D, ends[:ENDS], ends[-ENDS:]])
            row = D.new_zeros(len(s.i) * len(D), self.size)
            if len(s.i):
                row[:, self.blocks[n]] = torch.block_diag(*[D] * len(s.i))
            rows.append(row)
        return torch.cat(rows)


def _stage(layer: KANLayer, nodes: Nodes, following: KANLayer | None) -> _Stage:
    mask, scale = layer.spline_mask, layer.scale_sp.detach()
    base = mask * layer.scale_base.detach()
    i, o = mask.nonzero(as_tuple=True)
    used = {(i, o): f for (i, o), f in layer.fixed.items() if layer.mask[i, o]}
    places = [(i, o, place) for (i, o), f in used.items() for place in fixed.free(f)]
    from_, to, place = torch.tensor(places, dtype=torch.long).reshape(-1, 3).unbind(1)
    free, supple = _roles(layer, nodes, following)
    return _Stage(
        layer=layer,
        nodes=nodes,
        knots=layer.grid,
        coef=(mask * scale)[..., None] * layer.coef.detach(),
        base=base if bool(base.any()) else None,
        bias=layer.bias.detach().clone(),
        i=i,
        o=o,
        free=free.nonzero()[:, 0],
        supple=supple,
        fixed=used,
        constants=layer.constants.detach().clone(),
        from_=from_,
        to=to,
        place=place,
    )


def _roles(layer: KANLayer, nodes: Nodes, following: KANLayer | None) -> tuple[Tensor, Tensor]:
    """Which sums have a bias of their own, and which have a scale that the next layer can take over. (out,) each

    A spline takes over both from the node it starts at; a function may be able to take neither. Of outputs only the
    shares of the factors in a product are open.
    """
    free = torch.zeros(layer.out_dim, dtype=torch.bool)
    free[nodes.factors.start :] = True
    supple = torch.ones(layer.out_dim, dtype=torch.bool)
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
