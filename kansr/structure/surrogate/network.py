"""Surrogate model from networks: values and gradients of small KANs, trained by Levenberg-Marquardt.

Where the target is a composition of few curves, a network follows it more closely than a kernel does, and in more
inputs. Its weakness is local minima, so several widths and starts are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.standardise import skewed, standard
from kansr.structure.surrogate.gradient_field import GradientField, capped_square, displacement_error
from kansr.structure.surrogate.target_transforms import View, views

if TYPE_CHECKING:
    from kansr.kan.network.network import Network

LEAST_HELD_SHARE = 4  # of fewer rows than config.held_out times this, one in so many is held out


@dataclass(frozen=True, kw_only=True)
class NetworkSurrogateConfig:
    """Options of `network_surrogate`. Gradient errors are those of a GradientField: less is better, at most 1."""

    rows: int = 1000  # that networks are fitted to
    held_out: int = 300  # rows that judge them
    screen_rows: int = 400  # that the networks of the screening are fitted to
    screen_steps: int = 15  # of Levenberg-Marquardt with these networks
    screen_nodes: int = 3  # in their hidden layer
    screen_starts: int = 2  # of these networks for each variant
    widths: tuple[int, ...] = (2, 4, 8)  # nodes of the hidden layer, tried in turn while they help
    coefficients: int = 450  # of the splines of a network at most; larger ones take too long for a surrogate
    starts: int = 3  # networks of each width
    steps: int = 40  # of Levenberg-Marquardt with each network
    grids: tuple[int, ...] = (8, 16)  # numbers of intervals, tried in turn while they help
    goal: float = 1e-4  # gradient error at which nothing more is tried
    gain: float = 0.5  # of the gradient error that a wider network must reach for a still wider one to be tried
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Variant:
    """A transform of the target and of the inputs, standardised.

    logs: the inputs taken as logarithms; U: (rows, n), inputs, and t: (rows,), target, standardised; to_inputs:
    (rows, n), factors from derivatives by U to derivatives by X in its standard deviations; to_slope: (rows, n),
    factors to derivatives of the transformed target by X in its units
    """

    view: View
    logs: tuple[bool, ...]
    U: Array
    t: Array
    to_inputs: Array
    to_slope: Array


class _Errors(NamedTuple):
    """Errors on held-out rows, compared in this order: that of the gradient, and 1 − R²."""

    gradient: float
    value: float


class _Split(NamedTuple):
    fitted: slice
    held_out: slice


def network_surrogate(
    X: Array,
    z: Array,
    config: NetworkSurrogateConfig = NetworkSurrogateConfig(),
    expired: Callable[[], bool] = lambda: False,
) -> GradientField:
    """The gradient field of the network with the least gradient error, over transforms, widths, starts and grids.

    X: (rows, n); z: (rows,)
    """
    from kansr.kan.training.ensembles import value_and_gradient

    held = min(config.held_out, len(z) // LEAST_HELD_SHARE)
    split = _Split(slice(0, min(config.rows, len(z) - held)), slice(len(z) - held, len(z)))
    variant = _best_variant(_variants(X, z), split, config, expired)
    model, errors = _best_width(variant, split, config, expired)
    model, errors = _on_finer_grids(model, errors, variant, split, config, expired)
    _, gradient = value_and_gradient(model, variant.U)
    view = variant.view
    return GradientField(
        X, z, view.slope, gradient * variant.to_slope, view.name, errors.value, errors.gradient, variant.logs
    )


def _errors(model: Network, variant: _Variant, rows: slice) -> _Errors:
    from kansr.kan.training.ensembles import value_and_gradient

    value, gradient = value_and_gradient(model, variant.U[rows])
    residual = value - variant.t[rows]
    return _Errors(displacement_error(residual, gradient * variant.to_inputs[rows]), float(capped_square(residual)))


def _best_variant(
    variants: Sequence[_Variant], split: _Split, config: NetworkSurrogateConfig, expired: Callable[[], bool]
) -> _Variant:
    """The variant with the best of a few small networks; all are trained together."""
    from kansr.kan.training.ensembles import smooth_networks

    if len(variants) == 1:
        return variants[0]
    few = slice(0, min(config.screen_rows, split.fitted.stop))
    U, t = np.stack([v.U[few] for v in variants]), np.stack([v.t[few] for v in variants])
    width = [U.shape[2], config.screen_nodes, 1]
    models = smooth_networks(U, t, width, config.screen_starts, config.screen_steps, seed=config.seed, expired=expired)
    of_models = [variant for variant in variants for _ in range(config.screen_starts)]
    errors = [_errors(model, variant, split.held_out) for model, variant in zip(models, of_models)]
    return of_models[min(range(len(errors)), key=lambda i: errors[i])]


def _best_width(
    variant: _Variant, split: _Split, config: NetworkSurrogateConfig, expired: Callable[[], bool]
) -> tuple[Network, _Errors]:
    """The best network on the first grid, from several starts of wider and wider networks."""
    from kansr.kan.training.ensembles import DEGREE, smooth_networks

    U, t = variant.U[None, split.fitted], variant.t[None, split.fitted]
    n, G = U.shape[2], config.grids[0]
    best: Network | None = None
    errors = _Errors(np.inf, np.inf)
    for nodes in config.widths:
        if best is not None and nodes * (n + 1) * (G + DEGREE) > config.coefficients:
            break
        models = smooth_networks(
            U, t, [n, nodes, 1], config.starts, config.steps, G, seed=config.seed + nodes, expired=expired
        )
        found, number = min((_errors(model, variant, split.held_out), i) for i, model in enumerate(models))
        before = errors.gradient
        if found < errors:
            best, errors = models[number], found
        if errors.gradient < config.goal or found.gradient > config.gain * before or expired():
            break
    assert best is not None
    return best, errors


def _on_finer_grids(
    model: Network,
    errors: _Errors,
    variant: _Variant,
    split: _Split,
    config: NetworkSurrogateConfig,
    expired: Callable[[], bool],
) -> tuple[Network, _Errors]:
    """The network on the finest grid that lowers its errors."""
    from kansr.kan.training.ensembles import finer

    for G in config.grids[1:]:
        if errors.gradient < config.goal or expired():
            break
        trial = finer(model, variant.U[split.fitted], variant.t[split.fitted], G, config.steps)
        found = _errors(trial, variant, split.held_out)
        if not found < errors:
            break
        model, errors = trial, found
    return model, errors


def _variants(X: Array, z: Array) -> list[_Variant]:
    """All transforms of the target, with logarithms of skewed inputs, of none, and of all where that is possible."""
    n = X.shape[1]
    options = [tuple(skewed(X)), (False,) * n, *([(True,) * n] if (X > 0).all() else [])]
    found = []
    for logs in dict.fromkeys(options):
        U, deviation = standard(X, np.array(logs))
        by_x = 1 / np.where(logs, X, 1.0) / deviation
        for view in views(z):
            t = view.t
            found.append(_Variant(view, logs, U, (t - t.mean()) / t.std(), by_x * X.std(0), t.std() * by_x))
    return found
