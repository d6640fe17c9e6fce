"""The surrogate from a network: values and gradients of small KANs, trained by Levenberg-Marquardt.

Where the target is a composition of few curves a network follows it more exactly than a kernel can, and in more
inputs; local minima are its weakness, so that several widths and starts are trained side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.standardise import skewed, standard
from kansr.structure.surrogate.gradient_field import Field, capped_square, gradient_error
from kansr.structure.surrogate.target_transforms import View, views

if TYPE_CHECKING:
    from kansr.kan.network.network import Network


@dataclass(frozen=True, kw_only=True)
class KanFieldConfig:
    rows: int = 1000  # that networks are fitted to
    screened_rows: int = 400  # and those that are only to tell views and logarithms apart
    held_out: int = 300
    screen: int = 15  # steps of each network of the screening, three hidden nodes wide
    widths: tuple[int, ...] = (2, 4, 8)  # sums in the hidden layer, tried in turn while they help
    coefficients: int = 450  # of a network that is not too slow to be asked in passing
    products: int = 0  # and products beside them
    starts: int = 3  # networks of each width
    steps: int = 40
    grids: tuple[int, ...] = (8, 16)
    goal: float = 1e-4  # quality at which nothing more is tried
    gain: float = 0.5  # what a wider network must make of the quality to be worth a still wider one
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Variant:
    """The rows as a network sees them. U: (rows, n), t: (rows,), both standardised; X: (rows, n), as they came."""

    view: View
    logs: tuple[bool, ...]
    U: Array
    t: Array
    to_inputs: Array  # (rows, n): what a slope by U is multiplied with for one by X in units of their spread
    to_slope: Array  # (rows, n): the same for a slope of T(z) by X


def kan_field(
    X: Array,
    z: Array,
    config: KanFieldConfig = KanFieldConfig(),
    expired: Callable[[], bool] = lambda: False,
) -> Field:
    """The network with the most useful gradients over logarithms of inputs, views of the target, widths and starts.

    X: (rows, n); z: (rows,). Chosen by `quality`, as with kernels: how far the held-out error moves a point.
    """
    from kansr.kan.training.ensembles import finer, smooth_networks, value_and_gradient

    held = min(config.held_out, len(z) // 4)
    fitted = min(config.rows, len(z) - held)
    judged = slice(len(z) - held, len(z))
    n = X.shape[1]
    variants = _variants(X, z)
    few = slice(0, min(config.screened_rows, fitted))

    def judge(model: Network, variant: _Variant) -> tuple[float, float]:
        """Quality and held-out 1 − R²."""
        value, gradient = value_and_gradient(model, variant.U[judged])
        residual = value - variant.t[judged]
        return gradient_error(residual, gradient * variant.to_inputs[judged]), float(capped_square(residual))

    if len(variants) > 1:
        U, t = np.stack([v.U[few] for v in variants]), np.stack([v.t[few] for v in variants])
        models = smooth_networks(U, t, [n, 3, 1], 2, config.screen, seed=config.seed, expired=expired)
        marks = [judge(model, variants[i // 2]) for i, model in enumerate(models)]
        variants = [variants[min(range(len(marks)), key=lambda i: marks[i]) // 2]]
    (variant,) = variants
    U, t = variant.U[:fitted], variant.t[:fitted]
    best: Network | None = None
    mark = np.inf, np.inf
    grid = config.grids[0]
    for m in config.widths:
        if best is not None and m * (n + 1) * (grid + 3) > config.coefficients:
            break
        hidden = [m, config.products] if config.products else m
        models = smooth_networks(U[None], t[None], [n, hidden, 1], config.starts, config.steps, grid,
                                 seed=config.seed + m, expired=expired)  # fmt: skip
        found = min(((judge(model, variant), i) for i, model in enumerate(models)))
        before = mark[0]
        if found[0] < mark:
            best, mark = models[found[1]], found[0]
        if mark[0] < config.goal or found[0][0] > config.gain * before or expired():
            break
    assert best is not None
    for G in config.grids[1:]:
        if mark[0] < config.goal or expired():
            break
        trial = finer(best, U, t, G, config.steps)
        if not (new := judge(trial, variant)) < mark:
            break
        best, mark = trial, new
    _, gradient = value_and_gradient(best, variant.U)
    view = variant.view
    return Field(X, z, view.slope, gradient * variant.to_slope, view.name, mark[1], mark[0], variant.logs)


def _variants(X: Array, z: Array) -> list[_Variant]:
    n = X.shape[1]
    options = [tuple(skewed(X)), (False,) * n, *([(True,) * n] if (X > 0).all() else [])]
    found = []
    for logs in dict.fromkeys(options):
        U, spread = standard(X, np.array(logs))
        by_x = 1 / np.where(logs, X, 1.0) / spread
        for view in views(z):
            t = view.t
            found.append(_Variant(view, logs, U, (t - t.mean()) / t.std(), by_x * X.std(0), t.std() * by_x))
    return found
