"""Training a network: Levenberg-Marquardt by default, LBFGS and Adam for penalties that are no squares."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network.network import Network
from kansr.kan.training.dataset import Seen, numbers, weights
from kansr.kan.training.grids import fit_grids, grids_fit
from kansr.kan.training.levenberg_marquardt import (
    Expired,
    History,
    LMConfig,
    Watch,
    levenberg_marquardt,
    never,
    unwatched,
)
from kansr.kan.training.sparsity_penalty import Sparsity

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
    patience: int = 0  # steps without a better held-out error after which LBFGS and Adam go back to it; 0: never
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
    *,
    weight: Rows | None = None,
    watch: Watch = unwatched,
) -> tuple[Network, History]:
    """Fit the network to the rows; the one function that changes the network it is given.

    X: (rows, inputs); y: (rows,) or (rows, outputs); weight: (rows,), what each row counts. Rows held out stop
    Levenberg-Marquardt early; the others only watch them, unless `config.patience` is set. `watch` is shown the
    history after every step.
    """
    rows = Seen(*tensors(X, y), None if weight is None else weights(weight, len(X)))
    held = None if held_out is None else Seen(*tensors(*held_out))
    if config.opt != "LM":
        return model, by_gradient(model, rows, held, config, expired, watch)
    return model, train_together([model], rows, config, held, expired, watch)[0]


def tensors(X: Rows, y: Rows) -> tuple[Tensor, Tensor]:
    """The rows as float64 tensors, y as (rows, outputs)."""
    X, y = numbers(X), numbers(y)
    return X, (y[:, None] if y.ndim == 1 else y)


def train_together(
    models: Sequence[Network],
    rows: Seen,
    config: TrainConfig = TrainConfig(),
    held_out: Seen | None = None,
    expired: Expired = never,
    watch: Watch = unwatched,
) -> list[History]:
    """Fit networks of one shape (which it changes) by Levenberg-Marquardt, all at once, each with its own damping.

    Again after hidden grids had to follow; the target is brought to mean 0 and spread 1 for it.
    """
    if config.loss_fn is not mean_square:
        raise UsageError('loss_fn needs opt="LBFGS" or opt="Adam": Levenberg-Marquardt minimises squares')
    names = (entry.name for entry in fields(Sparsity))
    lm = replace(config.lm, steps=config.steps, sparsity=Sparsity(**{name: getattr(config, name) for name in names}))
    shift = rows.mean(rows.y.T) if not models[0].arities[-1] else torch.zeros_like(rows.y[0])
    scale = float(rows.mean_square(shift).sqrt()) or 1.0
    scaled = replace(rows, y=(rows.y - shift) / scale)
    held = None if held_out is None else replace(held_out, y=(held_out.y - shift) / scale)
    fill = 0.0 if config.lamb else 0.7  # nodes that are to vanish fill nothing
    for model in models:
        if config.update_grid and not _covers(model, rows.X):
            fit_grids(model, rows.X)
        change_outputs(model, 1 / scale, -shift / scale)
    histories = [History() for _ in models]
    again = list(range(len(models)))
    for _ in range(3):
        shown = partial(_show, watch, histories[0], scale) if again[0] == 0 else unwatched
        parts = levenberg_marquardt([models[n] for n in again], scaled, held, lm, expired, shown)
        for n, part in zip(again, parts):
            histories[n] = _joined(histories[n], part, scale)
        again = [n for n in again if config.update_grid and not grids_fit(models[n], rows.X, fill=fill)]
        if not again or expired():
            break
        for n in again:
            fit_grids(models[n], rows.X)
    for model in models:
        change_outputs(model, scale, shift)
    return histories


def _show(watch: Watch, before: History, scale: float, part: History) -> None:
    watch(_joined(before, part, scale))


def _joined(before: History, part: History, scale: float) -> History:
    """The history so far with one of a target that was divided by `scale` after it."""
    return History(
        before.train + [scale * e for e in part.train],
        before.held_out + [scale * e for e in part.held_out],
        before.regularisation + part.regularisation,
    )


def _covers(model: Network, X: Tensor) -> bool:
    layer = model.layers[0]
    low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
    return bool(((X.min(0).values >= low) & (X.max(0).values <= high)).all())


@torch.no_grad()
def change_outputs(model: Network, scale: float, shift: Tensor) -> None:
    """Make every output `scale` times what it is, plus `shift` (which products cannot take)."""
    layer, sums = model.layers[-1], model.width[-1][0]
    columns = [*range(sums), *np.cumsum([sums, *model.arities[-1]])[:-1].tolist()]
    layer.coef[:, columns] *= scale
    layer.scale_base[:, columns] *= scale
    layer.constants[:, columns, 2:] *= scale
    layer.bias[columns] *= scale
    layer.bias[:sums] += shift[:sums]


def by_gradient(
    model: Network, seen: Seen, held: Seen | None, config: TrainConfig, expired: Expired, watch: Watch
) -> History:
    """Fit the network (which it changes) by LBFGS or Adam."""
    if seen.weight is not None and config.loss_fn is not mean_square:
        raise UsageError("sample weights go with squared errors: weigh the rows in your own loss_fn")
    history = History()
    generator = torch.Generator().manual_seed(config.seed)
    every = max(config.stop_grid_update_step // max(config.grid_update_num, 1), 1)
    optimizer, best = None, _Best(model)
    for step in range(config.steps):
        rows = seen
        if 0 < config.batch < len(seen.X):
            rows = seen.take(
                torch.randperm(len(seen.X), generator=generator, device="cpu")[: config.batch].to(seen.X.device)
            )
        if config.update_grid and step % every == 0 and step < config.stop_grid_update_step:
            fit_grids(model, seen.X)
            optimizer = None  # the coefficients are others now
        if optimizer is None:
            optimizer = _optimizer(model, config)
        good = _values(model)
        optimizer.step(_closure(model, rows, optimizer, config))
        with torch.no_grad():
            error = float(seen.mean_square(model(seen.X)).sqrt())
        if not np.isfinite(error) or not all(bool(value.isfinite().all()) for value in model.parameters()):
            _roll_back(model, good, step)
            break
        with torch.no_grad():
            history.train.append(error)
            history.regularisation.append(float(penalty(model, seen.X, config)))
            if held is not None:
                history.held_out.append(float(held.mean_square(model(held.X)).sqrt()))
        watch(history)
        if expired() or (config.patience and held is not None and best.is_late(history, config.patience)):
            break
    if config.patience and held is not None:
        best.restore()
    return history


class _Best:
    """The values of the network, grids among them, where its held-out error was least."""

    def __init__(self, model: Network) -> None:
        self.model, self.error, self.since, self.state = model, np.inf, 0, _state(model)

    def is_late(self, history: History, patience: int) -> bool:
        """Looks at the last step; whether the best one was `patience` steps ago."""
        self.since += 1
        if history.held_out[-1] < self.error:
            self.error, self.since, self.state = history.held_out[-1], 0, _state(self.model)
        return self.since >= patience

    def restore(self) -> None:
        for layer, values in zip(self.model.layers, self.state):
            layer.grid = values["grid"]
            layer.coef = torch.nn.Parameter(values["coef"])
            layer.load_state_dict(values)


def _state(model: Network) -> list[dict[str, Tensor]]:
    return [{name: value.clone() for name, value in layer.state_dict().items()} for layer in model.layers]


def _values(model: Network) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


@torch.no_grad()
def _roll_back(model: Network, good: Sequence[Tensor], step: int) -> None:
    """Give the network the values it had, and say on which edges they went astray."""
    astray = [
        (n, i, o) for n, layer in enumerate(model.layers) for i, o in (~layer.coef.isfinite().all(2)).nonzero().tolist()
    ]
    for parameter, value in zip(model.parameters(), good):
        parameter.copy_(value)
    edges = ", ".join(f"({n}, {i}, {o})" for n, i, o in astray) or "none: the loss alone"
    log.warning("step %d left numbers that are not finite on edges %s; training ends before it", step, edges)


def _closure(model: Network, rows: Seen, optimizer: torch.optim.Optimizer, config: TrainConfig) -> Callable[[], Tensor]:
    def closure() -> Tensor:
        optimizer.zero_grad()
        prediction = model(rows.X)
        squares = config.loss_fn is mean_square
        loss = rows.mean_square(prediction) if squares else config.loss_fn(prediction, rows.y)
        if config.lamb:
            loss = loss + config.lamb * penalty(model, rows.X, config)
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
