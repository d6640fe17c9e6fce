"""Growth: a network with one more layer that computes the same function.

A spline of degree 1 or more can be the identity, and goes on as the identity outside its grid, so that a new layer of
identities changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network

GRID = (-1.0, 1.0)  # of a new layer, until it is fitted to rows


@torch.no_grad()
def deepened(model: Network, sums: int, arities: Sequence[int] = ()) -> Network:
    """A new network with one more hidden layer before its outputs, which are carried through it: the same function.

    sums, arities: the nodes of the new layer. Outputs are carried by its sums, then by products whose other factors
    are 1; nodes that carry nothing are 0. Raises UsageError where there are fewer nodes than outputs, for outputs that
    are products, and for splines of degree 0.
    """
    outputs = model.width[-1][0]
    if model.arities[-1] or outputs > sums + len(arities) or model.k < 1:
        raise UsageError(
            f"{model.describe()} of degree {model.k} cannot be carried through a layer of {sums + len(arities)} nodes: "
            "it takes a node for each output, outputs that are sums, and k of at least 1"
        )
    new = model.copy()
    last = new.layers[-1]
    starts = [sums + sum(arities[:n]) for n in range(len(arities))]
    columns = [*range(sums), *starts][:outputs]
    hidden = _closed(last, last.in_dim, sums + sum(arities))
    hidden.grid = last.grid.clone()
    for old, column in enumerate(columns):
        for name in ("coef", "scale_base", "scale_sp", "constants"):
            getattr(hidden, name)[:, column] = getattr(last, name)[:, old]
        hidden.mask[:, column], hidden.bias[column] = last.mask[:, old], last.bias[old]
    hidden.fixed = {(i, columns[o]): f for (i, o), f in last.fixed.items()}
    carrying = range(outputs - min(outputs, sums))  # products that carry an output
    hidden.bias[[f for n in carrying for f in range(starts[n] + 1, starts[n] + arities[n])]] = 1.0
    after = _closed(last, sums + len(arities), outputs)
    after.outside = "bounded" if last.outside == "polynomial" and len(model.layers) == 1 else last.outside
    after.grid = _grid(after)
    identity = _greville(after)
    for output in range(outputs):
        after.coef[output, output] = identity[output]
    new.act_fun[-1] = hidden
    new.act_fun.append(after)
    new.width = (*model.width[:-1], (sums, len(arities)), model.width[-1])
    new.arities = (*model.arities[:-1], tuple(arities), model.arities[-1])
    return new


def _greville(layer: KANLayer) -> Tensor:
    """The coefficients of the identity: the means of k successive knots. (in, G + k)

    Source: C. de Boor, A Practical Guide to Splines, 1978, chapter IX (Marsden's identity).
    """
    return layer.grid[:, 1:-1].unfold(1, layer.k, 1).mean(2)


def _closed(like: KANLayer, inputs: int, outputs: int) -> KANLayer:
    """A layer that is 0, with all edges open, of the degree, number of intervals and kind of another one."""
    knots = like.grid.new_zeros(inputs, like.grid.shape[1])
    layer = KANLayer(knots, outputs, like.k, like.base_fun, like.outside)
    layer.grid = _grid(layer)
    return layer


def _grid(layer: KANLayer) -> Tensor:
    """An even grid on GRID for all inputs of a layer."""
    step = (GRID[1] - GRID[0]) / layer.G
    position = torch.arange(-layer.k, layer.G + layer.k + 1, dtype=layer.grid.dtype, device=layer.grid.device)
    return (GRID[0] + step * position).repeat(layer.in_dim, 1)
