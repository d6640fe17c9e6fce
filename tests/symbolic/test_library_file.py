""".library files: what they may say, what is refused and where, and that their functions are found and printed."""

from __future__ import annotations

import copy
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.command import told
from support.speed import took

import kansr
from kansr import SymbolicRegressor
from kansr.cli import Exit
from kansr.errors import DataError, FormulaError, KansrError, UsageError
from kansr.expression.parse import parse
from kansr.result.graph import Edge
from kansr.symbolic.library.inspection import inspect
from kansr.symbolic.library.library_file import as_library, read_library
from kansr.symbolic.library.redundancy import points, redundant, value, without_redundant
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import MatchConfig, match

MINE = """# functions of one's own
softplus(u) = log(1 + exp(u))
langmuir(p) = p/(1 + p); domain (0, inf); complexity 3; free a; "adsorption"

beat(t) = sin(t)*sin(t/10); free a; periodic
half(x) = sqrt(1 - x**2) ; domain (-1, sin(pi/2))
folded(x) = abs(x)/(1 + abs(x))
shift(x) = exp(x); free none
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "mine.library"
    path.write_text(MINE, encoding="utf-8")
    return path


def written(folder: Path, text: str) -> Path:
    path = folder / "f.library"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_says_all_that_a_function_needs(mine: Path) -> None:
    entries = {entry.function.name: entry for entry in read_library(mine)}
    assert list(entries) == ["softplus", "langmuir", "beat", "half", "folded", "shift"]
    langmuir = entries["langmuir"].function
    assert (langmuir.complexity, langmuir.free, langmuir.domain) == (3, "a", (0.0, np.inf))
    assert entries["langmuir"].title == "adsorption" and entries["langmuir"].line == 3
    assert entries["half"].function.domain == (-1.0, 1.0)
    assert entries["beat"].function.periodic and entries["shift"].function.free == ""
    assert entries["folded"].function.derivative is not None and langmuir.derivative is not None
    assert entries["softplus"].function.free == "ab" and entries["softplus"].function.complexity == 5


def test_symbolic_numeric_and_slope_are_one_function(mine: Path) -> None:
    z = sympy.Symbol("z")
    for entry in read_library(mine):
        f, u = entry.function, points(entry.function).reshape(3, -1)
        by_hand = sympy.lambdify(z, f.symbolic(z), "numpy")(u)
        assert np.allclose(f.numeric(u), by_hand, rtol=1e-13)
        for twin in (copy.deepcopy(f), cloudpickle.loads(cloudpickle.dumps(f))):
            assert np.array_equal(twin.numeric(u), f.numeric(u)) and twin.symbolic(z) == f.symbolic(z)
        if f.derivative is not None:
            near = (f.numeric(u + 1e-7) - f.numeric(u - 1e-7)) / 2e-7
            inner = (slice(None), slice(5, -5))
            assert np.allclose(f.derivative(u)[inner], near[inner], rtol=1e-4, atol=1e-4)


# Lines -> a part of the sentence, which names line and column.
REFUSED = {
    "f(u) = u^2": "line 1: unexpected '^': write ** (at column 9)",
    "\n\nf(u) = v": "line 3: no variable 'v' among u. (at column 8)",
    "f(u) = 3": "does not use u (at column 8)",
    "exp(u) = u": "'exp' is a word of the formula language (at column 1)",
    "f(pi) = pi": "'pi' is a word of the formula language (at column 3)",
    "tanh(u) = u": "is a word of the formula language",
    "sigmoid(u) = u**7": "is in the standard library already (at column 1)",
    "f(u) = u**7\nf(u) = u**9": "line 2: a second function called 'f'; the first is in line 1 (at column 1)",
    "f(u) = log(u); domain (3, 1)": "from a number to a larger one (at column 16)",
    "f(u) = log(u); domain (0, x)": "no variable 'x' among none. (at column 27)",
    "f(u) = log(u); domain (0, 1/0)": "division by zero (at column 27)",
    "f(u) = log(u); domain (0, 1, 2)": "a domain is written as (0, inf) (at column 16)",
    "f(u) = log(u); domain (nan, 1)": "no variable 'nan'",
    "f(u) = u**7; complexity 0": "from 1 to 100 (at column 14)",
    "f(u) = u**7; complexity -1": "unexpected '-1' (at column 25)",
    "f(u) = u**7; complexity 999999999999": "from 1 to 100",
    "f(u) = u**7; free a; free b": "free is given twice (at column 22)",
    "f(u) = u**7; free c": "unexpected 'c' (at column 19)",
    "f(u) = u**7; wrong": "unexpected 'wrong' (at column 14)",
    "f(u) = u**7;": "unexpected end of the line (at column 13)",
    "f(u": "unexpected end of the line (at column 4)",
    "f = u": "unexpected '= u' (at column 3)",
    "f(u, v) = u": "unexpected ', v) = u' (at column 4)",
    "f(u) = 9**9**9*u": "an exponent over 1000",
    "f(u) = " + "u*" * 1000 + "u": "letters; at most 1000 are allowed",
    "f(u) = __import__('os')": "unexpected",
    "# nothing": "holds no functions",
    "": "holds no functions",
    "\n".join(f"f{i}(u) = u**7" for i in range(101)): "line 101: more than 100 functions",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=[text[:20] for text in REFUSED])
def test_what_is_not_understood_is_one_sentence_with_its_place(text: str, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises((FormulaError, DataError)) as caught:
        read_library(path)
    assert says in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)
    done = told("library", "check", path)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "") and done.stderr.count("\n") == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"f(u) = \xe9")
    for path, says in [
        (tmp_path, "cannot read"),
        (tmp_path / "none", "no such file"),
        (tmp_path / "latin", "cannot read"),
    ]:
        with pytest.raises(DataError, match=says):
            read_library(path)
    with pytest.raises(UsageError, match="a library is"):
        as_library(3)  # type: ignore[arg-type]


# Claims that the numbers contradict -> what is said.
FALSE = {
    "f(u) = log(u)": "f has no value at u = -4.999, and no domain is given; write for instance: domain (0, inf)",
    "f(u) = log(u); domain (-1, 1)": "f has no value at u = -1, inside its domain (-1, 1) (at column 16)",
    "f(u) = u**2; periodic": "f is not periodic: 1 extrema over a range of 40 (at column 14)",
    "f(u) = abs(u) - u; domain (0, 9)": "f is constant (at column 8)",
}


@pytest.mark.parametrize(("text", "says"), FALSE.items())
def test_claims_that_are_false_are_told(text: str, says: str, tmp_path: Path) -> None:
    done = told("library", "check", written(tmp_path, text))
    assert done.returncode == Exit.USAGE and f"line 1: {says}" in done.stderr


def test_check_prints_what_was_read(mine: Path) -> None:
    done = told("library", "check", mine)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["name", "weight", "domain", "free", "monotone", "derivative", "formula"]
    assert rows[2] == ["langmuir", "3", "0", "…", "inf", "a", "rising", "exact", "u/(u", "+", "1)"]
    assert "shift: a is not free, so only a = 1 is matched" in done.stderr


def test_a_constant_that_others_make_up_for_is_told(tmp_path: Path) -> None:
    [entry] = read_library(written(tmp_path, "e(u) = 2*exp(u) + 1; free a b"))
    assert inspect(entry, "f").remarks == ("e: f(u + b) is c*f(u) + d, so b need not be free",)


# fitted with fewer constants
DELIBERATE = {"power", "sin^2", "exp(1/x)", "x*exp(x)", "x*log(x)", "sin(x)/x"}
DELIBERATE |= {"sqrt(1-x^2)", "1/sqrt(1-x^2)", "x/(exp(x)-1)"}


@pytest.mark.parametrize("f", [f for f in STANDARD if f.name not in DELIBERATE], ids=lambda f: f.name)
def test_which_constants_the_standard_functions_need_is_found(f: kansr.Function) -> None:
    assert without_redundant(f).free == f.free


@pytest.mark.parametrize("f", [f for f in STANDARD if f.free not in ("p", "")], ids=lambda f: f.name)
def test_no_free_constant_is_made_up_for_by_others(f: kansr.Function) -> None:
    assert not any(redundant(f, letter) for letter in f.free)


@pytest.mark.parametrize("f", [f for f in STANDARD if f.free != "p"], ids=lambda f: f.name)
def test_standard_functions_have_values_where_they_are_asked(f: kansr.Function) -> None:
    assert np.isfinite(value(f, points(f))).mean() > 0.99  # exp(1/x) overflows beside its pole


def test_a_function_of_a_file_is_matched_and_printed_in_plain_language(mine: Path) -> None:
    x = np.linspace(0.1, 9, 80)
    y = 3 * np.log1p(np.exp(2 * x - 5)) + 1
    best = match(Edge("x", "y", x, y), MatchConfig(library=as_library(mine)))[0]
    assert best.function.name == "softplus" and best.r2 > 1 - 1e-9
    text = kansr.render(best.expr(sympy.Symbol("x")))
    again = sympy.lambdify(sympy.Symbol("x"), parse(text), "numpy")(x)
    assert again == pytest.approx(best.value(x), rel=1e-12) and "softplus" not in text


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_law_is_found_with_a_library_of_ones_own(mine: Path, jobs: int) -> None:
    x = np.linspace(0.1, 9, 200)
    y = 2 * np.log1p(np.exp(1.5 * x - 4))
    found = kansr.discover((x, y), library=mine, time_limit=20, jobs=jobs)
    assert found.best.r2_held_out > 1 - 1e-12
    model = SymbolicRegressor(library=str(mine), max_time=20).fit(x[:, None], y)
    assert model.score(x[:, None], y) > 1 - 1e-9


LINES = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from('fu()=;+-*/,"0123456789.# ab einfdomaincomplexityfreeperiodicnone'), max_size=80),
    st.builds(
        "f(u) = {}; {} {}; {}".format,
        st.sampled_from(["u**7", "log(u)", "1/u", "exp(exp(exp(u)))", "u**u**u", "abs(u)**(1/3)", "tan(u)"]),
        st.sampled_from(["domain", "free", "complexity", "periodic", ""]),
        st.sampled_from(["(0, inf)", "(-inf, 1e308)", "(1, 1.0000001)", "(-1e-300, 1e-300)", "a b", "none", "7", ""]),
        st.sampled_from(["periodic", '"words"', "free a", "domain (1, 2)", ""]),
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(LINES, min_size=1, max_size=3))
def test_no_text_crashes_or_hangs(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.library"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))

    def read() -> None:
        try:
            for entry in read_library(path):
                inspect(entry, "fuzz")
        except KansrError as err:
            assert "\n" not in str(err)

    assert took(read) < 2
