"""The gradient error: how far residuals move a point along the gradient."""

import numpy as np
import pytest

from kansr.structure.surrogate.gradient_field import capped_square, displacement_error


def test_it_is_the_residual_over_the_steepness() -> None:
    gradient = np.array([[3.0, 4.0], [0.0, 2.0]])
    assert displacement_error(np.array([0.5, -0.2]), gradient) == pytest.approx(0.1)


@pytest.mark.parametrize("scale", [1e-100, 1e-6, 1.0, 1e9])
def test_the_unit_of_the_target_does_not_matter(scale: float) -> None:
    residual, gradient = np.array([0.5, -0.2, 1e-12]), np.array([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]])
    assert displacement_error(scale * residual, scale * gradient, scale) == pytest.approx(
        displacement_error(residual, gradient)
    )


@pytest.mark.parametrize(
    "residual, slope, moved",
    [(1e-15, 0.0, 0.0), (0.1, 0.0, 1.0), (5.0, 0.1, 1.0), (0.0, 0.0, 0.0), (np.nan, 1.0, 1.0), (1.0, np.nan, 1.0)],
    ids=["flat, and rounding", "flat", "far", "flat and exact", "no value", "no gradient"],
)
def test_rows_without_a_displacement(residual: float, slope: float, moved: float) -> None:
    assert displacement_error(np.array([residual]), np.array([[slope]])) == pytest.approx(moved, abs=1e-5)


def test_no_row_counts_for_more_than_all_that_are_missed() -> None:
    assert capped_square(np.array([0.0, 1.0, 100.0, np.nan])) == pytest.approx((0 + 1 + 25 + 25) / 4)
    assert capped_square(np.ones((4, 2))).shape == (2,)
