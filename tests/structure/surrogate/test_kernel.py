"""The surrogate: its gradients are those of the function behind the rows, and it knows how good it can be."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import differences, inside, table

from kansr.data.dataset import Dataset
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.kernel import surrogate

# A smooth law, the range of its inputs, and how far a gradient may be off, as a share of the mean gradient's length.
SMOOTH = {
    "one input": ("exp(-x)*sin(2*x)", 0.5, 2.0, 1e-4),
    "a bump": ("exp(-x**2 - y**2/2)", -2.0, 2.0, 1e-3),
    "waves": ("sin(2*x)*cos(y) + y", -2.0, 2.0, 1e-3),
    "a pole nearby": ("(x + 2*y)/(1 + x*y)", 0.5, 2.0, 1e-4),
    "three inputs": ("x*exp(-y)*sqrt(1 + z)", 0.5, 2.0, 1e-4),
    "four inputs": ("w*sin(x*y) + log(1 + z)", 0.5, 2.0, 5e-3),
}


def off(text: str, data: Dataset, field: GradientField) -> float:
    """The rms difference of the gradients of z itself over the rms length of the true ones, clear of the edges."""
    rows, truth = inside(data), differences(text, data)
    found = field.gradient / field.slope[:, None]
    return float(np.sqrt(np.mean((found - truth)[rows] ** 2) / np.mean(truth[rows] ** 2)))


@pytest.mark.parametrize(("text", "low", "high", "tolerance"), SMOOTH.values(), ids=SMOOTH)
def test_the_gradient_is_that_of_the_function(text: str, low: float, high: float, tolerance: float) -> None:
    data = table(text, low=low, high=high, rows=500)
    field = surrogate(data.X, data.y)
    assert field.gradient.shape == data.X.shape
    assert off(text, data, field) < tolerance
    assert field.error < tolerance and field.gradient_error < 0.01


def test_inputs_over_decades_are_taken_by_their_logarithms() -> None:
    rng = np.random.default_rng(0)
    X = np.exp(rng.uniform(np.log(1e-2), np.log(1e2), (500, 2)))
    data = Dataset(X, np.log(X[:, 0]) * np.sqrt(X[:, 1]), ("x", "y"), "t")
    field = surrogate(data.X, data.y)
    truth = np.column_stack([np.sqrt(X[:, 1]) / X[:, 0], np.log(X[:, 0]) / (2 * np.sqrt(X[:, 1]))])
    reach = X * (field.gradient - truth)  # by the logarithm of an input
    assert field.error < 1e-6
    assert np.sqrt(np.mean(reach**2) / np.mean((X * truth) ** 2)) < 0.02


@pytest.mark.parametrize("shape", [(1e-6, 1.0), (1e6, 1.0), (1.0, 1e-9), (1.0, 1e9)], ids=str)
def test_units_do_not_matter(shape: tuple[float, float]) -> None:
    """In other units of an input or of the target, the gradient is the same one in these units."""
    unit, scale = shape
    data = table("x*exp(-y) + y", rows=300)
    field = surrogate(data.X, data.y)
    other = surrogate(data.X * [unit, 1.0], data.y * scale)
    plain, turned = (f.gradient / f.slope[:, None] for f in (field, other))
    assert turned * [unit, 1.0] / scale == pytest.approx(plain, rel=1e-4, abs=1e-5)


def test_the_same_rows_give_the_same_field() -> None:
    data = table("x*exp(-y) + y", rows=300)
    first, second = (surrogate(data.X, data.y) for _ in range(2))
    assert np.array_equal(first.gradient, second.gradient) and first.view == second.view


def test_a_view_that_is_smoother_is_taken() -> None:
    data = table("exp(4*x + 3*y**2)", rows=500)
    assert surrogate(data.X, data.y).view == "log(y)"
