"""Multistart: which starts are tried, and networks that are found from rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from support.networks import tutorial_column, uniform

from kansr.kan import KAN, FitConfig, TrainConfig, fit_kan, train
from kansr.kan.training.multistart import MultistartConfig, Trial, multistart


def trial(errors: dict[int, float], tried: list[tuple[int, int]]) -> Callable:
    """An attempt that trains nothing: the networks are numbers, whose errors are known."""

    def attempt(models: Sequence[int], steps: int) -> list[Trial]:
        tried.extend((model, steps) for model in models)
        return [Trial(errors[model] / steps, model) for model in models]

    return attempt


LIMITS = MultistartConfig(tries=1, near=0.1, lucky=0.01, batch=1)
ERRORS = {1: 0.5, 2: 0.05, 3: 0.3, 4: 0.005, 5: 0.2, 6: 0.4}
CASES = {
    "a solved start that is near": ([1, 2], [3, 4], LIMITS, [1, 2], 2),
    "no solved start that is near": ([1], [3, 5], LIMITS, [1, 3, 5], 5),
    "a lucky random start": ([1], [3, 4, 5], LIMITS, [1, 3, 4], 4),
    "all at once, so that luck comes late": ([1], [3, 4, 5], replace(LIMITS, batch=None), [1, 3, 4, 5], 4),
    "none solved": ([], [3], LIMITS, [3], 3),
    "random ones always": ([2], [3], replace(LIMITS, near=-math.inf), [2, 3], 2),
}


@pytest.mark.parametrize("case", CASES)
def test_starts_are_tried_until_one_is_good_enough(case: str) -> None:
    solved, drawn, limits, expected, best = CASES[case]
    tried: list[tuple[int, int]] = []
    drawn_lazily = iter(drawn)
    assert multistart(solved, drawn_lazily, trial(ERRORS, tried), limits).model == best
    assert [model for model, _ in tried] == expected
    assert set(drawn_lazily) == set(drawn) - set(expected)


def test_survivors_are_trained_further_and_one_of_them_is_the_best() -> None:
    tried: list[tuple[int, int]] = []
    limits = replace(LIMITS, survivors=2, steps=7)
    assert multistart([1], [3, 5, 6], trial(ERRORS, tried), limits).model == 5
    assert tried[-2:] == [(5, 7), (3, 7)]


def test_random_starts_end_when_time_is_up() -> None:
    tried: list[tuple[int, int]] = []
    assert multistart([1], [3, 5], trial(ERRORS, tried), LIMITS, lambda: True).model == 1
    assert multistart([], [3, 5], trial(ERRORS, tried), LIMITS, lambda: True).model == 3
    assert tried == [(1, 1), (3, 1)]


@pytest.mark.parametrize("arity", [2, [[], [3], []]])
def test_a_product_has_the_factors_that_were_asked_for(arity: object) -> None:
    X = uniform(60, 3)
    model, _ = fit_kan(X, X.prod(1), [3, [0, 1], 1], FitConfig(mult_arity=arity, starts=1, grids=(3,)))
    assert model.arities[1] == ((2,) if arity == 2 else (3,))


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    X = uniform(200, 2)
    a, b = (train(KAN([2, 2, 1], seed=3), X, tutorial_column(X), TrainConfig(steps=5))[0] for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values()))
    c, d = (fit_kan(X, tutorial_column(X), [2, 2, 1], FitConfig(starts=2, grids=(4,)), seed=1)[0] for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(c.state_dict().values(), d.state_dict().values()))
    assert torch.equal(before, torch.random.get_rng_state())


PRODUCTS = {
    "x*y": lambda X: X[:, 0] * X[:, 1],
    "(x**2 - 1)*sin(3*y)": lambda X: (X[:, 0] ** 2 - 1) * torch.sin(3 * X[:, 1]),
}


@pytest.mark.parametrize("text", PRODUCTS)
@pytest.mark.parametrize("scale", [1.0, 1e-25])
def test_products_that_change_sign_are_found(text: str, scale: float) -> None:
    X = uniform(800, 2, low=-1.5, high=1.5)
    model, error = fit_kan(X, scale * PRODUCTS[text](X), [2, [0, 1], 1])
    X_test = uniform(300, 2, seed=5, low=-1.5, high=1.5)
    truth = PRODUCTS[text](X_test)
    assert error < 1e-3
    assert float((model(X_test).detach()[:, 0] / scale - truth).square().mean().sqrt() / truth.std()) < 1e-3


AWKWARD = {
    "a constant input": lambda X: torch.cat([X[:, :1], torch.full_like(X[:, :1], 3.0)], 1),
    "twice the same input": lambda X: X[:, [0, 0]],
    "two values only": lambda X: torch.cat([X[:, :1], X[:, 1:].sign()], 1),
    "tiny and huge units": lambda X: X * X.new_tensor([1e-20, 1e20]),
    "a heavy tail": lambda X: torch.cat([X[:, :1], 1e-3 / X[:, 1:]], 1),
}


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("width", [[2, 1, 1], [2, [0, 1], 1], [2, 2, 1]])
def test_awkward_inputs_give_finite_answers(case: str, width: list) -> None:
    X = AWKWARD[case](uniform(150, 2))
    model, error = fit_kan(X, torch.sin(3 * X[:, 0]), width, FitConfig(starts=2, grids=(5, 10)))
    assert error < 0.1
    assert bool(model(X).isfinite().all())


def test_a_constant_target_is_fitted() -> None:
    X = uniform(50, 2)
    model, error = fit_kan(X, torch.full((50,), 2.5), [2, 1, 1])
    assert model(X).detach().numpy() == pytest.approx(2.5)


def test_training_stops_when_time_is_up() -> None:
    X = uniform(200, 2)
    for width in ([2, 2, 1], [2, 1, 1], [2, [0, 1], 1]):
        model, error = fit_kan(X, tutorial_column(X), width, expired=lambda: True)
        assert np.isfinite(error)


@pytest.mark.parametrize("rows", [3, 6, 12, 40])
def test_few_rows_are_enough_to_answer(rows: int) -> None:
    X = uniform(rows, 2)
    model, error = fit_kan(X, tutorial_column(X), [2, 2, 1])
    assert np.isfinite(error)
    assert bool(model(X).isfinite().all())
