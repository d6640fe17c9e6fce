"""The structures found without a network: sums and products of curves, power laws, polynomials and their ratios."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import halves, misfit, table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import floats, polish
from kansr.formula.judge.description_length import description_length
from kansr.numeric.monomials import monomials
from kansr.numeric.spline_basis import basis, least_squares, samples
from kansr.result.graph import Graph, NodeType
from kansr.search.partition import Rows
from kansr.search.plan import plan
from kansr.structure.surrogate.target_transforms import TRANSFORMS, Transform, transformed
from kansr.structure.terminals.closed_form.power_law import power_law
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials
from kansr.structure.terminals.closed_form.sparse_rational import rationals
from kansr.structure.terminals.curves.additive import additive, multiplicative
from kansr.symbolic.matching.match import MatchConfig

Range = tuple[float, float]


# A sum of curves under each transform of the target: the transform's own inverse of x/4 + sin(y)/5 and the like.
SUMS = {
    "y": "sin(2*x) + log(y)",
    "log(y)": "exp(sin(2*x) + y**2)",
    "1/y": "1/(x**2 + exp(y))",
    "y^2": "sqrt(x**3 + exp(y))",
    "1/y^2": "1/sqrt(x**3 + exp(y))",
    "sqrt(y)": "(sin(x) + y**2)**2",
    "1/sqrt(y)": "(sin(x) + y**2)**(-2)",
    "exp(y)": "log(x**2 + exp(y))",
    "sin(y)": "asin(sin(2*x)/4 + y**2/6)",
    "cos(y)": "acos(sin(2*x)/4 + y**2/6)",
    "tan(y)": "atan(sin(2*x) + y**2)",
    "log(sin(y))": "asin(exp(sin(2*x)/4 - y**2/3 - 0.3))",
    "log(cos(y))": "acos(exp(sin(2*x)/4 - y**2/3 - 0.3))",
    "log(tan(y))": "atan(exp(sin(2*x)/4 + y**2/3 - 0.3))",
    "asin(y)": "sin(sin(2*x)/2 + y**2/5)",
    "atanh(y)": "tanh(sin(2*x)/2 + y**2/5)",
}


def test_every_transform_has_its_row_here() -> None:
    assert set(SUMS) == {transform.name for transform in TRANSFORMS}


@pytest.mark.parametrize(("name", "text"), SUMS.items())
def test_a_sum_under_a_transform_is_seen(name: str, text: str) -> None:
    first = next(additive(*halves(table(text))))
    assert first.origin == f"additive {name}"
    assert first.error < 1e-3


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: t.name)
def test_a_transform_and_its_inverse_are_the_same_in_symbols(transform: Transform) -> None:
    y = np.linspace(0.1, 0.9, 30)
    t = transform.forward(y)
    assert transform.inverse(t) == pytest.approx(y, rel=1e-12)
    assert evaluate(sympy.sympify(transform.symbolic(sympy.Symbol("u"))), {"u": t}) == pytest.approx(y, rel=1e-12)


def test_a_negative_target_is_turned_round() -> None:
    data = table("-exp(sin(2*x) + y**2)")
    assert all(sign == -1 for _, sign, _ in transformed(data.y))
    first = next(additive(*halves(data)))
    assert first.origin == "additive log(y)"
    assert first.error < 1e-3


def test_what_is_not_a_sum_is_not_taken_for_one() -> None:
    data = table("sin(3*x*y) + x**y", low=-0.0)
    assert all(graph.error > 0.02 for graph in additive(*halves(data)))


PRODUCTS = {
    "all positive": ("x**2*exp(-y)*z", 0.5, 2.0),
    "one factor changes sign": ("sin(3*x)*exp(y)", -1.5, 1.5),
    "two factors, both with a zero": ("(x - 0.4)*cos(2*y)", -1.5, 1.5),
}


@pytest.mark.parametrize(("text", "low", "high"), PRODUCTS.values(), ids=PRODUCTS)
def test_a_product_of_curves_is_seen(text: str, low: float, high: float) -> None:
    data = table(text, low=low, high=high)
    (graph,) = multiplicative(*halves(data))
    assert graph.error < 2e-3
    assert graph.nodes[-1].type is NodeType.PRODUCT


@pytest.mark.parametrize("graphs", [additive, multiplicative])
def test_the_curves_of_a_graph_reproduce_the_target(graphs: object) -> None:
    data = table("x**2*exp(-y)*z")
    graph: Graph = next(graphs(*halves(data)))  # type: ignore[operator]
    value = {name: data.column(name) for name in data.names}
    for node in graph.nodes:
        if node.type is not NodeType.INPUT:
            edges = [graph.edges[i] for i in graph.into(node.name)]
            value[node.name] = node.type.array([np.interp(value[e.source], e.x, e.y) for e in edges])
    assert value["t"] == pytest.approx(data.y, abs=0.02 * float(np.std(data.y)))


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
    assert equal(power_law(data), data)
    whole = [p for p in parse(text).atoms(sympy.Pow) if p.exp.is_Rational]
    assert all(power_law(data).has(p.base**p.exp) for p in whole)  # type: ignore[union-attr]


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


POLYNOMIALS = [
    "x**2 + 3*x*y - 2",
    "x*y*z + x",
    "sqrt(x**2 + y**2 + z**2)",
    "1/(1 + x*y)",
    "exp(x*y - z**2)",
    "x**4 - 2*x**2*y + y**2",
]


@pytest.mark.parametrize("text", POLYNOMIALS)
def test_a_sparse_polynomial_is_found_with_as_few_terms(text: str) -> None:
    data = table(text, low=0.2, high=1.5)
    fits = [polish(expr, data) for expr in polynomials(data, 0.5)]
    found = min(fits, key=lambda fit: description_length(fit.expr, fit.rms**2, data))
    assert found.rms < 1e-9 * float(np.std(data.y))
    terms = max((len(a.args) for a in parse(text).atoms(sympy.Add)), default=1)
    assert max((len(a.args) for a in found.expr.atoms(sympy.Add)), default=1) == terms


RATIONALS = [
    "(m*r + n*s)/(m + n)",
    "x/(1 + x**2)",
    "x*y/(x + y)",
    "(x - y)/(1 - x*y/9)",
    "(x**2 + 2*y)/(3 + x*y)",
    "1/(1/x + 1/y)",
    "a*b*c/(b + 2*c)",
]


@pytest.mark.parametrize("text", RATIONALS)
def test_a_ratio_of_polynomials_is_found(text: str) -> None:
    data = table(text)
    assert min(misfit(expr, data) for expr in rationals(data, 0.3)) < 1e-7


NOISY_RATIONALS = ["(x + y)/(1 + x*y)", "x/(1 + y)", "x*y/(x + y)", "1/(x**2 + y**2)", "3*x*y/(2 + x)"]


@pytest.mark.parametrize("text", NOISY_RATIONALS)
@pytest.mark.parametrize("share", [0.03, 0.2])
def test_a_ratio_of_polynomials_is_found_in_spite_of_noise(text: str, share: float) -> None:
    """Its coefficients are not too small, as they are where noise comes into the columns."""
    law = table(text, rows=1500, low=0.2, high=1.2)
    noise = share * float(np.std(law.y)) * np.random.default_rng(0).normal(size=law.rows)
    found = list(rationals(Dataset(law.X, law.y + noise, law.names, "t"), 1.3 * share, noisy=True))
    assert min(misfit(expr, law) for expr in found) < 0.1 * share


def test_monomials_are_complete_and_distinct() -> None:
    powers = monomials(3, 4)
    assert powers[0] == (0, 0, 0)
    assert len(powers) == len(set(powers)) == 35  # C(3 + 4, 4)
    assert max(map(sum, powers)) == 4


@pytest.mark.parametrize("x", [np.linspace(-1, 1, 50), np.geomspace(1e-3, 1e3, 50)], ids=["evenly", "over decades"])
def test_a_spline_basis_is_a_partition_of_one(x: np.ndarray) -> None:
    assert basis(x, 7)(x).sum(axis=1) == pytest.approx(np.ones(50))


def test_a_logarithmic_spline_basis_goes_on_where_there_is_no_logarithm() -> None:
    b = basis(np.geomspace(0.01, 1, 50), 5)
    np.testing.assert_allclose(b(np.array([-1.0, 0.0, 2.0])), b(np.array([0.01, 0.01, 1.0])), atol=1e-12)


def test_least_squares_is_least_squares() -> None:
    rng = np.random.default_rng(0)
    A, T = rng.normal(size=(50, 6)), rng.normal(size=(50, 2))
    assert least_squares(A, T) == pytest.approx(np.linalg.lstsq(A, T, rcond=None)[0], rel=1e-8)


def test_samples_ascend_over_the_range() -> None:
    x = np.random.default_rng(0).exponential(size=500)
    points = samples(x)
    assert np.all(np.diff(points) > 0)
    assert (points[0], points[-1]) == (x.min(), x.max())


# An attempt of the plan, and a law that it finds by itself.
ATTEMPTS = {
    "mean and line": "2*x - 3*y + 0.5",
    "power law": "3*x**2/y",
    "sum of curves": "sin(2*x) + exp(y)",
    "product of curves": "cos(2*x)*exp(y)",
    "polynomial": "x**2*y + y**2 - 1",
    "rational": "x*y/(x + 2*y)",
}


@pytest.mark.parametrize(("name", "text"), ATTEMPTS.items())
def test_an_attempt_finds_its_law_and_writes_it_plainly(name: str, text: str) -> None:
    data = table(text, rows=300)
    attempt = next(a for a in plan(data, MatchConfig()) if a.name == name)
    findings = attempt(Rows(*halves(data)), lambda: False).findings
    best = min((f.candidate for f in findings), key=lambda c: c.description_length)
    assert best.r2_held_out > 1 - 1e-12
    assert misfit(best.expr, data) < 1e-9
    assert len(floats(best.expr)) <= len(floats(parse(text)))
