"""Symbolic edges and the formula of a network."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch
from support.networks import symbolic_network, tutorial

from kansr.errors import UsageError
from kansr.kan import KAN, Function, create_dataset


@pytest.mark.parametrize("opt", ["LM", "LBFGS"])
def test_constants_of_fixed_edges_are_trained(opt: str) -> None:
    model, dataset = symbolic_network(), create_dataset(tutorial, 2, train_num=300)
    results = model.fit(dataset, opt=opt, steps=30, starts=0)
    assert results["test_loss"][-1] < 1e-10
    (formula,), variables = model.symbolic_formula(var=["x", "y"])
    x, y = variables
    assert formula == sympy.exp(sympy.sin(sympy.pi * x) + y**2)


def test_functions_that_imitate_shorter_ones_are_not_chosen() -> None:
    dataset = create_dataset(lambda x: torch.sqrt(1 + x.square().sum(1, keepdim=True)), 2)
    model = KAN([2, 1, 1])
    model.fit(dataset, steps=30)
    model.auto_symbolic()
    (formula,), (x, y) = model.symbolic_formula()
    assert formula == sympy.sqrt(x**2 + y**2 + 1)


def test_a_formula_needs_all_edges_fixed() -> None:
    with pytest.raises(UsageError, match="splines still"):
        KAN([2, 1, 1]).symbolic_formula()


def test_fixing_and_unfixing_brings_the_spline_back() -> None:
    model = KAN([2, 2, 1], noise_scale=1.0)
    x = torch.randn(50, 2, dtype=torch.float64)
    before = model(x).detach()
    square = Function("square", lambda u: u**2, np.square)
    assert model.fix_symbolic(0, 1, 0, square) <= 1
    assert not torch.equal(model(x).detach(), before)
    model.unfix_symbolic(0, 1, 0)
    assert torch.equal(model(x).detach(), before)


@pytest.mark.parametrize("name", ["no such", "1/x^9"])
def test_a_function_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="in the library"):
        KAN([2, 1, 1]).fix_symbolic(0, 0, 0, name)
