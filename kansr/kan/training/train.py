"""Training a network on rows: by Levenberg-Marquardt, or by LBFGS and Adam for batches and custom losses."""

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
from kansr.kan.training.dataset import TrainingRows, as_float64, mean_one_weights
from kansr.kan.training.grids import FILL, fit_grids, follow_values, grids_fit
from kansr.kan.training.levenberg_marquardt import (
    Expired,
    History,
    LMConfig,
    Watch,
    levenberg_marquardt,
    never,
    unwatched,
)
from kansr.kan.training.sparsity_penalty import Sparsity, penalty

log = logging.getLogger(__name__)

Optimizer = Literal["LM", "LBFGS", "Adam"]
Loss = Callable[[Tensor, Tensor], Tensor]
Values: TypeAlias = Tensor | NDArray[np.float64]

LM_ROUNDS = 3  # of Levenberg-Marquardt at most; a next one follows where hidden values need other grids
GRID_STEPS = 10  # after which the grids of several hidden layers follow their values
DEEP_TRIALS = 24  # dampings tried at each step with several hidden layers, whose valleys are curved: up to 1e9
LBFGS_ITERATIONS = 10  # of LBFGS in one step
LBFGS_MEMORY = 10  # updates that LBFGS remembers, as in pykan
LBFGS_TOLERANCE = 1e-32  # of gradient and change, as in pykan: only the number of iterations ends a step


