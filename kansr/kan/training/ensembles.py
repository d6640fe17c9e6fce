"""Surrogate models from networks: many small ones trained at once on few rows, with values and gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kansr.kan.network.network import Network, WidthEntry
from kansr.kan.network.threads import one_thread
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.grids import fit_grids
from kansr.kan.training.initialise import random_start
from kansr.kan.training.levenberg_marquardt import SMOOTHING, Expired, LMConfig, levenberg_marquardt, never
from kansr.numeric.arrays import Array

DEGREE = 3  # of the splines


@torch.no_grad()
@one_thread()
def smooth_networks(
    U: Array,
    t: Array,
    width: Sequence[WidthEntry],
    starts: int,
    steps: int,
    G: int = 8,
    smoothing: float = SMOOTHING,
    seed: int = 0,
    expired: Expired = never,
) -> list[Network]:
    """Networks of the same width from random starts, trained together on several variants of the rows.

    U: (variants, rows, n), inputs, and t: (variants, rows), target, standardised; starts: networks for each variant
    -> variants * starts networks, those of a variant side by side
    """
    inputs, targets = (torch.from_numpy(np.ascontiguousarray(part)) for part in (U, t))
    generator = torch.Generator().manual_seed(seed)
    models = []
    for x, y in zip(inputs, targets[..., None]):
        for _ in range(starts):
            models.append(random_start(width, x, y, G, DEGREE, torch.ones_like(x[0]), generator))
    rows = TrainingRows(inputs.repeat_interleave(starts, 0), targets[..., None].repeat_interleave(starts, 0))
    levenberg_marquardt(models, rows, None, LMConfig(steps=steps, smoothing=smoothing), expired)
    return models


@torch.no_grad()
@one_thread()
def finer(model: Network, U: Array, t: Array, G: int, steps: int, smoothing: float = SMOOTHING) -> Network:
    """A new network on grids of G intervals, trained further from this one. U: (rows, n); t: (rows,)"""
    x, y = torch.from_numpy(np.ascontiguousarray(U)), torch.from_numpy(np.ascontiguousarray(t))[:, None]
    model = model.copy()
    fit_grids(model, x, G)
    levenberg_marquardt([model], TrainingRows(x, y), None, LMConfig(steps=steps, smoothing=smoothing))
    return model


@one_thread()
def value_and_gradient(model: Network, U: Array) -> tuple[Array, Array]:
    """The output of a network and its derivatives by the inputs. U: (rows, n) -> (rows,), (rows, n)"""
    x: Tensor = torch.from_numpy(np.ascontiguousarray(U)).requires_grad_()
    value = model(x)[:, 0]
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach().numpy(), gradient.numpy()
