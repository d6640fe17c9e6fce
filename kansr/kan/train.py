"""Training a network: Levenberg-Marquardt by default, LBFGS and Adam for penalties that are no squares."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.lm import Expired, History, LMConfig, levenberg_marquardt, never
from kansr.kan.model import Network
from kansr.kan.regrid import fit_grids, grids_fit
from kansr.kan.sparsity import Sparsity

log = logging.getLogger(__name__)

Optimizer = Literal["LM", "LBFGS", "Adam"]
Loss = Callable[[Tensor, Tensor], Tensor]
Rows: TypeAlias = Tensor | NDArray[np.float64]


def mean_square(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).square().mean()


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    opt: Optimizer = "LM"
    steps: int = 60
    lamb: float = 0.0  # weight of the penalty below
    lamb_l1: float = 1.0
    lamb_entropy: float = 2.0
    lamb_coef: float = 0.0
    lamb_coefdiff: float = 0.0
    lr: float = 1.0
    batch: int = -1  # rows a step, drawn anew; all of them if negative
    update_grid: bool = True
    grid_update_num: int = 10
    stop_grid_update_step: int = 50
    seed: int = 0
    loss_fn: Loss = mean_square  # of prediction and target; needs LBFGS or Adam
    lm: LMConfig = field(default_factory=LMConfig)


def train(
    model: Network,
    X: Rows,
    y: Rows,
    config: TrainConfig = TrainConfig(),
    held_out: tuple[Rows, Rows] | None = None,
    expired: Expired = never,
) -> tuple[Network, History]:
    """Fit the network to the rows; the one function that changes the network it is given.

    X: (rows, inputs); y: (rows,) or (rows, outputs). Rows held out stop Levenberg-Marquardt early and are only
    watched by the others.
    """
    X, y = tensors(X, y)
    held = None if held_out is None else tensors(*held_out)
    if config.opt != "LM":
        return model, _by_gradient(model, X, y, held, config, expired)
    if config.loss_fn is not mean_square:
        raise UsageError('loss_fn needs opt="LBFGS" or opt="Adam": Levenberg-Marquardt minimises squares')
    names = (entry.name for entry in fields(Sparsity))
    sparsity = Sparsity(**{name: getattr(config, name) for name in names})
    lm = replace(config.lm, steps=config.steps, sparsity=sparsity)
    return model, _by_squares(model, X, y, held, lm, config.update_grid, expired)


def tensors(X: Rows, y: Rows) -> tuple[Tensor, Tensor]:
    """The rows as float64 tensors, y as (rows, outputs)."""
    X, y = torch.as_tensor(X, dtype=torch.float64), torch.as_tensor(y, dtype=torch.float64)
    return X, (y[:, None] if y.ndim == 1 else y)


def _by_squares(
    model: Network,
    X: Tensor,
    y: Tensor,
    held: tuple[Tensor, Tensor] | None,
    config: LMConfig,
    update_grid: bool,
    expired: Expired,
) -> History:
    """Levenberg-Marquardt, again after hidden grids had to follow; the target is brought to mean 0 and spread 1."""
    sums_last = not model.arities[-1]
    shift = y.mean(0) if sums_last else torch.zeros_like(y[0])
    scale = float((y - shift).square().mean().sqrt()) or 1.0
    if held is not None:
        held = held[0], (held[1] - shift) / scale
    if update_grid and not _covers(model, X):
        fit_grids(model, X)
    change_outputs(model, 1 / scale, -shift / scale)
    history = History()
    for _ in range(3):
        part = levenberg_marquardt(model, X, (y - shift) / scale, held, config, expired)
        history.train += [scale * e for e in part.train]
        history.held_out += [scale * e for e in part.held_out]
        history.regularisation += part.regularisation
        fill = 0.0 if config.sparsity.lamb else 0.7  # nodes that are to vanish fill nothing
        if not update_grid or grids_fit(model, X, fill=fill) or expired():
            break
        fit_grids(model, X)
    change_outputs(model, scale, shift)
    return history


def _covers(model: Network, X: Tensor) -> bool:
    layer = model.layers[0]
    low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
    return bool(((X.min(0).values >= low) & (X.max(0).values <= high)).all())


@torch.no_grad()
def change_outputs(model: Network, scale: float, shift: Tensor) -> None:
    """Make every output `scale` times what it is, plus `shift` (which products cannot take)."""
    layer, sums = model.layers[-1], model.width[-1][0]
    firsts = torch.tensor(np.cumsum([sums, *model.arities[-1]])[:-1], dtype=torch.long)
    columns = torch.cat([torch.arange(sums), firsts])
    layer.coef[:, columns] *= scale
    layer.scale_base[:, columns] *= scale
    layer.constants[:, columns, 2:] *= scale
    layer.bias[columns] *= scale
    layer.bias[:sums] += shift[:sums]


def _by_gradient(
    model: Network, X: Tensor, y: Tensor, held: tuple[Tensor, Tensor] | None, config: TrainConfig, expired: Expired
) -> History:
    history = History()
    generator = torch.Generator().manual_seed(config.seed)
    every = max(config.stop_grid_update_step // config.grid_update_num, 1)
    optimizer = None
    for step in range(config.steps):
        rows = slice(None)
        if 0 < config.batch < len(X):
            rows = torch.randperm(len(X), generator=generator)[: config.batch]
        if config.update_grid and step % every == 0 and step < config.stop_grid_update_step:
            fit_grids(model, X)
            optimizer = None  # the coefficients are others now
        if optimizer is None:
            optimizer = _optimizer(model, config)

        good = [parameter.detach().clone() for parameter in model.parameters()]
        optimizer.step(_closure(model, X[rows], y[rows], optimizer, config))
        if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
            _roll_back(model, good, step)
            break
        with torch.no_grad():
            history.train.append(float((model(X) - y).square().mean().sqrt()))
            history.regularisation.append(float(penalty(model, X, config)))
            if held is not None:
                history.held_out.append(float((model(held[0]) - held[1]).square().mean().sqrt()))
        if expired() or not np.isfinite(history.train[-1]):
            break
    return history


@torch.no_grad()
def _roll_back(model: Network, good: Sequence[Tensor], step: int) -> None:
    """Give the network the values it had, and say on which edges they went astray."""
    astray = [
        (n, i, o) for n, layer in enumerate(model.layers) for i, o in (~layer.coef.isfinite().all(2)).nonzero().tolist()
    ]
    for parameter, value in zip(model.parameters(), good):
        parameter.copy_(value)
    log.warning("step %d left numbers that are not finite (edges %s); training ends before it", step, astray)


def _closure(
    model: Network, X: Tensor, y: Tensor, optimizer: torch.optim.Optimizer, config: TrainConfig
) -> Callable[[], Tensor]:
    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = config.loss_fn(model(X), y)
        if config.lamb:
            loss = loss + config.lamb * penalty(model, X, config)
        loss.backward()
        return loss

    return closure


def _optimizer(model: Network, config: TrainConfig) -> torch.optim.Optimizer:
    if config.opt == "Adam":
        return torch.optim.Adam(model.parameters(), lr=config.lr)
    if config.opt == "LBFGS":
        return torch.optim.LBFGS(
            model.parameters(),
            lr=config.lr,
            max_iter=10,
            history_size=10,
            line_search_fn="strong_wolfe",
            tolerance_grad=1e-32,
            tolerance_change=1e-32,
        )
    raise UsageError(f'no optimiser {config.opt!r}: it is "LM", "LBFGS" or "Adam"')


def penalty(model: Network, X: Tensor, config: TrainConfig) -> Tensor:
    """The sparsity penalty of Liu et al. 2024 (section 2.5.1): mean sizes of edges, and their entropy in a layer;
    also the sizes and first differences of the coefficients."""
    x, total = X, X.new_zeros(())
    for layer, nodes in model.stages():
        size = layer.activations(x).abs().mean(0)
        share = size / (size.sum() + 1e-30)
        total = total + config.lamb_l1 * size.sum()
        total = total - config.lamb_entropy * (share * (share + 1e-30).log()).sum()
        total = total + config.lamb_coef * layer.coef.abs().mean(2).sum()
        total = total + config.lamb_coefdiff * layer.coef.diff(dim=2).abs().mean(2).sum()
        x = nodes(layer(x))
    return total
