"""Power products under a function, powers before a rough rest, and what changes nothing on the rows."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import FOUR, misfit, over_decades, spoilt, table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants, floats
from kansr.formula.judge.exactness import convincing, exact
from kansr.structure.terminals.closed_form.power_law import (
    power_law,
    power_law_beside_outliers,
    power_law_in_noise,
    power_laws_under_functions,
)


@pytest.mark.parametrize(
    ("law", "decades"),
    [
        ("sqrt(1 + 3*x**2*y/(z*w**4))", 1.0),
        ("1/(exp(2.5e-3*x/y) - 1)", 1.0),
        ("exp(-0.1*x*y/z**2) + 1", 0.5),
        ("sin(0.01*x*y*z)", 1.0),
        ("log(1 + x*y**2*w)", 1.0),
    ],
)
def test_a_power_product_is_seen_through_a_function(law: str, decades: float) -> None:
    data = over_decades(law, decades=decades)
    with np.errstate(all="ignore"):
        found = next(power_laws_under_functions(data))
    fit = fit_constants(found, data)
    assert exact(fit, data) and convincing(fit, data)


@pytest.mark.parametrize("law", ["x*y**2/z", "-x**3/w**2", "1/(x*y*z*w)", "sqrt(x)*z**2"])
def test_a_power_product_is_found_whose_small_values_have_lost_their_sign(law: str) -> None:
    data = over_decades(law)
    noise = np.full(data.rows, 0.01 * float(np.sqrt(np.mean(data.y**2))))
    noisy = Dataset(data.X, data.y + np.random.default_rng(3).normal(0, noise), FOUR, "t")
    assert power_law(noisy) is None
    found = power_law_in_noise(noisy, noise)
    assert found is not None
    assert sympy.simplify(found / parse(law)).is_number


def test_noise_alone_is_no_power_product() -> None:
    data = over_decades("1 + 0*x")
    noise = np.random.default_rng(3).normal(0, 1, data.rows)
    assert power_law_in_noise(Dataset(data.X, noise, FOUR, "t"), np.ones(data.rows)) is None


def test_no_power_product_is_seen_in_a_sum() -> None:
    with np.errstate(all="ignore"):
        assert not list(power_laws_under_functions(over_decades("x*y + z*w")))


POWER_LAWS = {
    "whole": "3*x**2/y**3",
    "fractions": "1.5*x**(3/2)*y**(-1/2)*z**(2/3)",
    "a decimal": "2*x**1.37*y**(-0.61)",
    "negative": "-4*x*y/z**2",
    "an input that is not used": "5*x**2*y**0",
}


def equal(found: sympy.Expr | None, data: Dataset, tolerance: float = 1e-9) -> bool:
    return found is not None and misfit(found, data) < tolerance


@pytest.mark.parametrize("text", POWER_LAWS.values(), ids=POWER_LAWS)
def test_a_power_law_is_read_off_exactly(text: str) -> None:
    data = table(text)
    found = power_law(data)
    assert equal(found, data)
    exponents, meant = (expr.as_powers_dict() for expr in (found, parse(text)))
    for name in "xyz":
        p = sympy.sympify(meant[sympy.Symbol(name)])
        assert exponents[sympy.Symbol(name)] == (p if p.is_Rational else pytest.approx(float(p), rel=1e-9))


@pytest.mark.parametrize("text", ["3*x**2*y", "-x*y*z", "2*x**3/y**2", "x**2*y**-4", "abs(x)**1.5*y"])
def test_a_power_law_of_signed_inputs_has_its_sign(text: str) -> None:
    data = table(text, low=-2, high=2)
    assert equal(power_law(data), data)


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_the_exponents_of_a_noisy_power_law_snap(noise: float) -> None:
    found = power_law(table("3*x**2*z**(1/2)/y", noise=noise))
    assert found is not None
    assert found.has(parse("x") ** 2, parse("sqrt(z)"), parse("1/y"))
    assert len(floats(found)) == 1


def test_an_input_that_does_nothing_is_dropped_in_spite_of_noise() -> None:
    data = table("3*x**2*y**0.5", noise=0.05)
    extra = np.random.default_rng(4).uniform(0.5, 2, data.rows)
    found = power_law(Dataset(np.column_stack([data.X, extra]), data.y, ("x", "y", "w"), "t"))
    assert found is not None
    assert {str(s) for s in found.free_symbols} == {"x", "y"}


NO_POWER_LAW = {
    "a zero among the inputs": Dataset(np.array([[0.0], [1.0], [2.0], [3.0]]), np.arange(1.0, 5.0), ("x",)),
    "a zero in the target": Dataset(np.arange(1.0, 5.0)[:, None], np.array([0.0, 1.0, 2.0, 3.0]), ("x",)),
    "too few rows": Dataset(np.array([[1.0], [2.0]]), np.array([1.0, 2.0]), ("x",)),
    "signs that no power has": table("x - 1.2"),
}


@pytest.mark.parametrize("data", NO_POWER_LAW.values(), ids=NO_POWER_LAW)
def test_where_there_can_be_no_power_law_there_is_none(data: Dataset) -> None:
    assert power_law(data) is None


def test_a_power_law_is_seen_beside_wrong_rows() -> None:
    data, wrong = spoilt(400, 0.1, noise=0.0)
    expr = power_law_beside_outliers(data)
    assert expr is not None
    assert Tape(expr, data.names).value(data.X[~wrong]) == pytest.approx(data.y[~wrong])
    assert power_law_beside_outliers(data.take(~wrong)) is None  # what power_law finds needs no other way
