"""Levenberg-Marquardt on all coefficients of networks at fixed grids; several of one shape are trained at once.

Four things make it reach rounding error instead of crawling: directions that change nothing are forbidden by extra
rows; any decrease is accepted; below what the normal equations can resolve the step comes from a QR decomposition
of the stacked rows; a penalty on differences of order k + 1, too small to be seen, settles empty intervals.
(K. Levenberg 1944; D. Marquardt 1963; J. J. Moré, The Levenberg-Marquardt algorithm, 1978.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kansr.kan.network.network import Network
from kansr.kan.training.dataset import Seen
from kansr.kan.training.jacobian import Linearised, Trace
from kansr.kan.training.sparsity_penalty import Sparsity, quadratic

Expired = Callable[[], bool]
TRIALS = 12  # of the damping, at each step


def never() -> bool:
    """The deadline that does not come."""
    return False


@dataclass(frozen=True, kw_only=True)
class LMConfig:
    steps: int = 60
    smoothing: float = 1e-8  # times the rows, on the squared differences of order k + 1
    damping: float = 1e-3  # at the start, relative to the diagonal
    gain: float = 0.02  # stop when five steps together, or two undamped ones, lower the error by less than this share
    patience: float = 8  # steps without a better held-out error
    goal: float = 1e-13  # rms error over the target's spread at which there is nothing left to do
    train_base: bool = False  # the scales of the base functions too; on fine grids splines can do all they do
    keep_best: bool = True  # end at the step that was best on the rows held out; if not, they are only watched
    sparsity: Sparsity = field(default_factory=Sparsity)


@dataclass(eq=False)
class History:
    """The rms error after every step, in units of the target, on the rows fitted and on the rows held out."""

    train: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    regularisation: list[float] = field(default_factory=list)


Watch = Callable[[History], None]  # is shown the history after every step


def unwatched(history: History) -> None:
    """Nobody looks on."""


class _Problem:
    """min |f(theta) - y|² + smoothing N |D theta|² + N penalty for each network, with work space for its Jacobian."""

    def __init__(self, models: Sequence[Network], rows: Seen, config: LMConfig) -> None:
        root = None if rows.weight is None else rows.weight.sqrt()
        self.rows, self.sparsity = rows, config.sparsity
        self.f = Linearised(models, rows.X, root, config.train_base)
        self.root = 1.0 if root is None else root[:, None]
        self.D = self.smooth = math.sqrt(config.smoothing * len(self.f.X[0])) * self.f.roughness()
        self.DD = self.D.mT @ self.D
        self.penalty = [0.0] * len(models)
        self.space: Tensor | None = None
        self.J: Tensor | None = None

    def evaluate(self, theta: Tensor) -> tuple[Tensor, Trace]:
        self.f.set(theta)
        trace = self.f.run()
        return self.loss(theta, trace), trace

    def loss(self, theta: Tensor, trace: Trace) -> Tensor:
        """(nets,), infinite where it has no value"""
        residual = self.root * (trace.output - self.rows.y)
        loss = residual.square_().sum((1, 2)) + (self.D @ theta[..., None]).square_().sum((1, 2))
        return torch.where(loss.isfinite(), loss, torch.inf)

    def reweight(self, theta: Tensor, trace: Trace) -> None:
        """Follow the sparsity penalty from here: its rows join those of the smoothing."""
        rows, self.penalty = quadratic(self.f, trace, self.sparsity)
        self.D = torch.cat([self.smooth, math.sqrt(len(self.rows.y)) * rows], 1)
        self.DD = self.D.mT @ self.D

    def linearise(self, theta: Tensor, trace: Trace) -> None:
        self.trace, self.J = trace, None
        self.r = self.root * (trace.output - self.rows.y)
        if self.space is None and not self.f.sparse:
            self.space = self.r.new_empty(*self.r.shape, self.f.size)
        A, g = self.f.normal(trace, self.r, self.space)
        self.A, self.g = A + self.DD, g + (self.DD @ theta[..., None])[..., 0]
        self.diagonal = self.A.diagonal(dim1=1, dim2=2).clone()
        self.diagonal += 1e-10 * self.diagonal.mean(1, keepdim=True)
        self.V = self.f.gauge(trace) * self.diagonal.mean(1)[:, None, None].sqrt()
        self.AV = torch.baddbmm(self.A, self.V.mT, self.V)

    def steps(self, theta: Tensor, damping: Sequence[float], fine: Sequence[bool]) -> Tensor:
        """(nets, size), not a number where there is no step."""
        A = self.AV.clone()
        A.diagonal(dim1=1, dim2=2).addcmul_(self.diagonal, self.r.new_tensor(damping)[:, None])
        L, info = torch.linalg.cholesky_ex(A)
        delta = -torch.cholesky_solve(self.g[..., None], L)[..., 0]
        delta[info != 0] = torch.nan
        for s in (s for s, wanted in enumerate(fine) if wanted):
            delta[s] = self._fine_step(s, theta[s], damping[s])
        return delta

    def _fine_step(self, s: int, theta: Tensor, damping: float) -> Tensor:
        """From the stacked rows, by QR: half the digits are not lost."""
        if self.J is None:
            self.J = self.f.jacobian(self.trace) if self.space is None else self.space
        rows = [self.J[s].flatten(0, 1), self.D[s], self.V[s], (damping * self.diagonal[s]).sqrt().diag()]
        right = [self.r[s].flatten(), self.D[s] @ theta, *(self.r.new_zeros(len(row)) for row in rows[2:])]
        stacked = torch.cat([torch.cat(rows), torch.cat(right)[:, None]], dim=1)
        R = torch.linalg.qr(stacked, mode="r").R
        return -torch.linalg.solve_triangular(R[:-1, :-1], R[:-1, -1:], upper=True)[:, 0]


@dataclass(eq=False)
class _Run:
    """How far one of the networks has come."""

    damping: float
    fine: bool = False
    stuck: bool = False
    best_error: float = math.inf
    best_step: int = 0
    history: History = field(default_factory=History)

    def went(self, better: bool) -> None:
        """Less damping after a step that was taken, more after one that was not; then steps by QR."""
        if better:
            self.damping = max(self.damping / 8, 1e-14)
            return
        self.damping = max(self.damping * 8, 1e-12)
        if self.damping > 1e6 and not self.fine:
            self.fine, self.damping = True, 1e-9

    def settled(self, config: LMConfig, step: int) -> bool:
        errors = self.history.train
        window = 2 if self.damping < 1e-4 else 5
        slow = len(errors) > window and errors[-1] > (1 - config.gain) * errors[-1 - window]
        late = bool(self.history.held_out) and step - self.best_step >= config.patience
        return self.stuck or errors[-1] < config.goal or slow or late


@torch.no_grad()
def levenberg_marquardt(
    models: Sequence[Network],
    rows: Seen,
    held_out: Seen | None = None,
    config: LMConfig = LMConfig(),
    expired: Expired = never,
    watch: Watch = unwatched,
) -> list[History]:
    """Fit the coefficients of the networks (which it changes), all of one shape, to y, which has a spread near one.

    With rows held out a network ends at the step that was best on them. The first one's history is shown to `watch`.
    """
    problem = _Problem(models, rows, config)
    theta = problem.f.theta()
    loss, trace = problem.evaluate(theta)
    runs = [_Run(config.damping) for _ in models]
    best = theta.clone()
    sparse = config.sparsity.lamb > 0
    keep_best = config.keep_best and not sparse
    for step in range(config.steps + 1):
        errors = rows.mean_square(trace.output).sqrt().tolist()
        if sparse:
            problem.reweight(theta, trace)
            loss = problem.loss(theta, trace)
        for run, error, penalty in zip(runs, errors, problem.penalty):
            run.history.train.append(error)
            run.history.regularisation.append(penalty)
        if held_out is not None:
            errors = held_out.mean_square(problem.f.predict(held_out.X)).sqrt().tolist()
            for run, error in zip(runs, errors):
                run.history.held_out.append(error)
        for s, (run, error) in enumerate(zip(runs, errors)):
            if error < run.best_error or not keep_best:
                best[s], run.best_error, run.best_step = theta[s], error, step
        watch(runs[0].history)
        settled = not sparse and all(run.settled(config, step) for run in runs)
        if step == config.steps or expired() or settled:
            break
        problem.linearise(theta, trace)
        theta, loss, trace = _improved(problem, theta, loss, trace, runs)
        if all(run.stuck for run in runs):
            break
    problem.f.set(best)
    problem.f.store(models)
    return [run.history for run in runs]


def _improved(
    problem: _Problem, theta: Tensor, loss: Tensor, trace: Trace, runs: Sequence[_Run]
) -> tuple[Tensor, Tensor, Trace]:
    """One step of every network that finds one; those that find none in some trials are stuck."""
    waiting = torch.tensor([not run.stuck for run in runs], device=theta.device)
    tried = theta
    for _ in range(TRIALS):
        delta = problem.steps(theta, [run.damping for run in runs], [run.fine for run in runs])
        usable = waiting & delta.isfinite().all(1)
        tried = torch.where(usable[:, None], theta + delta, theta)
        new_loss, trace = problem.evaluate(tried)
        better = usable & (new_loss < loss)
        theta = torch.where(better[:, None], tried, theta)
        loss = torch.where(better, new_loss, loss)
        for run, waits, went in zip(runs, waiting.tolist(), better.tolist()):
            if waits:
                run.went(went)
        waiting = waiting & ~better
        if not bool(waiting.any()):
            break
    for run, waits in zip(runs, waiting.tolist()):
        run.stuck |= waits
    if not torch.equal(tried, theta):
        loss, trace = problem.evaluate(theta)
    return theta, loss, trace
