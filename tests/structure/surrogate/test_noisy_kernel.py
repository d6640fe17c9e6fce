"""Kernel models of noisy rows: what can be attained is the noise, and gradients know how exact they are."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import table, with_noise

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.structure.surrogate.noisy_kernel import (
    MANY,
    KernelSettings,
    NoisyRows,
    best_settings,
    gradients,
    held_out_error,
    held_out_error_on,
    quick_model,
)

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
    assert 0.045 < held_out_error(data.X, data.y + noise) < 0.06


@pytest.mark.parametrize("rows", [60, 400])
def test_of_pure_noise_next_to_nothing_can_be_attained(rows: int) -> None:
    rng = np.random.default_rng(2)
    assert held_out_error(rng.uniform(size=(rows, 2)), rng.normal(size=rows)) > 0.85


def test_of_a_clean_law_everything_can_be_attained() -> None:
    data = table("x*y + 2*x", rows=400)
    assert held_out_error(data.X, data.y) < 1e-5


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
    assert 0.995 * least < held_out_error_on(unseen, train) < 1.1 * least


def test_shorter_kernels_are_tried_of_one_input() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-4, 4, 1500)
    rows = NoisyRows(x[:, None], np.exp(-(x**2)) + 0.01 * rng.normal(size=1500), np.ones(1500))
    seen = quick_model(rows, KernelSettings("z", (False,), 9.6, 1e-6))
    assert seen is not None and seen.error < 0.02


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_gradients_know_how_exact_they_are(share: float) -> None:
    text = "x*sin(y) + z**2"
    data = with_noise(text, share)
    rows = NoisyRows(data.X, data.y, np.ones(data.rows))
    field = gradients(rows, best_settings(rows).setting, MANY)
    truth = np.column_stack(
        [Tape(sympy.diff(parse(text), sympy.Symbol(n)), data.names).value(data.X) for n in data.names]
    )
    off = (field.gradient / field.slope[:, None] - truth) * data.X.std(0)
    known = float(np.sqrt(np.median(np.sum(off**2, axis=1))))
    slope = float(np.median(np.abs(field.slope)))
    assert known / 6 < field.gradient_noise / slope < 6 * known  # what the model smooths away is not known to it
