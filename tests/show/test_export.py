"""Formulas in other languages: each computes what the formula does, for any formula and any names."""

from __future__ import annotations

import ctypes
import re
import runpy
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from support import formulas
from sympy.parsing.latex import parse_latex

from kansr.cli.signature.results.export import Format
from kansr.expression.domain import domain
from kansr.expression.evaluate import Tape
from kansr.expression.identifiers import aliases
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import parse
from kansr.formula.fit.constants import floats
from kansr.numeric.arrays import Array
from kansr.result.law import Law
from kansr.show.export.formats import FORMATS, export
from kansr.show.export.latex import to_latex
from kansr.show.export.names import FUNCTIONS, WORDS, names

X = formulas.points()
LOOSE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def law_of(expr: sympy.Expr) -> Law:
    used = {str(symbol) for symbol in expr.free_symbols}
    return Law(expr, tuple(name for name in formulas.NAMES if name in used), "f")


def columns(law: Law) -> list[Array]:
    return [X[:, formulas.NAMES.index(name)] for name in law.inputs]


def module(law: Law, to: str, folder: Path) -> dict[str, Any]:
    file = folder / f"{to}_law.py"
    file.write_text(export(law, to), encoding="utf-8")
    return runpy.run_path(str(file))


def by_python(law: Law, folder: Path) -> Any:
    f = module(law, "python", folder)["f"]
    return [f(*map(float, row)) for row in zip(*columns(law))] if law.inputs else f()


def by_numpy(law: Law, folder: Path) -> Any:
    return module(law, "numpy", folder)["f"](*columns(law))


def by_torch(law: Law, folder: Path) -> Any:
    return module(law, "torch", folder)["F"]()(*columns(law)).detach().numpy()


def by_sympy(law: Law, folder: Path) -> Any:
    found = module(law, "sympy", folder)["f"]
    return Tape(sympy.sympify(found), [names(law).of[n] for n in law.inputs]).value(
        np.column_stack([X[:, :0], *columns(law)])
    )


def by_latex(law: Law) -> Any:
    """As sympy reads it, which knows products of letters only, so names of more than one are replaced."""
    letters = dict(zip(sympy.symbols(list(law.inputs)), sympy.symbols("a b c p q r u v")))
    text = to_latex(Law(law.expr.xreplace(letters), tuple(map(str, letters.values())), "y"))
    bars = re.sub(r"\\(left|right)\|", "|", text.partition("=")[2])
    found = parse_latex(bars).subs(sympy.Symbol("e"), sympy.E).subs(sympy.Symbol("pi"), sympy.pi)
    for name, function in (("max", sympy.Max), ("min", sympy.Min)):
        found = found.replace(sympy.Function(name), function)
    given = [letters[sympy.Symbol(name)] for name in law.inputs]
    return Tape(found, list(map(str, given))).value(np.column_stack([X[:, :0], *columns(law)]))


COMPUTED: dict[str, Callable[[Law, Path], Any]] = {
    "python": by_python,
    "numpy": by_numpy,
    "torch": by_torch,
    "sympy": by_sympy,
}


def assert_same(law: Law, values: Any) -> None:
    expected = law.value(np.column_stack([X[:, :0], *columns(law)]))
    values = np.broadcast_to(np.asarray(values, dtype=float), expected.shape)
    good = formulas.steady(law.expr, X)
    there = good & np.isfinite(expected)
    assert (np.isfinite(values) == np.isfinite(expected))[good].all(), law.expr
    assert np.allclose(values[there], expected[there], rtol=1e-10, atol=0), law.expr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("code")


@pytest.mark.parametrize("to", COMPUTED)
@LOOSE
@given(expr=formulas.formulas)
def test_code_computes_what_the_formula_does(to: str, folder: Path, expr: sympy.Expr) -> None:
    law = law_of(expr)
    assert_same(law, COMPUTED[to](law, folder))


@settings(LOOSE, derandomize=True, phases=[Phase.explicit, Phase.generate])  # to make an example smaller takes minutes
@given(expr=formulas.formulas)
def test_latex_says_what_the_formula_does(expr: sympy.Expr) -> None:
    # log(x)^2 is written as it is spoken, and read as log(x^2)
    assume(not any(power.base.func is sympy.log for power in expr.atoms(sympy.Pow)))
    law = law_of(expr)
    assert_same(law, by_latex(law))


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler called cc")
@settings(LOOSE, max_examples=3)
@given(exprs=st.lists(formulas.formulas, min_size=40, max_size=40))
def test_c_computes_what_the_formula_does(tmp_path_factory: pytest.TempPathFactory, exprs: list[sympy.Expr]) -> None:
    laws = [Law(law.expr, law.inputs, f"f{i}") for i, law in enumerate(map(law_of, exprs))]
    library = compiled([export(law, "c") for law in laws], tmp_path_factory.mktemp("c"))
    for i, law in enumerate(laws):
        f = library[f"f{i}"]
        f.restype, f.argtypes = ctypes.c_double, [ctypes.c_double] * len(law.inputs)
        assert_same(law, [f(*map(float, row)) for row in zip(*columns(law))] if law.inputs else f())


