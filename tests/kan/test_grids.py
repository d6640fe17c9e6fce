"""Grids: refined ones that keep the function, ones that follow the rows, and ladders of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.networks import WIDTHS, law, tutorial, tutorial_column, uniform

from kansr.kan import KAN, FitConfig, create_dataset, refine, train
from kansr.kan.training.grids import fit_grids
from kansr.kan.training.initialise import additive_starts


@pytest.mark.parametrize(("width", "arity"), WIDTHS)
@pytest.mark.parametrize("G", [5, 10, 12, 23])
def test_refining_keeps_the_function(width: list, arity: object, G: int) -> None:
    X = uniform(200, width[0], low=-1.2, high=1.2)
    model = KAN(width, 5, 3, seed=2, noise_scale=2.0, mult_arity=arity)
    finer = refine(model, G)
    before, after = model(X).detach(), finer(X).detach()
    assert finer.layers[0].G == G
    assert float((before - after).abs().max()) < 1e-12 * float(before.max() - before.min()) * (1 + G)
    finer.layers[0].coef.data.zero_()
    assert torch.equal(model(X).detach(), before)


def test_taking_over_another_network_keeps_the_function_and_shares_nothing() -> None:
    other = KAN([2, 2, 1], grid=5, seed=3, noise_scale=1.0)
    x = 2 * torch.rand(200, 2, dtype=torch.float64) - 1
    model = KAN([2, 2, 1], grid=20).initialize_from_another_model(other, x)
    before = other(x).detach().clone()
    assert model(x).detach().numpy() == pytest.approx(before.numpy(), abs=1e-12)
    with torch.no_grad():
        model.act_fun[0].coef.zero_()
    assert torch.equal(other(x).detach(), before)


@pytest.mark.parametrize("low_high", [(-10, 10), (-0.5, 0.5)])
def test_grids_follow_samples_without_a_margin(low_high: tuple) -> None:
    model = KAN([1, 1], grid=5)
    model.update_grid_from_samples(torch.linspace(*low_high, 1001)[:, None])
    assert model.act_fun[0].grid[0].numpy() == pytest.approx(np.linspace(-2.2, 2.2, 12) * low_high[1])


@pytest.mark.parametrize("grid_eps", [1.0, 0.0])
def test_training_keeps_to_the_grid_that_was_asked_for(grid_eps: float) -> None:
    dataset = create_dataset(tutorial, 2, train_num=400)
    model = KAN([2, 1, 1], grid=5, grid_eps=grid_eps)
    model.fit(dataset, steps=30)
    hidden = model.act_fun[0](dataset["train_input"]).detach()[:, 0]
    knots = model.act_fun[1].grid[0, 3:-3].contiguous()
    counts = torch.histogram(hidden, knots).hist
    even = float(knots.diff().max() / knots.diff().min())
    assert (even < 1.001) == (grid_eps == 1)
    assert grid_eps == 1 or counts.max() < 3 * counts.min()


def test_the_grid_ladder_reaches_1e_7() -> None:
    X, X_test = uniform(1000, 2, seed=0), uniform(1000, 2, seed=100)
    config = FitConfig(starts=0, grids=(5, 10, 20, 50, 100), held_out=0.0, gain=0.0, goal=1e-12)
    y = tutorial_column(X)
    z = (y - y.mean()) / y.std()
    model = min(
        additive_starts(X, z[:, None], y, 5, 3, torch.ones(2)), key=lambda m: float((m(X)[:, 0] - z).detach().std())
    )
    for G in config.grids:
        fit_grids(model, X, G)
        train(model, X, z)
    error = (model(X_test).detach()[:, 0] * y.std() + y.mean() - tutorial_column(X_test)).square().mean().sqrt()
    assert float(error) < 1e-7


def test_the_ladder_of_grids() -> None:
    grids, steps, test_losses = np.array([5, 10, 20]), 20, []
    dataset = create_dataset(tutorial, n_var=2)
    model = KAN([2, 1, 1])
    for n, G in enumerate(grids):
        if n == 0:
            model = KAN(width=[2, 1, 1], grid=G, k=3)
        else:
            model = KAN(width=[2, 1, 1], grid=G, k=3).initialize_from_another_model(model, dataset["train_input"])
        results = model.train(dataset, opt="LBFGS", steps=steps, stop_grid_update_step=30)
        test_losses += results["test_loss"]
    assert len(test_losses) == len(grids) * steps
    assert test_losses[-1] < 1e-4 < test_losses[steps - 1] < 2e-2


@pytest.mark.parametrize("grid_eps", [1.0, 0.3, 0.0])
def test_fine_grids_on_few_rows_do_not_overfit(grid_eps: float) -> None:
    dataset, model = create_dataset(law, 2, train_num=200), None
    for G in (5, 20, 80):
        finer = KAN([2, 1, 1], grid=G, grid_eps=grid_eps)
        model = finer if model is None else finer.initialize_from_another_model(model)
        results = model.fit(dataset, steps=40)
    assert results["test_loss"][-1] < 1e-3
