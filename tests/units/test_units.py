"""Units: reading them, what formulas they allow, and dimensionless groups."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import table_with_units

from kansr.bench.problem import Problem, suite
from kansr.data.dataset import Dataset
from kansr.data.declare_units import constant_values
from kansr.data.dimensionless import choices
from kansr.errors import DataError
from kansr.expression.evaluate import evaluate
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import parse
from kansr.expression.render import readable, render
from kansr.units.consistency import dimension_in, fits, objection
from kansr.units.dimension import Dimension
from kansr.units.text import dimension_of
from kansr.units.units import Units

Ranges = Mapping[str, tuple[float, float]]


def declared(units: Mapping[str, str], target: str = "y", free: bool = False, constants: str = "") -> Units:
    given = constant_values(constants)
    texts = {**units, **{name: constant.unit for name, constant in given.items()}}
    return Units(target, units, {name: dimension_of(unit) for name, unit in texts.items()}, given, free)


@pytest.mark.parametrize(
    "text, same",
    [
        ("kg*m/s**2", "N"),
        ("kg m s^-2", "N"),
        ("kg·m/s²", "N"),
        ("m s⁻¹", "km/h"),
        ("eV", "J"),
        ("1", "dimensionless"),
        ("rad", "1"),
        ("%", "1"),
        ("°", "1"),
        ("J/(kg*K)", "m**2/s**2/K"),
        ("MPa*m**(1/2)", "Pa*m**0.5"),
        ("1/s", "Hz"),
        ("1e3*m", "km"),
        ("µm", "m"),
        ("kg*m**2/s**2/V", "C"),
        ("statC**2", "dyn*cm**2"),
    ],
)
def test_units_of_one_dimension_are_alike(text: str, same: str) -> None:
    assert dimension_of(text) == dimension_of(same)


def test_a_dimension_is_shown_in_base_units() -> None:
    assert str(dimension_of("N")) == "kg*m/s**2"
    assert str(dimension_of("1/s**0.5")) == "1/s**(1/2)"
    assert str(Dimension()) == "no unit"


HOSTILE = [
    "__import__('os').system('true')",
    "().__class__",
    "10**10**10",
    "m**10**10",
    "m**99999999",
    "(" * 5000 + "m" + ")" * 5000,
    "m*" * 100_000 + "m",
    "m;m",
    "lambda: 0",
    "m[0]",
    "\x00",
]


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "write 1"),
        ("furlongs_per", "no unit is called 'furlongs_per'"),
        ("Kelvin", "did you mean kelvin"),
        ("degC", "convert the column to K"),
        ("dB", "does not count from zero"),
        ("Nm", "write N*m"),
        ("J/kg K", "parentheses"),
        ("m**0", "exponent"),
        ("kg*m/", "write it like"),
        *((text, "") for text in HOSTILE),
    ],
)
def test_what_is_no_unit_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        dimension_of(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_unit_or_a_data_error(text: str) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(dimension_of(text), Dimension)


MECHANICS = {"x": "m", "z": "m", "t": "s", "v": "m/s", "m": "kg", "a": "1", "y": "m/s"}


@pytest.mark.parametrize(
    "formula",
    [
        "v + x/t",
        "sqrt(v**2 + (x/t)**2)",
        "2.5*v*exp(-x/z)*sin(a)",
        "v*(x/z)**a",
        "v*(x/z)**0.6871",
        "x**0.6*z**0.4/t",
        "v*log(x) - v*log(z)",
        "a*v*(log(x) - 3*log(z) + log(x*z))",
        "exp(log(x) - log(t))",
        "v*abs(x)/sqrt(x**2)",
        "x**(1/3)*z**(2/3)/t",
        "0",
        "3.7",
    ],
)
def test_a_formula_with_the_units_of_its_target_passes(formula: str) -> None:
    assert objection(parse(formula), declared(MECHANICS)) == ""


@pytest.mark.parametrize(
    "formula, part",
    [
        ("x", "x is in m, but y in m/s"),
        ("v + x", "one is in"),
        ("v*exp(x)", "exp(x)"),
        ("v*sin(t)", "sin(t)"),
        ("v*log(x)", "logarithm"),
        ("v*log(x) - v*log(t)", "logarithm"),
        ("v*a**x", "a plain number"),
        ("v*x**a", "a plain number"),
        ("v + 3", "no unit"),
        ("v*(x/t/v)**2.5 + 1.5*m", "kg"),
        ("x**1.0000001/t", "but y in m/s"),
    ],
)
def test_what_speaks_against_a_formula_is_named(formula: str, part: str) -> None:
    assert part in objection(parse(formula), declared(MECHANICS))


@pytest.mark.parametrize(
    "formula, possible",
    [
        ("2.5*x", True),
        ("2.5*x + 7.5*v", True),
        ("v*exp(-2.5*t)", True),
        ("v*(log(x) + 2.5)", True),
        ("x", False),
        ("v*exp(-t)", False),
        ("2.5*(x + t)", False),
        ("3.5*(x + 2.5*t)", True),
        ("v*x**a", False),
        ("v*sin(2.5*x + 1.5*t)", True),
        ("v*(2.5*x)**a", True),
    ],
)
def test_fitted_numbers_carry_units_where_they_may(formula: str, possible: bool) -> None:
    assert fits(parse(formula), declared(MECHANICS, free=True)) is possible


def test_a_named_constant_has_its_unit_wherever_it_stands() -> None:
    units = declared(MECHANICS, constants="c=7.5:km/s,d=2:m")
    c, d = units.symbol("c"), units.symbol("d")
    v, x = sympy.symbols("v x")
    for formula in (v**2 / c, v / (1 + v / c), c * sympy.exp(-x / d), sympy.sqrt(c * v), 2 * c):
        assert objection(formula, units) == ""
    for formula in (v / c, v / (c + d), v * sympy.exp(1 / c), 2 * c**2):
        assert objection(formula, units) != ""


def test_a_number_has_one_unit_only() -> None:
    free = declared(MECHANICS, free=True)
    assert dimension_in(parse("x + 2.5*(t + v)"), free) is None


WITH_UNITS = [p for p in suite("feynman120") if p.target_units and all(v.units for v in p.variables)]


def units_of(problem: Problem) -> Units:
    texts = {v.name: v.units for v in problem.variables} | {problem.target: problem.target_units}
    return Units(problem.target, texts, {name: dimension_of(text) for name, text in texts.items()})


def test_all_feynman_problems_have_units() -> None:
    assert len(WITH_UNITS) == 120


@pytest.mark.parametrize("problem", WITH_UNITS, ids=lambda p: p.id)
def test_every_feynman_law_is_consistent_and_its_groups_are_plain_numbers(problem: Problem) -> None:
    units = units_of(problem)
    assert objection(problem.expr, units) == ""
    X = np.random.default_rng(0).uniform(1, 2, (50, len(problem.names)))
    data = Dataset(X, np.ones(50), problem.names, problem.target, units=units)
    offered = choices(data)
    assert offered
    for groups in offered:
        assert dimension_in(groups.scale, units) in (units.goal, Dimension() if groups.scale == 1 else None)
        assert all(dimension_in(group, units) == Dimension() for group in groups.groups)
        assert len(groups.groups) < len(problem.names) or all(units.dimension[n].plain for n in problem.names)


@given(
    st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=2, max_size=6),
    st.lists(st.integers(-2, 2), min_size=6, max_size=6),
)
@settings(max_examples=80, deadline=None)
def test_groups_are_plain_numbers_whatever_the_units(powers: list[tuple[int, ...]], goal: list[int]) -> None:
    bases = ("[length]", "[mass]", "[time]")
    names = tuple(f"x{i}" for i in range(len(powers)))
    dimension = {n: Dimension.of(dict(zip(bases, map(Fraction, p)))) for n, p in zip(names, powers)}
    target = Dimension()
    for name, power in zip(names, goal):
        target = target * dimension[name] ** power
    units = Units("y", {}, {**dimension, "y": target})
    X = np.random.default_rng(0).uniform(1, 2, (20, len(names)))
    rank = np.linalg.matrix_rank(np.array(powers, dtype=float))
    for groups in choices(Dataset(X, np.ones(20), names, units=units)):
        assert len(groups.groups) == len(names) - rank
        assert dimension_in(groups.scale, units) == target
        assert all(dimension_in(group, units) == Dimension() for group in groups.groups)
        back = groups.formula(sympy.Add(*map(sympy.Symbol, groups.names), 1))
        assert dimension_in(back, units) == target


def test_the_groups_reproduce_the_target() -> None:
    data = table_with_units("m*v**2*exp(-x/z)", {"m": "kg", "v": "m/s", "x": "m", "z": "m", "y": "J"})
    groups = choices(data)[0]
    assert (readable(groups.scale), [readable(g) for g in groups.groups]) == ("m*v**2", ["z/x"])
    reduced = groups.dataset(data)
    np.testing.assert_allclose(reduced.y * groups.sizes(data), data.y)


def test_what_is_divided_by_is_never_zero() -> None:
    data = table_with_units("x*cos(z/x)", {"x": "m", "z": "m", "y": "m"})
    data.X[::7, 0] = 0.0
    assert [readable(groups.scale) for groups in choices(data)] == ["z"]


def test_a_constant_with_a_name_is_a_number_that_prints_as_its_name() -> None:
    G, x = NamedConstant("G", 6.674e-11), sympy.Symbol("x")
    formula = 2.5 * G * x**2
    assert render(formula) == "2.5*G*x**2"
    assert formula.free_symbols == {x}
    np.testing.assert_allclose(evaluate(formula, {"x": np.array([2.0])}), [2.5 * 6.674e-11 * 4])
    assert pickle.loads(pickle.dumps(formula)) == formula  # noqa: S301  our own bytes
    assert NamedConstant("G", 1.0) != G
