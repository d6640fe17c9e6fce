"""Null vectors beside those of scipy."""

import numpy as np
import pytest
from scipy.linalg import null_space as scipy_null_space

from kansr.numeric.null_vector import null_space, null_vector, sparsest


def dependent(rows: int, columns: int, missing: int, error: float = 0.0) -> np.ndarray:
    """A random matrix of rank columns − missing, with errors of this size."""
    rng = np.random.default_rng(rows + columns)
    A = rng.normal(size=(rows, columns - missing)) @ rng.normal(size=(columns - missing, columns))
    return A + error * rng.normal(size=A.shape)


@pytest.mark.parametrize("rows, columns", [(9, 3), (40, 12), (12, 12)])
def test_the_null_vector_is_that_of_scipy(rows, columns):
    A = dependent(rows, columns, 1)
    v = null_vector(A, 1e-11, 100.0)
    assert v is not None
    theirs = scipy_null_space(A)[:, 0]
    assert abs(v @ theirs) == pytest.approx(1.0, abs=1e-12)
    assert np.abs(A @ v).max() < 1e-12


@pytest.mark.parametrize("missing", [1, 2, 4])
def test_the_null_space_is_that_of_scipy(missing):
    A = dependent(30, 8, missing)
    ours, theirs = null_space(A, 1e-11, 100.0), scipy_null_space(A)
    assert ours.shape == (missing, 8)
    assert np.linalg.svd(ours @ theirs, compute_uv=False) == pytest.approx(np.ones(missing), abs=1e-12)


def test_the_tolerance_says_what_counts_as_dependent():
    A = dependent(30, 6, 1, error=1e-7)
    assert null_vector(A, 1e-11, 100.0) is None
    assert null_vector(A, 1e-5, 100.0) is not None


@pytest.mark.parametrize("A", [np.eye(4), dependent(30, 6, 2), np.zeros((5, 3)), np.full((5, 3), np.nan)])
def test_independent_columns_two_directions_and_nonsense_have_no_one_null_vector(A):
    assert null_vector(A, 1e-11, 100.0) is None


def test_the_rank_has_to_be_clear():
    A = np.diag([1.0, 1e-12, 3e-14])
    assert null_vector(A, 1e-11, 1e3) is None
    assert null_vector(A, 1e-11, 10.0) == pytest.approx(np.array([0, 0, 1.0]), abs=1e-12)


@pytest.mark.parametrize("directions", [2, 3, 5])
def test_elimination_finds_a_sparse_direction_of_the_space(directions):
    space = np.random.default_rng(directions).normal(size=(directions, 9))
    v = sparsest(space, 1e-8)
    assert np.count_nonzero(np.abs(v) > 1e-8 * np.abs(v).max()) <= 9 - (directions - 1)
    within = np.linalg.lstsq(space.T, v, rcond=None)[0]
    assert space.T @ within == pytest.approx(v, abs=1e-12)


def test_a_law_in_two_terms_comes_out_of_a_space_of_two_laws():
    """x − y and u − 2·v, each times anything: elimination leaves each with two terms."""
    mixed = np.array([[1.0, -1.0, 1.0, -2.0], [2.0, -2.0, -1.0, 2.0]])
    assert np.count_nonzero(np.abs(sparsest(mixed, 1e-8)) > 1e-8) == 2


def test_one_direction_stays_as_it_is():
    v = np.array([[0.5, -0.25, 0.0]])
    assert np.array_equal(sparsest(v, 1e-8), v[0])
