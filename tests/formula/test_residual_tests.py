"""Noise passes the tests of residuals; what a function of the inputs could explain does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.formula.judge.residual_tests import lacks_fit, looks_like_noise, neighbour_noise, pure_error
from kansr.numeric.arrays import Array


def rows_of(rows: int, inputs: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, rows, inputs]).uniform(-1, 1, (rows, inputs))


NOISE: dict[str, Callable[[np.random.Generator, Array], Array]] = {
    "normal": lambda rng, X: rng.normal(size=len(X)),
    "uniform": lambda rng, X: rng.uniform(-1, 1, len(X)),
    "heavy-tailed": lambda rng, X: rng.standard_t(2, len(X)),
    "about another mean": lambda rng, X: 7 + rng.normal(size=len(X)),
    "rounded": lambda rng, X: np.round(rng.normal(size=len(X))),
}


@pytest.mark.parametrize(("rows", "inputs"), [(100, 1), (300, 2), (200, 4)])
@pytest.mark.parametrize("draw", NOISE.values(), ids=NOISE)
def test_noise_is_seldom_taken_for_anything_else(
    draw: Callable[[np.random.Generator, Array], Array], rows: int, inputs: int
) -> None:
    wrong = 0
    for seed in range(100):
        X = rows_of(rows, inputs, seed)
        wrong += not looks_like_noise(draw(np.random.default_rng([seed, 1]), X), X)
    assert wrong <= 5


STRUCTURE: dict[str, Callable[[Array], Array]] = {
    "a trend": lambda X: X[:, 0],
    "a parabola": lambda X: X[:, 0] ** 2,
    "a slow wave": lambda X: np.sin(3 * X[:, 0]),
    "a fast wave": lambda X: np.sin(25 * X[:, 0]),
    "a step": lambda X: np.sign(X[:, 0] - 0.3),
    "a corner": lambda X: np.abs(X[:, 0]),
    "the last input alone": lambda X: np.sin(6 * X[:, -1]),
    "all inputs together": lambda X: np.sin(3 * X.sum(axis=1)),
    "a product": lambda X: np.prod(X, axis=1),
    "tiny": lambda X: 1e-12 * np.sin(3 * X[:, 0]),
    "huge": lambda X: 1e12 * np.sin(3 * X[:, 0]),
}


@pytest.mark.parametrize("inputs", [1, 2, 3])
@pytest.mark.parametrize("residual", STRUCTURE.values(), ids=STRUCTURE)
def test_structure_is_no_noise(residual: Callable[[Array], Array], inputs: int) -> None:
    X = rows_of(400, inputs)
    assert not looks_like_noise(residual(X), X)


@pytest.mark.parametrize("residual", [STRUCTURE["a trend"], STRUCTURE["a slow wave"], STRUCTURE["a step"]])
def test_structure_is_seen_through_as_much_noise(residual: Callable[[Array], Array]) -> None:
    X = rows_of(400, 2)
    values = residual(X)
    noise = np.random.default_rng(4).normal(0, float(np.std(values)), len(values))
    assert not looks_like_noise(values + noise, X)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_units_and_the_order_of_rows_do_not_matter(unit: float) -> None:
    rng = np.random.default_rng(1)
    X, order = rows_of(150, 2), rng.permutation(150)
    for residual in (rng.normal(size=150), np.sin(4 * X[:, 0])):
        answer = looks_like_noise(residual, X)
        assert looks_like_noise(unit * residual, X) is answer
        assert looks_like_noise(residual, X * [unit, 1.0]) is answer
        assert looks_like_noise(residual, np.exp(X)) is answer  # ranks
        assert looks_like_noise(residual[order], X[order]) is answer


def test_a_handful_of_rows_or_nothing_left_says_nothing() -> None:
    assert looks_like_noise(np.arange(7.0), np.arange(7.0)[:, None])
    assert looks_like_noise(np.zeros(50), rows_of(50, 2))


def test_rows_with_the_same_inputs_say_how_large_the_noise_is() -> None:
    rng = np.random.default_rng(0)
    X = np.repeat(rng.uniform(0, 1, (100, 2)), 3, axis=0)
    data = Dataset(X, X[:, 0] ** 2 + 0.1 * rng.normal(size=300), ("x", "z"))
    variance, free = pure_error(data)
    assert free == 200 and variance == pytest.approx(0.01, rel=0.25)
    assert not lacks_fit(X[:, 0] ** 2 - data.y, data, 0)
    assert lacks_fit(X[:, 0] - 0.1 - data.y, data, 1)
    assert pure_error(data.take(slice(0, 300, 3))) == (0.0, 0)


def test_neighbours_say_how_large_the_noise_is() -> None:
    rng = np.random.default_rng(0)
    X = np.sort(rng.uniform(0, 1, (400, 1)), axis=0)
    data = Dataset(X, np.sin(6 * X[:, 0]) + 0.1 * rng.normal(size=400), ("x",))
    assert neighbour_noise(data) == pytest.approx(0.1, rel=0.15)
