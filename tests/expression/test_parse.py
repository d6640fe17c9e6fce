"""The formula language: what it reads, what it refuses and says, and that what it writes it can read."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from support.speed import timed

from kansr.errors import FormulaError
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import FUNCTIONS, MAX_DEPTH, caret, parse
from kansr.expression.render import render

x, y = sympy.symbols("x y")


POINT = {"x": 1.3, "y": 0.7, "beta": 0.4, "I": 2.2, "N": 3.1}


def at(expr: sympy.Expr) -> float:
    return float(evaluate(expr, {name: np.array([value]) for name, value in POINT.items()})[0])


MEANINGS = {
    "-x**2": -(x**2),
    "(-x)**2": x**2,
    "2**-1": sympy.Rational(1, 2),
    "2**-3**2": sympy.Rational(1, 512),
    "x**y**2": x ** (y**2),
    "--x": x,
    "+x - -y": x + y,
    "x - y - 1": x - y - 1,
    "x/y/2": x / y / 2,
    "x/2*y": x * y / 2,
    "1/2": sympy.Rational(1, 2),
    "1/3 + 1/6": sympy.Rational(1, 2),
    "0.1": sympy.Float(0.1),
    ".5e-3*x": sympy.Float(0.0005) * x,
    "2.*x": sympy.Float(2.0) * x,
    "pi*E": sympy.pi * sympy.E,
    "sqrt(x)": x ** sympy.Rational(1, 2),
    "abs(x)": sympy.Abs(x),
    "abs(exp(x))": sympy.exp(x),
    "abs(3*y*exp(sqrt(x)))": 3 * sympy.Abs(y) * sympy.exp(sympy.sqrt(x)),
    "max(x, 5, y)": sympy.Max(x, y, 5),
    "min(5, 0.8 + 0.35*x)": sympy.Min(5, sympy.Float(0.8) + sympy.Float(0.35) * x),
    "exp(-x**2/2)/sqrt(2*pi)": sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),
    " x\t+\n y ": x + y,
    "I*N + S": sympy.Symbol("I") * sympy.Symbol("N") + sympy.Symbol("S"),
    "lambda*gamma - beta": sympy.Symbol("lambda") * sympy.Symbol("gamma") - sympy.Symbol("beta"),
}


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.items())
def test_reads(text: str, meaning: sympy.Expr) -> None:
    assert parse(text) == meaning


REFUSED = {
    "": "empty",
    "  \n": "empty",
    "x^2": r"write \*\*",
    "x − 1": "write -",
    "2x": "missing before it",
    "2(x + 1)": "missing before it",
    "(x": "never closed",
    "x)": "without a matching",
    "x +": "ends too early",
    "x, y": "unexpected ','",
    "x = 2": "unexpected '='",
    "θ": "letters a to z",
    "x²": r"write \*\*2",
    "1..2": "unexpected",
    "0x10": "unexpected 'x10'",
    "1j": "unexpected 'j'",
    "exp": r"write exp\(",
    "sin()": "unexpected",
    "sin(x, y)": "one argument",
    "max(x)": "two or more arguments",
    "sinn(x)": "Did you mean 'sin'",
    "exec(1)": "no function 'exec'",
    "__import__('os')": "unexpected",
    "__import__(os)": "no function",
    "().__class__": "unexpected",
    "x.real": "unexpected '.'",
    "a[0]": "unexpected",
    "lambda x: x": "unexpected 'x'",
    '"str"': "unexpected",
    "x if y else 1": "unexpected 'if'",
    "\x00": "unexpected",
    "1/0": "division by zero",
    "x/(y - y)": "division by zero",
    "0**(-x)": "division by zero",
    "y/(2*0**x)": "division by zero",
    "log(0)": "not a real number",
    "tan(pi/2)": "not a real number",
    "sqrt(-1)": "not a real number",
    "(-8)**(1/3)": "not a real number",
    "x*asin(2)": "not a real number",
    "9**9**9": "exponent over",
    "x**(10**10)": "exponent over",
    "((x**1000)**1000)**1000": "exponent over",
    "asin(sin(10**300))": "cannot (build|be applied)",
    "(2**1000)**1000": "double precision",
    "1e400": "double precision",
    "1e-400": "double precision",
    "1e300*1e300*x": "double precision",
    "exp(exp(exp(exp(9))))": "double precision",
    "1" * 5000: "are allowed",
    "(" * 100_000 + "x": "are allowed",
    "(" * 40_000 + "x" + ")" * 40_000: "nested",
    "sin(1 + " * 99 + "x" + ")" * 99: "nested",
    "x" + "**x" * 3000: "nested",
    "-" * 50_000 + "x": "more than",
    "x + " * 30_000 + "x": "are allowed",
    "+".join(f"1/{i}**90" for i in range(2, 1000)): "too many digits",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=[text[:20] for text in REFUSED])
def test_refuses_at_once_and_says_why(text: str, says: str) -> None:
    def refused() -> FormulaError:
        with pytest.raises(FormulaError, match=says) as caught:
            parse(text)
        return caught.value

    error, seconds = timed(refused)
    assert seconds < 2
    assert "\n" not in str(error)
    assert (error.position is not None) == ("(at " in str(error))
    caret(error)


def test_the_caret_stands_under_the_mistake() -> None:
    with pytest.raises(FormulaError, match="line 2, column 4") as caught:
        parse("x +\ny +^ 2")
    assert caret(caught.value) == "y +^ 2\n   ^"
    with pytest.raises(FormulaError, match="empty") as caught:
        parse(" ")
    assert caret(caught.value) == ""
    with pytest.raises(FormulaError) as caught:
        parse("x + " * 1000 + "$" + " + x" * 1000)
    line, pointer = caret(caught.value).split("\n")
    assert len(line) <= 72
    assert line[len(pointer) - 1] == "$"


def test_names_that_are_not_there_are_told_apart() -> None:
    assert parse("mass*pi", names=["mass"]) == sympy.pi * sympy.Symbol("mass")
    with pytest.raises(FormulaError, match=r"no variable 'mas' among mass, speed\. Did you mean 'mass'\?"):
        parse("mas*speed**2", names=["mass", "speed"])


def test_functions_can_be_added() -> None:
    functions = {**FUNCTIONS, "square": lambda u: u**2, "besselj": sympy.besselj}
    assert parse("square(x + 1)", functions=functions) == (x + 1) ** 2
    bessel = parse("besselj(0, x)", functions=functions)
    assert bessel == sympy.besselj(0, x)
    assert render(bessel, functions=functions) == "besselj(0, x)"
    with pytest.raises(FormulaError, match="besselj"):
        render(bessel)
    with pytest.raises(FormulaError, match="square cannot be applied"):
        parse("square(x, y)", functions=functions)


def test_a_deep_formula_goes_through_every_stage() -> None:
    depth = MAX_DEPTH - 1
    expr = parse("sin(" * depth + "x" + ")" * depth)
    assert parse(render(expr)) == expr
    assert math.isfinite(at(expr))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-300))
def test_every_double_survives(value: float) -> None:
    assert float(parse(render(sympy.Float(value)))) == value
    assert float(parse(repr(value))) == value


# A formula is drawn as its text and its value at POINT, worked out beside it with ordinary floats.
Formula = tuple[str, float]


leaves = st.one_of(
    st.sampled_from([*POINT.items(), ("pi", math.pi), ("E", math.e)]),
    st.integers(0, 20).map(lambda n: (str(n), float(n))),
    st.floats(0, 100, allow_nan=False).map(lambda value: (repr(value), value)),
)


UNARY = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "tanh", "abs")}


BINARY = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


def moderate(value: float) -> float:
    """`value`, or nan from here on where cancellation could leave few digits of it."""
    return float(value) if 1e-2 < abs(value) < 1e2 else math.nan


@np.errstate(all="ignore")
def applied(name: str, inner: Formula) -> Formula:
    return f"{name}({inner[0]})", moderate(UNARY[name](inner[1]))


@np.errstate(all="ignore")
def joined(left: Formula, sign: str, right: Formula) -> Formula:
    return f"({left[0]}) {sign} ({right[0]})", moderate(BINARY[sign](left[1], right[1]))


@np.errstate(all="ignore")
def raised(base: Formula, exponent: int) -> Formula:
    return f"-({base[0]})**{exponent}", moderate(-(np.float64(base[1]) ** exponent))


formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(applied, st.sampled_from(sorted(UNARY)), inner),
        st.builds(joined, inner, st.sampled_from(sorted(BINARY)), inner),
        st.builds(raised, inner, st.sampled_from([-2, -1, 2, 3])),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(formulas)
def test_values_survive_reading_and_writing(formula: Formula) -> None:
    text, value = formula
    try:
        expr = parse(text)
    except FormulaError:
        reject()  # 1/0, a root of a negative number, a number too large
    again = parse(render(expr))
    assert again == expr or at(again) == pytest.approx(at(expr), rel=1e-14, nan_ok=True)
    if math.isfinite(value):
        assert at(expr) == pytest.approx(value, rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="xy12.()+-*/e^ sinexp,=_'\"[]{}\\\n√", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expr = parse(text)
    except FormulaError as err:
        assert caret(err) is not None
    else:
        assert parse(render(expr)) == expr
