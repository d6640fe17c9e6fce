"""Kernel ridge regression beside scikit-learn's, with errors of the rows and with gradients."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge as Theirs

from kansr.numeric.kernel_ridge import grid, kernel, kernel_ridge, solve

RNG = np.random.default_rng(0)
U, V = RNG.normal(size=(80, 3)), RNG.normal(size=(20, 3))
T = np.sin(U[:, 0]) * U[:, 1] + U[:, 2] ** 2
SIGMA = RNG.uniform(0.3, 3.0, 80)


@pytest.mark.parametrize("length, ridge", [(1.0, 1e-6), (2.5, 1e-3), (8.0, 0.3)])
def test_values_are_those_of_scikit_learn(length: float, ridge: float) -> None:
    theirs = Theirs(kernel="rbf", gamma=1 / (2 * length**2), alpha=ridge).fit(U, T)
    assert kernel_ridge(U, T, length, ridge)(V) == pytest.approx(theirs.predict(V), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("length, ridge", [(1.0, 1e-4), (2.5, 1e-2)])
def test_rows_with_errors_are_those_of_a_gaussian_process(length: float, ridge: float) -> None:
    theirs = GaussianProcessRegressor(RBF(length), alpha=ridge * SIGMA**2, optimizer=None).fit(U, T)
    assert kernel_ridge(U, T, length, ridge, SIGMA)(V) == pytest.approx(theirs.predict(V), rel=1e-7, abs=1e-8)


def test_far_from_all_centres_it_is_the_mean() -> None:
    assert kernel_ridge(U, T, 1.0, 1e-3, mean=7.5)(U + 1e3) == pytest.approx(np.full(80, 7.5))


def test_gradients_are_differences_of_values() -> None:
    model, h = kernel_ridge(U, T, 1.5, 1e-4, SIGMA, 0.3), 1e-5
    values, gradient = model.with_gradient(V)
    assert np.array_equal(values, model(V))
    for i in range(3):
        step = h * (np.arange(3) == i)
        assert gradient[:, i] == pytest.approx((model(V + step) - model(V - step)) / (2 * h), rel=1e-5, abs=1e-6)


def test_a_grid_has_the_models_that_are_fitted_one_by_one() -> None:
    trials = list(grid(U, T, V, (1.0, 2.0), (1e-6, 1e-3), SIGMA))
    assert [(t.length, t.ridge) for t in trials] == [(1.0, 1e-6), (1.0, 1e-3), (2.0, 1e-6), (2.0, 1e-3)]
    for trial in trials:
        assert np.array_equal(trial.values, kernel_ridge(U, T, trial.length, trial.ridge, SIGMA)(V))


def test_several_targets_are_solved_at_once() -> None:
    K = kernel(U, U, 1.0)
    both = solve(K, np.column_stack([T, T**2]), 1e-3)
    one = solve(K, T**2, 1e-3)
    assert both is not None and one is not None
    assert both[:, 1] == pytest.approx(one, rel=1e-12)
    assert (K + 1e-3 * np.eye(80)) @ both == pytest.approx(np.column_stack([T, T**2]))


def test_kernels_that_are_dependent_have_no_solution() -> None:
    twice = np.vstack([U, U])
    K = kernel(twice, twice, 50.0) - 1e-6 * np.eye(160)
    before = K.copy()
    assert solve(K, np.ones(160), 0.0) is None
    assert np.array_equal(K, before)
    assert solve(np.full((3, 3), np.nan), np.ones(3), 1.0) is None
    with pytest.raises(np.linalg.LinAlgError):
        kernel_ridge(twice, np.ones(160), 50.0, -1e-6)


def test_models_that_cannot_be_had_are_left_out_of_a_grid() -> None:
    assert [t.ridge for t in grid(U, T, V, (50.0,), (-1e-3, 1e-3))] == [1e-3]
