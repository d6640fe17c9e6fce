"""From a simple or wrong formula to the law near it."""

import numpy as np
import pytest
import sympy

from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.search.edits.first_order import _places, _regressions, _tests, proposals
from kansr.search.edits.library import library
from kansr.search.edits.local_search import LocalSearch
from kansr.search.edits.neighbours import sums_of_powers
from kansr.search.edits.program import Rows, TreeProgram, fit
from kansr.search.edits.translation import from_sympy, to_sympy
from kansr.search.edits.tree import constants, form

NAMES = ("a", "b", "c")
PLACES = {name: i for i, name in enumerate(NAMES)}
TURNS = 40  # formulas that may be edited


def rows_of(law: str, noise: float, rows: int = 400, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.5, 3.0, (rows, len(NAMES)))
    y = Tape(parse(law), NAMES).value(X)
    y = y + noise * float(np.sqrt(np.mean(y**2))) * rng.normal(size=rows)
    return Rows(X, y, np.ones(rows), rows)


def searched(rows: Rows, start: str, seed: int = 0) -> LocalSearch:
    search = LocalSearch(
        rows, float(np.std(rows.y)), len(NAMES), seed, lambda: sum(pool.turn for pool in search.pools) > TURNS
    )
    tree = from_sympy(parse(start), PLACES)
    search.run([tree], noise=0.0)
    return search


def predicts(expr: sympy.Expr, law: str) -> float:
    """The rms difference from the law on fresh rows, over its spread."""
    X = np.random.default_rng(99).uniform(0.5, 3.0, (500, len(NAMES)))
    truth = Tape(parse(law), NAMES).value(X)
    return float(np.sqrt(np.mean((Tape(expr, NAMES).value(X) - truth) ** 2)) / np.std(truth))


@pytest.mark.parametrize(
    ("law", "start"),
    [
        ("a*b/(1 + 0.7*c)", "a*b"),  # a factor
        ("2.5*exp(-0.8*a)*b + c", "b"),  # a factor and a term
        ("a*(b**2 - 0.4*c**2)", "1.1*a*b**1.7*c**0.1"),  # exponents rounded, a term in a factor
        ("a/sqrt(1 + b**2*c**2)", "a"),
        ("a + sqrt(b**2 + 4*c**2)", "a + 0.8*b + 1.5*c"),  # two terms are the root of the sum of their squares
        ("a*b/(a + b) + c", "0.3*a + 0.3*b + c"),  # or the inverse of the sum of their inverses
        ("a*(1.8*b*sqrt(c))**a", "2*a**3*b**2*c"),  # exponents that are an input, all at once
        ("1/(a*(0.7*b + c))", "0.6/(a*b**(1/3)*c**(2/3))"),  # a power product is a sum
        ("a*tanh(b - c/2)", "0.9*a*(2*b - c)/((2*b - c)**2 + 5)"),  # a rational curve is one that saturates
        ("a*sqrt(9 - b**2*c**2/9)", "3*a*sqrt(2*cos(b*c/9) - 1)"),  # a wave is a parabola
        ("a*b**(1 - 1/c)", "a*b**(0.6*log(c))"),  # a logarithm is a power
    ],
)
def test_a_law_near_a_formula_is_reached_in_noise(law, start):
    best = searched(rows_of(law, 0.01), start).best
    assert predicts(to_sympy(best.tree, NAMES), law) < 0.01


def test_the_search_is_the_same_for_the_same_seed():
    rows = rows_of("a*b/(1 + 0.7*c)", 0.05)
    first, second = (searched(rows, "a").best for _ in range(2))
    assert first.tree == second.tree


def test_noise_alone_is_a_constant():
    rng = np.random.default_rng(1)
    rows = Rows(rng.uniform(1, 2, (400, 3)), rng.normal(size=400), np.ones(400), 400)
    search = searched(rows, "0.1")
    assert search.best.tree[0] in "cn"


def test_the_best_proposal_is_the_missing_factor():
    rows = rows_of("a*sin(b)", 0.001)
    tree = fit(from_sympy(parse("0.5*a"), PLACES), rows, 5).tree
    wanted = form(from_sympy(parse("0.5*a*sin(b)"), PLACES))
    offered = [form(made) for _, made in proposals(tree, rows, library(rows), 12.0, 20, 0)]
    assert wanted in offered[:4]


