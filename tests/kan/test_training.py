"""Training: several networks at once, weights, early stops, what is shown and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from kansr.errors import UsageError  # noqa: E402
from kansr.kan import KAN, TrainConfig, create_dataset, refine, train  # noqa: E402
from kansr.kan.training.dataset import Seen  # noqa: E402
from kansr.kan.training.jacobian import Linearised  # noqa: E402
from kansr.kan.training.train import train_together  # noqa: E402


def law(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(torch.sin(3 * x[:, [0]]) + x[:, [1]] ** 2)


def rows(count: int = 150, seed: int = 0) -> Seen:
    dataset = create_dataset(law, 2, train_num=count, seed=seed)
    return Seen(dataset["train_input"], dataset["train_label"])


@pytest.mark.parametrize("width", [[2, 2, 1], [2, [1, 1], 1], [2, [0, 2], [1, 1], 2]])
@pytest.mark.parametrize("lamb", [0.0, 1e-3])
def test_networks_trained_together_end_where_each_would_alone(width: list, lamb: float) -> None:
    seen = rows()
    y = seen.y if width[-1] == 1 else torch.cat([seen.y, seen.X[:, :1] ** 2], 1)
    seen, config = Seen(seen.X, y), TrainConfig(steps=6, lamb=lamb)
    alone = [KAN(width, seed=seed, noise_scale=0.5) for seed in range(3)]
    together = [model.copy() for model in alone]
    histories = train_together(together, seen, config)
    for one, model, history in zip(alone, together, histories):
        _, own = train(one, seen.X, seen.y, config)
        assert history.train == pytest.approx(own.train, rel=1e-5)
        assert model(seen.X).detach().numpy() == pytest.approx(one(seen.X).detach().numpy(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("width", [[2, 2, 1], [2, [1, 1], 1], [2, 1, 2]])
def test_leaving_out_zeros_gives_the_same_normal_equations(width: list) -> None:
    seen = rows(60)
    f = Linearised([refine(KAN(width, seed=s, noise_scale=1.0), 40) for s in (1, 2)], seen.X, torch.rand(60).double())
    trace = f.run()
    residual = torch.randn_like(trace.output)
    assert f.sparse
    sparse = f.normal(trace, residual)
    f.sparse = False
    for a, b in zip(sparse, f.normal(trace, residual)):
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("opt", ["LM", "LBFGS", "Adam"])
@pytest.mark.parametrize("G", [4, 60])
def test_a_row_that_counts_twice_is_a_row_that_is_there_twice(opt: str, G: int) -> None:
    seen = rows(80)
    twice = torch.cat([torch.arange(80), torch.arange(20)])
    weight = torch.ones(80)
    weight[:20] = 2
    config = TrainConfig(opt=opt, steps=5, lr=1.0 if opt == "LBFGS" else 0.01, update_grid=False)
    a, b = KAN([2, 1, 1], G, seed=1), KAN([2, 1, 1], G, seed=1)
    _, first = train(a, seen.X, seen.y, config, weight=weight)
    _, second = train(b, seen.X[twice], seen.y[twice], config)
    assert first.train == pytest.approx(second.train, rel=1e-6)
    assert a(seen.X).detach().numpy() == pytest.approx(b(seen.X).detach().numpy(), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("grid_eps", [1.0, 0.3, 0.0])
def test_fine_grids_on_few_rows_do_not_overfit(grid_eps: float) -> None:
    dataset, model = create_dataset(law, 2, train_num=200), None
    for G in (5, 20, 80):
        finer = KAN([2, 1, 1], grid=G, grid_eps=grid_eps)
        model = finer if model is None else finer.initialize_from_another_model(model)
        results = model.fit(dataset, steps=40)
    assert results["test_loss"][-1] < 1e-3


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


def spoil(name: str, value: object) -> dict:
    dataset = create_dataset(law, 2, train_num=30)
    return dict(dataset, **{name: value})


NAN = torch.ones(30, 2).double()
NAN[3, 1] = float("nan")

REFUSED = {
    "no label": (lambda: {"train_input": torch.ones(3, 2)}, "train_label"),
    "not a number": (lambda: spoil("train_input", NAN), "row 3, column 1"),
    "too few labels": (lambda: spoil("train_label", torch.ones(29, 1)), "of the same length"),
    "too many columns": (lambda: spoil("train_input", torch.ones(30, 3)), "takes 2 inputs"),
    "negative weights": (lambda: spoil("train_weight", -torch.ones(30)), "none negative"),
    "weights of another length": (lambda: spoil("train_weight", torch.ones(29)), "30 numbers"),
    "no rows": (lambda: {"train_input": torch.ones(0, 2), "train_label": torch.ones(0, 1)}, "train_input"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_that_do_not_fit_are_refused(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(UsageError, match=words):
        KAN([2, 1, 1]).fit(make(), steps=2)


def test_single_precision_is_trained_by_gradients_only() -> None:
    dataset = create_dataset(law, 2, train_num=60)
    with pytest.raises(UsageError, match="float64"):
        KAN([2, 1, 1]).float().fit(dataset, opt="LM", steps=2)
    losses = KAN([2, 1, 1]).float().fit(dataset, opt="Adam", steps=20, lr=0.02)["train_loss"]
    assert losses[-1] < losses[0]


def test_what_pruning_removed_is_said() -> None:
    model = KAN([2, 3, 1])
    model.fit(create_dataset(law, 2, train_num=300), steps=20, lamb=0.01, lamb_entropy=10.0)
    smaller = model.prune()
    assert str(smaller.removed).startswith(f"removed {len(smaller.removed.edges)} edges: layer ")
    assert np.all(np.diff([weight for _, weight in smaller.removed.edges]) >= 0)
    assert model.removed.edges == ()
