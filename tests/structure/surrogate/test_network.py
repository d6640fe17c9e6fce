"""The surrogate from networks: its values and gradients against those of known laws."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from kansr.structure.surrogate.network import NetworkSurrogateConfig, network_surrogate

RNG = np.random.default_rng(3)
X = RNG.uniform(1, 3, (900, 4))
QUICK = NetworkSurrogateConfig(rows=500, starts=2, steps=25)

LAWS = {
    "a power product": (lambda x: 2 * x[:, 0] * x[:, 1] ** 2 / x[:, 2], lambda x, z: z / x[:, 0]),
    "a sum inside": (
        lambda x: x[:, 0] / np.sqrt(x[:, 1] ** 2 + x[:, 2] ** 2),
        lambda x, z: 1 / np.sqrt(x[:, 1] ** 2 + x[:, 2] ** 2),
    ),
    "an oscillation": (lambda x: np.sin(2 * x[:, 0] + x[:, 1]), lambda x, z: 2 * np.cos(2 * x[:, 0] + x[:, 1])),
}


@pytest.mark.parametrize("name", LAWS)
def test_gradients_are_those_of_the_law(name: str) -> None:
    law, by_first = LAWS[name]
    z = law(X)
    field = network_surrogate(X, z, QUICK)
    assert field.error < 1e-4 and field.gradient_error < 2e-2
    slope = field.gradient[:, 0] / field.slope
    truth = by_first(X, z)
    assert np.median(np.abs(slope - truth)) < 0.02 * np.std(truth)
    idle = np.abs(field.gradient[:, 3] * X[:, 3].std()).mean()
    assert idle < 0.02 * np.abs(field.gradient[:, 0] * X[:, 0].std()).mean()


def test_the_same_seed_gives_the_same_field() -> None:
    z = np.exp(X[:, 0]) * X[:, 1]
    a, b = (network_surrogate(X, z, QUICK) for _ in range(2))
    assert np.array_equal(a.gradient, b.gradient) and a.view == b.view


def test_when_time_is_up_there_is_still_an_answer() -> None:
    field = network_surrogate(X, X[:, 0] + X[:, 1], QUICK, expired=lambda: True)
    assert np.isfinite(field.gradient).all()
