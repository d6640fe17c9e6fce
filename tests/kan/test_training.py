"""Training: several networks at once, weights, early stopping, optimisers, the progress bar."""

from __future__ import annotations

import pytest
import torch
from support.networks import law, law_rows, tutorial, tutorial_column, uniform

from kansr.errors import UsageError
from kansr.kan import KAN, TrainConfig, create_dataset, train
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.train import train_together

LAWS = {
    "a product": ([2, [0, 1], 1], lambda x: x[:, [0]] * torch.sin(x[:, [1]])),
    "sums and products": ([2, [1, 1], 1], lambda x: x[:, [0]] * x[:, [1]] + torch.exp(x[:, [0]])),
    "two outputs": ([2, 3, 2], lambda x: torch.cat([x[:, [0]] ** 2 + x[:, [1]], torch.sin(x.sum(1, keepdim=True))], 1)),
    "three layers": ([3, [1, 2], [2, 1], 1], lambda x: torch.cos(x[:, [0]]) + x[:, [1]] * x[:, [2]]),
}


@pytest.mark.parametrize("name", LAWS)
def test_networks_of_every_shape_are_trained(name: str) -> None:
    width, law = LAWS[name]
    dataset = create_dataset(law, n_var=width[0], train_num=500, test_num=200)
    model = KAN(width, grid=5)
    results = model.fit(dataset, steps=40)
    assert len(results["test_loss"]) == 40
    assert results["test_loss"][-1] < 0.03 * float(dataset["test_label"].std())
    model.prune().plot()


@pytest.mark.parametrize("k", [0, 1, 2, 5])
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_every_degree_is_trained_on_few_rows_too(k: int, rows: int) -> None:
    dataset = create_dataset(tutorial, 2, train_num=rows)
    results = KAN([2, 1, 1], k=k).fit(dataset, steps=5)
    assert results["train_loss"][-1] < (0.85 if k == 0 else 0.1) < float(tutorial(dataset["test_input"]).std())


@pytest.mark.parametrize("width", [[2, 2, 1], [2, [1, 1], 1], [2, [0, 2], [1, 1], 2]])
@pytest.mark.parametrize("lamb", [0.0, 1e-3])
def test_networks_trained_together_end_where_each_would_alone(width: list, lamb: float) -> None:
    rows = law_rows()
    y = rows.y if width[-1] == 1 else torch.cat([rows.y, rows.X[:, :1] ** 2], 1)
    rows, config = TrainingRows(rows.X, y), TrainConfig(steps=6, lamb=lamb)
    alone = [KAN(width, seed=seed, noise_scale=0.5) for seed in range(3)]
    together = [model.copy() for model in alone]
    histories = train_together(together, rows, config)
    for one, model, history in zip(alone, together, histories):
        _, own = train(one, rows.X, rows.y, config)
        assert history.train == pytest.approx(own.train, rel=1e-5)
        assert model(rows.X).detach().numpy() == pytest.approx(one(rows.X).detach().numpy(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("opt", ["LBFGS", "Adam"])
def test_gradient_training_lowers_the_error(opt: str) -> None:
    X = uniform(200, 2)
    config = TrainConfig(opt=opt, steps=8, lr=1.0 if opt == "LBFGS" else 0.02, lamb=1e-4)
    _, history = train(KAN([2, 1, 1]), X, tutorial_column(X), config, held_out=(X, tutorial_column(X)))
    assert history.train[-1] < history.train[0]
    assert len(history.held_out) == len(history.regularisation) == 8


def test_own_losses_and_batches_are_trained_by_gradients() -> None:
    dataset = create_dataset(tutorial, 2, train_num=200)
    model = KAN([2, 2, 1])
    results = model.fit(dataset, opt="Adam", steps=60, batch=50, lr=0.05, loss_fn=torch.nn.functional.l1_loss)
    assert results["train_loss"][-1] < 0.5 * results["train_loss"][0]


@pytest.mark.parametrize("opt", ["Adam", "LBFGS"])
def test_a_step_that_goes_astray_is_taken_back(opt: str, caplog: pytest.LogCaptureFixture) -> None:
    dataset = create_dataset(tutorial, 2, train_num=100)
    model = KAN([2, 2, 1])

    def loss(prediction: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return (prediction - truth).square().mean() * float("nan")

    model.fit(dataset, opt=opt, steps=4, loss_fn=loss, lr=0.1)
    assert bool(model(dataset["train_input"]).isfinite().all())
    assert "not finite" in caplog.text


@pytest.mark.parametrize("opt", ["LM", "LBFGS", "Adam"])
@pytest.mark.parametrize("G", [4, 60])
def test_a_row_that_counts_twice_is_a_row_that_is_there_twice(opt: str, G: int) -> None:
    rows = law_rows(80)
    twice = torch.cat([torch.arange(80), torch.arange(20)])
    weight = torch.ones(80)
    weight[:20] = 2
    config = TrainConfig(opt=opt, steps=5, lr=1.0 if opt == "LBFGS" else 0.01, update_grid=False)
    a, b = (KAN([2, 1, 1], G, seed=1, outside="polynomial") for _ in range(2))  # smooth, so that rounding stays small
    _, first = train(a, rows.X, rows.y, config, weight=weight)
    _, second = train(b, rows.X[twice], rows.y[twice], config)
    assert first.train == pytest.approx(second.train, rel=1e-6)
    assert a(rows.X).detach().numpy() == pytest.approx(b(rows.X).detach().numpy(), rel=1e-6, abs=1e-6)


def test_rows_that_count_nothing_change_nothing() -> None:
    dataset = create_dataset(law, 2, train_num=300)
    spoilt = dict(dataset, train_label=dataset["train_label"].clone(), train_weight=torch.ones(300))
    spoilt["train_label"][::7] += 100.0
    spoilt["train_weight"][::7] = 0.0
    assert KAN([2, 1, 1]).fit(spoilt, steps=30)["test_loss"][-1] < 0.02
    spoilt.pop("train_weight")
    assert KAN([2, 1, 1]).fit(spoilt, steps=30)["test_loss"][-1] > 1


@pytest.mark.parametrize("opt", ["LM", "Adam"])
def test_patience_goes_back_to_the_best_test_error(opt: str) -> None:
    dataset = create_dataset(law, 2, train_num=40, test_num=100)
    dataset["train_label"] += torch.randn(40, 1, generator=torch.Generator().manual_seed(1))
    model = KAN([2, 3, 1], grid=8)
    results = model.fit(dataset, opt=opt, steps=80, lr=0.05, patience=5, starts=0)
    error = float((model(dataset["test_input"]) - dataset["test_label"]).detach().square().mean().sqrt())
    assert error == pytest.approx(min(results["test_loss"]), rel=1e-6)


def test_the_bar_shows_errors_and_penalty(capsys: pytest.CaptureFixture) -> None:
    dataset = create_dataset(law, 2, train_num=60)
    KAN([2, 1, 1]).fit(dataset, steps=4, lamb=1e-3, verbose=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    for word in ("train_loss", "test_loss", "reg"):
        assert word in shown.err
    KAN([2, 1, 1]).fit(dataset, steps=4)
    assert capsys.readouterr().err == ""


def test_single_precision_is_trained_by_gradients_only() -> None:
    dataset = create_dataset(law, 2, train_num=60)
    with pytest.raises(UsageError, match="float64"):
        KAN([2, 1, 1]).float().fit(dataset, opt="LM", steps=2)
    losses = KAN([2, 1, 1]).float().fit(dataset, opt="Adam", steps=20, lr=0.02)["train_loss"]
    assert losses[-1] < losses[0]
