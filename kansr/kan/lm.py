"""Levenberg-Marquardt on all coefficients of a network at fixed grids.

Four things make it reach rounding error instead of crawling: directions that change nothing are forbidden by extra
rows; any decrease is accepted; below what the normal equations can resolve the step comes from a QR decomposition
of the stacked rows; a penalty on differences of order k + 1, too small to be seen, settles empty intervals.
(K. Levenberg 1944; D. Marquardt 1963; J. J. Moré, The Levenberg-Marquardt algorithm, 1978.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kansr.kan.jacobian import Linearised, Trace
from kansr.kan.model import Network
from kansr.kan.sparsity import Sparsity, quadratic, slopes_of_sums

Expired = Callable[[], bool]


def never() -> bool:
    """The deadline that does not come."""
    return False


@dataclass(frozen=True, kw_only=True)
class LMConfig:
    steps: int = 60
    smoothing: float = 1e-8  # times the rows, on the squared differences of order k + 1
    damping: float = 1e-3  # at the start, relative to the diagonal
    gain: float = 0.02  # stop when five steps together, or two undamped ones, lower the error by less than this share
    patience: int = 8  # steps without a better held-out error
    goal: float = 1e-13  # rms error over the target's spread at which there is nothing left to do
    keep_best: bool = True  # end at the step that was best on the rows held out; if not, they are only watched
    sparsity: Sparsity = field(default_factory=Sparsity)


@dataclass(eq=False)
class History:
    """The rms error after every step, in units of the target, on the rows fitted and on the rows held out."""

    train: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    regularisation: list[float] = field(default_factory=list)


class _Problem:
    """min |f(theta) - y|^2 + smoothing N |D theta|^2 + N penalty, with work space for its Jacobian."""

    def __init__(self, model: Network, X: Tensor, y: Tensor, config: LMConfig) -> None:
        self.f, self.y, self.sparsity = Linearised(model, X), y, config.sparsity
        self.D = self.smooth = math.sqrt(config.smoothing * len(X)) * self.f.roughness()
        self.DD = self.D.T @ self.D
        self.penalty = 0.0
        self.J = torch.empty(*y.shape, self.f.size, dtype=y.dtype)
        self.V = self.A = self.g = self.diagonal = y

    def evaluate(self, theta: Tensor) -> tuple[float, Trace]:
        self.f.set(theta)
        trace = self.f.run()
        return self.loss(theta, trace), trace

    def loss(self, theta: Tensor, trace: Trace) -> float:
        loss = float((trace.output - self.y).square_().sum() + (self.D @ theta).square_().sum())
        return loss if math.isfinite(loss) else math.inf

    def reweight(self, theta: Tensor, trace: Trace) -> None:
        """Follow the sparsity penalty from here: its rows join those of the smoothing."""
        rows, self.penalty = quadratic(self.f, trace, slopes_of_sums(self.f, trace), self.sparsity)
        self.D = torch.cat([self.smooth, math.sqrt(len(self.y)) * rows])
        self.DD = self.D.T @ self.D

    def linearise(self, theta: Tensor, trace: Trace) -> None:
        J = self.f.jacobian(trace, self.J).flatten(0, 1)
        self.r = (trace.output - self.y).flatten()
        self.A = torch.addmm(self.DD, J.T, J)
        self.g = torch.addmv(self.DD @ theta, J.T, self.r)
        self.diagonal = self.A.diagonal().clone()
        self.diagonal += 1e-10 * self.diagonal.mean()
        self.V = self.f.gauge(trace) * float(self.diagonal.mean().sqrt())

    def step(self, damping: float) -> Tensor | None:
        """From the normal equations, by Cholesky."""
        A = torch.addmm(self.A, self.V.T, self.V)
        A.diagonal().add_(self.diagonal, alpha=damping)
        L, info = torch.linalg.cholesky_ex(A)
        return None if int(info) else -torch.cholesky_solve(self.g[:, None], L)[:, 0]

    def fine_step(self, theta: Tensor, damping: float) -> Tensor:
        """From the stacked rows, by QR: half the digits are not lost."""
        rows = [self.J.flatten(0, 1), self.D, self.V, (damping * self.diagonal).sqrt().diag()]
        right = [self.r, self.D @ theta, *(self.r.new_zeros(len(row)) for row in rows[2:])]
        stacked = torch.cat([torch.cat(rows), torch.cat(right)[:, None]], dim=1)
        R = torch.linalg.qr(stacked, mode="r").R
        return -torch.linalg.solve_triangular(R[:-1, :-1], R[:-1, -1:], upper=True)[:, 0]


@torch.no_grad()
def levenberg_marquardt(
    model: Network,
    X: Tensor,
    y: Tensor,
    held_out: tuple[Tensor, Tensor] | None = None,
    config: LMConfig = LMConfig(),
    expired: Expired = never,
) -> History:
    """Fit the coefficients of `model` (which it changes) to y; y has a spread near one.

    X: (batch, inputs); y: (batch, outputs). With rows held out the network ends at the step that was best on them.
    """
    problem = _Problem(model, X, y, config)
    theta = problem.f.theta()
    loss, trace = problem.evaluate(theta)
    history, damping, fine = History(), config.damping, False
    best, best_error, best_step = theta, math.inf, 0
    sparse = config.sparsity.lamb > 0
    keep_best = config.keep_best and not sparse
    for step in range(config.steps + 1):
        error = float((trace.output - y).square().mean().sqrt())
        history.train.append(error)
        if sparse:
            problem.reweight(theta, trace)
            loss = problem.loss(theta, trace)
        history.regularisation.append(problem.penalty)
        if held_out is not None:
            error = float((problem.f.predict(held_out[0]) - held_out[1]).square().mean().sqrt())
            history.held_out.append(error)
        if error < best_error or not keep_best:
            best, best_error, best_step = theta, error, step
        settled = not sparse and _settled(history, config, damping, step - best_step)
        if step == config.steps or expired() or settled:
            break
        problem.linearise(theta, trace)
        moved = False
        for _ in range(12):
            delta = problem.fine_step(theta, damping) if fine else problem.step(damping)
            if delta is not None and bool(delta.isfinite().all()):
                new_loss, new_trace = problem.evaluate(theta + delta)
                if new_loss < loss:
                    moved = True
                    break
            damping = max(damping * 8, 1e-12)
            if damping > 1e6 and not fine:
                fine, damping = True, 1e-9
        if not moved:
            break
        theta, loss, trace = theta + delta, new_loss, new_trace
        damping = max(damping / 8, 1e-14)
    problem.f.set(best)
    problem.f.store(model)
    return history


def _settled(history: History, config: LMConfig, damping: float, since_best: int) -> bool:
    errors = history.train
    window = 2 if damping < 1e-4 else 5
    slow = len(errors) > window and errors[-1] > (1 - config.gain) * errors[-1 - window]
    return errors[-1] < config.goal or slow or (bool(history.held_out) and since_best >= config.patience)
