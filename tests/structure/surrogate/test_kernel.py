"""The surrogate: its gradients are those of the function behind the rows, and it knows how good it can be."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import differences, inside, table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.structure.surrogate.gradient_field import Field
from kansr.structure.surrogate.kernel import surrogate
from kansr.structure.surrogate.noisy_kernel import attainable, attainable_on
from kansr.structure.surrogate.target_transforms import views

# A smooth law, the range of its inputs, and how far a gradient may be off, as a share of the mean gradient's length.
SMOOTH = {
    "one input": ("exp(-x)*sin(2*x)", 0.5, 2.0, 1e-4),
    "a bump": ("exp(-x**2 - y**2/2)", -2.0, 2.0, 1e-3),
    "waves": ("sin(2*x)*cos(y) + y", -2.0, 2.0, 1e-3),
    "a pole nearby": ("(x + 2*y)/(1 + x*y)", 0.5, 2.0, 1e-4),
    "three inputs": ("x*exp(-y)*sqrt(1 + z)", 0.5, 2.0, 1e-4),
    "four inputs": ("w*sin(x*y) + log(1 + z)", 0.5, 2.0, 5e-3),
}


def off(text: str, data: Dataset, field: Field) -> float:
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
    assert field.error < tolerance and field.quality < 0.01


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


TARGETS = {
    "positive": (np.linspace(0.5, 3, 40), {"y", "log(y)", "1/y", "y^2"}),
    "negative": (np.linspace(-3, -0.5, 40), {"y", "log(y)", "1/y", "y^2"}),
    "of both signs": (np.linspace(-1, 2, 40), {"y"}),
    "with a zero": (np.linspace(0, 2, 40), {"y"}),
}


@pytest.mark.parametrize(("z", "names"), TARGETS.values(), ids=TARGETS)
def test_there_are_views_only_where_they_are_one_to_one(z: Array, names: set[str]) -> None:
    found = {view.name: view.t for view in views(z)}
    assert set(found) == names
    assert all(len(np.unique(t)) == len(z) for t in found.values())


@pytest.mark.parametrize("sign", [1, -1])
def test_the_slope_of_a_view_is_its_derivative(sign: int) -> None:
    z, h = sign * np.linspace(0.5, 3, 40), 1e-6
    for view, high, low in zip(views(z), views(z + h), views(z - h)):
        assert view.slope == pytest.approx((high.t - low.t) / (2 * h), rel=1e-6), view.name


HIDDEN = np.append(np.geomspace(0.1, 50, 60), [-0.02, -0.05, -0.01])  # noise has taken the sign of the small values


@pytest.mark.parametrize("z", [HIDDEN, -HIDDEN, np.geomspace(0.5, 3, 40), -np.geomspace(0.5, 3, 40)], ids=str)
def test_every_view_can_be_turned_back(z: Array) -> None:
    found = views(z, noisy=True)
    assert len(found) > 1
    for view in found:
        assert view.target(view.t) == pytest.approx(z, rel=1e-9), view.name
        h = 1e-6 / np.abs(view.slope)
        assert (view.target(view.t + view.slope * h) - z) / h == pytest.approx(np.ones(len(z)), rel=1e-4), view.name


def test_a_sign_that_noise_hides_is_told_from_one_that_changes() -> None:
    assert "asinh(y)" in {view.name for view in views(HIDDEN, noisy=True)}
    assert [view.name for view in views(np.linspace(-1, 2, 40), noisy=True)] == ["y"]
    assert [view.name for view in views(HIDDEN)] == ["y"]


NOISY = {
    "a curve": ("2*x*exp(-x)", 0.2, 4.0),
    "a plane": ("x + 2*y", 0.5, 2.0),
    "a wave": ("sin(2*x) + y**2/2", -2.0, 2.0),
    "three inputs": ("x*y + sqrt(z)", 0.5, 2.0),
}


@pytest.mark.parametrize(("text", "low", "high"), NOISY.values(), ids=NOISY)
def test_what_can_be_attained_is_the_noise(text: str, low: float, high: float) -> None:
    """With normal noise of 5 % of the spread: not less than it, and not much more."""
    data = table(text, low=low, high=high, rows=1000)
    spread = float(np.std(data.y))
    noise = np.random.default_rng(7).normal(0, 0.05 * spread, data.rows)
    assert 0.045 < attainable(data.X, data.y + noise) < 0.06


@pytest.mark.parametrize("rows", [60, 400])
def test_of_pure_noise_next_to_nothing_can_be_attained(rows: int) -> None:
    rng = np.random.default_rng(2)
    assert attainable(rng.uniform(size=(rows, 2)), rng.normal(size=rows)) > 0.85


def test_of_a_clean_law_everything_can_be_attained() -> None:
    data = table("x*y + 2*x", rows=400)
    assert attainable(data.X, data.y) < 1e-5


@pytest.mark.parametrize("text", ["x*y", "1/(1.2 - x)", "-exp(x + y)"])
def test_no_smooth_model_is_better_than_the_law_itself(text: str) -> None:
    """Loud as the noise is: an error of log(z) or 1/z is worth another one of z wherever z has noise."""
    rng = np.random.default_rng(4)
    X = rng.uniform(0.1, 1, (1600, 2))
    law = evaluate(parse(text), {"x": X[:, 0], "y": X[:, 1]})
    noise = 0.25 * np.std(law) * rng.normal(size=len(law))
    y = law + np.clip(noise, -0.9 * np.abs(law), 0.9 * np.abs(law))  # logarithms and inverses stay possible
    train, unseen = Dataset(X[:1100], y[:1100], ("x", "y"), "z"), Dataset(X[1100:], y[1100:], ("x", "y"), "z")
    least = float(np.sqrt(np.mean((y - law)[1100:] ** 2)) / np.std(unseen.y))
    assert 0.995 * least < attainable_on(unseen, train) < 1.1 * least
