"""Starts of networks with several hidden layers: shallow ones, trained first, that grow a layer at a time.

A network [n, h, 1] is trained from many starts on transforms T of the target: what the layers above it compute may be
the inverse of T. Each is then carried through a new layer, which changes nothing, the last layer is fitted to the
target itself, all layers are trained together, and the best go on. Random starts of the full depth compete with them.
Source: L. Breiman and J. Friedman, Estimating optimal transformations for multiple regression and correlation, J. Amer.
Statist. Assoc. 80, 580 (1985), for transforms of the target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kansr.kan.fitting.free_knots import move_knots
from kansr.kan.fitting.growth import deepened
from kansr.kan.network.network import Network
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.grids import fit_grids, input_grid_eps
from kansr.kan.training.initialise import SHAPE_WEIGHTS, draw_curves, fit_last_layer, random_start, transforms
from kansr.kan.training.levenberg_marquardt import SMOOTHING, LMConfig
from kansr.kan.training.train import TrainConfig, train_together
from kansr.numeric.tolerances import TINY

# Weights of u, u², u³ and a sine in the random curves of a start: of any shape, mostly even, mostly straight.
STYLES = (SHAPE_WEIGHTS, (0.5, 1.0, 0.2, 0.1), (1.0, 0.2, 0.1, 0.0))
SHALLOW_STEPS = 6  # of a shallow start on a transform of the target
GROWN_STEPS = 12  # of a network that has grown by a layer
KEPT = (16, 4)  # of the shallow starts that grow, and of the networks that grow again
ROUNDS = 4  # of all styles and transforms, while no start is near
NEAR = 0.05  # rms error of a start, in standard deviations of the target, at which no others are tried
GRID_EPS = (1.0, 0.3, 0.02)  # of the grids that are tried: even, between, at the quantiles
KNOT_ROUNDS = 2  # in which knots are moved and all coefficients trained again
UNEVEN_SMOOTHING = 1e-13  # where knots are moved: in narrow intervals the usual weight would flatten what they are for
GAIN = 0.002  # share of the error that five steps must remove: valleys of deep networks are long
OVERFIT = 1.2  # times the rms error on the rows fitted: worse than this on the others is overfitting
SMOOTHINGS = (1e-6, 1e-4, 1e-2)  # tried in turn against overfitting, while the error falls


@dataclass(frozen=True, eq=False)
class DeepTask:
    """A network to be started, and rows with standardised targets: some to train starts on, others to judge them.

    budget: how many networks of the full size may be trained for a dozen steps; random: starts of the full depth
    """

    model: Network
    fitting: TrainingRows
    judging: TrainingRows
    original: Tensor  # (rows,), the first output of the fitting rows with its mean, over its root mean square
    config: TrainConfig
    generator: torch.Generator
    budget: int
    random: int

    def train(self, models: Sequence[Network], y: Tensor, steps: int, update_grid: bool) -> None:
        """Train networks of one shape (which are changed), without a penalty, on these targets of the fitting rows."""
        config = TrainConfig(steps=steps, update_grid=update_grid, lm=LMConfig(gain=GAIN))
        train_together(models, replace(self.fitting, y=y), config)

    def error(self, model: Network, fitted: bool = False) -> float:
        """The mean square on the rows that judge, or on those that are fitted, infinite where it is not finite."""
        rows = self.fitting if fitted else self.judging
        error = float(rows.mean_square(model(rows.X)))
        return error if math.isfinite(error) else math.inf


@torch.no_grad()
def deep_start(task: DeepTask) -> Network:
    """The best start of a network with several hidden layers, on even grids, for a standardised target."""
    pool = [_as_it_is(task), *_random(task, min(task.random, task.budget))]
    task.train(pool, task.fitting.y, GROWN_STEPS, True)
    width = task.model.width
    outputs = width[-1][0]
    can_grow = not task.model.arities[-1] and task.model.k > 0 and all(sum(w) >= outputs for w in width[2:-1])
    if can_grow:
        targets = transforms(task.original) if sum(width[-1]) == 1 else []
        copies = max(min(task.budget // (len(STYLES) * (1 + len(targets))), 2), 1)
        for _ in range(min(ROUNDS, max(task.budget // (len(STYLES) * (1 + len(targets)) * copies), 1))):
            pool += _grown(task, targets, copies)
            if min(map(task.error, pool)) < NEAR**2:
                break
    return min(pool, key=task.error)


def _as_it_is(task: DeepTask) -> Network:
    model = task.model.copy()
    fit_grids(model, task.fitting.X)
    return model


def _random(task: DeepTask, count: int) -> Iterator[Network]:
    for number in range(count):
        yield _drawn(task, task.model.width, task.model.arities, task.fitting.y, STYLES[number % len(STYLES)])


def _drawn(
    task: DeepTask,
    width: Sequence[tuple[int, int]],
    arities: Sequence[Sequence[int]],
    y: Tensor,
    style: Sequence[float],
) -> Network:
    model, X = task.model, task.fitting.X
    eps = input_grid_eps(X) * model.grid_eps
    start = random_start(width, X, y, model.layers[0].G, model.k, eps, task.generator, arities, style)
    return with_options(start, model)


def with_options(start: Network, model: Network) -> Network:
    """A start (which is changed) with the base function, extrapolation and kind of grid of the model."""
    for layer, of_model in zip(start.layers, model.layers):
        layer.base_fun, layer.outside = of_model.base_fun, of_model.outside
    start.grid_eps = model.grid_eps
    return start


def _grown(task: DeepTask, targets: Sequence[Tensor], copies: int) -> list[Network]:
    """Networks of the full depth that grew from the best shallow ones."""
    pool = _shallow(task, targets, copies)
    kept = KEPT[0]
    for depth in range(3, len(task.model.width)):
        pool = [_one_deeper(task, model, depth) for model in pool]
        pool = sorted(pool, key=lambda model: task.error(model, fitted=True))[: min(kept, task.budget)]
        task.train(pool, task.fitting.y, GROWN_STEPS, True)
        pool, kept = sorted(pool, key=task.error), KEPT[1]
    return pool


def _shallow(task: DeepTask, targets: Sequence[Tensor], copies: int) -> list[Network]:
    """Networks of one hidden layer, each trained on the target or a transform of it."""
    model, found = task.model, list[Network]()
    width, arities = (*model.width[:2], model.width[-1]), (*model.arities[:2], model.arities[-1])
    for y in [task.fitting.y, *(_standardised(t)[:, None] for t in targets)]:
        starts = [_drawn(task, width, arities, y, style) for style in STYLES for _ in range(copies)]
        task.train(starts, y, SHALLOW_STEPS, False)
        found += starts
    return found


def _one_deeper(task: DeepTask, shallow: Network, depth: int) -> Network:
    """The network with one more hidden layer, its last layer fitted to the target. depth: layers of nodes it will have

    New nodes that carry no output get random curves.
    """
    (sums, _), arities, X = task.model.width[depth - 1], task.model.arities[depth - 1], task.fitting.X
    grown = with_options(deepened(shallow, sums, arities), task.model)
    layer, values = grown.layers[-2], grown.node_values(X)[-3]
    idle = [o for o in range(layer.out_dim) if not bool(layer.coef[:, o].any()) and not bool(layer.bias[o])]
    draw_curves(layer, idle, values, task.generator)
    fit_last_layer(grown, X, task.fitting.y)
    return grown


def _standardised(y: Tensor) -> Tensor:
    return (y - y.mean()) / y.std(correction=0).clamp(min=TINY)


@torch.no_grad()
def on_better_knots(task: DeepTask, start: Network, coarse: bool) -> tuple[Network, float]:
    """The start trained on whichever grids are best on the rows that judge, and the smoothing to go on with.

    coarse: whether grids are coarse enough for the places of knots to matter; they are then also put near the
    quantiles of the values, and where the curves of the last layer bend
    """
    best, least, smoothing = start, task.error(start), SMOOTHING
    lm = replace(task.config.lm, gain=GAIN)

    def attempt(model: Network, weight: float) -> bool:
        nonlocal best, least, smoothing
        config = replace(task.config, lamb=0.0, lm=replace(lm, smoothing=weight, keep_best=False, patience=math.inf))
        train_together([model], task.fitting, config)
        better = (error := task.error(model)) < least
        if better:
            best, least, smoothing = model, error, weight
        return better

    for eps in GRID_EPS if coarse else GRID_EPS[:1]:
        trial = start.copy()
        trial.grid_eps = eps
        fit_grids(trial, task.fitting.X, grid_eps=None if eps < 1 else input_grid_eps(task.fitting.X))
        attempt(trial, SMOOTHING)
    for _ in range(KNOT_ROUNDS if coarse else 0):
        trial = best.copy()
        if not move_knots(trial, task.fitting) or not attempt(trial, UNEVEN_SMOOTHING):
            break
    if least > OVERFIT**2 * task.error(best, fitted=True):
        for weight in SMOOTHINGS:
            if not attempt(best.copy(), weight):
                break
    return best, smoothing
