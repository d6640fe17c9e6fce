"""A surrogate that is linear in what it can be linear in, and the terms that are read off it."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import differences, inside, table

from kansr.data.dataset import Dataset
from kansr.structure.surrogate.kernel import surrogate
from kansr.structure.surrogate.product_kernel import BENDS, Composite, composite

# Law, the inputs it is linear in and how they are bent, the inputs that the factor of each may depend on.
LAWS = {
    "coefficients of curves": ("a*sin(2*t)/t + b*exp(-t) + c*t", {"a": "x", "b": "x", "c": "x"}, {"a": "t", "b": "t"}),
    "a coefficient and a factor": ("a*(b + log(1 + t*u))", {"a": "x", "b": "x"}, {"a": "btu", "b": "atu"}),
    "an inverse": ("tanh(t*u)/a + cos(t)", {"a": "inverse"}, {"a": "tu"}),
    "a logarithm": ("t/(1 + u*t) - exp(-t*u)*log(a)", {"a": "log"}, {"a": "tu"}),
}


def model_of(data: Dataset) -> Composite:
    found = composite(data.X, data.y, (False,) * len(data.names), lambda: False)
    assert found is not None
    return found


@pytest.mark.parametrize(("text", "bends", "beside"), LAWS.values(), ids=LAWS)
def test_it_knows_what_the_law_is_linear_in(text: str, bends: dict[str, str], beside: dict[str, str]) -> None:
    data = table(text, rows=1000)
    model = model_of(data)
    assert {data.names[i]: kind for i, kind in model.bends.items()} == bends
    for name, others in beside.items():
        assert "".join(data.names[k] for k in model.beside(data.names.index(name))) == others


@pytest.mark.parametrize("text", [law[0] for law in LAWS.values()], ids=LAWS)
def test_its_gradients_are_better_than_those_of_a_plain_kernel(text: str) -> None:
    data = table(text, rows=1000)
    field, plain = model_of(data).field(), surrogate(data.X, data.y)
    true = differences(text, data)
    size = np.sqrt(np.mean(true**2))
    ours, theirs = (
        np.sqrt(np.mean((f.gradient / f.slope[:, None] - true)[inside(data)] ** 2)) / size for f in (field, plain)
    )
    assert ours < 1e-3
    assert ours < theirs
    assert field.gradient_error < plain.gradient_error


def test_a_law_that_is_linear_in_nothing_has_no_composite() -> None:
    data = table("sin(x*y) + exp(x - y)/(1 + x*y**2)", rows=800)
    found = composite(data.X, data.y, (False, False), lambda: False)
    assert found is None or found.field().gradient_error > surrogate(data.X, data.y).gradient_error


def test_few_rows_one_input_and_no_time_give_nothing() -> None:
    data = table("a*sin(t) + t", rows=1000)
    assert composite(data.X[:100], data.y[:100], (False, False), lambda: False) is None
    assert composite(data.X[:, :1], data.y, (False,), lambda: False) is None
    assert composite(data.X, data.y, (False, False), lambda: True) is None


def test_bends_have_their_own_slopes() -> None:
    x = np.linspace(0.5, 2, 50)
    for bend in BENDS.values():
        assert np.allclose((bend.value(x + 1e-6) - bend.value(x - 1e-6)) / 2e-6, bend.slope(x), rtol=1e-6)
        assert np.allclose(bend.value(x), sympy.lambdify("x", bend.symbolic(sympy.Symbol("x")))(x))
