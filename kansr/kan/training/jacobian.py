"""Networks as functions of their trainable parameters theta: outputs, exact Jacobian, and gauge constraints.

A spline is linear in its coefficients, so a column of the Jacobian is a basis function times the derivative of the
output by the edge, which the chain rule carries back through the layers. A symbolic edge has a column for each of its
constants instead. Networks of the same shape are computed together, along the first axis (nets) of every tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from kansr.kan.network.network import Network
from kansr.kan.network.spline import roughness
from kansr.kan.training.batched_layer import Basis, batch_layers

FINE_GRID = 40  # intervals; from there on the ends of a spline are smoothed more, because few rows are near them
END_ROWS = 8  # roughness rows at either end that are added on a fine grid
END_ORDER = 2  # by which their differences are of higher order than the others
SPARSE_RATIO = 6  # basis functions for each non-zero one; from there on JᵀJ is faster without the zeros
CHUNK_PRODUCTS = 2_000_000  # products of non-zero entries that are formed at a time; in float64 they take 16 MB


@dataclass(eq=False)
class ForwardPass:
    """The values of a forward pass that the Jacobian needs, one entry of each list for each layer.

    x: (nets, batch, in); dense: (nets, batch, in, G + k), all basis functions; sums: (nets, batch, out);
    output: (nets, batch, outputs)
    """

    x: list[Tensor]
    basis: list[Basis]
    dense: list[Tensor]
    sums: list[Tensor]
    output: Tensor


class Linearised:
    """Networks of the same shape, on fixed grids, as functions of their parameter vectors theta: (nets, size)

    theta holds the spline coefficients, then biases and constants of symbolic edges, and with `train_base` the scales
    of the base functions. X: (batch, inputs); root: (batch,), the square roots of the sample weights, by which the
    rows of the Jacobian are multiplied
    """

    def __init__(
        self, models: Sequence[Network], X: Tensor, root: Tensor | None = None, train_base: bool = False
    ) -> None:
        stages = list(models[0].stages())
        following = [layer for layer, _ in stages[1:]] + [None]
        self.layers = [
            batch_layers([model.layers[n] for model in models], nodes, after, train_base)
            for n, ((_, nodes), after) in enumerate(zip(stages, following))
        ]
        sizes = [len(layer.i) * layer.basis_count for layer in self.layers]
        sizes += [len(layer.free_bias) for layer in self.layers]
        sizes += [len(layer.constant_index) for layer in self.layers]
        sizes += [train_base * len(layer.i) for layer in self.layers]
        ends = list(accumulate(sizes))
        self.blocks = [slice(end - size, end) for size, end in zip(sizes, ends)]  # of theta, kind by kind
        self.train_base = train_base
        self.size = ends[-1]
        self.X, self.root = X.expand(len(models), -1, -1), root
        self.input_basis = self.layers[0].basis(self.X)
        self.input_dense = self.input_basis.dense(self.input_basis.value)
        fewest = min(layer.basis_count for layer in self.layers)
        self.sparse = X.device.type == "cpu" and fewest >= SPARSE_RATIO * (models[0].k + 1)

    def theta(self) -> Tensor:
        """The present parameters: (nets, size)"""
        coef = [layer.coef[:, layer.i, layer.o].flatten(1) for layer in self.layers]
        bias = [layer.bias[:, layer.free_bias] for layer in self.layers]
        constants = [layer.constants[layer.trained_constants] for layer in self.layers]
        base = [layer.base[:, layer.i, layer.o] for layer in self.layers] if self.train_base else []
        return torch.cat(coef + bias + constants + base, 1)

    def set(self, theta: Tensor) -> None:
        """Take over other parameters. theta: (nets, size)"""
        for n, layer in enumerate(self.layers):
            layer.coef[:, layer.i, layer.o] = theta[:, self.blocks[n]].unflatten(1, (len(layer.i), layer.basis_count))
            layer.bias[:, layer.free_bias] = theta[:, self._bias_block(n)]
            layer.constants[layer.trained_constants] = theta[:, self._constant_block(n)]
            if self.train_base:
                layer.base[:, layer.i, layer.o] = theta[:, self._base_block(n)]

    def _bias_block(self, n: int) -> slice:
        return self.blocks[len(self.layers) + n]

    def _constant_block(self, n: int) -> slice:
        return self.blocks[2 * len(self.layers) + n]

    def _base_block(self, n: int) -> slice:
        return self.blocks[3 * len(self.layers) + n]

    @torch.no_grad()
    def store(self, models: Sequence[Network]) -> None:
        """Write the parameters into the networks (which are changed)."""
        for number, model in enumerate(models):
            for layer, batched in zip(model.layers, self.layers):
                layer.scale_sp[layer.scale_sp == 0] = 1.0
                used = layer.spline_mask != 0
                layer.coef[used] = (batched.coef[number] / (layer.mask * layer.scale_sp)[..., None])[used]
                layer.scale_base[used] = (batched.base[number] / layer.mask)[used]
                layer.bias.copy_(batched.bias[number])
                layer.constants.copy_(batched.constants[number])

    def forward(self) -> ForwardPass:
        """The forward pass over X."""
        x, forward = self.X, ForwardPass([], [], [], [], self.X)
        for n, layer in enumerate(self.layers):
            basis = layer.basis(x) if n else self.input_basis
            dense = basis.dense(basis.value) if n else self.input_dense
            sums = layer.sums(x, dense)
            for values, value in zip((forward.x, forward.basis, forward.dense, forward.sums), (x, basis, dense, sums)):
                values.append(value)
            x = layer.nodes(sums)
        forward.output = x
        return forward

    def predict(self, x: Tensor) -> Tensor:
        """The outputs for other rows. x: (batch, inputs) -> (nets, batch, outputs)"""
        x = x.expand(len(self.X), -1, -1)
        for layer in self.layers:
            basis = layer.basis(x)
            x = layer.nodes(layer.sums(x, basis.dense(basis.value)))
        return x

    def backward(self, forward: ForwardPass) -> Iterator[tuple[int, Tensor]]:
        """The derivatives of the outputs by the sums of layer n, last layer first: n, (nets, batch, outputs, out)"""
        nets, batch, outputs = forward.output.shape
        slope = torch.eye(outputs, dtype=forward.output.dtype, device=forward.output.device).expand(nets, batch, -1, -1)
        if self.root is not None:
            slope = slope * self.root[:, None, None]
        for n in range(len(self.layers) - 1, -1, -1):
            layer, basis = self.layers[n], forward.basis[n]
            yield n, (by_sums := layer.nodes.pull_back(forward.sums[n], slope))
            if n:
                slope = torch.einsum("sbqo,sbio->sbqi", by_sums, layer.slopes(forward.x[n], basis.dense(basis.slope)))

    def jacobian(self, forward: ForwardPass, out: Tensor | None = None) -> Tensor:
        """The derivatives of the outputs by theta, written to `out` if it is given: (nets, batch, outputs, size)"""
        if out is None:
            out = forward.output.new_empty(*forward.output.shape, self.size)
        for n, by_sums in self.backward(forward):
            layer = self.layers[n]
            block = out[..., self.blocks[n]].unflatten(3, (len(layer.i), layer.basis_count))
            torch.mul(by_sums[..., layer.o, None], forward.dense[n][:, :, None, layer.i], out=block)
            for columns, to, slope in self._other_columns(n, forward):
                out[..., columns] = by_sums[..., to] * slope[:, :, None]
        return out

    def _other_columns(self, n: int, forward: ForwardPass) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """The parameters of layer n that are no spline coefficients, by kind: their columns in theta, the sums they
        enter, (columns,), and the derivatives of these sums, (nets, batch, columns or 1)."""
        layer, x = self.layers[n], forward.x[n]
        yield self._bias_block(n), layer.free_bias, torch.ones_like(x[..., :1])
        if layer.symbolic:
            yield self._constant_block(n), layer.constant_o, layer.by_constants(x)
        if self.train_base:
            yield self._base_block(n), layer.o, layer.first.base_fun(x)[..., layer.i]

    def nonzeros(self, forward: ForwardPass) -> tuple[Tensor, Tensor]:
        """The non-zero entries of the Jacobian, (nets, batch, outputs, n), and their columns, (nets, batch, n)."""
        values, columns = list[Tensor](), list[Tensor]()
        number = torch.arange(self.size, device=forward.output.device)
        for n, by_sums in self.backward(forward):
            layer, basis = self.layers[n], forward.basis[n]
            values.append((by_sums[..., layer.o, None] * basis.value[:, :, None, layer.i]).flatten(3))
            offset = number[self.blocks[n]][:: layer.basis_count]
            columns.append((offset[:, None] + basis.index[:, :, layer.i]).flatten(2))
            for block, to, slope in self._other_columns(n, forward):
                values.append(by_sums[..., to] * slope[:, :, None])
                columns.append(number[block].expand(*by_sums.shape[:2], -1))
        return torch.cat(values, 3), torch.cat(columns, 2)

    def normal_equations(
        self, forward: ForwardPass, residual: Tensor, out: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """JᵀJ and Jᵀr. residual: (nets, batch, outputs) -> (nets, size, size), (nets, size)"""
        if not self.sparse:
            J = self.jacobian(forward, out).flatten(1, 2)
            return J.mT @ J, (J.mT @ residual.flatten(1)[..., None])[..., 0]
        values, columns = self.nonzeros(forward)
        grams = [_gram(v, c, self.size) for v, c in zip(values, columns)]
        weighted = torch.einsum("sbqn,sbq->sbn", values, residual)
        slopes = [torch.bincount(c.flatten(), w.flatten(), self.size) for c, w in zip(columns, weighted)]
        return torch.stack(grams), torch.stack(slopes)

    def mean(self, value: Tensor) -> Tensor:
        """The weighted mean over the rows. value: (nets, batch, ...) -> (nets, ...)"""
        if self.root is None:
            return value.mean(1)
        return torch.einsum("b,sb...->s...", self.root**2 / len(self.root), value)

    def gauge(self, forward: ForwardPass) -> Tensor:
        """The gauge constraints: steps of theta orthogonal to these unit vectors fix the gauge. (nets, rows, size)

        Two changes of theta leave the outputs as they are: the mean of an edge can move to other edges of the sum or
        to the next layer, and the scale of a hidden node to the edges that leave it. The rows are the gradients of
        these means and scales. The biases of outputs and factors do change the outputs and are not constrained.
        """
        rows = []
        for n in range(len(self.layers)):
            rows += [self._means(n, forward), self._scales(n, forward)]
        V = torch.cat(rows, 1)
        length = V.norm(dim=2, keepdim=True)
        return V / torch.where(length > 0, length, torch.ones_like(length))

    def _scales(self, n: int, forward: ForwardPass) -> Tensor:
        """The derivatives of the sizes of the sums of layer n by theta, up to a factor: (nets, out, size)"""
        layer, number = self.layers[n], torch.arange(self.size, device=forward.output.device)
        scaled = forward.sums[n].clone()
        scaled[..., : layer.nodes.sums] -= self.mean(scaled[..., : layer.nodes.sums])[:, None]
        scaled[..., ~layer.rescalable] = 0.0
        if self.root is not None:
            scaled *= self.root.square()[:, None]
        change = torch.einsum("sbo,sbig->soig", scaled, forward.dense[n])
        row = change.new_zeros(*change.shape[:2], self.size)
        part = change.new_zeros(*row.shape[:2], len(layer.i), layer.basis_count)
        part[:, layer.o, number[: len(layer.i)]] = change[:, layer.o, layer.i]
        row[..., self.blocks[n]] = part.flatten(2)
        for block, to, slope in self._other_columns(n, forward):
            row[:, to, number[block]] = (scaled[..., to] * slope).sum(1)
        return row

    def _means(self, n: int, forward: ForwardPass) -> Tensor:
        """The derivatives of the means of the edges of layer n by theta: (nets, edges, size)"""
        layer = self.layers[n]
        mean = self.mean(forward.dense[n])[:, layer.i]
        one = torch.eye(len(layer.i), dtype=mean.dtype, device=mean.device)
        row = mean.new_zeros(*mean.shape[:2], self.size)
        row[..., self.blocks[n]] = (one[..., None] * mean[:, :, None]).flatten(2)
        if self.train_base:
            base = self.mean(layer.first.base_fun(forward.x[n]))[:, layer.i]
            row[..., self._base_block(n)] = one * base[:, :, None]
        return row

    def roughness(self) -> Tensor:
        """The matrix of the smoothing penalty, |roughness theta|², on all splines: (nets, rows, size)

        Its rows are differences of order k + 1. On fine grids there are rows of higher order at the ends, where few
        samples are and a spline may be extrapolated.
        """
        rows = []
        for n, layer in enumerate(self.layers):
            D = roughness(layer.knots, layer.first.k)  # (nets, in, rows, G + k)
            if layer.first.G >= FINE_GRID:
                ends = layer.first.G * roughness(layer.knots, layer.first.k, END_ORDER)
                D = torch.cat([D, ends[..., :END_ROWS, :], ends[..., -END_ROWS:, :]], -2)
            row = D.new_zeros(len(D), len(layer.i) * D.shape[2], self.size)
            if len(layer.i):
                row[..., self.blocks[n]] = torch.stack([torch.block_diag(*each) for each in D[:, layer.i]])
            rows.append(row)
        return torch.cat(rows, 1)


def _gram(values: Tensor, columns: Tensor, size: int) -> Tensor:
    """JᵀJ from the non-zero entries of J. values: (batch, outputs, n); columns: (batch, n) -> (size, size)"""
    total = values.new_zeros(size * size)
    for v, c in zip(*(part.split(max(CHUNK_PRODUCTS // columns.shape[1] ** 2, 1)) for part in (values, columns))):
        products = (v[..., :, None] * v[..., None, :]).sum(1)
        total += torch.bincount((size * c[:, :, None] + c[:, None]).flatten(), products.flatten(), size * size)
    return total.view(size, size)
