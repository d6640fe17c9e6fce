"""Spline bases, least squares in them, and points to sample a curve at."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.numeric.spline_basis import basis, least_squares, samples


@pytest.mark.parametrize("x", [np.linspace(-1, 1, 50), np.geomspace(1e-3, 1e3, 50)], ids=["evenly", "over decades"])
def test_a_spline_basis_is_a_partition_of_one(x: np.ndarray) -> None:
    assert basis(x, 7)(x).sum(axis=1) == pytest.approx(np.ones(50))


def test_a_logarithmic_spline_basis_goes_on_where_there_is_no_logarithm() -> None:
    b = basis(np.geomspace(0.01, 1, 50), 5)
    np.testing.assert_allclose(b(np.array([-1.0, 0.0, 2.0])), b(np.array([0.01, 0.01, 1.0])), atol=1e-12)


def test_least_squares_is_least_squares() -> None:
    rng = np.random.default_rng(0)
    A, T = rng.normal(size=(50, 6)), rng.normal(size=(50, 2))
    assert least_squares(A, T) == pytest.approx(np.linalg.lstsq(A, T, rcond=None)[0], rel=1e-8)


def test_samples_ascend_over_the_range() -> None:
    x = np.random.default_rng(0).exponential(size=500)
    points = samples(x)
    assert np.all(np.diff(points) > 0)
    assert (points[0], points[-1]) == (x.min(), x.max())
