"""Networks as smooth models of a target: many of them trained at once on few rows, with values and gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kansr.kan.network.network import Network, WidthEntry
from kansr.kan.network.threads import one_thread
from kansr.kan.training.dataset import Seen
from kansr.kan.training.grids import fit_grids
from kansr.kan.training.initialise import random_start
from kansr.kan.training.levenberg_marquardt import Expired, LMConfig, levenberg_marquardt, never
from kansr.numeric.arrays import Array


@torch.no_grad()
@one_thread()
def smooth_networks(
    U: Array,
    t: Array,
    width: Sequence[WidthEntry],
    starts: int,
    steps: int,
    G: int = 8,
    smoothing: float = 1e-8,
    seed: int = 0,
    expired: Expired = never,
) -> list[Network]:
    """Networks of one width, `starts` for each variant of the rows, trained together by Levenberg-Marquardt.

    U: (variants, rows, n) and t: (variants, rows), of mean 0 and spread 1 -> variants * starts networks, those of a
    variant side by side
    """
    inputs, targets = (torch.from_numpy(np.ascontiguousarray(part)) for part in (U, t))
    generator = torch.Generator().manual_seed(seed)
    models = []
    for x, y in zip(inputs, targets[..., None]):
        for _ in range(starts):
            models.append(random_start(width, x, y, G, 3, torch.ones_like(x[0]), generator))
    rows = Seen(inputs.repeat_interleave(starts, 0), targets[..., None].repeat_interleave(starts, 0))
    levenberg_marquardt(models, rows, None, LMConfig(steps=steps, smoothing=smoothing), expired)
    return models


@torch.no_grad()
@one_thread()
def finer(model: Network, U: Array, t: Array, G: int, steps: int, smoothing: float = 1e-8) -> Network:
    """The network on grids of G intervals that follow the data, trained on. U: (rows, n); t: (rows,)"""
    x, y = torch.from_numpy(np.ascontiguousarray(U)), torch.from_numpy(np.ascontiguousarray(t))[:, None]
    model = model.copy()
    fit_grids(model, x, G)
    levenberg_marquardt([model], Seen(x, y), None, LMConfig(steps=steps, smoothing=smoothing))
    return model


@one_thread()
def value_and_gradient(model: Network, U: Array) -> tuple[Array, Array]:
    """U: (rows, n) -> (rows,), (rows, n)"""
    x: Tensor = torch.from_numpy(np.ascontiguousarray(U)).requires_grad_()
    value = model(x)[:, 0]
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach().numpy(), gradient.numpy()
