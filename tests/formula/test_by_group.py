"""Constants by group: the least squares of all constants together, whichever of them the groups share."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.dataset import Dataset
from kansr.data.grouping import Grouping
from kansr.expression.parse import parse
from kansr.formula.fit.by_group import GroupFit, fit_separately, fit_together, with_own_columns

K0, K1 = sympy.symbols("k0 k1")


def rows(counts: tuple[int, ...], noise: float = 0.0, seed: int = 0) -> Dataset:
    """y = k0·exp(-1.5·x) + k1 in groups of so many rows, k0 = 1, 2, … and k1 = -1, -2, …"""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    x = rng.uniform(0, 3, len(codes))
    y = (codes + 1) * np.exp(-1.5 * x) - (codes + 1) + noise * rng.normal(size=len(x))
    return Dataset(x[:, None], y, ("x",), grouping=Grouping("g", tuple(map(str, range(len(counts)))), codes))


def start(groups: int) -> GroupFit:
    return GroupFit(parse("k0*exp(-1.1*x) + k1"), (K0, K1), np.tile([0.7, 0.2], (groups, 1)))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(4, 30), min_size=2, max_size=6), st.integers(0, 5))
def test_fitting_finds_shared_constants_and_those_of_each_group(counts: list[int], seed: int) -> None:
    fit = fit_together(start(len(counts)), rows(tuple(counts), seed=seed))
    truth = np.arange(1.0, len(counts) + 1)
    assert fit.values == pytest.approx(np.column_stack([truth, -truth]), abs=1e-6)
    assert [value for value, _ in fit.errors] == pytest.approx([-1.5], abs=1e-6)
    assert fit.rms < 1e-8


def test_the_optimum_and_its_errors_are_those_of_one_large_least_squares() -> None:
    data = rows((12, 30, 7), noise=0.05)
    fit = fit_together(start(3), data)
    assert data.grouping is not None and fit.own_errors is not None
    slope = fit.errors[0][0]
    group = np.eye(3)[data.grouping.codes]
    curve = np.exp(slope * data.X[:, 0])
    shared = (group @ fit.values[:, 0]) * data.X[:, 0] * curve
    J = np.column_stack([group * curve[:, None], group, shared])
    residual = data.y - (group @ fit.values[:, 0]) * curve - group @ fit.values[:, 1]
    assert J.T @ residual == pytest.approx(np.zeros(7), abs=1e-6)
    errors = np.sqrt(np.diag(np.linalg.inv(J.T @ J)) * (residual @ residual) / (len(data.y) - 7))
    assert [*fit.own_errors.T.ravel(), fit.errors[0][1]] == pytest.approx(errors, rel=1e-6)


def test_groups_far_from_where_they_begin_are_found_from_others() -> None:
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(8), 40)
    frequency, x = np.linspace(1.0, 3.5, 8), rng.uniform(0, 9, 320)
    data = Dataset(x[:, None], np.cos(frequency[codes] * x), ("x",), grouping=Grouping("g", tuple("abcdefgh"), codes))
    fit = fit_separately(GroupFit(parse("cos(k0*x)"), (K0,), np.full((8, 1), 1.02)), data)
    assert np.abs(fit.values[:, 0]) == pytest.approx(frequency, abs=1e-5)


def test_a_formula_without_a_value_fits_nothing() -> None:
    fit = fit_together(GroupFit(parse("log(-k0 - x**2)"), (K0,), np.ones((2, 1))), rows((5, 5)))
    assert not np.isfinite(fit.rms)


def test_constants_of_the_groups_become_columns() -> None:
    data = rows((3, 4))
    whole = with_own_columns(data, (K0,), np.array([[5.0], [6.0]]))
    assert data.grouping is not None
    assert whole.names == ("x", "k0")
    assert (whole.X[:, 1] == 5.0 + data.grouping.codes).all()
