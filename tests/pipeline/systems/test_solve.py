"""Systems found from noise-free and noisy series."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.systems import predators, solution

from kansr.pipeline.systems.series import Run, Series
from kansr.pipeline.systems.solve import solve

x, v = sympy.symbols("x dx_dt")
prey, predator = sympy.symbols("prey predator")


def coefficients(expr: sympy.Expr, *terms: sympy.Expr) -> list[float]:
    """Of the terms; the expression has no others."""
    found = {}
    for part in sympy.Add.make_args(sympy.expand(expr)):
        number, term = part.as_coeff_Mul()
        found[term] = float(number)
    assert set(found) == set(terms), expr
    return [found[term] for term in terms]


@pytest.mark.parametrize(("noise", "tolerance"), [(0.0, 1e-3), (0.01, 0.03), (0.05, 0.1)])
def test_predators_and_prey_are_found(noise: float, tolerance: float) -> None:
    *_, found = solve(predators(noise))
    np.testing.assert_allclose(coefficients(found.exprs[0], prey, prey * predator), [1, -0.5], rtol=tolerance)
    np.testing.assert_allclose(coefficients(found.exprs[1], prey * predator, predator), [0.3, -0.8], rtol=tolerance)


def test_an_equation_of_second_order_at_uneven_times() -> None:
    t = np.sort(np.random.default_rng(0).uniform(0, 12, 200))
    path = solution(lambda t, z: [z[1], -2 * z[0] - 0.3 * z[1]], (1.0, 0.5), t)
    *_, found = solve(Series("t", ("x",), (Run("", t, path[:, :1]),), 2))
    np.testing.assert_allclose(coefficients(found.exprs[0], x, v), [-2, -0.3], rtol=1e-2)


def test_the_same_series_gives_the_same_system() -> None:
    t = np.linspace(0, 5, 40)
    path = solution(lambda t, z: [1.2 * z[0] - 0.4 * z[0] ** 2], (0.2,), t)
    path = path + 0.02 * np.random.default_rng(0).normal(size=path.shape)
    series = Series("t", ("x",), (Run("", t, path),), 1)
    first, second = ([one.exprs for one in solve(series)][-1] for _ in range(2))
    assert first == second


def test_no_time_is_enough_for_something() -> None:
    found = list(solve(predators(rows=60), lambda: True))
    assert found and all(len(one.exprs) == 2 for one in found)
