"""Forms that a user gives: what their names and numbers mean, and their constants from given starts and from none."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.exchangeable import exchangeable
from kansr.formula.fit.form import fit_form, read_form
from kansr.formula.fit.projection import Projection
from kansr.formula.fit.starts import part_with

# Two of NIST's sets for nonlinear regression, https://www.itl.nist.gov/div898/strd: rows, form, starts, certified
# constants and standard errors. Levenberg and Marquardt's method fails from the first start of each.
MGH10 = (
    np.arange(50.0, 126.0, 5.0),
    [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872],
    "b1*exp(b2/(x + b3))",
    ([2, 400000, 25000], [0.02, 4000, 250]),
    [5.6096364710e-03, 6.1813463463e03, 3.4522363462e02],
    [1.5687892471e-04, 2.3309021107e01, 7.8486103508e-01],
)
MGH17 = (
    np.arange(0.0, 321.0, 10.0),
    [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
     0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
     0.406],
    "b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
    ([50, 150, -100, 1, 2], [0.5, 1.5, -1, 0.01, 0.02]),
    [3.7541005211e-01, 1.9358469127e00, -1.4646871366e00, 1.2867534640e-02, 2.2122699662e-02],
    [2.0723153551e-03, 2.2031669222e-01, 2.2175707739e-01, 4.4861358114e-04, 8.9471996575e-04],
)  # fmt: skip
CERTIFIED = [(*problem, start) for problem in (MGH10, MGH17) for start in (0, 1, None)]


@pytest.mark.parametrize(("x", "y", "text", "starts", "values", "errors", "start"), CERTIFIED)
def test_certified_constants_from_given_starts_and_from_none(x, y, text, starts, values, errors, start) -> None:
    data = Dataset(np.asarray(x)[:, None], np.asarray(y, dtype=float), ("x",))
    names = [f"b{i + 1}" for i in range(len(values))]
    begin = None if start is None else dict(zip(names, starts[start]))
    fitted = fit_form(read_form(text, data, start=begin), data)
    assert [str(c) for c in fitted.form.constants] == names
    assert fitted.values == pytest.approx(values, rel=1e-6)
    assert fitted.errors == pytest.approx(errors, rel=1e-4)


def rows(law: str, low: float = 0.0, high: float = 10.0, noise: float = 0.0) -> Dataset:
    X = np.linspace(low, high, 80)[:, None]
    y = Tape(parse(law), ["x"]).value(X)
    return Dataset(X, y + noise * np.random.default_rng(0).normal(size=80), ("x",))


# form, law of the rows, range of x; the constants are in an order that means something
FOUND = [
    ("a*exp(-(x - m)**2/w**2) + b*exp(-(x - n)**2/v**2)", "3*exp(-(x - 7)**2/0.7**2) + 2*exp(-(x - 3)**2/0.5**2)", 10),
    ("a*exp(-p*x) + b*exp(-q*x)", "2*exp(-5*x) + 1*exp(-0.3*x)", 5),
    ("a*sin(2*pi*x/p) + b*sin(2*pi*x/q)", "2*sin(2*pi*x/1.7) + 3*sin(2*pi*x/4.1)", 30),
    ("a*atan((x - m)/w) + c", "3*atan((x - 812)/4) + 2", 1000),
    ("x**n/(k**n + x**n)", "x**2.3/(3.1**2.3 + x**2.3)", 10),
]


@pytest.mark.parametrize(("text", "law", "high"), FOUND)
def test_constants_are_found_without_a_start_and_in_order(text: str, law: str, high: float) -> None:
    data = rows(law, 0.1, high)
    fitted = fit_form(read_form(text, data), data)
    assert np.allclose(Tape(fitted.expr, ["x"]).value(data.X), data.y, rtol=0, atol=1e-7 * np.std(data.y))
    found = dict(zip(map(str, fitted.form.constants), fitted.values))
    if "q*x" in text:
        assert (found["p"], found["q"]) == pytest.approx((0.3, 5))  # the slower first
    if "x/q" in text:
        assert (found["p"], found["q"]) == pytest.approx((4.1, 1.7))
    if "(x - n)" in text:
        assert (found["m"], found["n"]) == pytest.approx((3, 7))  # the one on the left first


def test_every_decimal_of_a_form_without_names_is_a_constant_and_nothing_else() -> None:
    data = rows("2*exp(-0.5*x) + 3*x**2 + 1")
    form = read_form("1.5*exp(-1.5*x) + 2.5*x**2 + 1", data)
    assert [str(c) for c in form.constants] == ["c1", "c2", "c3"]  # the number that stands twice is two constants
    assert form.written == (1.5, 1.5, 2.5)
    assert form.expr == parse("c1*exp(-c2*x) + c3*x**2 + 1")  # the 2 and the 1 stay
    assert fit_form(form, data).values == pytest.approx([2, 0.5, 3], rel=1e-6)


def test_numbers_of_a_form_with_names_stay() -> None:
    data = rows("2*exp(-0.5*x) + 0.25")
    form = read_form("a*exp(-0.4*x) + c", data)
    assert [str(c) for c in form.constants] == ["a", "c"]
    assert sympy.Float(-0.4) in fit_form(form, data).expr.atoms(sympy.Float)


def test_constants_come_in_the_order_of_their_numbers() -> None:
    data = rows("x")
    assert [str(c) for c in read_form("b10*x + b9", data).constants] == ["b9", "b10"]


STARTS = {
    "b=1": "the start names 'b', which is not a constant of the form: a, k",
    "a": "the start of a must be a number, as in a=0.5, not ''",
    "a=": "the start of a must be a number",
    "a=one": "not 'one'",
    "a=inf": "the start of a must be a number",
}


@pytest.mark.parametrize(("start", "said"), STARTS.items())
def test_a_start_that_means_nothing_is_refused(start: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read_form("a*exp(-k*x)", rows("x"), start=start)
    assert said in str(refusal.value)


def test_a_start_is_read_from_text_or_by_name() -> None:
    data = rows("2*exp(-x)")
    assert read_form("a*exp(-k*x)", data, start=" a=2, k = 1e-3 ").start == {"a": 2.0, "k": 1e-3}
    assert read_form("a*exp(-k*x)", data, start={"k": 3}).start == {"k": 3.0}


def test_a_start_chooses_between_equal_fits() -> None:
    """The labels of exchangeable constants are those of the start."""
    data = rows("2*exp(-5*x) + 1*exp(-0.3*x)", high=5)
    fitted = fit_form(read_form("a*exp(-p*x) + b*exp(-q*x)", data, start="p=4,q=0.5,a=1,b=1"), data)
    assert fitted.values == pytest.approx([2, 1, 5, 0.3], rel=1e-6)  # a, b, p, q


def test_the_same_seed_gives_the_same_constants() -> None:
    data = rows("2*exp(-(x - 4)**2/3) + 1", noise=0.1)
    form = read_form("a*exp(-(x - m)**2/w) + c", data)
    assert fit_form(form, data, seed=3).values.tolist() == fit_form(form, data, seed=3).values.tolist()


def test_a_projection_has_the_derivatives_of_its_residual() -> None:
    data = rows("2*exp(-0.5*x) + 1", noise=0.1)
    a, c, k, m = sympy.symbols("a c k m")
    projection = Projection.of(parse("a*exp(-k*x) + c + m*sin(x)*k"), data, (k, m), (a, c))
    at, h = np.array([[0.4, 0.2]]), 1e-6
    _, J, _ = projection._projected(at)
    residual = [projection._projected(at + h * np.eye(2)[[i]])[2] for i in (0, 1)]
    less = [projection._projected(at - h * np.eye(2)[[i]])[2] for i in (0, 1)]
    r = projection._projected(at)[2][0]
    slope = [((up - down)[0] / (2 * h)) @ r for up, down in zip(residual, less)]
    assert J[0].T @ r == pytest.approx(slope, rel=1e-4)  # Kaufman's Jacobian has the gradient of the loss


PARTS = {
    "a*exp(-k*x)": ("k", "-k*x"),
    "a*exp(-(x - m)**2/w)": ("m", "x - m"),
    "b/(1 + exp(p - q*x))": ("q", "-q*x"),
    "a*x**n": ("n", "x**n"),
}


@pytest.mark.parametrize(("text", "found"), PARTS.items())
def test_where_a_constant_meets_an_input(text: str, found: tuple[str, str]) -> None:
    constant, part = found
    met = part_with(parse(text), sympy.Symbol(constant), {"x": sympy.Symbol("x")})
    assert met is not None and (met == parse(part) or met == -parse(part))


def test_what_can_be_exchanged() -> None:
    symbols = sympy.symbols("a b c d e")
    assert exchangeable(parse("a*exp(-b*x) + c*exp(-d*x) + e"), symbols) == [(symbols[:2], symbols[2:4])]
    assert exchangeable(parse("a*exp(-b*x) + c*sin(d*x) + e"), symbols) == []
