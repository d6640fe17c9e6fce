"""Where training starts: local minima are the real enemy, so linear least squares finds the start wherever it can.

All starts take rows with a target of mean 0 and spread 1 and give a network without base functions whose hidden
values have mean 0 and spread 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from kansr.kan.network.network import Network, WidthEntry
from kansr.kan.network.spline import B_batch, differences, grid_from_samples

SMOOTHING = 1e-8  # times the rows, on squared differences: as in training
SWEEPS = 30  # of alternating least squares, at most

Transform = Callable[[Tensor], Tensor]


def _ranks(y: Tensor) -> Tensor:
    """The normal scores of y."""
    share = (y.argsort().argsort().to(y.dtype) + 0.5) / len(y)
    return torch.special.ndtri(share)


ANY_SIGN: tuple[Transform, ...] = (lambda y: y, _ranks, lambda y: (y / y.std(correction=0)).exp(), lambda y: y**3)
ONE_SIGN: tuple[Transform, ...] = (lambda y: y.abs().log(), lambda y: 1 / y, torch.square, lambda y: y.abs().sqrt())


def empty_network(
    width: Sequence[WidthEntry], G: int, k: int, mult_arity: int | Sequence[Sequence[int]] = 2
) -> Network:
    """A network of zeros."""
    model = Network(width, G, k, mult_arity=mult_arity, noise_scale=0.0, noise_scale_base=0.0)
    with torch.no_grad():
        for layer in model.layers:
            layer.scale_base.zero_()
    return model


@torch.no_grad()
def additive_starts(X: Tensor, y: Tensor, original: Tensor, G: int, k: int, grid_eps: Tensor) -> Iterator[Network]:
    """[n, 1, 1] networks whose first layer is the best sum of curves for a transform of the target, one for each.

    X: (rows, n); y: (rows, 1); original: (rows,), the target as it came, whose sign decides which transforms apply
    """
    knots = grid_from_samples(X, G, k, grid_eps)
    basis = B_batch(X, knots, k)
    one_sign = bool((original > 0).all() or (original < 0).all())
    targets = [t(original) for t in ANY_SIGN + (ONE_SIGN if one_sign else ())]
    targets = [t for t in targets if _varies(t)]
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


def _varies(t: Tensor) -> bool:
    return bool(t.isfinite().all()) and float(t.std(correction=0)) > 1e-12 * float(t.abs().max())


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
) -> Network:
    """Random smooth curves on all edges but the last layer's, which are fitted. X: (rows, n); y: (rows, outputs)"""
    model = empty_network(width, G, k, mult_arity)
    u = torch.linspace(-1, 1, G + k, dtype=torch.float64, device="cpu")
    shapes = torch.stack([u, u**2, u**3, torch.sin(3 * u)])
    weights = u.new_tensor([1.0, 0.7, 0.5, 0.3])
    x = X
    for n, (layer, nodes) in enumerate(model.stages()):
        layer.grid = grid_from_samples(x, G, k, grid_eps if n == 0 else 1.0)
        draw = torch.randn(layer.in_dim, layer.out_dim, 4, generator=generator, dtype=torch.float64, device="cpu")
        layer.coef.copy_((weights * draw) @ shapes)
        if n < len(model.layers) - 1:
            standardise(model, n, x, inputs=True)
        x = nodes(layer(x))
    fit_last_layer(model, X, y)
    return model


@torch.no_grad()
def product_start(
    X: Tensor, y: Tensor, original: Tensor, G: int, k: int, grid_eps: Tensor, generator: torch.Generator
) -> Network:
    """[n, [0, 1], 1] with one product of n factors, each of one input, by alternating least squares of prod f_i(x_i).

    Every step is linear in one factor, so factors may change their sign. X: (rows, n); y: (rows, 1);
    original: (rows,), the target before its mean was taken away
    """
    count = X.shape[1]
    model = empty_network([count, [0, 1], 1], G, k, mult_arity=[[], [count], []])
    first = model.layers[0]
    first.mask.copy_(torch.eye(count, dtype=torch.float64, device="cpu"))
    first.grid = grid_from_samples(X, G, k, grid_eps)
    basis = B_batch(X, first.grid, k)
    coef = 1 + 0.5 * torch.randn(count, G + k, generator=generator, dtype=torch.float64, device="cpu")
    factors = torch.einsum("big,ig->bi", basis, coef)
    before = torch.inf
    for _ in range(SWEEPS):
        for i in range(count):
            others = factors[:, [j for j in range(count) if j != i]].prod(1)
            c = least_squares(others[:, None, None] * basis[:, i, None], original[:, None])[0, :, 0]
            f = basis[:, i] @ c
            size = f.square().mean().sqrt().clamp(min=1e-300)
            coef[i], factors[:, i] = c / size, f / size
        error = float((factors.prod(1) * size - original).square().mean())
        if error > 0.98 * before:
            break
        before = error
    index = torch.arange(count, device="cpu")
    first.coef[index, index] = coef
    fit_last_layer(model, X, y)
    return model


@torch.no_grad()
def standardise(model: Network, n: int, X: Tensor, inputs: bool = False) -> None:
    """Shift and scale what layer n ends in to mean 0 and spread 1; X are the inputs of that layer if `inputs`."""
    layer = model.layers[n]
    s = layer(X if inputs or n == 0 else model.node_values(X)[n])
    spread = s.std(0, correction=0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    layer.coef /= spread[:, None]
    layer.scale_base /= spread
    layer.bias.copy_((layer.bias - s.mean(0)) / spread)


@torch.no_grad()
def fit_last_layer(model: Network, X: Tensor, y: Tensor) -> None:
    """Fit the edges into the outputs, on a new grid, by linear least squares. X: (rows, n); y: (rows, outputs)"""
    layer = model.layers[-1]
    hidden = model.node_values(X)[-2]
    layer.grid = grid_from_samples(hidden, layer.G, layer.k, model.grid_eps)
    layer.coef.copy_(least_squares(B_batch(hidden, layer.grid, layer.k), y).permute(0, 2, 1))
    layer.bias.zero_()


def least_squares(basis: Tensor, y: Tensor) -> Tensor:
    """Coefficients of a sum of curves nearest to y, slightly smoothed.

    basis: (rows, in, G + k); y: (rows, targets) -> (in, G + k, targets)
    """
    rows, count, width = basis.shape
    A = basis.flatten(1)
    D = differences(width, 3)
    H = A.T @ A + rows * SMOOTHING * torch.block_diag(*[D.T @ D] * count)
    H.diagonal().add_(1e-10 * H.diagonal().mean() + 1e-300)
    return torch.cholesky_solve(A.T @ y, torch.linalg.cholesky_ex(H).L).view(count, width, -1)
