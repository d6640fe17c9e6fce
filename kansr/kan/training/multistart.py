"""Multistart training: many starts for a few steps, the best of them to the end.

`multistart` is the algorithm, with how a start is trained and judged as an argument. `fit_kan` uses it to go from rows
to a trained network: the start that is best on held-out rows, then finer grids and stronger smoothing while they help.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from kansr.kan.network.network import Network, WidthEntry
from kansr.kan.network.threads import one_thread
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.grids import fit_grids, input_grid_eps
from kansr.kan.training.initialise import Starts, empty_network, over_rms
from kansr.kan.training.levenberg_marquardt import SMOOTHING, Expired, LMConfig, never
from kansr.kan.training.train import TrainConfig, Values, change_outputs, tensors, train_together


class Trial(NamedTuple):
    """A network after some training, and the error by which it is compared with others."""

    error: float
    model: Network
    fitted_error: float = math.nan  # on the rows it was trained on, if the caller wants to know


Attempt = Callable[[Sequence[Network], int], list[Trial]]  # trains networks (which are changed) for so many steps


@dataclass(frozen=True, kw_only=True)
class MultistartConfig:
    """How many starts are tried, and for how long. Errors are those of the trials."""

    tries: int  # steps of each start
    near: float  # error of a solved start at which random ones are not tried; -inf: they always are
    lucky: float = -math.inf  # error of a random start below which no others are tried
    survivors: int = 0  # the best starts, which are trained for `steps` more; 0: none is
    steps: int = 0
    batch: int | None = None  # starts that are trained at a time; None: all


def multistart(
    solved: Iterable[Network],
    drawn: Iterable[Network],
    attempt: Attempt,
    config: MultistartConfig,
    expired: Expired = never,
) -> Trial:
    """The best of the starts after training: solved ones first, random ones only where none of these is near.

    drawn: random starts, made when they are tried; there must be one where none is solved
    """
    pool = _attempted(solved, attempt, config.tries, config.batch)
    if not pool or (_least(pool) > config.near and not expired()):
        for batch in _batches(drawn, config.batch):
            pool += attempt(batch, config.tries)
            if _least(pool) < config.lucky or expired():
                break
    if config.survivors:
        best = sorted(pool, key=lambda trial: trial.error)[: config.survivors]
        pool = _attempted([trial.model for trial in best], attempt, config.steps, config.batch)
    return min(pool, key=lambda trial: trial.error)


def _attempted(starts: Iterable[Network], attempt: Attempt, steps: int, size: int | None) -> list[Trial]:
    return [trial for batch in _batches(starts, size) for trial in attempt(batch, steps)]


def _batches(starts: Iterable[Network], size: int | None) -> Iterator[list[Network]]:
    rest = iter(starts)
    while batch := list(islice(rest, size)):
        yield batch


def _least(pool: Sequence[Trial]) -> float:
    return min(trial.error for trial in pool)


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """Options of `fit_kan`. Errors are rms on held-out rows, in standard deviations of the target."""

    mult_arity: int | Sequence[Sequence[int]] = 2
    k: int = 3
    starts: int = 6  # random ones, besides those solved by linear least squares
    tries: int = 15  # steps of each start
    near: float = 0.05  # error of a solved start at which random ones are not tried
    lucky: float = 0.003  # error of a random start at which no others are tried
    survivors: int = 2  # starts that are trained to the end on the first grid
    steps: int = 60  # on each grid
    grids: tuple[int, ...] = (5, 10, 20)  # numbers of intervals
    held_out: float = 0.2  # share of the rows
    gain: float = 0.1  # share of the error that a finer grid must remove to be kept
    smoothings: tuple[float, ...] = (SMOOTHING, 1e-5, 1e-3, 1e-1)  # the first on all grids, then each while it helps
    noisy: float = 1e-3  # error above which stronger smoothing is tried
    goal: float = 1e-9  # error at which no finer grid is tried


@torch.no_grad()
@one_thread()
def fit_kan(
    X: Values,
    y: Values,
    width: Sequence[WidthEntry],
    config: FitConfig = FitConfig(),
    *,
    seed: int = 0,
    expired: Expired = never,
) -> tuple[Network, float]:
    """The network that predicts held-out rows best, and its rms error on them in standard deviations of the target.

    X: (rows, inputs); y: (rows,) or (rows, outputs). The network takes and gives values in their units.
    """
    X, y = tensors(X, y)
    shift, scale = y.mean(0), y.std() if float(y.std()) > 0 else y.new_ones(())
    z = (y - shift) / scale
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros_like(X[:, 0], dtype=torch.bool)
    held[torch.randperm(len(X), generator=generator, device="cpu")[: max(round(config.held_out * len(X)), 1)]] = True
    rows = _Split(TrainingRows(X[~held], z[~held]), TrainingRows(X[held], z[held]), expired)
    template = empty_network(width, config.grids[0], config.k, config.mult_arity)
    starts = Starts(template, X[~held], z[~held], over_rms(y[:, 0])[~held], input_grid_eps(X), generator)
    model, error = _from_starts(starts, rows, config)
    model, error = _on_finer_grids(model, error, starts.grid_eps, rows, config)
    model, error = _smoothed(model, error, rows, config)
    change_outputs(model, float(scale), shift)
    return model, error


@dataclass(frozen=True, eq=False)
class _Split:
    """Rows to fit and rows to judge by, with standardised targets, and the deadline."""

    fitting: TrainingRows
    held_out: TrainingRows
    expired: Expired

    def fit(self, model: Network, steps: int, smoothing: float) -> float:
        """Train the network (which is changed), with early stopping; its held-out error."""
        config = TrainConfig(steps=steps, lm=LMConfig(smoothing=smoothing))
        train_together([model], self.fitting, config, self.held_out, self.expired)
        return self.error(model)

    def error(self, model: Network) -> float:
        error = float((model(self.held_out.X) - self.held_out.y).square().mean().sqrt())
        return error if math.isfinite(error) else math.inf


def _from_starts(starts: Starts, rows: _Split, config: FitConfig) -> tuple[Network, float]:
    """The best network on the first grid, and its held-out error. Solved starts are tried for one hidden node only."""

    def attempt(models: Sequence[Network], steps: int) -> list[Trial]:
        return [Trial(rows.fit(model, steps, config.smoothings[0]), model) for model in models]

    one_node = sum(starts.model.width[1]) == 1
    solved = sorted(starts.solved(), key=rows.error)[: config.survivors] if one_node else []
    drawn = (starts.random() for _ in range(max(config.starts, not solved)))
    limits = MultistartConfig(
        tries=config.tries,
        near=config.near,
        lucky=config.lucky,
        survivors=config.survivors,
        steps=config.steps,
        batch=1,
    )
    best = multistart(solved, drawn, attempt, limits, rows.expired)
    return best.model, best.error


def _on_finer_grids(
    model: Network, error: float, grid_eps: Tensor, rows: _Split, config: FitConfig
) -> tuple[Network, float]:
    """The network on the finest grid that is worth it, and its held-out error. grid_eps: (n,), of the inputs"""
    for G in config.grids[1:]:
        if rows.expired() or error < config.goal:
            break
        finer = model.copy()
        fit_grids(finer, rows.fitting.X, G, grid_eps)
        finer_error = rows.fit(finer, config.steps, config.smoothings[0])
        if not finer_error < (1 - config.gain) * error:
            break
        model, error = finer, finer_error
    return model, error


def _smoothed(model: Network, error: float, rows: _Split, config: FitConfig) -> tuple[Network, float]:
    """The network trained on with stronger smoothing, as long as its held-out error falls, and that error."""
    for smoothing in config.smoothings[1:] if error > config.noisy else ():
        if rows.expired():
            break
        smoother = model.copy()
        smoother_error = rows.fit(smoother, config.steps, smoothing)
        if not smoother_error < error:
            break
        model, error = smoother, smoother_error
    return model, error
