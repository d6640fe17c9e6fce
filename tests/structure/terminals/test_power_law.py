"""Power products under a function, powers before a rough rest, and what changes nothing on the rows."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import FOUR, over_decades, state_of

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import polish
from kansr.formula.judge.exactness import convincing, exact
from kansr.formula.polish.tidy import plainer, straightened
from kansr.structure.moves.direct.irrelevant_inputs import idle
from kansr.structure.moves.direct.power_factors import strip
from kansr.structure.moves.state import State
from kansr.structure.terminals.closed_form.power_law import power_law, power_law_in_noise, power_laws_within


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
        found = next(power_laws_within(data))
    fit = polish(found, data)
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
        assert not list(power_laws_within(over_decades("x*y + z*w")))


@pytest.mark.parametrize(
    ("law", "gone", "signed"),
    [
        ("x*y/(z**2 - w**2)", "xy", True),
        ("x**2*sin(40*y*z)/w", "xw", False),
        ("sqrt(x)*(y + z*w)", "x", False),
        ("3*y**2*(1 + 100*x*cos(z)/w)", "y", False),
    ],
)
def test_powers_before_a_rough_rest_come_off(law: str, gone: str, signed: bool) -> None:
    data = over_decades(law, signed=signed)
    move, *_ = strip(state_of(data))
    assert {str(s) for s in move.used} == set(gone)
    state = move.apply()
    assert state is not None and len(state.inputs) == 4 - len(gone)
    rest = parse(law) / sympy.Mul(*(s**p for s, p in parse(law).as_powers_dict().items() if str(s) in gone))
    assert np.allclose(state.z, Tape(rest, FOUR).value(data.X), rtol=1e-9)
    assert np.allclose(Tape(state.back(rest), FOUR).value(data.X), data.y, rtol=1e-9)


@pytest.mark.parametrize("law", ["(x + y)*(z + w)", "(x*y + z*w)**2", "x*sqrt(x**2 + y**2)*(z - w)"])
def test_no_power_comes_off_a_target_that_knows_its_inputs_otherwise(law: str) -> None:
    data = over_decades(law)
    assert not strip(state_of(data))


# What is found -> what is left of it on rows from 1e-12 to 1e-9.
PLAIN = {
    "x*sin(y)/z": "x*y/z",
    "x*(y*cos(z) + 1)": "x",
    "w*(x**2 + tanh(y))/sin(y)": "w",
}


@pytest.mark.parametrize(("found", "plain"), PLAIN.items())
def test_functions_of_tiny_values_and_terms_below_rounding_go(found: str, plain: str) -> None:
    data = over_decades(plain, decades=1.0)
    data = Dataset(data.X * 1e-11, evaluate(parse(plain), dict(zip(FOUR, (data.X * 1e-11).T))), FOUR, "t")
    short = plainer(parse(found), data)
    assert np.allclose(Tape(short - parse(plain), FOUR).value(data.X), 0, atol=1e-30)
    assert not short.has(sympy.sin, sympy.cos, sympy.tanh)


def test_what_the_rows_need_stays() -> None:
    data = over_decades("x*sin(y) + z")
    assert plainer(parse("x*sin(y) + z"), data) == parse("x*sin(y) + z")


def test_a_formula_that_misses_the_small_rows_is_not_exact() -> None:
    data = over_decades("x**6*y**6*z**6*w**6")
    near = polish(parse("x**6*y**6*z**6*w**6 + 1e-6"), data, iterations=0)
    assert near.rms < 1e-9 * np.std(data.y) and not exact(near, data)


def test_a_polynomial_with_long_constants_does_not_convince() -> None:
    data = over_decades("x/sqrt(1 - 1.234567e-3*x**2)", decades=1.0)
    series = polish(parse("x + 6.1e-4*x**3 + 5.7e-7*x**5"), data)
    assert not convincing(series, data)
    assert convincing(polish(parse("x/sqrt(1 - 0.0012*x**2)"), data), data)


@pytest.mark.parametrize("law", ["x*cos(y)", "x*y", "exp(x*y)", "x**2 + y", "sin(x)*(y - 1)"])
def test_inputs_that_the_target_does_not_know_are_dropped_at_once(law: str) -> None:
    data = over_decades(law)
    (move,) = idle(state_of(data))
    assert {str(s) for s in move.used} == {"z", "w"}


def test_no_input_is_dropped_that_matters_beside_another_only() -> None:
    rng = np.random.default_rng(2)
    X = rng.uniform(-1, 1, (1000, 3))
    assert not idle(State(X, X[:, 0] * X[:, 1] + X[:, 2] ** 2, sympy.symbols("x y z")))


def test_an_indicator_adds_what_it_adds() -> None:
    """1/(1 + x) of an x that is 0 or 1 is 1 − x/2 as well, and that is how indicators are read."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 2, 200), *rng.uniform(1, 3, (3, 200))]).astype(float)
    data = Dataset(X, Tape(parse("y*(1 - 0.15*x)/z"), FOUR).value(X), FOUR, "t")
    found = polish(parse("y/(z*(1.0 + 0.17*x))"), data)
    assert found.rms < 1e-12
    line = straightened(found.expr, data)
    far = np.column_stack([np.full(4, 0.5), *rng.uniform(1, 3, (3, 4))])
    assert np.allclose(Tape(line, FOUR).value(far), far[:, 1] * (1 - 0.15 * 0.5) / far[:, 2], rtol=1e-9)
    assert straightened(parse("y/(1.0 + z)"), data) == parse("y/(1.0 + z)")
