"""Importance and pruning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.networks import WIDTHS, law, tutorial_column, uniform

from kansr.kan import KAN, FitConfig, create_dataset, fit_kan, importance, prune, prune_by_error, train
from kansr.kan.reading.prune import without


def test_pruning_keeps_the_mean() -> None:
    X = uniform(300, 2)
    model = KAN([2, 2, 1], seed=4, noise_scale=1.0)
    smaller = without(model, X, [(0, 0, 1)])
    assert smaller is not None
    sums = [m.layers[0](X).detach() for m in (model, smaller)]
    assert sums[1].mean(0).numpy() == pytest.approx(sums[0].mean(0).numpy(), abs=1e-12)


@pytest.mark.parametrize(("width", "arity"), WIDTHS)
def test_pruning_an_edge_whose_output_is_constant_keeps_the_output(width: list, arity: object) -> None:
    X = uniform(100, width[0])
    model = KAN(width, seed=1, noise_scale=1.0, mult_arity=arity)
    with torch.no_grad():
        model.layers[0].scale_base[0, -1] = 0.0
        model.layers[0].coef[0, -1] = 0.7
    smaller, report = prune(model, X, 1e-9)
    assert ((0, 0, model.layers[0].out_dim - 1)) in [edge for edge, _ in report.edges]
    assert smaller(X).detach().numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-9)


def test_an_irrelevant_input_is_pruned_and_a_path_always_stays() -> None:
    X = uniform(500, 3)
    model, _ = fit_kan(X, tutorial_column(X), [3, 1, 1], FitConfig(grids=(5, 10)))
    weights = importance(model, X).nodes[0]
    assert float(weights[2]) < 3e-3 < 0.1 < float(weights[:2].min())
    smaller, report = prune(model, X, 1e-2)
    assert [edge for edge, _ in report.edges] == [(0, 2, 0)]
    least, _ = prune(model, X, 1e9)
    assert float(least.layers[0].mask.sum()) == float(least.layers[1].mask.sum()) == 1.0


def test_an_irrelevant_input_that_cancels_in_the_output_is_pruned() -> None:
    X = uniform(400, 3)
    model = KAN([3, 2, 1], base_fun=lambda x: x, noise_scale=0.0)
    with torch.no_grad():
        model.layers[0].scale_base[2] = 1.0
        model.layers[1].scale_base[:, 0] = torch.tensor([1.0, -1.0])
    smaller, report = prune(model, X, 1e-6)
    assert [edge for edge, _ in report.edges] == [(0, 2, 0), (0, 2, 1)]
    assert smaller(X).detach().numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-12)


def test_pruning_by_error_keeps_what_is_needed() -> None:
    X = uniform(500, 3)
    y = tutorial_column(X)[:, None]
    model, _ = fit_kan(X, y, [3, 2, 1], FitConfig(grids=(5,)))
    X_held = uniform(500, 3, seed=1)

    def error(model: KAN) -> float:
        return float((model(X_held)[:, 0] - tutorial_column(X_held)).detach().square().mean().sqrt())

    held = X_held, tutorial_column(X_held)
    smaller, report = prune_by_error(model, X, error, worse=0.05, retrain=lambda m: train(m, X, y, held_out=held))
    assert error(smaller) <= 1.05 * error(model)
    assert (0, 2, 0) in [edge for edge, _ in report.edges]


def test_pruning_inputs_keeps_the_weights_of_the_rows() -> None:
    dataset = create_dataset(lambda x: torch.sin(3 * x[:, [1]]), n_var=2, train_num=100)
    model = KAN([2, 1, 1])
    model.fit(dict(dataset, train_weight=torch.linspace(1, 2, 100)), steps=10)
    smaller = model.prune_input()
    assert smaller.describe() == "kan [1, 1, 1]"
    assert torch.equal(smaller.seen.weight, model.seen.weight)


def test_what_pruning_removed_is_said() -> None:
    model = KAN([2, 3, 1])
    model.fit(create_dataset(law, 2, train_num=300), steps=20, lamb=0.01, lamb_entropy=10.0)
    smaller = model.prune()
    assert str(smaller.removed).startswith(f"removed {len(smaller.removed.edges)} edges: layer ")
    assert np.all(np.diff([weight for _, weight in smaller.removed.edges]) >= 0)
    assert model.removed.edges == ()


def test_an_input_that_does_not_matter_goes() -> None:
    dataset = create_dataset(lambda x: torch.sin(3 * x[:, [1]]), n_var=3, train_num=300)
    model = KAN([3, 1, 1])
    model.fit(dataset, steps=20)
    smaller = model.prune_input()
    assert smaller.describe() == "kan [1, 1, 1]"
    assert {edge for edge, _ in smaller.removed.edges} == {(0, 0, 0), (0, 2, 0)}
    assert smaller(dataset["test_input"][:, [1]]).detach().numpy() == pytest.approx(
        model(dataset["test_input"]).detach().numpy(), abs=0.05
    )
    smaller.prune()
