"""Training on a dataset of tensors, with a good start where the network has not been trained yet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network.network import Network
from kansr.kan.network.threads import one_thread
from kansr.kan.training.dataset import Seen, test_rows, training_rows
from kansr.kan.training.grids import fit_grids, fold_base
from kansr.kan.training.initialise import additive_starts, fit_last_layer, product_start, random_start
from kansr.kan.training.jacobian import Linearised
from kansr.kan.training.levenberg_marquardt import History, Watch, never, unwatched
from kansr.kan.training.multistart import heavy_tails
from kansr.kan.training.train import TrainConfig, by_gradient, change_outputs, mean_square, train_together

Results = dict[str, list[float]]

MOST_PARAMETERS = 3000  # of a network that is trained by Levenberg-Marquardt where LBFGS was asked for
MOST_NUMBERS = 5e7  # in its Jacobian
FOUND = 3  # starts found by least squares that are tried
TRIES = 12  # steps with each start
SURVIVORS = 4  # starts that are trained for twice as many, where there is a penalty
JUDGED = 400  # rows they are trained on
SMOOTHER = (1e-6, 1e-4, 1e-2)  # smoothing that is tried for large networks on few rows
OVERFIT = 4.0  # times the error on rows fitted, that on others
COARSE = 10  # intervals up to which base functions do what splines cannot, and where the knots are matters
BY_SAMPLES = 0.02  # grid_eps that is tried beside even grids
MOST_WORK = 3e10  # floating point operations for the starts of one kind, about
NEAR = 0.05  # error over the target's spread of a start found by least squares that spares the random ones


def learn(
    model: Network,
    dataset: Mapping[str, Tensor],
    config: TrainConfig,
    fresh: bool = False,
    starts: int = 6,
    watch: Watch = unwatched,
) -> tuple[Results, Seen]:
    """Train the network (which it changes); the errors after each step, `steps` of them, and the rows it has seen.

    A fresh network is trained from the best of several starts, its own among them, or from its own only if `starts`
    is 0 or some of its edges are fixed or closed. train_loss and test_loss are root mean squared errors; test rows are
    only watched, unless `config.patience` lets them end the training.
    """
    like = model.layers[0].coef.detach()
    seen, test = training_rows(dataset).to(like), test_rows(dataset)
    test = None if test is None else test.to(like)
    _check_shape(model, seen)
    config = choose_optimizer(model, seen, config)
    if config.opt == "LM":
        history = _by_squares(model, seen, test, config, starts if fresh else 0, watch)
    else:
        history = by_gradient(model, seen, test, config, never, watch)
    return results(history, config), seen


@one_thread()
def _by_squares(
    model: Network, seen: Seen, test: Seen | None, config: TrainConfig, starts: int, watch: Watch
) -> History:
    stops = config.patience > 0
    train_base = not config.lamb and max(layer.G for layer in model.layers) <= COARSE
    lm = replace(config.lm, keep_best=stops, patience=config.patience or math.inf, train_base=train_base)
    config = replace(config, lm=lm)
    if config.lamb:
        fold_base(model)
    if starts and all(not layer.fixed and bool(layer.mask.all()) for layer in model.layers):
        smoothing = _begin(model, seen, config, starts)
        config = replace(config, lm=replace(config.lm, smoothing=smoothing))
    elif config.update_grid:
        fit_grids(model, seen.X)
    return train_together([model], seen, config, test, watch=watch)[0]


def _check_shape(model: Network, seen: Seen) -> None:
    inputs, outputs = model.layers[0].in_dim, sum(model.width[-1])
    if (seen.X.shape[1], seen.y.shape[1]) != (inputs, outputs):
        raise UsageError(
            f"{model.describe()} takes {inputs} inputs to {outputs} outputs; train_input has {seen.X.shape[1]} columns "
            f"and train_label {seen.y.shape[1]}"
        )


def choose_optimizer(model: Network, seen: Seen, config: TrainConfig) -> TrainConfig:
    """LBFGS becomes Levenberg-Marquardt where that can do the same work: all rows, squares, a small float64 network."""
    if model.layers[0].coef.dtype != torch.float64:
        if config.opt == "LM":
            raise UsageError("Levenberg-Marquardt works in float64: call model.double() first, or take opt='Adam'")
        return config
    size = Linearised([model], seen.X[:1]).size
    small = size <= MOST_PARAMETERS and size * seen.y.numel() <= MOST_NUMBERS
    if config.opt == "LBFGS" and config.batch < 0 and config.loss_fn is mean_square and small:
        return replace(config, opt="LM")
    return config


def results(history: History, config: TrainConfig) -> Results:
    """The history as lists of `steps` values; what was reached early stays."""
    reg = [r / config.lamb if config.lamb and config.opt == "LM" else r for r in history.regularisation]
    lists = {"train_loss": history.train, "test_loss": history.held_out, "reg": reg}
    return {name: _exactly(values, config.steps) for name, values in lists.items()}


def _exactly(values: list[float], steps: int) -> list[float]:
    if not values or not steps:
        return []
    values = values[1:] if len(values) > steps else values
    return (values + values[-1:] * steps)[: steps - 1] + values[-1:]


@torch.no_grad()
def _begin(model: Network, seen: Seen, config: TrainConfig, starts: int) -> float:
    """Give the network the values of the start that is best after a few steps; the smoothing that was best with it.

    Judged by rows that the start was not trained on. Where those are met much worse than the others, there are too
    few rows for so large a network, and stronger smoothing is tried.
    """
    few = replace(config, steps=min(TRIES, config.steps), update_grid=False)
    fitting, judging = _parted(seen)
    best, least, smoothing = model, math.inf, config.lm.smoothing
    for trial in (config.lm.smoothing, *(s for s in SMOOTHER if s > config.lm.smoothing)):
        few = replace(few, lm=replace(few.lm, smoothing=trial))
        error, fitted, start = _best_start(model, fitting, judging, few, starts)
        if not error < least:
            break
        best, least, smoothing = start, error, trial
        if config.lamb or error < OVERFIT**2 * fitted:
            break
    if not (config.lamb or model.grid_eps_given) and model.layers[0].G <= COARSE and config.update_grid:
        best = _better_placed(best, seen, replace(few, steps=config.steps, update_grid=True))
    model.act_fun, model.grid_eps = best.act_fun, best.grid_eps
    return smoothing


def _better_placed(model: Network, seen: Seen, config: TrainConfig) -> Network:
    """The network on the grids it has, or on grids that follow the samples, whichever has the smaller error once it is
    trained: with as many coefficients on either, the rows themselves can tell."""
    other = model.copy()
    other.grid_eps = BY_SAMPLES
    fit_grids(other, seen.X)
    trials = [start.copy() for start in (model, other)]
    errors = [history.train[-1] for history in train_together(trials, seen, config)]
    return (model, other)[errors[1] < errors[0]]


def _best_start(
    model: Network, fitting: Seen, judging: Seen, config: TrainConfig, starts: int
) -> tuple[float, float, Network]:
    """The error of the best start on the rows that judge, that on those fitted (squared, over the spread), and it."""
    rng = torch.Generator().manual_seed(config.seed)
    variance = float(fitting.mean_square(fitting.mean(fitting.y.T))) or 1.0
    pool: list[tuple[float, float, Network]] = []

    def judge(candidates: Iterable[Network]) -> None:
        found = [start.to(fitting.X.device) for start in candidates]
        for start in found:
            for layer, own in zip(start.layers, model.layers):
                layer.base_fun, layer.outside = own.base_fun, own.outside
            start.grid_eps = model.grid_eps
            if start.grid_eps < 1:
                fit_grids(start, fitting.X)
        for start, history in _trained(found, fitting, config):
            error = float(judging.mean_square(start(judging.X))) / variance + history.regularisation[-1]
            pool.append((error if math.isfinite(error) else math.inf, history.train[-1] ** 2 / variance, start))

    here = fitting.to(torch.device("cpu"))  # starts are made here, where the random numbers are
    size = Linearised([model], fitting.X[:1]).size
    affordable = int(MOST_WORK / (TRIES * size**2 * (fitting.y.numel() + size / 3)))
    judge(islice(_found(model, here, rng), max(affordable, 1)))
    if config.lamb or not pool or min(error for error, _, _ in pool) > NEAR**2:
        judge(_drawn(model, here, rng, min(starts, affordable)))
    if config.lamb:  # what a penalty leaves shows late
        pool.sort(key=lambda entry: entry[0])
        survivors = [start for _, _, start in pool[:SURVIVORS]]
        pool.clear()
        judge(survivors)
    return min(pool, key=lambda entry: entry[0])


def _trained(starts: Sequence[Network], rows: Seen, config: TrainConfig) -> Iterator[tuple[Network, History]]:
    """The starts with their histories; those with the same edges are trained together."""
    groups: dict[tuple[str, ...], list[Network]] = {}
    for start in starts:
        groups.setdefault(tuple(map(str, (layer.mask.tolist() for layer in start.layers))), []).append(start)
    for group in groups.values():
        yield from zip(group, train_together(group, rows, config))


def _parted(seen: Seen) -> tuple[Seen, Seen]:
    """The rows that starts are trained on, about JUDGED at most, and those they are judged by."""
    number, every = torch.arange(len(seen.X), device=seen.X.device), len(seen.X) // JUDGED
    fitting = number % every == 0 if every > 1 else number % 5 != 4
    if bool(fitting.all()):
        return seen, seen
    return seen.take(fitting), seen.take(~fitting)


def _found(model: Network, seen: Seen, rng: torch.Generator) -> Iterator[Network]:
    """Starts that linear least squares finds: a transform of a sum of curves, or a product of curves."""
    sums, products = model.width[1]
    if len(model.width) != 3 or model.width[2] != (1, 0):
        return
    y, original, G, eps = _target(model, seen)
    if sums:
        narrow_ones = additive_starts(seen.X, y, original, G, model.k, eps)
        for narrow in sorted(narrow_ones, key=lambda m: float((m(seen.X) - y).square().mean()))[:FOUND]:
            start = random_start(model.width, seen.X, y, G, model.k, eps, rng, model.arities)
            first, found = start.layers[0], narrow.layers[0]
            first.coef[:, 0], first.bias[0] = found.coef[:, 0], found.bias[0]
            fit_last_layer(start, seen.X, y)
            yield _in_units(start, seen)
    elif products == 1 and model.arities[1] == (seen.X.shape[1],):
        for _ in range(3):
            yield _in_units(product_start(seen.X, y, original, G, model.k, eps, rng), seen)


def _drawn(model: Network, seen: Seen, rng: torch.Generator, starts: int) -> Iterator[Network]:
    """The network as it is, and random starts."""
    own = model.copy().cpu()
    fit_grids(own, seen.X)
    yield own
    y, _, G, eps = _target(model, seen)
    for _ in range(starts):
        yield _in_units(random_start(model.width, seen.X, y, G, model.k, eps, rng, model.arities), seen)


def _target(model: Network, seen: Seen) -> tuple[Tensor, Tensor, int, Tensor]:
    """The target with mean 0 and spread 1, the first one only scaled, the intervals of the grid, and its grid_eps."""
    centred = seen.y - seen.y.mean(0)
    y = centred / centred.square().mean().sqrt().clamp(min=1e-300)
    original = seen.y[:, 0] / seen.y[:, 0].square().mean().sqrt().clamp(min=1e-300)
    return y, original, model.layers[0].G, heavy_tails(seen.X) * model.grid_eps


def _in_units(start: Network, seen: Seen) -> Network:
    """From a target of mean 0 and spread 1 to the units of the rows."""
    if not start.arities[-1]:
        change_outputs(start, float((seen.y - seen.y.mean(0)).square().mean().sqrt()) or 1.0, seen.y.mean(0))
    return start
