"""The class KAN and `from kansr.kan import *`, as pykan's tutorials use them."""

from __future__ import annotations

import pytest
import sympy
import torch
from support.networks import tutorial

from kansr.kan import KAN, create_dataset, fit_kan


def test_the_walk_through_ends_in_the_formula() -> None:
    dataset = create_dataset(tutorial, n_var=2)
    model = KAN(width=[2, 5, 1], grid=5, k=3, seed=0)
    model.train(dataset, opt="LBFGS", steps=20, lamb=0.01, lamb_entropy=10.0)
    model = model.prune()
    assert model.describe() == "kan [2, 1, 1]"
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert model.suggest_symbolic(0, 1, 0).rows()[0][1] > 0.8
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model.train(dataset, opt="LBFGS", steps=20)
    model.auto_symbolic()
    model.train(dataset, opt="LBFGS", steps=20)
    (formula,), (x, y) = model.symbolic_formula(var=["\\alpha", "y"])
    assert formula == sympy.exp(sympy.sin(sympy.pi * x) + y**2)
    assert sympy.diff(formula, x) == sympy.pi * sympy.cos(sympy.pi * x) * formula
    assert model.fix_symbolic(0, 1, 0, "cosh") > 0.98
    assert model.train(dataset, opt="LBFGS", steps=20)["test_loss"][-1] < 0.05


def test_train_of_a_module_still_switches_modes() -> None:
    model = KAN([2, 1, 1])
    assert model.eval() is model and not model.training
    assert model.train() is model and model.training


def test_importing_everything_gives_what_the_tutorials_use() -> None:
    import kansr.kan

    assert {"KAN", "torch", "np", "plt", "create_dataset"} <= set(kansr.kan.__all__)
    assert callable(kansr.kan.plt.plot)
    assert isinstance(fit_kan(torch.rand(60, 2), torch.rand(60), [2, 1, 1])[1], float)


@pytest.mark.parametrize("width", [[2, 3, 1], [2, [1, 1], 1], [2, [0, 1], 1]])
@pytest.mark.parametrize("options", [{}, {"lamb": 1e-3}, {"opt": "Adam", "lr": 0.02, "batch": 20}, {"opt": "LBFGS"}])
def test_no_tensor_is_made_on_a_device_that_was_not_asked_for(width: list, options: dict) -> None:
    dataset = create_dataset(tutorial, 2, train_num=80, test_num=20)
    with torch.device("meta"):  # what does not say where it is made is made here, and cannot meet the others
        model = KAN(width, grid=5, device="cpu")
        results = model.fit(dataset, steps=3, **options)
        model.prune().plot()
        model.refine(23).fit(dataset, steps=1)
        model.suggest_symbolic(0, 0, 0)
    assert results["train_loss"][-1] < 2
