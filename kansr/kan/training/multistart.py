"""From rows to a trained network: several starts, the best by held-out error, then finer grids while they help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kansr.kan.network.network import Network, WidthEntry
from kansr.kan.network.threads import one_thread
from kansr.kan.training.grids import fit_grids
from kansr.kan.training.initialise import additive_starts, product_start, random_start
from kansr.kan.training.levenberg_marquardt import Expired, LMConfig, never
from kansr.kan.training.train import Rows, TrainConfig, change_outputs, tensors, train


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    mult_arity: int | Sequence[Sequence[int]] = 2
    k: int = 3
    starts: int = 6  # random ones, besides those found by linear least squares
    tries: int = 15  # steps with each start
    near: float = 0.05  # held-out error of a start found by least squares that spares the random ones
    lucky: float = 0.003  # held-out error of a random start that spares the others
    survivors: int = 2  # starts that are trained to the end of the first grid
    steps: int = 60  # at each grid
    grids: tuple[int, ...] = (5, 10, 20)
    held_out: float = 0.2  # share of the rows
    gain: float = 0.1  # what a finer grid must take off the held-out error to be worth it
    smoothings: tuple[float, ...] = (1e-8, 1e-5, 1e-3, 1e-1)  # the first at all grids, then each while it helps
    noisy: float = 1e-3  # held-out error over the target's spread from which stronger smoothing is tried
    goal: float = 1e-9  # held-out error over the target's spread at which it ends


@torch.no_grad()
@one_thread()
def fit_kan(
    X: Rows,
    y: Rows,
    width: Sequence[WidthEntry],
    config: FitConfig = FitConfig(),
    *,
    seed: int = 0,
    expired: Expired = never,
) -> tuple[Network, float]:
    """The network that predicts held-out rows best, in the units of the table, and its rms error on them over the
    target's spread.

    X: (rows, inputs); y: (rows,) or (rows, outputs)
    """
    X, y = tensors(X, y)
    shift, scale = y.mean(0), y.std() if float(y.std()) > 0 else y.new_ones(())
    z = (y - shift) / scale
    original = y[:, 0] / y[:, 0].square().mean().sqrt().clamp(min=1e-300)
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros_like(X[:, 0], dtype=torch.bool)
    held[torch.randperm(len(X), generator=generator, device="cpu")[: max(round(config.held_out * len(X)), 1)]] = True
    rows = _Rows(X[~held], z[~held], original[~held], X[held], z[held], heavy_tails(X))
    model, error = _search(rows, width, config, generator, expired)
    change_outputs(model, float(scale), shift)
    return model, error


@dataclass(frozen=True, eq=False)
class _Rows:
    """X: (rows, n); z: (rows, outputs), of mean 0 and spread 1; original: (rows,); grid_eps: (n,)"""

    X: Tensor
    z: Tensor
    original: Tensor
    X_held: Tensor
    z_held: Tensor
    grid_eps: Tensor

    def train(self, model: Network, steps: int, smoothing: float, expired: Expired) -> float:
        """Train the network and return its held-out error."""
        config = TrainConfig(steps=steps, lm=LMConfig(smoothing=smoothing))
        train(model, self.X, self.z, config, (self.X_held, self.z_held), expired)
        return self.error(model)

    def error(self, model: Network) -> float:
        error = float((model(self.X_held) - self.z_held).square().mean().sqrt())
        return error if np.isfinite(error) else float("inf")


def _search(
    rows: _Rows, width: Sequence[WidthEntry], config: FitConfig, generator: torch.Generator, expired: Expired
) -> tuple[Network, float]:
    smoothing = config.smoothings[0]
    pool: list[tuple[float, int, Network]] = []
    found = _linear_starts(rows, width, config, generator)
    for model in found[: config.survivors]:
        pool.append((rows.train(model, config.tries, smoothing, expired), len(pool), model))
    if not pool or min(pool)[0] > config.near:
        for _ in range(max(config.starts, not pool)):
            if pool and (expired() or min(pool)[0] < config.lucky):
                break
            model = random_start(
                width, rows.X, rows.z, config.grids[0], config.k, rows.grid_eps, generator, config.mult_arity
            )
            pool.append((rows.train(model, config.tries, smoothing, expired), len(pool), model))
    pool.sort(key=lambda entry: entry[:2])
    ends = [(rows.train(m, config.steps, smoothing, expired), n, m) for _, n, m in pool[: config.survivors]]
    error, _, model = min(ends, key=lambda entry: entry[:2])
    for G in config.grids[1:]:
        if expired() or error < config.goal:
            break
        finer = model.copy()
        fit_grids(finer, rows.X, G, rows.grid_eps)
        finer_error = rows.train(finer, config.steps, smoothing, expired)
        if not finer_error < (1 - config.gain) * error:
            break
        error, model = finer_error, finer
    for smoothing in config.smoothings[1:] if error > config.noisy else ():
        smoother = model.copy()
        if expired() or not (smoother_error := rows.train(smoother, config.steps, smoothing, expired)) < error:
            break
        error, model = smoother_error, smoother
    return model, error


def _linear_starts(
    rows: _Rows, width: Sequence[WidthEntry], config: FitConfig, generator: torch.Generator
) -> list[Network]:
    """The starts that linear least squares finds for networks of this width, the best on held-out rows first."""
    G, k, count = config.grids[0], config.k, rows.X.shape[1]
    shape = [(w, 0) if isinstance(w, int) else tuple(w) for w in width]
    found: list[Network] = []
    if shape == [(count, 0), (1, 0), (1, 0)]:
        found = list(additive_starts(rows.X, rows.z, rows.original, G, k, rows.grid_eps))
    if shape == [(count, 0), (0, 1), (1, 0)]:
        found = [product_start(rows.X, rows.z, rows.original, G, k, rows.grid_eps, generator) for _ in range(3)]
    return sorted(found, key=rows.error)


def heavy_tails(X: Tensor) -> Tensor:
    """The grid_eps of each input: 1 where values are spread evenly enough, less where most sit in a small part. (n,)"""
    low, first, last, high = torch.quantile(X, X.new_tensor([0, 0.05, 0.95, 1]), dim=0)
    return torch.where(high - low > 3 * (last - first), 0.1 * torch.ones_like(low), torch.ones_like(low))
