"""Networks: shapes, derivatives, saving and loading, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from support.networks import symbolic_network, uniform

from kansr.errors import UsageError
from kansr.kan import KAN


def test_calling_a_network_does_not_change_it() -> None:
    model = KAN([2, [1, 1], 1])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(10 * uniform(50, 2))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_an_exactly_linear_network_is_linear() -> None:
    model = KAN([2, 5, 1], noise_scale_base=0.0, base_fun=lambda x: x, noise_scale=0.0)
    x = torch.randn(100, 2, dtype=torch.float64)
    assert model(x).detach().numpy() == pytest.approx((5 / np.sqrt(2 * 5) * x.sum(1, keepdim=True)).numpy(), abs=1e-12)


def test_fixed_edges_can_be_differentiated_as_often_as_asked() -> None:
    x = torch.tensor([[0.3, 0.4]], dtype=torch.float64, requires_grad=True)
    y = symbolic_network()(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first[:, 0].sum(), x)
    u, v = sympy.symbols("x_1 x_2")
    formula = symbolic_network().symbolic_formula(snapped=False)[0][0]
    assert float(first[0, 0].detach()) == pytest.approx(float(formula.diff(u).subs({u: 0.3, v: 0.4})))
    assert float(second[0, 0]) == pytest.approx(float(formula.diff(u, 2).subs({u: 0.3, v: 0.4})), rel=1e-5)


@pytest.mark.parametrize("width", [[2, 5, 1], [2, [3, 2], 1], [3, [1, 2], [2, 1], 2]])
def test_the_network_is_kept_bit_by_bit(width: list, tmp_path: object) -> None:
    model = KAN(width, noise_scale=1.0, seed=5)
    model.fix_symbolic(0, 1, 0, "sin")
    model.saveckpt(f"{tmp_path}/model")
    again = KAN.loadckpt(f"{tmp_path}/model")
    x = torch.randn(40, width[0], dtype=torch.float64)
    assert torch.equal(again(x), model(x))
    assert again.describe() == model.describe() and again.act_fun[0].fixed == model.act_fun[0].fixed


def test_another_version_is_refused_by_name(tmp_path: object) -> None:
    KAN([2, 1, 1]).saveckpt(f"{tmp_path}/model")
    file = Path(f"{tmp_path}/model.json")
    file.write_text(file.read_text().replace('"version": 1', '"version": 7'))
    with pytest.raises(UsageError, match="version 7"):
        KAN.loadckpt(f"{tmp_path}/model")


def test_a_device_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UsageError, match="no CUDA device"):
        KAN([2, 1, 1], device="cuda")


@pytest.mark.parametrize("width", [[2], [], [2, 1.5, 1], [2, [1], 1], [[1, 1], 1], [2, 0, 1], [2, -1, 1], ["2", 1]])
def test_a_width_that_is_none_is_refused(width: list) -> None:
    with pytest.raises(UsageError, match="width is the nodes of each layer"):
        KAN(width)


@pytest.mark.parametrize("options", [{"grid": 0}, {"k": -1}])
def test_a_grid_that_is_none_is_refused(options: dict) -> None:
    with pytest.raises(UsageError, match="a grid has at least 1 interval"):
        KAN([2, 1, 1], **options)


@pytest.mark.parametrize("shape", [(5,), (5, 3), (2, 2, 2)])
def test_rows_of_another_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(UsageError, match=r"takes \(rows, 2\)"):
        KAN([2, 1, 1])(torch.ones(shape))
