"""Statements on the shape of a law: how they are read, and what is proven or refuted of formulas."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.dataset import Dataset
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.shape.box import Box
from kansr.formula.shape.check import verdict_on
from kansr.formula.shape.enclosure import Enclosure
from kansr.formula.shape.impose import imposed
from kansr.formula.shape.properties import properties
from kansr.formula.shape.reading import Shape, read_shape
from kansr.runtime.deadline import Deadline

SECONDS = 20.0  # for a verdict on a busy machine: none is to be open for want of time
P, R, O = "proven", "refuted", "open"  # noqa: E741


def box(*ranges: tuple[float, float]) -> Box:
    low, high = np.array(ranges, dtype=float).T
    return Box(("x", "z")[: len(ranges)], low, high)


UNIT, WIDE, AROUND = ((0, 1),), ((0, 10),), ((-1, 1),)
BOTH, POSITIVE = ((0, 1), (0, 1)), ((0.1, 10), (1, 2))
UPTAKE = "2.5*x/(1.3 + x)"

# formula, statement, box, verdict, the point of a refutation where there is only one
VERDICTS = [
    (UPTAKE, "monotone x +", WIDE, P, None),
    (UPTAKE, "strictly monotone x +", WIDE, P, None),
    (UPTAKE, "monotone x -", WIDE, R, None),
    (UPTAKE, "concave x", WIDE, P, None),
    (UPTAKE, "convex x", WIDE, R, None),
    (UPTAKE, "y(x=0) = 0", WIDE, P, None),
    (UPTAKE, "y > 0", WIDE, R, {"x": 0}),
    (UPTAKE, "y < 2.5", WIDE, P, None),
    (UPTAKE, "limit x->inf finite", WIDE, P, None),
    (UPTAKE, "limit x->inf = 2.5", WIDE, P, None),
    (UPTAKE, "limit x->inf = 1", WIDE, R, None),
    ("x**3", "strictly monotone x +", AROUND, P, None),  # though its slope is 0 at 0
    ("x**3", "odd x", AROUND, P, None),
    ("x*exp(-x)", "monotone x +", UNIT, P, None),  # the slope is 0 at the end
    ("x*exp(-x)", "monotone x +", WIDE, R, None),
    ("sin(x)", "monotone x +", WIDE, R, None),
    ("x*z", "strictly monotone x +", BOTH, R, {"x": 0.5, "z": 0}),
    ("x*z", "monotone x +", BOTH, P, None),
    ("x*z/(x + z)", "symmetric x z", POSITIVE, P, None),
    ("x*z/(x + 2*z)", "symmetric x z", POSITIVE, R, None),
    ("max(x, 0.5)", "monotone x +", UNIT, P, None),
    ("max(x, 0.5)", "strictly monotone x +", UNIT, R, None),
    ("abs(x)", "even x", AROUND, P, None),
    ("abs(x)", "concave x", AROUND, R, {"x": 0}),
    ("abs(x)", "convex x", AROUND, O, None),  # derivatives do not see a kink
    ("sqrt(x)", "concave x", UNIT, P, None),  # though its slope is infinite at 0
    ("(x**2)**0.3", "concave x", AROUND, R, {"x": 0}),  # it is on either side of its cusp
    ("sqrt(x)", "even x", UNIT, R, None),  # it has no value on the other side
    ("x**2 - 2*x + 1", "y >= 0", WIDE, P, None),  # it touches 0
    ("x**2 - 2*x + 1", "y > 0", WIDE, R, {"x": 1}),
    ("x**2 - 2*x + 0.999", "y >= 0", WIDE, R, None),
    ("(x**2 - 2)**2", "y > 0", WIDE, R, {"x": 2**0.5}),  # a double root
    ("x**2 - 2*x + 0.9999999999999999", "y > 0", ((1 - 1e-9, 1 + 1e-9),), O, None),  # below 0 by less than rounding
    ("-x*z", "y <= 0", BOTH, P, None),
    ("exp(20*x) - 1.1", "y >= 0", UNIT, R, {"x": 0}),  # large values elsewhere do not make -0.1 rounding
    ("x**2 - 2*x*z + z**2", "y >= 0", BOTH, P, None),
    ("sin(x)*sin(z) + 1.0001", "y > 0", ((0, 10), (0, 10)), P, None),
    ("1/(x - 0.3)", "finite", UNIT, R, {"x": 0.3}),
    ("1/(x - 0.3)", "monotone x -", UNIT, R, None),  # it falls on either side of its pole, and rises over it
    ("log(x + 0.1)/(x + z)", "finite", POSITIVE, P, None),
    ("sin(x)/x", "y(x=0) = 1", ((0.1, 1),), P, None),  # as a limit
    ("1/x", "y(x=0) = 1", ((0.1, 1),), R, {"x": 0}),
    ("sqrt(x - 1)", "y(x=0) = 1", ((2, 3),), R, {"x": 0}),  # it has no real value there
    ("x*z**2 + z", "y(x=0) = 0", BOTH, R, {"x": 0, "z": 0.5}),
    ("sin(2*pi*x/3)", "period x = 3", WIDE, P, None),
    ("sin(2*pi*x/3)", "period x = 2", WIDE, R, None),
    ("exp(-x*z)", "limit x->inf = 0", POSITIVE, P, None),
    ("exp(-x*z)", "limit x->inf = 0", ((0, 10), (0, 2)), R, {"z": 0}),
    ("exp(-x*z)", "limit x->inf finite", ((0, 10), (-1, 2)), R, None),
    ("sin(x)", "limit x->inf finite", WIDE, R, None),
    ("sqrt(1/x - 1)", "limit x->inf = 1", ((0.2, 0.9),), R, None),  # it has no real values there
    ("sqrt(1/x - 1)", "limit x->inf finite", ((0.2, 0.9),), R, None),
    ("max(1.3, sqrt(x))", "limit x->-inf = 1", WIDE, O, None),  # sympy cannot build max(1.3, sqrt(-x))
    ("x**1.5", "limit x->inf = inf", WIDE, P, None),
    ("exp(x) - 1", "limit x->-inf = -1", WIDE, P, None),
    ("x*log(x)", "limit x->0 = 0", ((0.1, 1),), P, None),
    ("3 + 0*x", "monotone x -", UNIT, P, None),
]


@pytest.mark.parametrize(("formula", "text", "ranges", "verdict", "at"), VERDICTS)
def test_a_verdict(formula: str, text: str, ranges: tuple, verdict: str, at: dict[str, float] | None) -> None:
    inside = box(*ranges)
    (statement,) = read_shape(text, "y", inside).statements
    found = verdict_on(statement, parse(formula), inside, SECONDS)
    assert found.statement == text
    assert found.verdict.value == verdict
    if at is not None:
        assert found.at == pytest.approx(at, abs=1e-9)
    if verdict != R:
        assert found.at is None


FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "atan", "tanh", "sinh", "cosh", "abs")
POWERS = ("2", "3", "-1", "-2", "(1/2)", "1.37", "(-1/3)")


def grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, parts, st.sampled_from("+-*/"), parts),
        st.builds("{}({})".format, st.sampled_from(FUNCTIONS), parts),
        st.builds("({})**{}".format, parts, st.sampled_from(POWERS)),
        st.builds("{}({}, {})".format, st.sampled_from(("max", "min")), parts, parts),
    )


def is_formula(text: str) -> bool:
    try:
        return bool(parse(text).free_symbols)
    except FormulaError:
        return False


leaves = st.sampled_from(("x", "z", "x", "z", "2", "0.7", "1/3", "-1.6", "pi"))
formulas = st.recursive(leaves, grown, max_leaves=6).filter(is_formula)
SAID = ("y >= 0", "y < 1", "monotone x +")


@settings(max_examples=60, deadline=None)
@given(formulas, st.sampled_from(SAID))
def test_what_is_proven_holds_at_points_and_what_is_refuted_fails_at_its_point(text: str, said: str) -> None:
    inside = box((0.2, 1.7), (0.3, 2.1))
    expr = parse(text)
    (statement,) = read_shape(said, "y", inside).statements
    found = verdict_on(statement, expr, inside, SECONDS)
    tape = Tape(expr, inside.names)
    X = np.random.default_rng(0).uniform(inside.low, inside.high, (200, 2))
    if found.verdict.value == R:
        assert found.at is not None
        X = np.array([[found.at["x"], found.at["z"]]])
    value, rounding = tape.value(X), 1e-9 * (1 + np.abs(tape.value(X)))
    around = [X * [share, 1] + [(1 - share) * inside.low[0], 0] for share in (0, 0.3, 0.9, 1 - 1e-5)]
    before = np.array([tape.value(lower) for lower in around])  # at smaller x
    after = tape.value(np.minimum(X + np.array([1e-5, 0]), inside.high))
    holds = {"y >= 0": value >= -rounding, "y < 1": value < 1 + rounding, "monotone x +": ~(before > value + rounding)}
    falls = (before > value - rounding).any(axis=0) | (after < value + rounding)
    fails = {"y >= 0": value < rounding, "y < 1": value >= 1 - rounding, "monotone x +": falls}
    known = np.isfinite(value)
    if found.verdict.value == P:
        assert np.all(holds[said] | ~known)
    if found.verdict.value == R:
        assert np.all(fails[said] | ~known)


@settings(max_examples=100, deadline=None)
@given(formulas, st.integers(0, 2**32 - 1))
def test_values_lie_in_their_enclosure(text: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(-2, 2, (50, 2))
    high = low + rng.exponential(0.3, (50, 2))
    expr = parse(text)
    found = Enclosure(expr, ("x", "z"))(low, high)
    for share in (0.0, 0.3, 0.7, 1.0):
        value = Tape(expr, ("x", "z")).value(low + share * (high - low))
        real = np.isfinite(value)
        slack = 1e-12 * np.abs(value)  # of the value that is compared
        assert (value >= found.low - slack)[real].all()
        assert (value <= found.high + slack)[real].all()
        assert not (found.nowhere & real).any()


@pytest.mark.parametrize("exponent", ["1/3", "-2/7", "1.37", "pi"])
def test_powers_of_extreme_numbers_lie_in_their_enclosure(exponent: str) -> None:
    expr = parse(f"x**({exponent})")
    for value in np.geomspace(1e-200, 1e200, 9):
        found = Enclosure(expr, ("x",))(np.array([[value]]), np.array([[value]]))
        power = expr.xreplace({sympy.Symbol("x"): sympy.Rational(float(value))}).evalf(40)
        if found.high[0] < np.inf:
            assert sympy.Rational(float(found.low[0])) <= power <= sympy.Rational(float(found.high[0]))


THREE = Box(("x", "z", "limit"), np.zeros(3), np.ones(3))
READ = {
    "monotone x +; convex z; y >= 0; y(x=0) = 0; limit x->inf = 1; even x": None,
    "increasing x": "monotone x +",
    "strictly decreasing z": "strictly monotone z -",
    "monotone x decreasing": "monotone x -",
    "0 < y <= 1": "y > 0; y <= 1",
    "1 >= y > -1e-3": "y <= 1; y > -0.001",
    "rate(x=0,z=pi/2)=-2": "y(x=0, z=pi/2) = -2",
    "limit x -> -inf finite": "limit x->-inf finite",
    "symmetric x, z": "symmetric x z",
    "period x = 2*pi;": "period x = 2*pi",
    "even limit": "even limit",
    "y(x=0) = 0.5; y(x=0) = 1/2": None,
    "limit x->inf = 0.5; limit x->inf = 1/2": None,
    "odd x; y(x=0) = 0.0": "odd x; y(x=0) = 0",
    "finite; finite": "finite",
}


@pytest.mark.parametrize(("text", "said"), READ.items())
def test_a_statement_is_read(text: str, said: str | None) -> None:
    found = "; ".join(map(str, read_shape(text, "rate", THREE).statements)).replace("rate", "y")
    assert found == (said or text)


REFUSED = {
    "": "the shape is empty",
    "monotonous x": "unknown statement 'monotonous x'; did you mean 'monotone x +'? (at column 1)",
    "y >= 0; foo(x)=1": "unknown statement 'foo(x)=1'; statements are monotone x +",
    "monotone q +": "no input 'q'; the inputs are x, z, limit (at column 10)",
    "monotone x": "'monotone x' is not understood; write it as monotone x +",
    "monotone y +": "y is the target; here an input is named: x, z, limit",
    "x >= 0": "x is an input; the target is rate",
    "w >= 0": "'w' is not the target, which is rate, or y for short",
    "y(w=0) = 1": "no input 'w'",
    "y >= inf": "a bound is a finite number",
    "y(x=inf) = 1": "write limit x->inf",
    "0 < y > 1": "a value lies between two numbers",
    "period x = -1": "a period is a positive number",
    "symmetric x x": "two different inputs",
    "limit x->inf = __import__('os')": "is not understood; write it as limit x->inf = 1",
    "y >= 1; y <= 0": "y >= 1 and y <= 0 contradict each other: no value satisfies both (at column 9)",
    "y > 1; y <= 1": "contradict",
    "y(x=0) = 0; y(x=0) = 1": "a function has one value at each point",
    "y(x=0) = 0; y(z=0) = 1": "a function has one value at each point",
    "y(x=0.0) = 1; y(x=0) = 2": "a function has one value at each point",
    "limit x->0.0 = 1; limit x->0 = 2": "a function has one limit",
    "y > 0.5; y < 1/2": "no value satisfies both",
    "y(x=0) = -1; y >= 0": "beyond the bound",
    "monotone x +; decreasing x": "a function that both rises and falls along an input does not depend on it",
    "even x; odd x": "only the function 0 is both even and odd",
    "odd x; y(x=0) = 1": "an odd function is 0 where x is 0",
    "limit x->inf = 1; limit x->inf = 2": "a function has one limit",
    "limit x->inf = inf; limit x->inf finite": "infinity is not finite",
    "y(x=0) = 1; y(x=1) = 0; monotone x +": "contradict monotone x +",
    "y(x=1) = 0; y(x=0) = -1; monotone x -": "contradict monotone x -",
    "y(x=0) = 0.5; y(x=1) = 1/2; strictly monotone x +": "contradict strictly monotone x +",
    "y >= 0" + " " * 3000: "at most 2000 are allowed",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        read_shape(text, "rate", THREE)
    assert said in str(refusal.value).replace("rate >", "y >").replace("rate <", "y <")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="monteyxz+-<>=();,0123456789./*pi einflvdcas\n", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        shape = read_shape(text, "y", THREE)
    except FormulaError as err:
        assert "\n" not in str(err).replace(repr(text), "")
    else:
        again = read_shape("; ".join(map(str, shape.statements)), "y", THREE)
        assert again.statements == shape.statements


def test_the_target_goes_by_its_own_name_where_an_input_is_called_y() -> None:
    inside = Box(("x", "y"), np.zeros(2), np.ones(2))
    assert str(read_shape("w >= 0; monotone y +", "w", inside).statements[1]) == "monotone y +"
    with pytest.raises(FormulaError, match="y is an input; the target is w"):
        read_shape("y >= 0", "w", inside)


def test_a_target_may_be_called_as_a_statement_begins() -> None:
    assert str(read_shape("period >= 0", "period", THREE).statements[0]) == "period >= 0"


IMPOSED = [
    ("0.3 + 2.1*x/(x + 1.2)", "y(x=0) = 0", "2.3*x/(x + 1.4)"),
    ("0.2 + 2.1*exp(-0.7*x)", "limit x->inf = 0", "2.4*exp(-0.8*x)"),
    ("0.9*x/(x + 1.2)", "limit x->inf = 1", "x/(x + 1.4)"),
    ("3.1 + 2.1*x**2", "y(x=0) = 3", "3 + 2*x**2"),
    ("3.1 + 2.1*x**2", "finite; convex x; limit x->inf = inf; limit x->0 finite; y(x=0) = 3", "3 + 2*x**2"),
]


@pytest.mark.parametrize(("formula", "said", "law"), IMPOSED)
def test_a_constant_is_chosen_so_that_a_value_or_a_limit_holds(formula: str, said: str, law: str) -> None:
    X = np.linspace(0.1, 8, 40)[:, None]
    data = Dataset(X, Tape(parse(law), ["x"]).value(X), ("x",))
    inside = Box.of(data.names, X)
    shape = read_shape(said, "y", inside)
    fits = list(imposed(fit_constants(parse(formula), data, iterations=0), shape, data))
    assert any(
        np.allclose(Tape(fit.expr, ["x"]).value(X), data.y, rtol=1e-6)
        and all(verdict_on(s, fit.expr, inside, SECONDS).verdict.value == P for s in shape.statements)
        for fit in fits
    )


def test_no_constant_is_chosen_for_a_limit_that_sympy_does_not_find() -> None:
    X = np.linspace(0.1, 8, 40)[:, None]
    fit = fit_constants(parse("max(1.3, sqrt(x)) + 0.3*x"), Dataset(X, X[:, 0], ("x",)), iterations=0)
    shape = read_shape("limit x->-inf = 1", "y", Box.of(("x",), X))
    assert not list(imposed(fit, shape, Dataset(X, X[:, 0], ("x",))))


def test_what_holds_of_a_law() -> None:
    inside = box((0.5, 3), (1, 2))
    held = [str(v.statement) for v in properties(parse("2*x/(x + z)"), "y", inside, Deadline())]
    assert held == [
        "finite", "y > 0", "strictly monotone x +", "concave x", "limit x->inf = 2",
        "strictly monotone z -", "convex z", "limit z->inf = 0",
    ]  # fmt: skip
    pole, *_ = properties(parse("1/(x - 2)"), "y", box((0.5, 3)), Deadline())
    assert (pole.statement, pole.verdict.value) == ("finite", R)
    assert pole.at == pytest.approx({"x": 2.0})
    unreal = [v.statement for v in properties(parse("sqrt(1/x - 1)"), "y", box((0.2, 0.9)), Deadline())]
    assert unreal == ["finite", "y > 0", "strictly monotone x -"]  # and no limit: it has no real values beyond 1


def test_verdicts_take_numbers_with_names() -> None:
    expr = sympy.Symbol("x") * sympy.pi
    shape: Shape = read_shape("monotone x +; y >= 0", "y", box((0, 1)))
    assert {verdict_on(s, expr, shape.box, SECONDS).verdict.value for s in shape.statements} == {P}