def mean_square(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean squared error, unweighted."""
    return (prediction - target).square().mean()


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Options of `train`, by pykan's names."""

    opt: Optimizer = "LM"
    steps: int = 60
    lamb: float = 0.0  # weight of the sparsity penalty, a sum of the following parts
    lamb_l1: float = 1.0  # weight of the sizes of the edges
    lamb_entropy: float = 2.0  # weight of the entropy of the sizes in a layer
    lamb_coef: float = 0.0  # weight of the absolute coefficients
    lamb_coefdiff: float = 0.0  # weight of the absolute differences of neighbouring coefficients
    lr: float = 1.0  # learning rate of LBFGS and Adam
    batch: int = -1  # rows drawn at random for each step; all rows if it is negative
    update_grid: bool = True  # whether grids follow the values that reach them
    grid_update_num: int = 10  # grid updates of LBFGS and Adam, the last before `stop_grid_update_step`
    stop_grid_update_step: int = 50
    patience: int = 0  # LBFGS and Adam stop after this many steps without a better held-out error; 0: they do not
    seed: int = 0  # of the batches
    loss_fn: Loss = mean_square  # of prediction and target; any other one needs LBFGS or Adam
    lm: LMConfig = field(default_factory=LMConfig)

    @property
    def sparsity(self) -> Sparsity:
        return Sparsity(**{entry.name: getattr(self, entry.name) for entry in fields(Sparsity)})


def train(
    model: Network,
    X: Values,
    y: Values,
    config: TrainConfig = TrainConfig(),
    held_out: tuple[Values, Values] | None = None,
    expired: Expired = never,
    *,
    weight: Values | None = None,
    watch: Watch = unwatched,
) -> tuple[Network, History]:
    """Fit a network (which is changed, and returned with its history) to rows.

    X: (rows, inputs); y: (rows,) or (rows, outputs); weight: (rows,), sample weights;
    held_out: X and y of rows on which Levenberg-Marquardt stops early. LBFGS and Adam only measure their error there,
    unless `config.patience` is set. `watch` is called with the history after every step.
    Raises UsageError for impossible weights, an unknown optimiser, or a loss that the optimiser cannot minimise.
    """
    rows = TrainingRows(*tensors(X, y), None if weight is None else mean_one_weights(weight, len(X)))
    held = None if held_out is None else TrainingRows(*tensors(*held_out))
    if config.opt != "LM":
        return model, by_gradient(model, rows, held, config, expired, watch)
    return model, train_together([model], rows, config, held, expired, watch)[0]


def tensors(X: Values, y: Values) -> tuple[Tensor, Tensor]:
    """X and y as float64 tensors: (rows, inputs), (rows, outputs)"""
    X, y = as_float64(X), as_float64(y)
    return X, (y[:, None] if y.ndim == 1 else y)


def train_together(
    models: Sequence[Network],
    rows: TrainingRows,
    config: TrainConfig = TrainConfig(),
    held_out: TrainingRows | None = None,
    expired: Expired = never,
    watch: Watch = unwatched,
) -> list[History]:
    """Fit networks of the same shape (which are changed) by Levenberg-Marquardt, each with its own damping.

    The target is standardised for it. Where hidden values leave their grids, or cover too little of them, the grids are
    fitted again and training goes on. With several hidden layers grids follow their values every GRID_STEPS steps, and
    the networks end in the best state that they had after such a round. Raises UsageError for a loss that is no mean
    square.
    """
    if config.loss_fn is not mean_square:
        raise UsageError('loss_fn needs opt="LBFGS" or opt="Adam": Levenberg-Marquardt minimises squares')
    lm = replace(config.lm, steps=config.steps, sparsity=config.sparsity)
    shift = rows.mean(rows.y.T) if not models[0].arities[-1] else torch.zeros_like(rows.y[0])
    scale = float(rows.mean_square(shift).sqrt()) or 1.0
    scaled = replace(rows, y=(rows.y - shift) / scale)
    held = None if held_out is None else replace(held_out, y=(held_out.y - shift) / scale)
    fill = 0.0 if config.lamb else FILL  # a node that the penalty removes fills nothing of its grid
    for model in models:
        if config.update_grid and not _grid_covers(model, rows.X):
            fit_grids(model, rows.X)
        change_outputs(model, 1 / scale, -shift / scale)
    histories = [History() for _ in models]
    deep = len(models[0].layers) > 2
    bests = [_Best(model) for model in models] if deep else []
    lm = replace(lm, steps=_steps_of_a_round(lm.steps, deep and config.update_grid))
    lm = replace(lm, trials=DEEP_TRIALS) if deep else lm
    again = list(range(len(models)))
    for _ in range(-(-config.steps // max(lm.steps, 1)) if deep and config.update_grid else LM_ROUNDS):
        watch_first = partial(_watch_joined, watch, histories[0], scale) if again[0] == 0 else unwatched
        parts = levenberg_marquardt([models[n] for n in again], scaled, held, lm, expired, watch_first)
        for n, part in zip(again, parts):
            histories[n] = _joined(histories[n], part, scale)
            if deep:
                bests[n].note(_objective(part, lm))
        unfit = [n for n in again if config.update_grid and not grids_fit(models[n], rows.X, fill=fill)]
        unfinished = [n for n, part in zip(again, parts) if deep and len(part.train) > lm.steps]
        again = [n for n in again if n in unfit or n in unfinished] if config.update_grid else []
        if not again or expired():
            break
        for n in unfit:
            if deep:
                follow_values(models[n], rows.X)
            else:
                fit_grids(models[n], rows.X)
    for best in bests:
        best.restore()
    for model in models:
        change_outputs(model, scale, shift)
    return histories


def _steps_of_a_round(steps: int, in_parts: bool) -> int:
    return min(steps, GRID_STEPS) if in_parts else steps


def _objective(history: History, config: LMConfig) -> float:
    """What a round of Levenberg-Marquardt ends at: the least held-out error where that decides, else the loss."""
    if history.held_out and config.keep_best and not config.sparsity.lamb:
        return min(history.held_out)
    return float(np.sqrt(history.train[-1] ** 2 + history.regularisation[-1]))


def _watch_joined(watch: Watch, before: History, scale: float, part: History) -> None:
    watch(_joined(before, part, scale))


def _joined(before: History, part: History, scale: float) -> History:
    """The history so far, followed by one in units of `scale`."""
    return History(
        before.train + [scale * e for e in part.train],
        before.held_out + [scale * e for e in part.held_out],
        before.regularisation + part.regularisation,
    )


def _grid_covers(model: Network, X: Tensor) -> bool:
    """Whether the grids of the inputs contain all rows."""
    layer = model.layers[0]
    low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
    return bool(((X.min(0).values >= low) & (X.max(0).values <= high)).all())


@torch.no_grad()
def change_outputs(model: Network, scale: float, shift: Tensor) -> None:
    """Multiply every output of a network (which is changed) by `scale`, and add `shift` to outputs that are sums."""
    layer, sums = model.layers[-1], model.width[-1][0]
    columns = [*range(sums), *np.cumsum([sums, *model.arities[-1]])[:-1].tolist()]
    layer.coef[:, columns] *= scale
    layer.scale_base[:, columns] *= scale
    layer.constants[:, columns, 2:] *= scale
    layer.bias[columns] *= scale
    layer.bias[:sums] += shift[:sums]


def by_gradient(
    model: Network, rows: TrainingRows, held: TrainingRows | None, config: TrainConfig, expired: Expired, watch: Watch
) -> History:
    """Fit a network (which is changed) by LBFGS or Adam. Raises UsageError for weights with a custom loss."""
    if rows.weight is not None and config.loss_fn is not mean_square:
        raise UsageError("sample weights work with squared errors only: weight the rows in your own loss_fn")
    history = History()
    generator = torch.Generator().manual_seed(config.seed)
    every = max(config.stop_grid_update_step // max(config.grid_update_num, 1), 1)
    optimizer, least_held, least = None, _Best(model), _Best(model)
    for step in range(config.steps):
        batch = rows
        if 0 < config.batch < len(rows.X):
            drawn = torch.randperm(len(rows.X), generator=generator, device="cpu")[: config.batch]
            batch = rows.take(drawn.to(rows.X.device))
        if config.update_grid and step % every == 0 and step < config.stop_grid_update_step:
            fit_grids(model, rows.X)
            optimizer = None  # its state belongs to the old coefficients
        if optimizer is None:
            optimizer = _optimizer(model, config)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        optimizer.step(_closure(model, batch, optimizer, config))
        with torch.no_grad():
            error = _error(model, rows, config.loss_fn)
        if not np.isfinite(error) or not all(bool(value.isfinite().all()) for value in model.parameters()):
            _roll_back(model, before, step)
            break
        with torch.no_grad():
            _note(history, error, model, rows, held, config)
        watch(history)
        least.note(error)
        if expired() or (config.patience and held is not None and _ended(least_held, history, config.patience)):
            break
    if config.patience and held is not None:
        least_held.restore()
    elif config.loss_fn is mean_square and history.train and history.train[-1] > max(least.error, spread(rows)):
        log.warning(
            "training ended at an error of %.3g, more than the mean of the targets leaves; the best state that it met, "
            "with an error of %.3g, is taken instead",
            history.train[-1],
            least.error,
        )
        least.restore()
        with torch.no_grad():
            _note(history, least.error, model, rows, held, config)
    return history


def _note(
    history: History,
    error: float,
    model: Network,
    rows: TrainingRows,
    held: TrainingRows | None,
    config: TrainConfig,
) -> None:
    """Add the present errors and penalty to the history (which is changed). error: that of the rows"""
    history.train.append(error)
    history.regularisation.append(float(penalty(model, rows.X, config.sparsity)))
    if held is not None:
        history.held_out.append(_error(model, held, config.loss_fn))


def _error(model: Network, rows: TrainingRows, loss_fn: Loss) -> float:
    """The rms error; for class labels, which have none, the root of the loss."""
    prediction = model(rows.X)
    return float((loss_fn(prediction, rows.y) if rows.are_labels else rows.mean_square(prediction)).sqrt())


def _ended(best: _Best, history: History, patience: int) -> bool:
    """Whether the least held-out error is `patience` steps ago."""
    return best.note(history.held_out[-1]) >= patience


def spread(rows: TrainingRows) -> float:
    """The rms error of the mean of the targets."""
    return float(rows.mean_square(rows.mean(rows.y.T)).sqrt())


class _Best:
    """The parameters and grids of a network at the least of the errors that were noted; at the start if none was."""

    def __init__(self, model: Network) -> None:
        self.model, self.error, self.since, self.state = model, np.inf, 0, _state(model)

    def note(self, error: float) -> int:
        """Take note of the present error; for how many notes the least one has stood."""
        self.since += 1
        if error < self.error:
            self.error, self.since, self.state = error, 0, _state(self.model)
        return self.since

    def restore(self) -> None:
        """Give the network its best parameters and grids."""
        for layer, values in zip(self.model.layers, self.state):
            layer.grid = values["grid"]
            layer.coef = torch.nn.Parameter(values["coef"])
            layer.load_state_dict(values)


def _state(model: Network) -> list[dict[str, Tensor]]:
    return [{name: value.clone() for name, value in layer.state_dict().items()} for layer in model.layers]


@torch.no_grad()
def _roll_back(model: Network, before: Sequence[Tensor], step: int) -> None:
    """Give the network back its earlier parameters, and warn which edges were not finite."""
    broken = [
        (n, i, o) for n, layer in enumerate(model.layers) for i, o in (~layer.coef.isfinite().all(2)).nonzero().tolist()
    ]
    for parameter, value in zip(model.parameters(), before):
        parameter.copy_(value)
    where = f"coefficients of edges {', '.join(map(str, broken))}" if broken else "loss"
    log.warning("step %d made the %s not finite; it is undone, and training ends", step, where)


def _closure(
    model: Network, rows: TrainingRows, optimizer: torch.optim.Optimizer, config: TrainConfig
) -> Callable[[], Tensor]:
    def closure() -> Tensor:
        optimizer.zero_grad()
        prediction = model(rows.X)
        squares = config.loss_fn is mean_square
        loss = rows.mean_square(prediction) if squares else config.loss_fn(prediction, rows.y)
        if config.lamb:
            loss = loss + config.lamb * penalty(model, rows.X, config.sparsity)
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
            max_iter=LBFGS_ITERATIONS,
            history_size=LBFGS_MEMORY,
            line_search_fn="strong_wolfe",
            tolerance_grad=LBFGS_TOLERANCE,
            tolerance_change=LBFGS_TOLERANCE,
        )
    raise UsageError(f'no optimiser {config.opt!r}: it is "LM", "LBFGS" or "Adam"')
