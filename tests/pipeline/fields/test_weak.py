"""Rows of the weak form: the equation holds in them, and their errors are those that are predicted."""

from __future__ import annotations

import numpy as np
import pytest
from support.fields import Arrays, shock, with_noise

from kansr.pipeline.fields.bumps import Bump
from kansr.pipeline.fields.field import field_of
from kansr.pipeline.fields.terms import Term
from kansr.pipeline.fields.weak import MOST_ROWS, Rows, Weak

TERMS = (Term(1, (2,)), Term(2, (1,)))
VALUES = np.array([0.1, -0.5])  # of Burgers' equation


def rows(arrays: Arrays, noise: float, half: int = 12) -> Rows:
    field, _ = field_of(arrays, "t", ("x",), "u", "it")
    bumps = (Bump(half, 8, field.steps[0]), Bump(half, 10, field.steps[1]))
    return Weak(field, bumps, TERMS, noise).rows(tuple(slice(0, n) for n in field.values.shape))


def test_the_equation_holds_up_to_the_sums() -> None:
    found = rows(shock(), 0.0)
    rest = found.target - found.columns @ VALUES
    error = np.sqrt(np.mean(rest**2))
    assert error < 1e-5 * found.target.std()
    assert error < 3 * np.linalg.norm(found.weak.quadrature * [1, 0.1, 0.5])
    assert len(found) <= MOST_ROWS


def test_the_covariance_is_that_of_many_draws() -> None:
    exact = shock(64, 64)
    sigma = 0.05 * np.sqrt(np.mean(exact["u"] ** 2))
    predicted = rows(exact, sigma).covariance((0, 1), VALUES)
    rests = []
    for seed in range(300):
        noisy = rows(with_noise(exact, 0.05, seed), sigma)
        rests.append(noisy.target - noisy.columns @ VALUES)
    measured = np.cov(np.array(rests).T)
    scale = np.sqrt(np.diag(predicted))
    np.testing.assert_allclose(np.diag(measured) / scale**2, 1, atol=0.45)
    assert np.mean(np.diag(measured) / scale**2) == pytest.approx(1, abs=0.05)
    neighbours = np.abs(predicted / np.outer(scale, scale)) > 0.5
    np.testing.assert_allclose(
        (measured / np.outer(scale, scale))[neighbours], (predicted / np.outer(scale, scale))[neighbours], atol=0.45
    )
