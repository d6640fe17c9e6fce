"""Networks as functions of one vector each, their coefficients: values, Jacobian, and directions that change nothing.

A spline is linear in its own coefficients, so a column of the Jacobian is a basis function times the slope of the
output with respect to the edge; slopes go backwards through the layers by the chain rule. An edge that is fixed to a
function gives a column for each of its free constants instead.
Networks of one shape are worked on together, `nets` of them, along the first axis of every tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from kansr.kan import fixed
from kansr.kan.layer import KANLayer
from kansr.kan.model import Network, Nodes
from kansr.kan.spline import differences, nonzero_basis
from kansr.symbolic.library import Function

FINE, ENDS = 40, 8  # intervals from which the ends are smoothed more, and the differences there
SPARSE = 6  # times more basis functions than are not zero at a point, from which the zeros are left out of JᵀJ
CHUNK = 2_000_000  # products of two numbers of a row that are added up at a time


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
class _Stage:
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
        if self.base is not None:
            s += self.layer.base_fun(x) @ self.base
        for (i, o), f in self.fixed.items():
            s[:, :, o] += fixed.value(f, x[:, :, i], self.constants[:, i, o])
        return s

    def slopes(self, x: Tensor, basis_slope: Tensor) -> Tensor:
        """The slope of every edge at every row: (nets, batch, in, out)"""
        slope = torch.einsum("sbig,siog->sbio", basis_slope, self.coef)
        if self.base is not None:
            with torch.enable_grad():
                at = x.detach().requires_grad_()
                (b,) = torch.autograd.grad(self.layer.base_fun(at).sum(), at)
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
        by_constants, by_x = zip(*(fixed.slopes(f, x[s, :, i], self.constants[s, i, o]) for s in range(len(x))))
        return torch.stack(by_constants), torch.stack(by_x)


@dataclass(eq=False)
class Trace:
    """What a pass forward leaves for the Jacobian, layer by layer.

    x: (nets, batch, in); dense: all basis functions, (nets, batch, in, G + k); sums: (nets, batch, out);
    output: (nets, batch, outputs)
    """

    x: list[Tensor]
    basis: list[Basis]
    dense: list[Tensor]
    sums: list[Tensor]
    output: Tensor


class Linearised:
    """Networks of one shape as functions of their coefficient vectors, theta: (nets, size), at fixed grids.

    X: (batch, inputs); root: (batch,), the square roots of the rows' weights, which the Jacobian carries.
    """

    def __init__(self, models: Sequence[Network], X: Tensor, root: Tensor | None = None) -> None:
        stages = list(models[0].stages())
        after = [layer for layer, _ in stages[1:]] + [None]
        self.stages = [
            _stage([model.layers[n] for model in models], nodes, following)
            for n, ((_, nodes), following) in enumerate(zip(stages, after))
        ]
        sizes = [len(s.i) * s.width for s in self.stages]
        sizes += [len(s.free) for s in self.stages] + [len(s.place) for s in self.stages]
        ends = list(accumulate(sizes))
        self.blocks = [slice(end - size, end) for size, end in zip(sizes, ends)]  # coefficients, biases, constants
        self.size = ends[-1]
        self.X, self.root = X.expand(len(models), -1, -1), root
        self.first = self.stages[0].basis(self.X)
        self.first_dense = self.first.dense(self.first.value)
        k = models[0].k
        self.sparse = X.device.type == "cpu" and min(s.width for s in self.stages) >= SPARSE * (k + 1)

    def theta(self) -> Tensor:
        coef = [s.coef[:, s.i, s.o].flatten(1) for s in self.stages]
        constants = [s.constants[:, s.from_, s.to, s.place] for s in self.stages]
        return torch.cat(coef + [s.bias[:, s.free] for s in self.stages] + constants, 1)

    def set(self, theta: Tensor) -> None:
        count = len(self.stages)
        for n, s in enumerate(self.stages):
            s.coef[:, s.i, s.o] = theta[:, self.blocks[n]].unflatten(1, (len(s.i), s.width))
            s.bias[:, s.free] = theta[:, self.blocks[count + n]]
            s.constants[:, s.from_, s.to, s.place] = theta[:, self.blocks[2 * count + n]]

    @torch.no_grad()
    def store(self, models: Sequence[Network]) -> None:
        """Write the coefficients into the networks."""
        for number, model in enumerate(models):
            for layer, s in zip(model.layers, self.stages):
                layer.scale_sp[layer.scale_sp == 0] = 1.0
                used = layer.spline_mask != 0
                layer.coef[used] = (s.coef[number] / (layer.mask * layer.scale_sp)[..., None])[used]
                layer.bias.copy_(s.bias[number])
                layer.constants.copy_(s.constants[number])

    def run(self) -> Trace:
        """The pass over the rows that are fitted."""
        x, trace = self.X, Trace([], [], [], [], self.X)
        for n, s in enumerate(self.stages):
            basis = s.basis(x) if n else self.first
            dense = basis.dense(basis.value) if n else self.first_dense
            sums = s.sums(x, dense)
            for seen, value in zip((trace.x, trace.basis, trace.dense, trace.sums), (x, basis, dense, sums)):
                seen.append(value)
            x = s.nodes(sums)
        trace.output = x
        return trace

    def predict(self, x: Tensor) -> Tensor:
        """(batch, inputs) -> (nets, batch, outputs)"""
        x = x.expand(len(self.X), -1, -1)
        for s in self.stages:
            basis = s.basis(x)
            x = s.nodes(s.sums(x, basis.dense(basis.value)))
        return x

    def backward(self, trace: Trace) -> Iterator[tuple[int, Tensor]]:
        """The slopes of all outputs by what each layer ends in, the last layer first: n, (nets, batch, outputs, out)"""
        nets, batch, outputs = trace.output.shape
        slope = torch.eye(outputs, dtype=trace.output.dtype, device=trace.output.device).expand(nets, batch, -1, -1)
        if self.root is not None:
            slope = slope * self.root[:, None, None]
        for n in range(len(self.stages) - 1, -1, -1):
            s, basis = self.stages[n], trace.basis[n]
            yield n, (into := s.nodes.pull_back(trace.sums[n], slope))
            if n:
                slope = torch.einsum("sbqo,sbio->sbqi", into, s.slopes(trace.x[n], basis.dense(basis.slope)))

    def jacobian(self, trace: Trace, out: Tensor | None = None) -> Tensor:
        """The slopes of all outputs with respect to theta, written to `out`: (nets, batch, outputs, size)"""
        if out is None:
            out = trace.output.new_empty(*trace.output.shape, self.size)
        count = len(self.stages)
        for n, into in self.backward(trace):
            s = self.stages[n]
            block = out[..., self.blocks[n]].unflatten(3, (len(s.i), s.width))
            torch.mul(into[..., s.o, None], trace.dense[n][:, :, None, s.i], out=block)
            out[..., self.blocks[count + n]] = into[..., s.free]
            if s.fixed:
                by_constants = s.by_constants(trace.x[n])[:, :, None]
                out[..., self.blocks[2 * count + n]] = into[..., s.to] * by_constants
        return out

    def nonzeros(self, trace: Trace) -> tuple[Tensor, Tensor]:
        """What of the Jacobian is not zero, (nets, batch, outputs, n), and in which columns, (nets, batch, n)."""
        count, values, columns = len(self.stages), list[Tensor](), list[Tensor]()
        number = torch.arange(self.size, device=trace.output.device)
        for n, into in self.backward(trace):
            s, basis = self.stages[n], trace.basis[n]
            values.append((into[..., s.o, None] * basis.value[:, :, None, s.i]).flatten(3))
            offset = number[self.blocks[n]][:: s.width]
            columns.append((offset[:, None] + basis.index[:, :, s.i]).flatten(2))
            plain = [(count + n, into[..., s.free])]
            if s.fixed:
                plain.append((2 * count + n, into[..., s.to] * s.by_constants(trace.x[n])[:, :, None]))
            for block, value in plain:
                values.append(value)
                columns.append(number[self.blocks[block]].expand(*into.shape[:2], -1))
        return torch.cat(values, 3), torch.cat(columns, 2)

    def normal(self, trace: Trace, residual: Tensor, out: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """JᵀJ, (nets, size, size), and Jᵀr, (nets, size), of the residuals, (nets, batch, outputs)."""
        if not self.sparse:
            J = self.jacobian(trace, out).flatten(1, 2)
            return J.mT @ J, (J.mT @ residual.flatten(1)[..., None])[..., 0]
        values, columns = self.nonzeros(trace)
        grams = [_gram(v, c, self.size) for v, c in zip(values, columns)]
        weighted = torch.einsum("sbqn,sbq->sbn", values, residual)
        slopes = [torch.bincount(c.flatten(), w.flatten(), self.size) for c, w in zip(columns, weighted)]
        return torch.stack(grams), torch.stack(slopes)

    def mean(self, value: Tensor) -> Tensor:
        """The weighted mean over the rows. (nets, batch, ...) -> (nets, ...)"""
        return (
            value.mean(1) if self.root is None else torch.einsum("b,sb...->s...", self.root**2 / len(self.root), value)
        )

    def gauge(self, trace: Trace) -> Tensor:
        """Unit rows orthogonal to which a step changes no gauge: (nets, rows, size).

        The mean of an edge could move to its neighbours (or on, into the next layer), the scale of a hidden node into
        the edges that leave it. The biases that do matter, of outputs and factors, are free.
        """
        rows = []
        number = torch.arange(self.size, device=trace.output.device)
        for n, s in enumerate(self.stages):
            dense = trace.dense[n]
            rows.append(self._row_per_edge(n, self.mean(dense)[:, s.i]))
            scaled = trace.sums[n].clone()
            scaled[..., : s.nodes.sums] -= self.mean(scaled[..., : s.nodes.sums])[:, None]
            scaled[..., ~s.supple] = 0.0
            if self.root is not None:
                scaled *= self.root.square()[:, None]
            change = torch.einsum("sbo,sbig->soig", scaled, dense)
            row = change.new_zeros(*change.shape[:2], self.size)
            part = change.new_zeros(*row.shape[:2], len(s.i), s.width)
            part[:, s.o, number[: len(s.i)]] = change[:, s.o, s.i]
            row[..., self.blocks[n]] = part.flatten(2)
            row[:, s.free, number[self.blocks[len(self.stages) + n]]] = scaled[..., s.free].sum(1)
            if s.fixed:
                by_constants = (scaled[..., s.to] * s.by_constants(trace.x[n])).sum(1)
                row[:, s.to, number[self.blocks[2 * len(self.stages) + n]]] = by_constants
            rows.append(row)
        V = torch.cat(rows, 1)
        length = V.norm(dim=2, keepdim=True)
        return V / torch.where(length > 0, length, torch.ones_like(length))

    def _row_per_edge(self, n: int, value: Tensor) -> Tensor:
        """value: (nets, edges, G + k) -> (nets, edges, size), each edge's in its own columns"""
        row = value.new_zeros(*value.shape[:2], self.size)
        row[..., self.blocks[n]] = (
            torch.eye(value.shape[1], dtype=value.dtype, device=value.device)[..., None] * value[:, :, None]
        ).flatten(2)
        return row

    def roughness(self) -> Tensor:
        """Rows whose squares add up to the roughness of all edges, by (k + 1)-th differences: (rows, size)

        On fine grids also by differences of higher order at the ends, where rows are few and a curve has to go on
        beyond the last of them.
        """
        rows = []
        for n, s in enumerate(self.stages):
            D = differences(s.width, s.layer.k + 1)
            if s.layer.G >= FINE:
                ends = s.layer.G * differences(s.width, s.layer.k + 3)
                D = torch.cat([D, ends[:ENDS], ends[-ENDS:]])
            row = D.new_zeros(len(s.i) * len(D), self.size)
            if len(s.i):
                row[:, self.blocks[n]] = torch.block_diag(*[D] * len(s.i))
            rows.append(row)
        return torch.cat(rows).to(self.X)