@pytest.mark.parametrize(
    ("law", "start", "wanted"),
    [
        ("sqrt(exp(a*b) + 5*c)", "exp(a*b/2)", "sqrt(exp(a*b) + 1.1*c)"),
        ("1/(1/sin(a) + 0.2*b*c)", "sin(a)", "1/(1/sin(a) + 1.1*b*c)"),
        ("(a + b)**sqrt(c)", "a + b", "(a + b)**(1.1*sqrt(c))"),
    ],
)
def test_what_is_under_a_root_in_a_denominator_or_an_exponent_is_proposed(law, start, wanted):
    rows = rows_of(law, 0.01)
    tree = fit(from_sympy(parse(start), PLACES), rows, 5).tree
    offered = [form(made) for _, made in proposals(tree, rows, library(rows), 9.0, 90, 2)]
    assert form(from_sympy(parse(wanted), PLACES)) in offered


def test_what_an_edit_leaves_is_that_of_a_regression_in_double_precision():
    rows = rows_of("a*b/(1 + 0.7*c)", 0.05)
    tree = from_sympy(parse("0.6*a*b**1.1 + 0.2"), PLACES)
    program, some = TreeProgram(tree), library(rows)
    out = program.forward(rows.columns, constants(tree))
    tests = _tests(*_places(program, out, rows), rows.y - out[-1], rows.weight)
    slopes, left = _regressions(tests, some)
    rng = np.random.default_rng(0)
    for t, m in zip(rng.integers(len(tests), size=3000), rng.integers(slopes.shape[1], size=3000)):
        test, column = tests[t], tests[t].slope * some.values[:, m]
        column = column - test.basis @ (test.basis.T @ column)
        before, gain = test.target @ test.target, (column @ test.target) ** 2 / (column @ column)
        if slopes[t, m]:  # the columns are products of float32, of which little is left beside the basis
            assert before - left[t, m] == pytest.approx(gain, rel=0.05, abs=1e-4 * before)


def test_a_library_has_no_expression_twice():
    rows = rows_of("a", 0.01, rows=100)
    values = library(rows).values
    assert len(np.unique(np.round(values[:50], 7), axis=1).T) == values.shape[1]


@pytest.mark.parametrize("product", ["a**(1/3)*b**(2/3)/c", "2*sqrt(a/b)", "a**0.3*b**(-0.6)*c**(1/2)", "a*b/c"])
def test_a_sum_in_the_place_of_a_power_product_has_its_value_and_slopes_where_both_are_alike(product):
    means = {"a": 1.3, "b": 2.1, "c": 0.8}
    tree = from_sympy(parse(product), PLACES)
    sums = [to_sympy(t, NAMES) for t in sums_of_powers(tree, list(means.values()))]
    assert len(sums) == {"a*b/c": 0, "a**0.3*b**(-0.6)*c**(1/2)": 6}.get(product, 2)
    for one in sums:
        assert float(one.subs(means)) == pytest.approx(float(parse(product).subs(means)))
        for name in NAMES:
            slope = float(sympy.diff(parse(product), name).subs(means))
            assert float(sympy.diff(one, name).subs(means)) == pytest.approx(slope)


def test_curves_that_begin_alike_are_exchanged_with_what_was_fitted_to_the_first_set_free():
    """A power of a sum for (exp(u) − 1)/u: the spare constants that the edit brings are snapped at once."""
    law = "a*(exp(b*c/2) - 1)/(b*c)"
    best = searched(rows_of(law, 0.001), "0.5*a*(1 - 0.07*b*c)**(-7/2)").best
    assert form(best.tree) == form(from_sympy(parse(law), PLACES))


def test_simple_and_found_formulas_take_turns():
    rows = rows_of("a*b/(1 + 0.7*c)", 0.01)
    search = LocalSearch(rows, float(np.std(rows.y)), len(NAMES), 0, lambda: sum(p.turn for p in search.pools) > 12)
    simple, found = ([from_sympy(parse(text), PLACES)] for text in ("a", "a*b/(1 + 0.7*c) + 0.01*sin(9*a)"))
    search.run(simple, found, noise=0.0)
    assert abs(search.pools[0].turn - search.pools[1].turn) <= 1
