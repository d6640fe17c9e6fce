"""Starts of training: solved by linear least squares where that is possible, else random.

Most failures of training are local minima, so the start decides. All starts need a standardised target. They give
networks without base functions, with hidden values of mean 0 and standard deviation 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network, WidthEntry
from kansr.kan.network.spline import B_batch, differences, grid_from_samples
from kansr.kan.training.levenberg_marquardt import DIAGONAL_FLOOR, SMOOTHING
from kansr.numeric.tolerances import TINY

SMOOTHING_ORDER = 3  # of the coefficient differences that are penalised in least squares
CONSTANT = 1e-12  # of its magnitude: a transformed target that varies less than this is constant up to rounding
PRODUCT_STARTS = 3  # runs of alternating least squares, each from random factors
SWEEPS = 30  # of alternating least squares at most
SWEEP_GAIN = 0.02  # share of the mean squared error that a sweep must remove for another one to follow
FACTOR_NOISE = 0.5  # standard deviation of the coefficients of random factors, around 1
SHAPE_WEIGHTS = (1.0, 0.7, 0.5, 0.3)  # standard deviations of u, u², u³ and a sine in random curves
SINE_RATE = 3.0  # of that sine of u, with u from -1 to 1: about one period

Transform = Callable[[Tensor], Tensor]


def _normal_scores(y: Tensor) -> Tensor:
    """The normal scores of y: quantiles of the normal distribution at its ranks."""
    share = (y.argsort().argsort().to(y.dtype) + 0.5) / len(y)
    return torch.special.ndtri(share)


ANY_SIGN: tuple[Transform, ...] = (
    lambda y: y,
    _normal_scores,
    lambda y: (y / y.std(correction=0)).exp(),
    lambda y: y**3,
)
ONE_SIGN: tuple[Transform, ...] = (lambda y: y.abs().log(), lambda y: 1 / y, torch.square, lambda y: y.abs().sqrt())


def empty_network(
    width: Sequence[WidthEntry], G: int, k: int, mult_arity: int | Sequence[Sequence[int]] = 2
) -> Network:
    """A network that is zero everywhere."""
    model = Network(width, G, k, mult_arity=mult_arity, noise_scale=0.0, noise_scale_base=0.0, outside="polynomial")
    with torch.no_grad():
        for layer in model.layers:
            layer.scale_base.zero_()
            layer.bias.zero_()
    return model


@torch.no_grad()
def additive_starts(X: Tensor, y: Tensor, original: Tensor, G: int, k: int, grid_eps: Tensor) -> Iterator[Network]:
    """[n, 1, 1] networks, one for each transform of the target: the hidden node is the sum of curves nearest to it.

    X: (rows, n); y: (rows, 1), standardised; original: (rows,), the target with its mean, as some transforms need one
    sign
    """
    knots = grid_from_samples(X, G, k, grid_eps)
    basis = B_batch(X, knots, k)
    targets = transforms(original)
    if not targets:
        return
    T = torch.stack([(t - t.mean()) / t.std(correction=0) for t in targets], 1)
    curves = least_squares(basis, T)  # (n, G + k, transforms)
    for curve in curves.unbind(2):
        model = empty_network([X.shape[1], 1, 1], G, k)
        first = model.layers[0]
        first.grid = knots
        first.coef.copy_(curve[:, None])
        standardise(model, 0, X)
        fit_last_layer(model, X, y)
        yield model


def transforms(y: Tensor) -> list[Tensor]:
    """Functions of the target that may be simpler than it, beginning with itself. y: (rows,) -> (rows,) each"""
    one_sign = bool((y > 0).all() or (y < 0).all())
    return [t for t in (f(y) for f in ANY_SIGN + (ONE_SIGN if one_sign else ())) if _varies(t)]


def _varies(t: Tensor) -> bool:
    return bool(t.isfinite().all()) and float(t.std(correction=0)) > CONSTANT * float(t.abs().max())


@torch.no_grad()
def random_start(
    width: Sequence[WidthEntry],
    X: Tensor,
    y: Tensor,
    G: int,
    k: int,
    grid_eps: Tensor,
    generator: torch.Generator,
    mult_arity: int | Sequence[Sequence[int]] = 2,
    shape_weights: Sequence[float] = SHAPE_WEIGHTS,
) -> Network:
    """A network of random smooth curves, except in the last layer, which is fitted by linear least squares.

    X: (rows, n); y: (rows, outputs), standardised; grid_eps: (n,), of the inputs; shape_weights: standard deviations of
    u, u², u³ and a sine in the curves
    """
    model = empty_network(width, G, k, mult_arity)
    shapes = _shapes(G + k)
    weights = shapes.new_tensor(shape_weights)
    x = X
    for n, (layer, nodes) in enumerate(model.stages()):
        layer.grid = grid_from_samples(x, G, k, grid_eps if n == 0 else 1.0)
        draw = torch.randn(
            layer.in_dim, layer.out_dim, len(shapes), generator=generator, dtype=torch.float64, device="cpu"
        )
        layer.coef.copy_((weights * draw) @ shapes)
        if n < len(model.layers) - 1:
            standardise(model, n, x, inputs=True)
        x = nodes(layer(x))
    fit_last_layer(model, X, y)
    return model


def _shapes(count: int) -> Tensor:
    """u, u², u³ and a sine of u, for u from -1 to 1: (4, count)"""
    u = torch.linspace(-1, 1, count, dtype=torch.float64, device="cpu")
    return torch.stack([u, u**2, u**3, torch.sin(SINE_RATE * u)])


@torch.no_grad()
def draw_curves(layer: KANLayer, columns: Sequence[int], x: Tensor, generator: torch.Generator) -> None:
    """Give the sums with these numbers (which are changed) random curves, mean 0 and standard deviation 1.

    x: (rows, in), the values that reach the layer
    """
    if not columns:
        return
    shapes = _shapes(layer.coef.shape[2])
    size = layer.in_dim, len(columns), len(shapes)
    draw = torch.randn(size, generator=generator, dtype=torch.float64, device="cpu")
    layer.coef[:, columns] = ((shapes.new_tensor(SHAPE_WEIGHTS) * draw) @ shapes).to(layer.coef)
    s = layer(x)[:, columns]
    deviation = s.std(0, correction=0).clamp(min=TINY)
    layer.coef[:, columns] /= deviation[:, None]
    layer.bias[columns] = -s.mean(0) / deviation


@torch.no_grad()
def redrawn(model: Network, X: Tensor, y: Tensor, generator: torch.Generator) -> Network:
    """A new network with random curves on the spline edges of its hidden layers, and its symbolic edges as they are.

    Hidden sums with spline edges get mean 0 and standard deviation 1 on the rows, where most functions of the library
    are not flat. The last layer is fitted to y where it is all splines. X: (rows, n); y: (rows, outputs)
    """
    new, x = model.copy(), X
    for layer, nodes in list(new.stages())[:-1]:
        layer.grid = grid_from_samples(x, layer.G, layer.k, new.grid_eps)
        splines = layer.spline_mask
        columns = splines.any(0).nonzero()[:, 0].tolist()
        layer.scale_base *= 1 - splines
        layer.scale_sp.fill_(1.0)
        draw_curves(layer, columns, x, generator)
        layer.bias[columns] -= layer(x)[:, columns].mean(0)
        x = nodes(layer(x))
    last = new.layers[-1]
    if not last.fixed and not new.arities[-1] and bool(x.isfinite().all()):
        last.scale_base.zero_()
        last.scale_sp.fill_(1.0)
        fit_last_layer(new, X, y)
    return new


@torch.no_grad()
def product_start(
    X: Tensor, y: Tensor, original: Tensor, G: int, k: int, grid_eps: Tensor, generator: torch.Generator
) -> Network:
    """A [n, [0, 1], 1] network with one product of n factors f_i(x_i), by alternating least squares.

    Each step is linear in one factor, so factors may change their signs. X: (rows, n); y: (rows, 1), standardised;
    original: (rows,), the target with its mean
    """
    count = X.shape[1]
    model = empty_network([count, [0, 1], 1], G, k, mult_arity=[[], [count], []])
    first = model.layers[0]
    first.mask.copy_(torch.eye(count, dtype=torch.float64, device="cpu"))
    first.grid = grid_from_samples(X, G, k, grid_eps)
    basis = B_batch(X, first.grid, k)
    coef = 1 + FACTOR_NOISE * torch.randn(count, G + k, generator=generator, dtype=torch.float64, device="cpu")
    factors = torch.einsum("big,ig->bi", basis, coef)
    before = torch.inf
    for _ in range(SWEEPS):
        for i in range(count):
            others = factors[:, [j for j in range(count) if j != i]].prod(1)
            c = least_squares(others[:, None, None] * basis[:, i, None], original[:, None])[0, :, 0]
            f = basis[:, i] @ c
            size = f.square().mean().sqrt().clamp(min=TINY)
            coef[i], factors[:, i] = c / size, f / size
        error = float((factors.prod(1) * size - original).square().mean())
        if error > (1 - SWEEP_GAIN) * before:
            break
        before = error
    index = torch.arange(count, device="cpu")
    first.coef[index, index] = coef
    fit_last_layer(model, X, y)
    return model


@dataclass(frozen=True, eq=False)
class Starts:
    """Starts for networks of the same width, products, degree and number of intervals as `model`.

    X: (rows, n); y: (rows, outputs), standardised; original: (rows,), the first output with its mean, as `over_rms`
    gives it; grid_eps: (n,), of the inputs
    """

    model: Network
    X: Tensor
    y: Tensor
    original: Tensor
    grid_eps: Tensor
    generator: torch.Generator

    def solved(self) -> Iterator[Network]:
        """The starts of one hidden node that linear least squares can find, for one hidden layer and one output.

        These are sums of curves if the model has a hidden sum, and products of curves if it has one hidden product of
        all inputs and no sum.
        """
        model, (sums, products) = self.model, self.model.width[1]
        if len(model.width) != 3 or model.width[2] != (1, 0):
            return
        problem = self.X, self.y, self.original, model.layers[0].G, model.k, self.grid_eps
        if sums:
            yield from additive_starts(*problem)
        elif products == 1 and model.arities[1] == (self.X.shape[1],):
            for _ in range(PRODUCT_STARTS):
                yield product_start(*problem, self.generator)

    def random(self) -> Network:
        """A random start."""
        model, G = self.model, self.model.layers[0].G
        return random_start(model.width, self.X, self.y, G, model.k, self.grid_eps, self.generator, model.arities)

    def widened(self, narrow: Network) -> Network:
        """A random start with the hidden node of an [n, 1, 1] network as its first one."""
        start = self.random()
        first, found = start.layers[0], narrow.layers[0]
        with torch.no_grad():
            first.coef[:, 0], first.bias[0] = found.coef[:, 0], found.bias[0]
        fit_last_layer(start, self.X, self.y)
        return start


def over_rms(y: Tensor) -> Tensor:
    """The values over their root mean square. y: (rows,) -> (rows,)"""
    return y / y.square().mean().sqrt().clamp(min=TINY)


@torch.no_grad()
def standardise(model: Network, n: int, X: Tensor, inputs: bool = False) -> None:
    """Shift and scale the sums of layer n (which is changed) to mean 0 and standard deviation 1.

    X: rows of the network, or with `inputs` of the layer
    """
    layer = model.layers[n]
    s = layer(X if inputs or n == 0 else model.node_values(X)[n])
    deviation = s.std(0, correction=0)
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    layer.coef /= deviation[:, None]
    layer.scale_base /= deviation
    layer.bias.copy_((layer.bias - s.mean(0)) / deviation)


@torch.no_grad()
def fit_last_layer(model: Network, X: Tensor, y: Tensor) -> None:
    """Fit the last layer (which is changed), on new grids, by linear least squares. X: (rows, n); y: (rows, outputs)"""
    layer = model.layers[-1]
    hidden = model.node_values(X)[-2]
    layer.grid = grid_from_samples(hidden, layer.G, layer.k, model.grid_eps)
    layer.coef.copy_(least_squares(B_batch(hidden, layer.grid, layer.k), y).permute(0, 2, 1))
    layer.bias.zero_()


def least_squares(basis: Tensor, y: Tensor) -> Tensor:
    """The coefficients of the sum of splines nearest to y, with a small smoothing penalty.

    basis: (rows, in, G + k); y: (rows, targets) -> (in, G + k, targets)
    """
    rows, count, width = basis.shape
    A = basis.flatten(1)
    D = differences(width, SMOOTHING_ORDER)
    H = A.T @ A + rows * SMOOTHING * torch.block_diag(*[D.T @ D] * count)
    H.diagonal().add_(DIAGONAL_FLOOR * H.diagonal().mean() + TINY)
    return torch.cholesky_solve(A.T @ y, torch.linalg.cholesky_ex(H).L).view(count, width, -1)
