"""The beam search for small subsets of columns."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.pipeline.systems.regression.subsets import best_subsets


@pytest.mark.parametrize("columns", [(3,), (0, 7), (2, 5, 11)])
def test_the_columns_that_made_the_target_are_found(columns: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(80, 12)) + 3 * rng.normal(size=(80, 1))  # all much alike
    y = A[:, columns] @ (1.0 + np.arange(len(columns))) + 0.01 * rng.normal(size=80)
    best = best_subsets(y, A, np.full(12, 12.0), 80.0, 1e-3)[0]
    assert best == columns


def test_of_two_that_are_as_close_the_cheaper_one_is_first() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=50)
    A = np.column_stack([a, 2 * a])
    cheap = best_subsets(a, A, np.array([30.0, 10.0]), 50.0, 1e-3)[0]
    assert cheap == (1,)


def test_every_family_has_a_subset() -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(60, 20))
    y = A[:, 0] + 0.1 * rng.normal(size=60)
    family = np.where(np.arange(20) < 10, -1, np.arange(20) // 5)
    found = best_subsets(y, A, np.full(20, 8.0), 60.0, 1e-3, family)
    seen = {int(family[k]) for subset in found for k in subset} - {-1}
    assert seen == {2, 3}