def compiled(sources: list[str], folder: Path) -> ctypes.CDLL:
    """All sources as one library; a warning is an error."""
    folder = Path(tempfile.mkdtemp(dir=folder))  # a library is loaded once from one path
    (folder / "laws.c").write_text("\n".join(sources), encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-O1", "-ffp-contract=off", "-shared", "-fPIC"]
    command = ["cc", *flags, str(folder / "laws.c"), "-o", str(folder / "laws.so"), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(folder / "laws.so"))


@settings(LOOSE, max_examples=40)
@given(expr=formulas.formulas)
def test_the_constants_of_the_torch_module_can_be_trained(folder: Path, expr: sympy.Expr) -> None:
    """Its derivatives by the fitted numbers are those of the formula."""
    law, numbers = law_of(expr), floats(expr)
    model = module(law, "torch", folder)["F"]()
    parameters = dict(model.named_parameters())
    assert [p.item() for p in parameters.values()] == [float(v) for v in numbers]
    if not numbers:
        return
    tape = Tape(expr, formulas.NAMES, numbers)
    _, J = tape.jacobian(X, [float(v) for v in numbers])
    good = (
        formulas.steady(expr, X) & np.isfinite(tape.value(X, [float(v) for v in numbers])) & np.isfinite(J).all(axis=1)
    )
    for row in np.flatnonzero(good)[:4]:
        model.zero_grad()
        model(*(column[row] for column in columns(law))).backward()
        slopes = [0.0 if p.grad is None else float(p.grad) for p in parameters.values()]
        assert slopes == pytest.approx(J[row], rel=1e-6, abs=1e-9 * float(np.abs(J[row]).max()))


# Names that mean something somewhere, and names that no language has.
HOSTILE = (
    *(
        "lambda",
        "int",
        "E",
        "I",
        "pi",
        "exp",
        "np",
        "math",
        "torch",
        "self",
        "sympy",
        "_real",
        "__x",
        "None",
        "INFINITY",
    ),
    *(
        "naïve θ",
        "a b",
        "a*b",
        '"""',
        "*/",
        "\\",
        "\n#include <x>",
        "x'); import os",
        "=cmd()",
        "",
        "1e5",
        "linux",
        "gamma",
    ),
)


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("target", ["y", "gamma", "y1", "int", "x'); import os", "lambda"])
def test_any_name_is_safe(to: str, target: str, folder: Path) -> None:
    *inputs, target_name = aliases([*HOSTILE, f" {target}"])
    expr = sympy.Add(*(sympy.Symbol(name) * (i + 1) for i, name in enumerate(inputs)))
    renamed = {alias: column for alias, column in zip([*inputs, target_name], [*HOSTILE, target]) if alias != column}
    law = Law(expr, tuple(inputs), target_name, renamed, {"x": "m\n*/", target_name: '"""'})
    text = export(law, to)
    total = sum((i + 1) ** 2 for i in range(len(inputs)))
    values = [float(i + 1) for i in range(len(inputs))]
    chosen = names(law)
    assert len({*chosen.of.values(), chosen.function}) == len(inputs) + 1
    assert not set(chosen.of.values()) & WORDS and chosen.function not in FUNCTIONS
    if to in ("python", "numpy"):
        assert module(law, to, folder)[chosen.function](*values) == total
    elif to == "c":
        if shutil.which("cc") is None:
            pytest.skip("needs a C compiler called cc")
        f = compiled([text], folder)[chosen.function]
        f.restype, f.argtypes = ctypes.c_double, [ctypes.c_double] * len(inputs)
        assert f(*values) == total
    elif to == "torch":
        found = module(law, to, folder)
        assert float(next(v for k, v in found.items() if isinstance(v, type))()(*values)) == total
    elif to == "sympy":
        assert len(module(law, to, folder)[chosen.function].free_symbols) == len(inputs)


# Formula -> what has to stand in the code; the readable form is part of what is promised.
SPELLED = [
    ("python", "x/2 + 1", "return 1 + x/2"),
    ("numpy", "sqrt(2*pi)*x**(3/2)", "return np.sqrt(2)*np.sqrt(np.pi)*x**(3/2)"),
    ("numpy", "-x**2/y", "return -x**2/y"),
    ("numpy", "(-2)**x", "return (-2)**x"),
    ("numpy", "x - (y - 3)*x", "return x - x*(-3 + y)"),
    ("c", "x/3 + 2*x**-2", "return 2.0/pow(x, 2.0) + x/3.0;"),
    ("c", "x**(2/3)/7", "return pow(x, 2.0/3.0)/7.0;"),
    ("c", "pi*abs(x)", "const double pi = 3.141592653589793;"),
    ("c", "0.1*x", "return 0.1*x;"),
    ("torch", "0.25*x**0.5", "self.c1 = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))"),
    ("sympy", "x**(1/3)", "prediction = x**sympy.Rational(1, 3)"),
    ("latex", "0.1*x/y", r"prediction = \frac{0.1 x}{y}"),
    ("latex", "0.12345678901234568*x", r"0.12345678901234568 x"),
]


@pytest.mark.parametrize(("to", "text", "part"), SPELLED)
def test_code_is_readable(to: str, text: str, part: str) -> None:
    expr = parse(text)
    assert part in export(Law(expr, tuple(sorted(map(str, expr.free_symbols)))), to)


# x, y and the value that arithmetic with infinities gives, where Python's math would raise.
BEYOND = [
    ("1/(1 + exp(x))", 800.0, 0.0, 0.0),
    ("x**(-3)", -0.0, 0.0, -np.inf),
    ("x**exp(y)", 2.0, 800.0, np.inf),
    ("atan(sinh(x))", -800.0, 0.0, -np.pi / 2),
    ("atan(x**3)", -1e200, 0.0, -np.pi / 2),
    ("exp(log(x))", 0.0, 0.0, 0.0),
    ("x/y", 1.0, 0.0, np.inf),
    ("sin(exp(x))", 800.0, 0.0, np.nan),
    ("x**y", -8.0, 1 / 3, np.nan),
]


@pytest.mark.parametrize(("text", "x", "y", "value"), BEYOND)
def test_python_overflows_as_the_formula_does(text: str, x: float, y: float, value: float, folder: Path) -> None:
    law = Law(parse(text), ("x", "y"), "f")
    for found in (module(law, "python", folder)["f"](x, y), float(law.value(np.array([[x, y]]))[0])):
        assert found == pytest.approx(value, nan_ok=True)


def test_constants_with_a_name_keep_it(folder: Path) -> None:
    law = Law(NamedConstant("G", 6.674e-11) * sympy.Symbol("x"), ("x",), "f", units={"G": "m**3/kg/s**2", "x": "kg"})
    assert module(law, "python", folder)["f"](2.0) == pytest.approx(2 * 6.674e-11)
    for to in ("python", "numpy", "torch", "c"):
        assert "G = 6.674e-11" in export(law, to) and "m**3/kg/s**2" in export(law, to)


def test_the_command_offers_every_format() -> None:
    assert [choice.value for choice in Format] == list(FORMATS)


DOMAINS = {
    "1/(x - 1)": ["x - 1 != 0"],
    "log(1 + x**2) + exp(x)": [],
    "sqrt(x*y)": ["x*y >= 0"],
    "x**(1/3)/y": ["x >= 0", "y != 0"],
    "asin(x/2)": ["-1 <= x/2 <= 1"],
    "x**y": ["x > 0, or y is an integer"],
    "2**x": [],
    "(-2)**x": ["x is an integer"],
    "tan(x)": ["cos(x) != 0"],
    "log(x + 1)/sqrt(x + 1)": ["x + 1 > 0"],
    "1/(1 + exp(-x))": [],
}


@pytest.mark.parametrize(("text", "conditions"), DOMAINS.items())
def test_the_domain_in_words(text: str, conditions: list[str]) -> None:
    assert list(map(str, domain(parse(text)))) == conditions


@LOOSE
@given(expr=formulas.formulas)
def test_a_formula_without_conditions_has_values_everywhere(expr: sympy.Expr) -> None:
    """But for overflow, which moderate inputs hardly cause; and where there is no value, a condition is broken."""
    assume(not domain(expr))
    value = Tape(expr, formulas.NAMES).value(np.clip(X, -2, 2))
    assert not np.isnan(value[formulas.steady(expr, np.clip(X, -2, 2))]).any()
