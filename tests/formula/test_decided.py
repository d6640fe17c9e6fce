"""The bits between two formulas have the standard error that they have from one draw of rows to another."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.formula.judge.decided import bits_by_chance
from kansr.numeric.arrays import Array


def residuals(seed: int, rows: int, bend: float) -> tuple[Dataset, Array, Array]:
    """Rows of a bent line with noise, what the bent line leaves and what a straight one does."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, rows)
    y = x + bend * x**2 + rng.normal(0, 0.1, rows)
    data = Dataset(x[:, None], y, ("x",))
    return data, x + bend * x**2 - y, x + bend / 3 - y


@pytest.mark.parametrize(("rows", "bend"), [(30, 0.2), (100, 0.1), (300, 0.3)])
def test_it_is_the_spread_over_tables(rows: int, bend: float) -> None:
    bits, errors = [], []
    for seed in range(200):
        data, one, other = residuals(seed, rows, bend)
        bits.append(0.5 * rows * np.log2(np.mean(other**2) / np.mean(one**2)))
        errors.append(bits_by_chance(one, other, data))
    assert np.std(bits) == pytest.approx(np.median(errors), rel=0.2)


def test_a_difference_that_rests_on_one_row_is_uncertain() -> None:
    data, one, other = residuals(0, 40, 0.0)
    other = one.copy()
    other[7] += 1.0
    gain = 0.5 * 40 * np.log2(np.mean(other**2) / np.mean(one**2))
    assert gain > 20 and gain < 2 * bits_by_chance(one, other, data)


def test_what_is_exact_is_decided() -> None:
    x = np.linspace(1, 2, 30)
    data = Dataset(x[:, None], x**2, ("x",))
    assert bits_by_chance(np.zeros(30), 1e-3 * np.sin(40 * x), data) < 30
