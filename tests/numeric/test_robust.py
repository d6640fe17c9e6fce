"""Robust levels of residuals are those of normal errors, and never more."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.numeric.robust import mean_square, robust_square


def test_the_robust_level_is_that_of_normal_errors_and_never_more() -> None:
    errors = np.random.default_rng(0).normal(0, 3, 100_000)
    assert robust_square(errors) == pytest.approx(9, rel=0.02)
    assert robust_square(np.array([0.0, 0.0, 1e9])) == mean_square(np.array([0.0, 0.0, 1e9]))
    assert robust_square(np.array([0.0, np.inf])) == np.inf
