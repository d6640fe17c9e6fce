"""What formulas may be made of, and that nothing else comes out, whatever finds it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy

import kansr
from kansr.data.dataset import Dataset
from kansr.data.roles import dataset
from kansr.errors import UsageError
from kansr.expression.parse import parse
from kansr.expression.render import render
from kansr.formula.judge.vocabulary import EVERYTHING, NAMES, Vocabulary, functions_in, vocabulary_of
from kansr.numeric.arrays import Array
from kansr.pipeline.config import Config
from kansr.pipeline.journal import key
from kansr.pipeline.run import search
from kansr.result.result import Result
from kansr.structure.anova.families import FAMILIES, permitted_families
from kansr.symbolic.library.standard import STANDARD, permitted

X = sympy.Symbol("x")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x**2 + 3*x/y - 1/x**3", []),
        ("exp(-x)*log(y)", ["exp", "log"]),
        ("sqrt(x) + x**1.5 + 1/sqrt(y)", ["sqrt", "pow"]),
        ("x**(3/2)/sqrt(y)", ["sqrt"]),
        ("x**1.7 + 2**y", ["pow"]),
        ("x**(1/3)", ["pow"]),
        ("abs(x) + max(x, y) + min(1, x)", ["abs", "max", "min"]),
        ("sin(x)*cos(x)*tan(x)", ["sin", "cos", "tan"]),
        ("sqrt(2)*x + log(3)*pi", ["sqrt", "log"]),
        ("asin(x) + tanh(x)", ["asin", "tanh"]),
    ],
)
def test_the_functions_of_a_formula(text: str, names: list[str]) -> None:
    expr = parse(text)
    assert functions_in(expr) == set(names)
    assert vocabulary_of(names, None).permits(expr)
    for name in names:
        assert not vocabulary_of([other for other in NAMES if other != name], None).permits(expr)


@pytest.mark.parametrize("functions", ["exp,logg", ["sqr"], "exp log"])
def test_names_that_are_none(functions: str | list[str]) -> None:
    with pytest.raises(UsageError, match=r"no function is called .*the functions are exp, log"):
        vocabulary_of(functions, None)
    with pytest.raises(UsageError, match="at least 1"):
        vocabulary_of(None, 0)


def test_exponents_and_numbers_that_may_become_permitted() -> None:
    plain, roots = vocabulary_of("", None), vocabulary_of("sqrt", None)
    assert plain.may_become(parse("x**1.98"))
    assert (plain.nearest(parse("x**1.98")), plain.nearest(parse("x**0.2"))) == (X**2, X)
    assert roots.nearest(parse("x**1.4")) == X ** sympy.Rational(3, 2)
    assert not plain.may_become(parse("sqrt(x)"))
    assert not plain.may_become(parse("sin(x)**1.98"))
    assert plain.with_decimals(parse("sqrt(2)*x")) == sympy.Float(np.sqrt(2)) * X
    assert EVERYTHING.nearest(parse("x**1.98")) == parse("x**1.98")


def test_a_library_of_what_is_permitted() -> None:
    names = permitted(STANDARD, vocabulary_of("exp", None)).names
    assert "exp" in names
    assert not {"sin", "log", "tanh", "sqrt"} & set(names)
    assert len(permitted(STANDARD.only("sin"), vocabulary_of("", None))) > 0


def test_families_of_what_is_permitted() -> None:
    assert permitted_families(EVERYTHING) is None
    plain, waves = permitted_families(vocabulary_of("", None)), permitted_families(vocabulary_of("sin", None))
    assert plain is not None and waves is not None
    assert {"line", "square", "product"} <= plain < waves < set(FAMILIES)


def test_a_run_with_other_functions_is_another_one() -> None:
    table = _rows(*LAWS["wave"], 0.0)
    keys = [key(table, Config(vocabulary=v)) for v in (EVERYTHING, vocabulary_of("exp", None), Vocabulary(None, 9))]
    assert len({tuple(k.items()) for k in keys}) == len(keys)


Law = Callable[[Array, Array], Array]
LAWS: dict[str, tuple[Law, int]] = {
    "exponential": (lambda x, z: 3 * np.exp(-0.7 * x), 1),
    "wave": (lambda x, z: np.sin(12 * x) + 0.2, 1),
    "knee": (lambda x, z: 1.5 * np.abs(x - 2.5) + 1, 1),
    "logistic": (lambda x, z: 4 / (1 + np.exp(-3 * (x - 2.5))), 1),
    "power": (lambda x, z: 2 * x**1.7 / z, 2),
    "root": (lambda x, z: np.sqrt(x * x + z), 2),
    "root of 2": (lambda x, z: np.sqrt(2) * x * z, 2),
    "product": (lambda x, z: np.sin(2 * x) * np.log(z), 2),
    "larger of two": (lambda x, z: np.maximum(x, 3 * z - 4), 2),
}
ALLOWED = ["", "exp,log,sqrt", "sin,cos", "abs,max,min", "pow"]


def _rows(law: Law, inputs: int, noise: float) -> Dataset:
    rng = np.random.default_rng(0)
    rows = rng.uniform(1, 4, (150, inputs))
    y = law(rows[:, 0], rows[:, -1])
    return dataset((rows, y + noise * np.std(y) * rng.normal(size=len(y))))[0]


def check(found: Result, vocabulary: Vocabulary) -> None:
    """Best, front and rivals as they are printed have nothing but what is permitted."""
    for candidate in (found.best, *found.front, *found.rivals):
        printed = parse(render(candidate.expr))
        assert functions_in(printed) <= (vocabulary.functions or set(NAMES)), printed
        assert candidate.complexity <= (vocabulary.max_complexity or np.inf), printed


@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("law", LAWS)
def test_nothing_else_comes_out(law: str, noise: float) -> None:
    place = list(LAWS).index(law) + (noise > 0)
    vocabulary = vocabulary_of(ALLOWED[place % len(ALLOWED)], 15)
    for found in search(_rows(*LAWS[law], noise), Config(time_limit=1.0, vocabulary=vocabulary)):
        check(found, vocabulary)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("functions", ALLOWED)
@pytest.mark.parametrize("law", LAWS)
def test_nothing_else_comes_out_of_any(law: str, functions: str, noise: float) -> None:
    vocabulary = vocabulary_of(functions, 15)
    for found in search(_rows(*LAWS[law], noise), Config(time_limit=5.0, vocabulary=vocabulary)):
        check(found, vocabulary)


def test_what_is_permitted_is_still_found() -> None:
    exp = kansr.discover((x := np.linspace(0, 3, 80), 3 * np.exp(-0.7 * x)), functions="exp", time_limit=10)
    assert functions_in(exp.best.expr) == {"exp"}
    wave = kansr.discover((x, np.sin(12 * x) + 0.2), functions=["sin", "cos"], max_complexity=9, time_limit=10)
    assert wave.best.r2_held_out > 1 - 1e-9


def test_a_form_is_solved_with_what_is_permitted() -> None:
    rng = np.random.default_rng(0)
    rows = rng.uniform(1, 3, (120, 2))
    table = (rows, rows[:, 0] ** 2 + np.exp(rows[:, 1]))
    found = kansr.discover(table, form="f(x0) + g(x1)", functions="log", time_limit=3)
    check(found, vocabulary_of("log", None))
    with pytest.raises(UsageError, match="--functions"):
        kansr.discover(table, form="exp(f(x0) + g(x1))", functions="log", time_limit=6)
