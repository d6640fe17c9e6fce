"""Monomials beside those of scikit-learn."""

import numpy as np
import pytest
from sklearn.preprocessing import PolynomialFeatures

from kansr.numeric.monomials import design, monomials, unit_columns

X = np.random.default_rng(0).uniform(-2, 2, (50, 3))


@pytest.mark.parametrize("degree", [0, 1, 2, 5])
def test_monomials_and_their_values_are_those_of_scikit_learn(degree):
    theirs = PolynomialFeatures(degree).fit(X)
    powers = monomials(3, degree)
    assert np.array_equal(powers, theirs.powers_)
    assert design(X, powers) == pytest.approx(theirs.transform(X), rel=1e-14)


def test_a_linear_input_has_no_square():
    assert monomials(2, 2, linear=(False, True)) == [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1)]


def test_unit_columns_have_a_mean_square_of_one_but_for_zeros():
    A = np.column_stack([X, np.zeros(len(X))])
    unit, scale = unit_columns(A)
    assert np.mean(unit**2, axis=0) == pytest.approx([1, 1, 1, 0])
    assert unit * scale == pytest.approx(A, rel=1e-15)


def test_monomials_are_complete_and_distinct() -> None:
    powers = monomials(3, 4)
    assert powers[0] == (0, 0, 0)
    assert len(powers) == len(set(powers)) == 35  # C(3 + 4, 4)
    assert max(map(sum, powers)) == 4
