"""A network with one hidden layer of a sum of curves and products of curves: t = Σ f_i(x_i) + Σ_k Π_i p_ki(x_i).

It is the Kolmogorov-Arnold network [n, [1, m], 1] whose outer edges are lines. Each product is a tensor of rank one in
functions of the inputs (Carroll and Chang 1970), so t is a functional tensor of rank m beside an additive part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from kansr.kan.network.network import Network

DEGREE = 3  # of the splines
FACTOR = 1.0  # mean of the factors of a new product
SHAPES = (0.6, 0.3, 0.2)  # standard deviations of u, u² and a sine of u in the factors of a new product
SINE_RATE = 3.0  # of that sine, with u from -1 to 1: about one period


def product_network(X: Tensor, products: int, intervals: int) -> Network:
    """The network of one sum and so many products, all curves 0 but the constant factors. X: (rows, inputs)"""
    import torch

    from kansr.kan.network.spline import grid_from_samples
    from kansr.kan.reading.symbolic import fix
    from kansr.kan.training.grids import input_grid_eps
    from kansr.kan.training.initialise import empty_network

    inputs = X.shape[1]
    width = [inputs, [1, products] if products else 1, 1]
    model = empty_network(width, intervals, DEGREE, mult_arity=[[], [inputs] * products, []])
    first = model.layers[0]
    with torch.no_grad():
        first.grid = grid_from_samples(X, intervals, DEGREE, input_grid_eps(X))
        first.mask.zero_()
        first.mask[:, 0] = 1.0
        for column in range(1, first.out_dim):
            first.mask[factor_input(column, inputs), column] = 1.0
    line = EdgeFit(STANDARD["x"], 1.0, 0.0, 1.0, 0.0, 1.0)
    for node in range(1 + products):
        fix(model, (1, node, 0), line)
    return model


def factor_input(column: int, inputs: int) -> int:
    """The input of the factor in a column of the first layer, whose column 0 is the sum."""
    return (column - 1) % inputs


def with_one_more(model: Network, X: Tensor, generator: torch.Generator) -> Network:
    """A new network with one more product, of random factors."""
    import torch

    inputs, old = X.shape[1], model.layers[0]
    new = product_network(X, (old.out_dim - 1) // inputs + 1, old.G)
    first, count = new.layers[0], old.out_dim
    with torch.no_grad():
        first.coef[:, :count] = old.coef
        first.bias[:count] = old.bias
        u = torch.linspace(-1, 1, first.G + DEGREE, dtype=torch.float64)
        shapes = torch.stack([u, u**2, torch.sin(SINE_RATE * u)])
        weights = torch.tensor(SHAPES, dtype=torch.float64)
        for column in range(count, first.out_dim):
            draw = weights * torch.randn(len(SHAPES), generator=generator, dtype=torch.float64)
            first.coef[factor_input(column, inputs), column] = FACTOR + draw @ shapes
    return new


def sizes_of_other_factors(model: Network, X: Tensor) -> list[float]:
    """How far the output moves, rms over rows, when a column of the first layer moves by 1. -> one for each column"""
    import torch

    with torch.no_grad():
        sums = model.layers[0](X)
        _, nodes = next(iter(model.stages()))
        scale = [1.0] * sums.shape[1]
        outer = [float(model.layers[1].constants[node, 0, 2]) for node in range(1 + len(nodes.groups))]
        scale[0] = abs(outer[0])
        for number, group in enumerate(nodes.groups, 1):
            for column in group:
                others = sums[:, _without(group, column)].prod(1)
                scale[column] = abs(outer[number]) * float(others.square().mean().sqrt())
    return scale


def _without(group: range, column: int) -> Sequence[int]:
    return [other for other in group if other != column]
