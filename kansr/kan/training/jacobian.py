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

from kansr.kan.network.network import Network
from kansr.kan.network.spline import roughness
from kansr.kan.training.batched_layer import Basis, stage

FINE, ENDS = 40, 8  # intervals from which the ends are smoothed more, and the differences there
SPARSE = 6  # times more basis functions than are not zero at a point, from which the zeros are left out of JᵀJ
CHUNK = 2_000_000  # products of two numbers of a row that are added up at a time


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

    X: (batch, inputs); root: (batch,), the square roots of the rows' weights, which the Jacobian carries;
    train_base: whether the base functions' scales are in theta, besides coefficients, biases and constants.
    """

    def __init__(
        self, models: Sequence[Network], X: Tensor, root: Tensor | None = None, train_base: bool = False
    ) -> None:
        stages = list(models[0].stages())
        after = [layer for layer, _ in stages[1:]] + [None]
        self.stages = [
            stage([model.layers[n] for model in models], nodes, following, train_base)
            for n, ((_, nodes), following) in enumerate(zip(stages, after))
        ]
        sizes = [len(s.i) * s.width for s in self.stages]
        sizes += [len(s.free) for s in self.stages] + [len(s.place) for s in self.stages]
        sizes += [train_base * len(s.i) for s in self.stages]
        ends = list(accumulate(sizes))
        self.blocks = [
            slice(end - size, end) for size, end in zip(sizes, ends)
        ]  # coefficients, biases, constants, base
        self.train_base = train_base
        self.size = ends[-1]
        self.X, self.root = X.expand(len(models), -1, -1), root
        self.first = self.stages[0].basis(self.X)
        self.first_dense = self.first.dense(self.first.value)
        k = models[0].k
        self.sparse = X.device.type == "cpu" and min(s.width for s in self.stages) >= SPARSE * (k + 1)

    def theta(self) -> Tensor:
        coef = [s.coef[:, s.i, s.o].flatten(1) for s in self.stages]
        constants = [s.constants[:, s.from_, s.to, s.place] for s in self.stages]
        base = [s.base[:, s.i, s.o] for s in self.stages] if self.train_base else []
        return torch.cat(coef + [s.bias[:, s.free] for s in self.stages] + constants + base, 1)

    def set(self, theta: Tensor) -> None:
        count = len(self.stages)
        for n, s in enumerate(self.stages):
            s.coef[:, s.i, s.o] = theta[:, self.blocks[n]].unflatten(1, (len(s.i), s.width))
            s.bias[:, s.free] = theta[:, self.blocks[count + n]]
            s.constants[:, s.from_, s.to, s.place] = theta[:, self.blocks[2 * count + n]]
            if self.train_base:
                s.base[:, s.i, s.o] = theta[:, self.blocks[3 * count + n]]

    @torch.no_grad()
    def store(self, models: Sequence[Network]) -> None:
        """Write the coefficients into the networks."""
        for number, model in enumerate(models):
            for layer, s in zip(model.layers, self.stages):
                layer.scale_sp[layer.scale_sp == 0] = 1.0
                used = layer.spline_mask != 0
                layer.coef[used] = (s.coef[number] / (layer.mask * layer.scale_sp)[..., None])[used]
                layer.scale_base[used] = (s.base[number] / layer.mask)[used]
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
        for n, into in self.backward(trace):
            s = self.stages[n]
            block = out[..., self.blocks[n]].unflatten(3, (len(s.i), s.width))
            torch.mul(into[..., s.o, None], trace.dense[n][:, :, None, s.i], out=block)
            for columns, to, by in self._plain(n, trace):
                out[..., columns] = into[..., to] * by[:, :, None]
        return out

    def _plain(self, n: int, trace: Trace) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """What else than coefficients is moved in layer n: the columns, the sums they enter, (columns,), and the
        slopes of these, (nets, batch, columns or 1)."""
        s, x, count = self.stages[n], trace.x[n], len(self.stages)
        yield self.blocks[count + n], s.free, torch.ones_like(x[..., :1])
        if s.fixed:
            yield self.blocks[2 * count + n], s.to, s.by_constants(x)
        if self.train_base:
            yield self.blocks[3 * count + n], s.o, s.layer.base_fun(x)[..., s.i]

    def nonzeros(self, trace: Trace) -> tuple[Tensor, Tensor]:
        """What of the Jacobian is not zero, (nets, batch, outputs, n), and in which columns, (nets, batch, n)."""
        values, columns = list[Tensor](), list[Tensor]()
        number = torch.arange(self.size, device=trace.output.device)
        for n, into in self.backward(trace):
            s, basis = self.stages[n], trace.basis[n]
            values.append((into[..., s.o, None] * basis.value[:, :, None, s.i]).flatten(3))
            offset = number[self.blocks[n]][:: s.width]
            columns.append((offset[:, None] + basis.index[:, :, s.i]).flatten(2))
            for block, to, by in self._plain(n, trace):
                values.append(into[..., to] * by[:, :, None])
                columns.append(number[block].expand(*into.shape[:2], -1))
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
            rows.append(self._means(n, trace))
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
            for block, to, by in self._plain(n, trace):
                row[:, to, number[block]] = (scaled[..., to] * by).sum(1)
            rows.append(row)
        V = torch.cat(rows, 1)
        length = V.norm(dim=2, keepdim=True)
        return V / torch.where(length > 0, length, torch.ones_like(length))

    def _means(self, n: int, trace: Trace) -> Tensor:
        """How the mean of every edge of layer n depends on theta: (nets, edges, size)"""
        s = self.stages[n]
        mean = self.mean(trace.dense[n])[:, s.i]
        one = torch.eye(len(s.i), dtype=mean.dtype, device=mean.device)
        row = mean.new_zeros(*mean.shape[:2], self.size)
        row[..., self.blocks[n]] = (one[..., None] * mean[:, :, None]).flatten(2)
        if self.train_base:
            base = self.mean(s.layer.base_fun(trace.x[n]))[:, s.i]
            row[..., self.blocks[3 * len(self.stages) + n]] = one * base[:, :, None]
        return row

    def roughness(self) -> Tensor:
        """Rows whose squares add up to the roughness of all edges, by (k + 1)-th differences: (nets, rows, size)

        On fine grids also by differences of higher order at the ends, where rows are few and a curve has to go on
        beyond the last of them.
        """
        rows = []
        for n, s in enumerate(self.stages):
            D = roughness(s.knots, s.layer.k)  # (nets, in, rows, G + k)
            if s.layer.G >= FINE:
                ends = s.layer.G * roughness(s.knots, s.layer.k, 2)
                D = torch.cat([D, ends[..., :ENDS, :], ends[..., -ENDS:, :]], -2)
            row = D.new_zeros(len(D), len(s.i) * D.shape[2], self.size)
            if len(s.i):
                row[..., self.blocks[n]] = torch.stack([torch.block_diag(*own) for own in D[:, s.i]])
            rows.append(row)
        return torch.cat(rows, 1)


def _gram(values: Tensor, columns: Tensor, size: int) -> Tensor:
    """JᵀJ from what is not zero in J. values: (batch, outputs, n); columns: (batch, n) -> (size, size)"""
    total = values.new_zeros(size * size)
    for v, c in zip(*(part.split(max(CHUNK // columns.shape[1] ** 2, 1)) for part in (values, columns))):
        products = (v[..., :, None] * v[..., None, :]).sum(1)
        total += torch.bincount((size * c[:, :, None] + c[:, None]).flatten(), products.flatten(), size * size)
    return total.view(size, size)
