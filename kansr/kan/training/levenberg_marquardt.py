"""Levenberg-Marquardt on all parameters of networks on fixed grids; networks of the same shape are trained together.

Four things let it reach rounding error: gauge constraints are added as rows; any decrease is accepted; where the
normal equations lose too many digits, the step comes from a QR decomposition of the stacked rows; and a small penalty
on differences of order k + 1 determines the coefficients of empty intervals.
Source: K. Levenberg 1944; D. Marquardt 1963; J. J. Moré, The Levenberg-Marquardt algorithm, 1978.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kansr.kan.network.network import Network
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.jacobian import ForwardPass, Linearised
from kansr.kan.training.sparsity_penalty import Sparsity, quadratic

Expired = Callable[[], bool]

SMOOTHING = 1e-8  # weight of squared coefficient differences beside the mean squared error: too small to bias a fit
TRIALS = 12  # dampings tried at each step: from the least one up to 0.07
DAMPING_FACTOR = 8.0  # the damping is divided by it after a step that lowers the loss, else multiplied by it
LEAST_DAMPING = 1e-14  # relative to the diagonal of the normal equations; smaller ones change nothing in float64
LEAST_RAISED_DAMPING = 1e-12  # least damping after a rejected step, so that few trials lead to an effective one
DAMPING_LIMIT = 1e6  # if even this fails, the normal equations are too inexact, and QR takes over
QR_DAMPING = 1e-9  # with which QR begins
NEGLIGIBLE_DAMPING = 1e-4  # below it a step is nearly one of Gauss and Newton
GAIN_STEPS = 5  # steps over which the gain is measured
UNDAMPED_GAIN_STEPS = 2  # the same while the damping is negligible
DIAGONAL_FLOOR = 1e-10  # of the mean of a diagonal, added to it: no parameter is without damping


def never() -> bool:
    """No deadline: it has never passed."""
    return False


@dataclass(frozen=True, kw_only=True)
class LMConfig:
    """Levenberg-Marquardt stops at the first of its limits. Errors are rms, in standard deviations of the target."""

    steps: int = 60
    smoothing: float = SMOOTHING  # weight of the squared differences of order k + 1, beside the mean squared error
    damping: float = 1e-3  # at the start, relative to the diagonal of the normal equations
    gain: float = 0.02  # stop when five steps, or two nearly undamped ones, lower the error by less than this share
    patience: float = 8  # stop after this many steps without a better held-out error
    trials: int = TRIALS  # dampings tried at each step; if none lowers the loss, training ends
    goal: float = 1e-13  # stop at this error, which is rounding
    train_base: bool = False  # also train the scales of the base functions; on fine grids splines do all they can do
    keep_best: bool = True  # end with the parameters of the least held-out error; if not, held-out rows only watch
    sparsity: Sparsity = field(default_factory=Sparsity)


@dataclass(eq=False)
class History:
    """The rms errors before the first step and after each, in units of the target, and the sparsity penalty."""

    train: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    regularisation: list[float] = field(default_factory=list)


Watch = Callable[[History], None]  # called with the history after every step


def unwatched(history: History) -> None:
    """A Watch that does nothing."""


class _Problem:
    """For each network: minimise |f(theta) - y|² + N smoothing |roughness theta|² + N penalty over theta.

    N is the number of rows. With weights every residual is multiplied by the root of its weight.
    """

    def __init__(self, models: Sequence[Network], rows: TrainingRows, config: LMConfig) -> None:
        root = None if rows.weight is None else rows.weight.sqrt()
        self.rows, self.sparsity = rows, config.sparsity
        self.f = Linearised(models, rows.X, root, config.train_base)
        self.root = 1.0 if root is None else root[:, None]
        self.D = self.smoothing_rows = math.sqrt(config.smoothing * len(self.f.X[0])) * self.f.roughness()
        self.DD = self.D.mT @ self.D
        self.penalty = [0.0] * len(models)
        self.space: Tensor | None = None  # memory for the Jacobian, used again at every step
        self.J: Tensor | None = None

    def evaluate(self, theta: Tensor) -> tuple[Tensor, ForwardPass]:
        """The loss, and the forward pass it was computed from."""
        self.f.set(theta)
        forward = self.f.forward()
        return self.loss(theta, forward), forward

    def loss(self, theta: Tensor, forward: ForwardPass) -> Tensor:
        """The loss of each network, infinite where it overflows: (nets,)"""
        residual = self.root * (forward.output - self.rows.y)
        loss = residual.square_().sum((1, 2)) + (self.D @ theta[..., None]).square_().sum((1, 2))
        return torch.where(loss.isfinite(), loss, torch.inf)

    def reweight(self, forward: ForwardPass) -> None:
        """Replace the quadratic form of the sparsity penalty by the one at the present theta."""
        rows, self.penalty = quadratic(self.f, forward, self.sparsity)
        self.D = torch.cat([self.smoothing_rows, math.sqrt(len(self.rows.y)) * rows], 1)
        self.DD = self.D.mT @ self.D

    def linearise(self, theta: Tensor, forward: ForwardPass) -> None:
        """Form the normal equations at theta: A = JᵀJ + DᵀD, g half the gradient, V the gauge constraints."""
        self.forward, self.J = forward, None
        self.r = self.root * (forward.output - self.rows.y)
        if self.space is None and not self.f.sparse:
            self.space = self.r.new_empty(*self.r.shape, self.f.size)
        A, g = self.f.normal_equations(forward, self.r, self.space)
        self.A, self.g = A + self.DD, g + (self.DD @ theta[..., None])[..., 0]
        self.diagonal = self.A.diagonal(dim1=1, dim2=2).clone()
        self.diagonal += DIAGONAL_FLOOR * self.diagonal.mean(1, keepdim=True)
        self.V = self.f.gauge(forward) * self.diagonal.mean(1)[:, None, None].sqrt()
        self.AV = torch.baddbmm(self.A, self.V.mT, self.V)

    def steps(self, theta: Tensor, damping: Sequence[float], by_qr: Sequence[bool]) -> Tensor:
        """The damped step of each network, nan where the normal equations are not positive definite: (nets, size)"""
        A = self.AV.clone()
        A.diagonal(dim1=1, dim2=2).addcmul_(self.diagonal, self.r.new_tensor(damping)[:, None])
        L, info = torch.linalg.cholesky_ex(A)
        delta = -torch.cholesky_solve(self.g[..., None], L)[..., 0]
        delta[info != 0] = torch.nan
        for net in (net for net, wanted in enumerate(by_qr) if wanted):
            delta[net] = self._qr_step(net, theta[net], damping[net])
        return delta

    def _qr_step(self, net: int, theta: Tensor, damping: float) -> Tensor:
        """The step of one network by QR of the stacked rows, which loses half as many digits as normal equations."""
        if self.J is None:
            self.J = self.f.jacobian(self.forward) if self.space is None else self.space
        rows = [self.J[net].flatten(0, 1), self.D[net], self.V[net], (damping * self.diagonal[net]).sqrt().diag()]
        right = [self.r[net].flatten(), self.D[net] @ theta, *(self.r.new_zeros(len(row)) for row in rows[2:])]
        stacked = torch.cat([torch.cat(rows), torch.cat(right)[:, None]], dim=1)
        R = torch.linalg.qr(stacked, mode="r").R
        return -torch.linalg.solve_triangular(R[:-1, :-1], R[:-1, -1:], upper=True)[:, 0]


@dataclass(eq=False)
class _Progress:
    """The state of training of one network."""

    damping: float
    by_qr: bool = False
    stuck: bool = False  # no damping gives a step that lowers the loss
    best_error: float = math.inf
    best_step: int = 0
    history: History = field(default_factory=History)

    def adapt_damping(self, accepted: bool) -> None:
        """Lower the damping after an accepted step, raise it after a rejected one, and at the limit change to QR."""
        if accepted:
            self.damping = max(self.damping / DAMPING_FACTOR, LEAST_DAMPING)
            return
        self.damping = max(self.damping * DAMPING_FACTOR, LEAST_RAISED_DAMPING)
        if self.damping > DAMPING_LIMIT and not self.by_qr:
            self.by_qr, self.damping = True, QR_DAMPING

    def converged(self, config: LMConfig, step: int) -> bool:
        """Whether one of the limits of the config is reached."""
        errors = self.history.train
        window = UNDAMPED_GAIN_STEPS if self.damping < NEGLIGIBLE_DAMPING else GAIN_STEPS
        slow = len(errors) > window and errors[-1] > (1 - config.gain) * errors[-1 - window]
        no_better = bool(self.history.held_out) and step - self.best_step >= config.patience
        return self.stuck or errors[-1] < config.goal or slow or no_better


@torch.no_grad()
def levenberg_marquardt(
    models: Sequence[Network],
    rows: TrainingRows,
    held_out: TrainingRows | None = None,
    config: LMConfig = LMConfig(),
    expired: Expired = never,
    watch: Watch = unwatched,
) -> list[History]:
    """Fit the parameters of networks of the same shape (which are changed) by least squares; grids stay as they are.

    rows.y should have a standard deviation near 1. With held-out rows every network ends with the parameters that
    were best on them. `watch` is called with the history of the first network.
    """
    problem = _Problem(models, rows, config)
    theta = problem.f.theta()
    loss, forward = problem.evaluate(theta)
    runs = [_Progress(config.damping) for _ in models]
    best = theta.clone()
    sparse = config.sparsity.lamb > 0
    keep_best = config.keep_best and not sparse
    for step in range(config.steps + 1):
        if sparse:
            problem.reweight(forward)
            loss = problem.loss(theta, forward)
        errors = _record(problem, forward, held_out, runs)
        for net, (run, error) in enumerate(zip(runs, errors)):
            if error < run.best_error or not keep_best:
                best[net], run.best_error, run.best_step = theta[net], error, step
        watch(runs[0].history)
        converged = not sparse and all(run.converged(config, step) for run in runs)
        if step == config.steps or expired() or converged:
            break
        problem.linearise(theta, forward)
        theta, loss, forward = _step(problem, theta, loss, forward, runs, config.trials)
        if all(run.stuck for run in runs):
            break
    problem.f.set(best)
    problem.f.store(models)
    return [run.history for run in runs]


def _record(
    problem: _Problem, forward: ForwardPass, held_out: TrainingRows | None, runs: Sequence[_Progress]
) -> list[float]:
    """Append to the histories, and return the errors that decide: on held-out rows if there are some."""
    errors = problem.rows.mean_square(forward.output).sqrt().tolist()
    for run, error, penalty in zip(runs, errors, problem.penalty):
        run.history.train.append(error)
        run.history.regularisation.append(penalty)
    if held_out is not None:
        errors = held_out.mean_square(problem.f.predict(held_out.X)).sqrt().tolist()
        for run, error in zip(runs, errors):
            run.history.held_out.append(error)
    return errors


def _step(
    problem: _Problem, theta: Tensor, loss: Tensor, forward: ForwardPass, runs: Sequence[_Progress], trials: int
) -> tuple[Tensor, Tensor, ForwardPass]:
    """One accepted step of every network; those for which no damping gives one are marked as stuck."""
    waiting = torch.tensor([not run.stuck for run in runs], device=theta.device)
    tried = theta
    for _ in range(trials):
        delta = problem.steps(theta, [run.damping for run in runs], [run.by_qr for run in runs])
        usable = waiting & delta.isfinite().all(1)
        tried = torch.where(usable[:, None], theta + delta, theta)
        new_loss, forward = problem.evaluate(tried)
        accepted = usable & (new_loss < loss)
        theta = torch.where(accepted[:, None], tried, theta)
        loss = torch.where(accepted, new_loss, loss)
        for run, waits, taken in zip(runs, waiting.tolist(), accepted.tolist()):
            if waits:
                run.adapt_damping(taken)
        waiting = waiting & ~accepted
        if not bool(waiting.any()):
            break
    for run, waits in zip(runs, waiting.tolist()):
        run.stuck |= waits
    if not torch.equal(tried, theta):
        loss, forward = problem.evaluate(theta)
    return theta, loss, forward
