"""Equations are found, with coefficients whose errors are what they are said to be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fields import Arrays, diffusing, shock, spreading, with_noise

from kansr.expression.parse import parse
from kansr.pipeline.fields.field import field_of
from kansr.pipeline.fields.run import equation_here
from kansr.result.result import Result, Status

LIMIT = 300.0  # seconds, which none of them takes


def solved(arrays: Arrays, space: tuple[str, ...] = ("x",)) -> Result:
    field, _ = field_of(arrays, "t", space, "u", "it")
    return equation_here(field, LIMIT, 0)


def terms(expr: sympy.Expr) -> dict[sympy.Expr, float]:
    return {term: float(value) for term, value in sympy.expand(expr).as_coefficients_dict().items()}


CASES = {
    "diffusion, exact": (diffusing, 0.0, "-1.5*u_x + 0.05*u_xx", 1e-4),
    "diffusion, 10 % noise": (diffusing, 0.1, "-1.5*u_x + 0.05*u_xx", 0.1),
    "shock, exact": (shock, 0.0, "-u*u_x + 0.1*u_xx", 1e-4),
    "shock, 5 % noise": (shock, 0.05, "-u*u_x + 0.1*u_xx", 0.05),
}


@pytest.mark.parametrize(("field", "level", "truth", "error"), CASES.values(), ids=CASES)
def test_an_equation_is_found(field: Callable[[], Arrays], level: float, truth: str, error: float) -> None:
    found = solved(with_noise(field(), level, seed=1))
    ours, due = terms(found.best.expr), terms(parse(truth))
    assert found.status is Status.FOUND
    assert ours.keys() == due.keys()
    assert max(abs(ours[term] / value - 1) for term, value in due.items()) <= error
    assert found.best.r2_held_out > 0.7


@pytest.mark.slow  # seven seconds of a core
def test_an_equation_in_the_plane_is_found() -> None:
    ours = terms(solved(with_noise(spreading(), 0.02), ("x", "y")).best.expr)
    due = terms(parse("0.3*u_y + 0.2*u_xx"))
    assert ours.keys() == due.keys()
    assert max(abs(ours[term] / value - 1) for term, value in due.items()) < 0.02


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    exact = diffusing(64, 64)
    far = []
    for seed in range(6):
        found = solved(with_noise(exact, 0.05, seed))
        for value, error in found.constants:
            truth = -1.5 if value < 0 else 0.05
            far.append((value - truth) / error)
    assert len(far) >= 6
    assert 0.4 < np.sqrt(np.mean(np.square(far))) < 1.7


@settings(max_examples=2, deadline=None)
@given(time=st.floats(0.01, 100), place=st.floats(0.01, 100), size=st.floats(0.01, 100))
def test_other_units_give_other_coefficients_of_the_same_equation(time: float, place: float, size: float) -> None:
    """u → size·u, t → time·t, x → place·x: −u·u_x + 0.1·u_xx has coefficients by what each term counts."""
    exact = with_noise(shock(64, 96), 0.01)
    found = solved({"t": time * exact["t"], "x": place * exact["x"], "u": size * exact["u"]})
    ours = terms(found.best.expr)
    u, u_x, u_xx = sympy.symbols("u u_x u_xx")
    assert ours.keys() == {u * u_x, u_xx}
    assert ours[u * u_x] == pytest.approx(-place / (time * size), rel=0.03)
    assert ours[u_xx] == pytest.approx(0.1 * place**2 / time, rel=0.03)


def test_pure_noise_has_no_equation() -> None:
    exact = diffusing(64, 64)
    found = solved({**exact, "u": np.random.default_rng(0).normal(size=exact["u"].shape)})
    assert found.status is Status.NOTHING
    assert not found.best.expr.free_symbols


def test_time_that_is_over_leaves_the_best_so_far() -> None:
    field, _ = field_of(diffusing(), "t", ("x",), "u", "it")
    found = equation_here(field, 1e-3, 0)
    assert found.status is Status.TIMED_OUT
    assert found.best.expr == 0


T, X = np.meshgrid(np.linspace(0, 2, 60), np.linspace(0, 10, 80), indexing="ij")
ODD = {
    "does not change": (np.sin(X), Status.NOTHING, "0"),
    "changes alike everywhere": (np.exp(0.7 * T) + 0 * X, Status.FOUND, "0.7*u"),
    "a step": (np.heaviside(X - 2 * T - 3, 1), Status.NOTHING, "0"),
    "grows to a limit": (1 / (1 + np.exp(-(2 * T + np.sin(X)))), Status.FOUND, "2*u - 2*u**2"),
    "large numbers": (1e50 * (np.sin(X - 2 * T) + 0.3 * np.cos(2 * X - 4 * T)), Status.FOUND, "-2*u_x"),
}


@pytest.mark.parametrize(("u", "status", "expression"), ODD.values(), ids=ODD)
def test_odd_fields_get_an_answer_without_a_warning(u: np.ndarray, status: Status, expression: str) -> None:
    found = solved({"t": T[:, 0], "x": X[0], "u": u})
    assert (found.status, found.best.expr) == (status, parse(expression))
