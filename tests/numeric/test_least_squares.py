"""Levenberg–Marquardt beside scipy's: the same minimum, in few unknowns and in pairs of many problems."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import batch_at, levenberg_marquardt, refined_batch

X = np.linspace(0.2, 3, 60)
NOISE = 0.05 * np.random.default_rng(0).normal(size=60)

# name: (model, its derivatives, truth, start)
MODELS = {
    "decay": (
        lambda v: v[0] * np.exp(-v[1] * X) + v[2],
        lambda v: np.column_stack([np.exp(-v[1] * X), -v[0] * X * np.exp(-v[1] * X), np.ones_like(X)]),
        [2.0, 1.3, 0.5], [1.0, 0.5, 0.0],
    ),
    "wave": (
        lambda v: np.sin(v[0] * X + v[1]),
        lambda v: np.column_stack([X * np.cos(v[0] * X + v[1]), np.cos(v[0] * X + v[1])]),
        [2.5, 0.3], [2.2, 0.0],
    ),
    "columns of very different size": (
        lambda v: 1e6 * v[0] * X + 1e-6 * v[1] * X**2,
        lambda v: np.column_stack([1e6 * X, 1e-6 * X**2]),
        [1e-6, 1e6], [0.0, 0.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("model, derivatives, truth, start", MODELS.values(), ids=MODELS)
def test_the_minimum_is_that_of_scipy(model, derivatives, truth, start, noise) -> None:
    y = model(truth) + noise * NOISE

    def residual(v: Array) -> Array:
        return np.asarray(model(v) - y)

    found = levenberg_marquardt(residual, lambda v: (residual(v), derivatives(v)), np.array(start), 100)
    theirs = least_squares(residual, start, derivatives, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
    assert found.values == pytest.approx(theirs.x, rel=1e-6)
    assert found.rms == pytest.approx(np.sqrt(np.mean(theirs.fun**2)), rel=1e-9, abs=1e-9)
    assert pytest.approx(derivatives(found.values)) == found.J


def test_a_step_to_values_that_are_not_finite_is_none() -> None:
    def residual(v: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.sqrt(v[0] - X) - 0.1  # real only from 3 on

    def linearised(v: Array) -> tuple[Array, Array]:
        return residual(v), 0.5 / np.sqrt(v[:1] - X)[:, None]

    found = levenberg_marquardt(residual, linearised, np.array([5.0]), 50)
    assert 3 <= found.values[0] < 5
    assert np.isfinite(found.rms)


def test_without_a_start_or_without_unknowns_nothing_is_done() -> None:
    bad = levenberg_marquardt(
        lambda v: np.full(4, np.nan), lambda v: (np.full(4, np.nan), np.ones((4, 1))), np.ones(1), 9
    )
    assert bad.rms == np.inf and bad.values.tolist() == [1.0]
    none = levenberg_marquardt(lambda v: np.ones(4), lambda v: (np.ones(4), np.ones((4, 0))), np.ones(0), 9)
    assert none.rms == 1.0 and none.J.shape == (4, 0)


def decays(p: Array, y: Array) -> tuple[Array, Array, Array]:
    """c·exp(−a·x)·(1 + b·x) with the best c, for every problem: loss, Jacobian and residual."""
    a, b = p[:, :1], p[:, 1:]
    F = np.exp(-a * X) * (1 + b * X)
    J = np.stack([-X * F, X * np.exp(-a * X)], axis=2)
    norm = np.sum(F * F, axis=1)[:, None]
    c = (F @ y)[:, None] / norm
    r = c * F - y
    J = c[..., None] * (J - (np.einsum("sn,snk->sk", F, J) / norm)[:, None, :] * F[..., None])
    loss = np.sum(r * r, axis=1)
    return np.where(np.isfinite(loss), loss, np.inf), J, r


def test_all_pairs_come_to_the_minimum_that_scipy_finds_for_each() -> None:
    y = 1.7 * np.exp(-1.2 * X) * (1 + 0.8 * X) + NOISE
    y = y / np.linalg.norm(y)
    starts = np.array([[1.0, 1.0], [0.7, 0.5], [1.5, 1.5]])
    found = refined_batch(lambda p: decays(p, y), batch_at(lambda p: decays(p, y), starts), 60)
    for p, loss, start in zip(found.p, found.loss, starts):
        theirs = least_squares(lambda q: decays(q[None], y)[2][0], start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        assert loss == pytest.approx(2 * theirs.cost, rel=1e-6)
        assert p == pytest.approx(theirs.x, rel=1e-2)


def test_settled_pairs_end_early_with_the_same_minimum() -> None:
    y = np.exp(-1.2 * X) * (1 + 0.8 * X)
    y, calls = y / np.linalg.norm(y), [0]

    def counted(p: Array) -> tuple[Array, Array, Array]:
        calls[0] += 1
        return decays(p, y)

    found = refined_batch(counted, batch_at(counted, np.array([[1.0, 1.0]])), 1000, settled=1e-6)
    assert calls[0] < 100
    assert found.p[0] == pytest.approx([1.2, 0.8], rel=1e-9)


def test_an_unknown_that_does_nothing_stays() -> None:
    def lines(p: Array) -> tuple[Array, Array, Array]:
        r = p[:, :1] * X - 2 * X
        J = np.zeros((len(p), len(X), 2))
        J[..., 0] = X
        return np.sum(r * r, axis=1), J, r

    found = refined_batch(lines, batch_at(lines, np.array([[0.0, 7.0]])), 30)
    assert found.p[0] == pytest.approx([2.0, 7.0], rel=1e-12)


@pytest.mark.parametrize("free", [1, 2, 3])
def test_a_batch_of_problems_of_any_size_comes_to_the_least_residual(free: int) -> None:
    """1 − p₀·exp(−p₁·x) + p₂·x², of which the first few are free."""
    truth = np.array([0.8, 1.3, 0.4])

    def curves(p: Array) -> tuple[Array, Array, Array]:
        full = np.column_stack([p, np.tile(truth[free:], (len(p), 1))])
        decay = np.exp(-full[:, 1:2] * X)
        r = full[:, :1] * (-decay) + full[:, 2:] * X**2 - (-truth[0] * np.exp(-truth[1] * X) + truth[2] * X**2)
        J = np.stack([-decay, full[:, :1] * X * decay, np.tile(X**2, (len(p), 1))], axis=2)
        return np.sum(r * r, axis=1), J[..., :free], r

    starts = np.array([[1.0, 1.0, 1.0], [0.5, 2.0, 0.0]])[:, :free]
    found = refined_batch(curves, batch_at(curves, starts), 60)
    assert found.p == pytest.approx(np.tile(truth[:free], (2, 1)), rel=1e-7)
    again = refined_batch(curves, batch_at(curves, starts).take(np.array([1])), 60)
    assert again.p[0] == pytest.approx(found.p[1], rel=1e-12)
