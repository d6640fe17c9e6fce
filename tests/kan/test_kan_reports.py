"""What users of KANs have reported, a test for each."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
import sympy
import torch
from support.networks import uniform
from torch import nn

import kansr.kan
from kansr.errors import UsageError
from kansr.kan import KAN, Function, create_dataset
from kansr.kan.network.pykan_names import function


def product(x: torch.Tensor) -> torch.Tensor:
    return x[:, [0]] * x[:, [1]]


def two_classes(count: int = 200) -> dict[str, torch.Tensor]:
    X = uniform(count, 2)
    labels = (X[:, 0] ** 2 + X[:, 1] > 0.3).long()
    return {"train_input": X, "train_label": labels, "test_input": X[:50], "test_label": labels[:50]}


@pytest.mark.parametrize("opt", ["LBFGS", "Adam"])
def test_class_labels_are_learned_and_accuracies_are_measured(opt: str) -> None:
    dataset = two_classes()
    model = KAN([2, 2], grid=3)

    def train_acc() -> torch.Tensor:
        return (model(dataset["train_input"]).argmax(1) == dataset["train_label"]).double().mean()

    results = model.fit(
        dataset,
        opt=opt,
        steps=10,
        lr=1.0 if opt == "LBFGS" else 0.1,
        loss_fn=nn.CrossEntropyLoss(),
        metrics=(train_acc,),
    )
    assert len(results["train_acc"]) == 10
    assert results["train_acc"][-1] > 0.9
    assert results["test_loss"][-1] < 0.8 * results["test_loss"][0]
    model.auto_symbolic(lib=["x", "x^2"])
    assert len(model.symbolic_formula()[0]) == 2


def test_class_labels_that_have_no_output_are_refused() -> None:
    dataset = two_classes()
    dataset["train_label"][3] = 2
    with pytest.raises(UsageError, match="from 0 to 2"):
        KAN([2, 2]).fit(dataset, opt="Adam", steps=1, loss_fn=nn.CrossEntropyLoss())
    with pytest.raises(UsageError, match="metrics"):
        KAN([2, 1]).fit(create_dataset(product), opt="LM", steps=1, metrics=(lambda: 0.0,))


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_whole_numbers_are_no_classes_beside_one_output(shape: tuple[int, ...]) -> None:
    X = uniform(100, 1)
    counts = (5 * X[:, 0].abs()).long()
    dataset = {"train_input": X, "train_label": counts.reshape(shape)}
    model = KAN([1, 1], grid=8)
    model.fit(dataset, opt="Adam", lr=0.1, steps=100, loss_fn=nn.L1Loss())
    assert float((model(X)[:, 0] - counts).detach().abs().mean()) < 0.5  # the median alone leaves 1.2


def test_columns_of_zeros_and_ones_get_no_waves() -> None:
    X = (uniform(300, 3) > 0).double()
    y = ((X[:, 0] + X[:, 1]) % 2 + 2 * X[:, 2])[:, None]
    model = KAN([3, 3, 1])
    model.fit({"train_input": X, "train_label": y}, steps=20, lamb=0.01)
    model = model.prune()
    model.fit({"train_input": X, "train_label": y}, steps=20)
    model.auto_symbolic()
    formula = model.symbolic_formula()[0][0]
    assert not formula.has(sympy.sin, sympy.sinh, sympy.cosh)
    value = [float(formula.subs(dict(zip(sympy.symbols("x_1:4"), map(int, row))))) for row in X[:8]]
    assert value == pytest.approx(y[:8, 0].tolist(), abs=1e-6)


def test_training_around_a_fixed_edge_does_not_end_as_a_constant() -> None:
    X = uniform(400, 3)
    y = torch.exp(-((2 * X[:, [0]] + torch.sin(3 * X[:, [1]]) - X[:, [2]]) ** 2))
    model = KAN([3, 1, 1], grid=3)
    model.fix_symbolic(1, 0, 0, "gaussian", fit_params_bool=False)
    assert model.fit({"train_input": X, "train_label": y}, opt="LBFGS", steps=30)["train_loss"][-1] < 0.1 * float(
        y.std()
    )


@pytest.mark.parametrize("name", ["0", "1/x^5"])
def test_every_function_of_pykan_can_be_fixed(name: str) -> None:
    dataset = create_dataset(lambda x: (x + 2) ** -5, n_var=1, ranges=[-0.5, 0.5], train_num=100)
    model = KAN([1, 1])
    model.fit(dataset, steps=5)
    r2 = model.fix_symbolic(0, 0, 0, name)
    assert r2 == pytest.approx(0.0 if name == "0" else 1.0, abs=1e-3)
    value = model(dataset["train_input"]).detach()
    assert float(value.mean()) == pytest.approx(float(dataset["train_label"].mean()), rel=0.05)
    assert np.isfinite(model.fit(dataset, steps=5)["train_loss"][-1])
    model = KAN([1, 1])
    model.fit(dataset, steps=5)
    model.auto_symbolic(lib=[name])
    assert [f.name for f in model.layers[0].fixed.values()] == [function(name).name]


def test_a_network_that_has_no_value_on_some_rows_stays_finite_elsewhere() -> None:
    X = uniform(100, 1)
    model = KAN([1, 1, 1])
    model.fix_symbolic(0, 0, 0, "log", fit_params_bool=False)
    model.fit({"train_input": X, "train_label": X}, steps=3)
    assert all(bool(value.isfinite().all()) for value in model.state_dict().values())


def test_the_seed_of_a_network_is_that_of_its_first_fit() -> None:
    dataset = create_dataset(lambda x: torch.sin(5 * product(x)), n_var=2, train_num=100)
    losses = [KAN([2, 2, 1], grid=3, seed=seed).fit(dataset, steps=3)["train_loss"][-1] for seed in (0, 1, 1)]
    assert losses[0] != losses[1] == losses[2]


def test_a_network_stands_among_layers_of_single_precision() -> None:
    net = nn.Sequential(nn.Linear(2, 3), KAN([3, 3]), nn.ReLU(), nn.Linear(3, 1))
    x = torch.rand(10, 2)
    net(x).sum().backward()
    assert net(x).dtype == torch.float32
    assert KAN([2, 1])(x.double()).dtype == torch.float64


@pytest.mark.parametrize("arity", [[2, 2, 1], [2, [2, 1], 1]])
def test_the_formula_of_a_product_is_the_product(arity: list) -> None:
    dataset = create_dataset(product, n_var=2, train_num=300)
    model = KAN(arity)
    model.fit(dataset, opt="LBFGS", steps=30)
    model.auto_symbolic()
    x, y = sympy.symbols("x_1 x_2")
    difference = sympy.lambdify((x, y), model.symbolic_formula()[0][0] - x * y)
    assert np.abs(difference(*uniform(50, 2).numpy().T)).max() < 1e-9


def network_with_fixed_edges() -> KAN:
    model = KAN([2, 2, 1], seed=4)
    model.fix_symbolic(0, 0, 1, "x^2")
    model.fix_symbolic(1, 0, 0, "arctanh", fit_params_bool=False)
    return model


def test_networks_with_fixed_edges_are_pickled_and_their_state_is_complete() -> None:
    model, X = network_with_fixed_edges(), uniform(50, 2)
    value = model(X).detach().numpy()
    kept = io.BytesIO()
    torch.save(model.state_dict(), kept)
    kept.seek(0)
    other = KAN([2, 2, 1])
    other.fix_symbolic(0, 1, 1, "sin", fit_params_bool=False)
    other.load_state_dict(torch.load(kept))
    assert other(X).detach().numpy() == pytest.approx(value, nan_ok=True)
    other.load_state_dict(KAN([2, 2, 1], seed=1).state_dict())
    assert not any(layer.fixed for layer in other.layers)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301  our own
    assert again(X).detach().numpy() == pytest.approx(value, nan_ok=True)


def test_functions_of_the_users_own_are_not_lost_in_silence() -> None:
    model = KAN([1, 1])
    own = Function("bump", lambda u: 1 / (1 + u**4), lambda u: 1 / (1 + u**4))
    model.fix_symbolic(0, 0, 0, own, fit_params_bool=False)
    with pytest.raises(RuntimeError, match="bump"):
        KAN([1, 1]).load_state_dict(model.state_dict())
    assert model.copy().layers[0].fixed[0, 0] == own


def test_train_takes_a_dataset_by_name() -> None:
    model = KAN([2, 1])
    assert "train_loss" in model.train(dataset=create_dataset(product, n_var=2, train_num=50), steps=2)
    assert model.trained


def test_the_current_figure_of_pyplot_is_the_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    plt = kansr.kan.plt
    figure = KAN([2, 1]).plot()
    assert plt.gcf() is figure
    plt.close("all")


def test_constants_are_rounded_whatever_functions_stand_beside() -> None:
    dataset = create_dataset(
        lambda x: (x[:, [0]] + x[:, [1]]) / (1 + product(x)), n_var=2, ranges=[-0.9, 0.9], train_num=300
    )
    model = KAN([2, 1, 1], grid=10)
    model.fit(dataset, steps=20)
    for edge in ((0, 0, 0), (0, 1, 0)):
        model.fix_symbolic(*edge, "arctanh")
    model.fit(dataset, steps=20, update_grid=False)
    model.fix_symbolic(1, 0, 0, "tanh")
    model.fit(dataset, steps=40)
    x, y = sympy.symbols("x_1 x_2")
    assert model.symbolic_formula()[0][0] == sympy.tanh(sympy.atanh(x) + sympy.atanh(y))
