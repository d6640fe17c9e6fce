"""Fast waves and products with poles: what no smooth model follows is read off periodograms and logarithms."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import misfit, wide

from kansr.data.dataset import Dataset
from kansr.structure.terminals.one_input.periodogram import waves

NAMES = ("x", "y", "z")


WAVES = {
    "a tide": "2 + 1.3*cos(4.1*x + 0.4) + 0.7*cos(3.87*x - 1) + 0.2*sin(9.3*x)",
    "of a cube": "6.8 - 11*cos(0.31*x**3)",
    "of two inputs": "1 - 2.1*cos(9.8*x)*sin(1.3*z)",
    "a phase of both": "3*sin(2.2*y - 4.7*z + 0.3)",
}


@pytest.mark.parametrize("text", WAVES.values(), ids=WAVES)
def test_waves_of_many_turns_are_found(text: str) -> None:
    data = wide(text)
    (expr,) = waves(data)
    assert misfit(expr, data) < 1e-8
    assert misfit(expr, wide(text, seed=1)) < 1e-8


@pytest.mark.parametrize("text", ["x + y**2", "exp(-x**2/50)*y", "cos(x/20)"])
def test_what_is_smooth_is_no_wave(text: str) -> None:
    assert not list(waves(wide(text)))


@pytest.mark.parametrize("seeds", [range(5), pytest.param(range(5, 20), marks=pytest.mark.long)])
def test_noise_is_no_wave(seeds: range) -> None:
    found = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        found += len(list(waves(Dataset(rng.uniform(0, 1, (1000, 2)), rng.normal(size=1000), NAMES[:2], "t"))))
    assert found == 0