def _gram(values: Tensor, columns: Tensor, size: int) -> Tensor:
    """JᵀJ from what is not zero in J. values: (batch, outputs, n); columns: (batch, n) -> (size, size)"""
    total = values.new_zeros(size * size)
    for v, c in zip(*(part.split(max(CHUNK // columns.shape[1] ** 2, 1)) for part in (values, columns))):
        products = (v[..., :, None] * v[..., None, :]).sum(1)
        total += torch.bincount((size * c[:, :, None] + c[:, None]).flatten(), products.flatten(), size * size)
    return total.view(size, size)


def _stage(layers: Sequence[KANLayer], nodes: Nodes, following: KANLayer | None) -> _Stage:
    layer, mask = layers[0], layers[0].spline_mask
    base = torch.stack([mask * own.scale_base.detach() for own in layers])
    i, o = mask.nonzero(as_tuple=True)
    used = {(i, o): f for (i, o), f in layer.fixed.items() if layer.mask[i, o]}
    places = [(i, o, place) for (i, o), f in used.items() for place in fixed.free(f)]
    from_, to, place = torch.tensor(places, dtype=torch.long, device=mask.device).reshape(-1, 3).unbind(1)
    free, supple = _roles(layer, nodes, following)
    return _Stage(
        layer=layer,
        nodes=nodes,
        knots=torch.stack([own.grid for own in layers]),
        coef=torch.stack([(mask * own.scale_sp.detach())[..., None] * own.coef.detach() for own in layers]),
        base=base if bool(base.any()) else None,
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
