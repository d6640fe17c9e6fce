"""Training on a user's dataset of tensors, from the best of several starts if the network is new."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.fitting.deep_starts import GAIN, NEAR, SMOOTHINGS, DeepTask, deep_start, on_better_knots, with_options
from kansr.kan.network.network import Network
from kansr.kan.network.threads import one_thread
from kansr.kan.training.dataset import TrainingRows, test_rows, training_rows
from kansr.kan.training.grids import fit_grids, fold_base, input_grid_eps
from kansr.kan.training.initialise import Starts, over_rms, redrawn
from kansr.kan.training.jacobian import Linearised
from kansr.kan.training.levenberg_marquardt import History, Watch, never, unwatched
from kansr.kan.training.multistart import MultistartConfig, Trial, multistart
from kansr.kan.training.train import TrainConfig, by_gradient, change_outputs, mean_square, spread, train_together
from kansr.numeric.tolerances import TINY

log = logging.getLogger(__name__)

Results = dict[str, list[float]]
Metric = Callable[[], Tensor | float]  # a figure of the present network, named by __name__


@dataclass(frozen=True)
class FitPlan:
    """How a dataset is fitted, beside the options of training.

    starts: random starts that are tried beside the network itself and solved ones; with 0, with closed edges, or where
    grids may not be changed it is trained as it is; metrics: measured after each step of LBFGS or Adam; substitute:
    whether Levenberg-Marquardt stands in for LBFGS where it can do the same
    """

    starts: int = 6
    metrics: tuple[Metric, ...] = ()
    substitute: bool = True


# Limits up to which Levenberg-Marquardt is used where LBFGS was asked for.
MOST_PARAMETERS = 3000
MOST_JACOBIAN = 5e7  # numbers in the Jacobian; in float64 they take 0.4 GB

TRIES = 12  # steps of each start
MOST_SOLVED = 3  # solved starts that are tried
SURVIVORS = 4  # with a penalty, which acts slowly: starts that are trained for as many steps again
MOST_OPERATIONS = 3e10  # floating-point operations for the starts of one kind; more of them are not tried
FITTING_ROWS = 400  # that starts are trained on, about; the others judge them
JUDGING_SHARE = 5  # of fewer rows than twice that, one in so many judges
OVERFIT = 4.0  # times the rms error on the rows fitted: a start worse than this on the others overfits
WORSE = 1.01  # times the error of the mean: a fit that ends as good as the mean, up to sampling, is not reported
COARSE = 10  # intervals up to which base functions are trained and quantile grids are tried
QUANTILE_EPS = 0.02  # grid_eps of the grids that are tried beside even ones


def fit_dataset(
    model: Network,
    dataset: Mapping[str, Tensor],
    config: TrainConfig,
    plan: FitPlan,
    watch: Watch = unwatched,
) -> tuple[Results, TrainingRows]:
    """Fit a network (which is changed) to a dataset: the errors after each step, and the training rows.

    -> train_loss and test_loss (rms, or for class labels the root of the loss), reg and the metrics, each with
    config.steps values. Test rows are only watched, unless config.patience lets them end the training. For class labels
    the rows that come back have the outputs of the network as their target.
    Raises UsageError for rows that do not fit the network, and for metrics with Levenberg-Marquardt.
    """
    like = model.layers[0].coef.detach()
    own_loss = config.loss_fn is not mean_square
    classes = own_loss and sum(model.width[-1]) > 1
    rows, test = training_rows(dataset, classes).to(like), test_rows(dataset, classes)
    test = None if test is None else test.to(like)
    _check_shape(model, rows)
    config = choose_optimizer(model, rows, config, plan)
    measured: Results = {metric.__name__: [] for metric in plan.metrics}

    def measure(history: History) -> None:
        for metric in plan.metrics:
            measured[metric.__name__].append(float(metric()))
        watch(history)

    if config.opt == "LM":
        history = _by_least_squares(model, rows, test, config, plan.starts, watch)
    else:
        history = by_gradient(model, rows, test, config, never, measure)
    if not own_loss:
        _warn_of_divergence(history, rows, test)
    found = results(history, config) | {name: _exactly(values, config.steps) for name, values in measured.items()}
    if rows.are_labels:
        with torch.no_grad():
            rows = replace(rows, y=model(rows.X))
    return found, rows


def _warn_of_divergence(history: History, rows: TrainingRows, test: TrainingRows | None) -> None:
    """Say so where the network ends worse than the mean of the targets."""
    for part, errors, of in (("training", history.train, rows), ("test", history.held_out, test)):
        if of is not None and errors and len(of.X) > 1 and not errors[-1] <= WORSE * spread(of):
            log.warning(
                "the error on the %s rows is %.3g, more than the %.3g that their mean leaves: the network has the best "
                "state that it had; try another seed, a smaller network or more rows",
                part,
                errors[-1],
                spread(of),
            )


@one_thread()
def _by_least_squares(
    model: Network, rows: TrainingRows, test: TrainingRows | None, config: TrainConfig, starts: int, watch: Watch
) -> History:
    train_base = not config.lamb and max(layer.G for layer in model.layers) <= COARSE
    stops = config.patience > 0
    lm = replace(config.lm, keep_best=stops, patience=config.patience or math.inf, train_base=train_base)
    if not config.update_grid:  # what lies where these rows are not is kept as it is, not smoothed
        lm = replace(lm, smoothing=0.0)
    config = replace(config, lm=lm)
    if config.lamb:
        fold_base(model)
    untouched = all(not layer.fixed and bool(layer.mask.all()) for layer in model.layers)
    if starts and untouched and config.update_grid and len(model.layers) > 2:
        smoothing = _take_deep_start(model, rows, config, starts)
        config = replace(config, lm=replace(config.lm, smoothing=smoothing, gain=min(config.lm.gain, GAIN)))
    elif starts and untouched and config.update_grid:
        smoothing = _take_best_start(model, rows, config, starts)
        config = replace(config, lm=replace(config.lm, smoothing=smoothing))
    elif starts and config.update_grid and any(bool(layer.spline_mask.any()) for layer in model.layers):
        _take_redrawn_start(model, rows, config, starts)
    elif config.update_grid:
        fit_grids(model, rows.X)
    return train_together([model], rows, config, test, watch=watch)[0]


def _check_shape(model: Network, rows: TrainingRows) -> None:
    inputs, outputs = model.layers[0].in_dim, sum(model.width[-1])
    if rows.are_labels and rows.X.shape[1] == inputs:
        if int(rows.y.min()) < 0 or int(rows.y.max()) >= outputs:
            raise UsageError(
                f"train_label has class labels from {int(rows.y.min())} to {int(rows.y.max())}; {model.describe()} has "
                f"an output for each of 0 to {outputs - 1}"
            )
        return
    if (rows.X.shape[1], rows.y.shape[1]) != (inputs, outputs):
        raise UsageError(
            f"{model.describe()} takes {inputs} inputs to {outputs} outputs; train_input has {rows.X.shape[1]} columns "
            f"and train_label {rows.y.shape[1]}"
        )


def choose_optimizer(model: Network, rows: TrainingRows, config: TrainConfig, plan: FitPlan = FitPlan()) -> TrainConfig:
    """The config with Levenberg-Marquardt for LBFGS where it can do the same: all rows, squares, a small network.

    Raises UsageError where Levenberg-Marquardt was asked for in single precision, or with metrics.
    """
    if config.opt == "LM" and plan.metrics:
        raise UsageError('metrics are measured after steps of LBFGS or Adam: take opt="LBFGS" or opt="Adam"')
    if not plan.substitute or plan.metrics:
        return config
    if model.layers[0].coef.dtype != torch.float64:
        if config.opt == "LM":
            raise UsageError("Levenberg-Marquardt works in float64: call model.double() first, or take opt='Adam'")
        return config
    size = Linearised([model], rows.X[:1]).size
    small = size <= MOST_PARAMETERS and size * rows.y.numel() <= MOST_JACOBIAN
    if config.opt == "LBFGS" and config.batch < 0 and config.loss_fn is mean_square and small:
        return replace(config, opt="LM")
    return config


def results(history: History, config: TrainConfig) -> Results:
    """The history as lists of config.steps values. Training that ends early repeats its last values."""
    reg = [r / config.lamb if config.lamb and config.opt == "LM" else r for r in history.regularisation]
    lists = {"train_loss": history.train, "test_loss": history.held_out, "reg": reg}
    return {name: _exactly(values, config.steps) for name, values in lists.items()}


def _exactly(values: list[float], steps: int) -> list[float]:
    if not values or not steps:
        return []
    values = values[1:] if len(values) > steps else values
    return (values + values[-1:] * steps)[: steps - 1] + values[-1:]


@torch.no_grad()
def _take_redrawn_start(model: Network, rows: TrainingRows, config: TrainConfig, starts: int) -> None:
    """Give a network with symbolic or closed edges (which is changed) its best start: itself, or with other splines."""
    fitting, judging = _split(rows)
    generator = torch.Generator().manual_seed(config.seed)
    cpu, here = model.copy().cpu(), fitting.to(torch.device("cpu"))
    as_it_is = cpu.copy()
    fit_grids(as_it_is, here.X)
    drawn = [redrawn(cpu, here.X, here.y, generator) for _ in range(max(min(starts, _affordable(model, fitting)), 1))]
    trials = [start.to(rows.X.device) for start in (as_it_is, *drawn)]
    train_together(trials, fitting, replace(config, lamb=0.0, steps=min(TRIES, config.steps)))
    errors = [float(judging.mean_square(start(judging.X))) for start in trials]
    best = trials[min(range(len(trials)), key=lambda n: errors[n] if math.isfinite(errors[n]) else math.inf)]
    model.act_fun = best.act_fun


@torch.no_grad()
def _take_deep_start(model: Network, rows: TrainingRows, config: TrainConfig, starts: int) -> float:
    """Give a network of several hidden layers (which is changed) its best start; the smoothing to go on with."""
    cpu = torch.device("cpu")  # where the random numbers are
    here = rows.to(cpu)
    shift = here.mean(here.y.T) if not model.arities[-1] else torch.zeros_like(here.y[0])
    scale = float(here.mean_square(shift).sqrt()) or 1.0
    standard = replace(here, y=(here.y - shift) / scale)
    few, others = _split(standard)
    whole, judging = _split(standard, every=1)
    budget = max(_affordable(model, few), 1)
    generator = torch.Generator().manual_seed(config.seed)
    original = over_rms(_split(here)[0].y[:, 0])
    on_cpu = model.copy().cpu()
    task = DeepTask(on_cpu, few, others, original, config, generator, budget, starts)
    start = deep_start(task)
    task = replace(task, fitting=whole, judging=judging)
    coarse = not (config.lamb or model.grid_eps_given) and model.layers[0].G <= COARSE
    start, smoothing = on_better_knots(task, start, coarse)
    change_outputs(start, scale, shift)
    start.to(rows.X.device)
    model.act_fun, model.grid_eps = start.act_fun, start.grid_eps
    return smoothing


@torch.no_grad()
def _take_best_start(model: Network, rows: TrainingRows, config: TrainConfig, starts: int) -> float:
    """Give the network (which is changed) the values of its best start; the smoothing that was best with it.

    Starts are judged by rows that they were not trained on. Where these have a much larger error than the others, the
    network is too large for the rows, and stronger smoothing is tried.
    """
    short = replace(config, steps=min(TRIES, config.steps), update_grid=False)
    fitting, judging = _split(rows)
    best, smoothing = Trial(math.inf, model), config.lm.smoothing
    for stronger in (config.lm.smoothing, *(s for s in SMOOTHINGS if s > config.lm.smoothing)):
        short = replace(short, lm=replace(short.lm, smoothing=stronger))
        trial = _best_start(model, fitting, judging, short, starts)
        if not trial.error < best.error:
            break
        best, smoothing = trial, stronger
        if config.lamb or trial.error < OVERFIT**2 * trial.fitted_error:
            break
    start = best.model
    if not (config.lamb or model.grid_eps_given) and model.layers[0].G <= COARSE and config.update_grid:
        start = _on_better_grids(start, rows, replace(short, steps=config.steps, update_grid=True))
    model.act_fun, model.grid_eps = start.act_fun, start.grid_eps
    return smoothing


def _on_better_grids(model: Network, rows: TrainingRows, config: TrainConfig) -> Network:
    """The network on its present grids or on quantile grids, whichever has the smaller error after training.

    Both have as many coefficients, so the training error is a fair comparison.
    """
    other = model.copy()
    other.grid_eps = QUANTILE_EPS
    fit_grids(other, rows.X)
    trials = [start.copy() for start in (model, other)]
    errors = [history.train[-1] for history in train_together(trials, rows, config)]
    return (model, other)[errors[1] < errors[0]]


def _best_start(
    model: Network, fitting: TrainingRows, judging: TrainingRows, config: TrainConfig, starts: int
) -> Trial:
    """The best start. Errors are mean squares over the variance of the target, plus the penalty."""
    variance = float(fitting.mean_square(fitting.mean(fitting.y.T))) or 1.0

    def attempt(models: Sequence[Network], steps: int) -> list[Trial]:
        trials = []
        for start in models:
            start.to(fitting.X.device)
            _take_options(start, model, fitting)
        for start, history in _train_groups(models, fitting, replace(config, steps=steps)):
            error = float(judging.mean_square(start(judging.X))) / variance + history.regularisation[-1]
            error = error if math.isfinite(error) else math.inf
            trials.append(Trial(error, start, history.train[-1] ** 2 / variance))
        return trials

    cpu = torch.device("cpu")  # where the random numbers are
    here = fitting.to(cpu)
    generator = torch.Generator().manual_seed(config.seed)
    centred = here.y - here.y.mean(0)
    y = centred / centred.square().mean().sqrt().clamp(min=TINY)
    grid_eps = input_grid_eps(here.X) * model.grid_eps
    made = Starts(model, here.X, y, over_rms(here.y[:, 0]), grid_eps, generator)
    affordable = _affordable(model, fitting)
    solved = islice(_solved(made, here), max(affordable, 1))
    drawn = _drawn(made, here, min(starts, affordable))
    limits = MultistartConfig(tries=config.steps, near=NEAR**2)
    if config.lamb:
        limits = replace(limits, near=-math.inf, survivors=SURVIVORS, steps=config.steps)
    return multistart(solved, drawn, attempt, limits)


def _affordable(model: Network, rows: TrainingRows) -> int:
    """How many starts MOST_OPERATIONS are enough for.

    A step takes size² times rows · outputs operations for JᵀJ, and size³ / 3 for its Cholesky factor.
    """
    size = Linearised([model], rows.X[:1]).size
    return int(MOST_OPERATIONS / (TRIES * size**2 * (rows.y.numel() + size / 3)))


def _take_options(start: Network, model: Network, rows: TrainingRows) -> None:
    """Give a start (which is changed) the base function, extrapolation and kind of grid of the model."""
    if with_options(start, model).grid_eps < 1:
        fit_grids(start, rows.X)


def _train_groups(
    starts: Sequence[Network], rows: TrainingRows, config: TrainConfig
) -> Iterator[tuple[Network, History]]:
    """The starts (which are changed) with their histories; those with the same edges are trained together."""
    groups: dict[tuple[str, ...], list[Network]] = {}
    for start in starts:
        groups.setdefault(tuple(map(str, (layer.mask.tolist() for layer in start.layers))), []).append(start)
    for group in groups.values():
        yield from zip(group, train_together(group, rows, config))


def _split(rows: TrainingRows, every: int | None = None) -> tuple[TrainingRows, TrainingRows]:
    """The rows that starts are trained on, and those that judge them. If there are too few, all rows do both.

    every: one row in so many is trained on; if it is 1 or less, all but one in JUDGING_SHARE
    """
    number = torch.arange(len(rows.X), device=rows.X.device)
    every = len(rows.X) // FITTING_ROWS if every is None else every
    fitting = number % every == 0 if every > 1 else number % JUDGING_SHARE != JUDGING_SHARE - 1
    if bool(fitting.all()):
        return rows, rows
    return rows.take(fitting), rows.take(~fitting)


def _solved(starts: Starts, rows: TrainingRows) -> Iterator[Network]:
    """The starts that linear least squares finds, in the units of the rows; of sums of curves only the best."""
    found = starts.solved()
    if starts.model.width[1][0]:
        narrow = sorted(found, key=lambda start: float((start(starts.X) - starts.y).square().mean()))
        found = (starts.widened(start) for start in narrow[:MOST_SOLVED])
    for start in found:
        yield _in_units(start, rows)


def _drawn(starts: Starts, rows: TrainingRows, count: int) -> Iterator[Network]:
    """The network as it is, on grids that fit the rows, and random starts in the units of the rows."""
    model = starts.model.copy().cpu()
    fit_grids(model, rows.X)
    yield model
    for _ in range(count):
        yield _in_units(starts.random(), rows)


def _in_units(start: Network, rows: TrainingRows) -> Network:
    """A start (which is changed) for a standardised target, with the mean and scale of the rows."""
    if not start.arities[-1]:
        change_outputs(start, float((rows.y - rows.y.mean(0)).square().mean().sqrt()) or 1.0, rows.y.mean(0))
    return start
