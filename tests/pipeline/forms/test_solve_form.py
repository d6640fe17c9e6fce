"""Forms with unknown functions: read, turned, followed by smooth models, and solved."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sympy
from support.command import REAL, call
from support.paths import KEPLER

from kansr.api.discover import discover
from kansr.data.dataset import Dataset
from kansr.errors import FormulaError, KansrError, UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.refinement.forms.backfitting import backfit
from kansr.refinement.forms.skeleton import TARGET, read_skeleton

X = np.random.default_rng(0).uniform(0.5, 3, (300, 3))
NAMES = ("x", "y", "z")


def table(law: str) -> Dataset:
    return Dataset(X, Tape(parse(law), NAMES).value(X), NAMES, "t")


DATA = table("x + y + z")

# form -> what the unknown functions are, and what the target is turned into
TURNED = [
    ("f(x) + g(y, z)", ["f(x)", "g(y, z)"], "t"),
    ("x*f(y)", ["f(y)"], "t"),
    ("exp(f(x) + g(y))", ["f(x)", "g(y)"], "log(t)"),
    ("exp(f(x))", ["exp(f(x))"], "t"),
    ("f(x/y)", ["f(x/y)"], "t"),
    ("f(x)/g(y) + z", ["f(x)", "1/g(y)"], "t"),
    ("f(x)/(1 + g(y))", ["f(x)", "1/(g(y) + 1)"], "t"),
    ("sqrt(f(x)*g(y) + z)", ["f(x)", "g(y)"], "t**2"),
    ("2*log(f(x) + y) - z", ["f(x)"], "exp(t/2 + z/2)"),
    ("1/(f(x) + y*g(z))", ["f(x)", "g(z)"], "1/t"),
]


@pytest.mark.parametrize(("text", "said", "left"), TURNED, ids=[row[0] for row in TURNED])
def test_a_form_is_turned_until_it_is_linear_in_each_function(text: str, said: list[str], left: str) -> None:
    skeleton = read_skeleton(text, DATA)
    assert [unknown.text for unknown in skeleton.unknowns] == said
    assert sympy.simplify(skeleton.left.xreplace({TARGET: sympy.Symbol("t")}) - parse(left)) == 0
    for unknown in skeleton.unknowns:
        assert unknown.symbol not in skeleton.right.diff(unknown.symbol).free_symbols


REFUSED = [
    ("x + y", "no unknown function"),
    ("sin(f(x) + g(y))", "neither linear in each of them nor has one inverse"),
    ("f(x)**g(y)", "neither linear in each of them nor has one inverse"),
    ("(f(x) + y)**2", "neither linear in each of them nor has one inverse"),
    ("f(g(x))", "inside another"),
    ("f(x) + f(y)", "two arguments"),
    ("f(w)", "no variable 'w'"),
    ("x(y)", "x is a column"),
    ("f(2)", "not a real number"),
    ("f(x", "never closed"),
    ("__import__(x)", ""),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_cannot_be_solved_is_said_in_a_sentence(text: str, words: str) -> None:
    if not words:
        assert [u.text for u in read_skeleton(text, DATA).unknowns] == ["__import__(x)"]  # a name as any other
        return
    with pytest.raises(KansrError) as caught:
        read_skeleton(text, DATA)
    assert words in str(caught.value) and isinstance(caught.value, UsageError | FormulaError)


@pytest.mark.parametrize("linear", [True, False])
def test_functions_of_a_sum_are_followed_up_to_a_constant(linear: bool) -> None:
    x, y = X[:200, :1], X[:200, 1:]
    first, second = np.sin(2 * x[:, 0]), y[:, 0] * np.exp(-y[:, 1])

    def parts(values: list[Array], number: int) -> tuple[Array, Array]:
        return values[1 - number], np.ones(200)

    def together(values: list[Array], number: int) -> tuple[Array, Array]:
        return np.zeros(200) + values[1 - number], np.ones(200)

    (f, g), left = backfit([x, y], first + second, together if linear else parts, linear)  # type: ignore[arg-type]
    assert left < 1e-2 and np.std(f - first) < 2e-2 and np.std(g - second) < 2e-2


def test_a_single_function_is_solved_from_the_rows() -> None:
    found = discover((X, Tape(parse("x*log(1 + y**2)"), NAMES).value(X)), form="x0*f(x1)", time_limit=40)
    assert found.best.expr == parse("x0*log(x1**2 + 1)") and found.status.value == "found"
    assert found.structure is not None and found.structure.path[0].what == "f(x1) = log(x1**2 + 1)"


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "law"),
    [
        ("f(x0) + g(x1,x2)", "sin(2*x) + y*exp(-z)"),
        ("f(x0)*g(x1)", "sin(2*x)*(y - 1.7)"),
        ("x0*f(x1) + g(x2)/x1", "x*log(y) + cos(z)/y"),
        ("f(x0)/(1 + g(x1))", "exp(-x)/(1 + y**2)"),
    ],
)
def test_several_functions_are_solved_one_after_another(form: str, law: str) -> None:
    y = Tape(parse(law), NAMES).value(X)
    found = discover((X, y), form=form, time_limit=90)
    assert found.best.loss < 1e-12 * np.var(y)


def test_a_form_that_does_not_fit_says_so() -> None:
    y = X[:, 0] * X[:, 1]
    found = discover((X[:, :2], y), form="f(x0) + g(x1)", time_limit=6)
    assert any("even smooth functions in f(x0) + g(x1) leave a residual" in note for note in found.notes)


def test_rows_without_a_value_are_told() -> None:
    with pytest.raises(UsageError, match=r"cannot be solved for its functions on .* rows: log"):
        discover((X, X[:, 0] - 2.0), form="exp(f(x0) + g(x1))", time_limit=6)


def test_the_command_line_reads_a_form() -> None:
    done = call("discover", KEPLER, "--form", "f(semi_major_axis_au)", "--time-limit", 6, "--json", program=REAL)
    assert done.returncode in (0, 4) and "semi_major_axis_au**(3/2)" in json.loads(done.stdout)["best"]["expression"]
    done = call("discover", KEPLER, "--form", "sin(f(semi_major_axis_au)+g(semi_major_axis_au))", program=REAL)
    assert done.returncode == 2 and "cannot be solved" in done.stderr
