"""Text that comes from outside is read, never run: what sources may not use, and readers that are given anything."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.paths import ROOT
from support.speed import took

from kansr.bench.problem import read_problems
from kansr.data.declare_units import constant_values, with_units
from kansr.data.read.file import read_table
from kansr.data.roles import dataset
from kansr.errors import DataError, FormulaError, KansrError
from kansr.expression.parse import parse
from kansr.pipeline.journal import FORMAT, opened
from kansr.symbolic.library.library_file import read_library
from kansr.units.text import dimension_of

SOURCES = sorted((ROOT / "kansr").rglob("*.py"))
SECOND = 1.0  # that a reader may take for a few hundred letters, or to refuse a large text

# Names that turn text or bytes into running code, whatever they are called on.
FORBIDDEN = {"eval", "exec", "compile", "__import__", "sympify", "parse_expr", "lambdify", "autowrap", "read_pickle"}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "code", "codeop", "jsonpickle"}
LOADERS = {("torch", "load"), ("yaml", "load"), ("os", "system"), ("pd", "eval"), ("sympy", "S")}
# Who may use one all the same, and why.
EXCEPTIONS = {
    ("kansr/runtime/pool.py", "cloudpickle"): "between a process and its own children, never from a file",
    ("kansr/expression/complexity.py", "sympy.S"): "on whole numbers, to make them sympy's",
}


def uses(tree: ast.AST) -> Iterator[str]:
    """What a source uses of all this."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (n.name for n in node.names if n.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in MODULES:
                yield node.module
            yield from (n.name for n in node.names if n.name in FORBIDDEN)
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _called(node: ast.Call) -> Iterator[str]:
    function = node.func
    if isinstance(function, ast.Name) and function.id in FORBIDDEN:
        yield function.id
    if isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        if (owner, function.attr) in LOADERS:
            yield f"{owner}.{function.attr}"
        elif function.attr in FORBIDDEN and owner != "re" and not (function.attr == "eval" and not node.args):
            yield function.attr  # a model's eval() takes nothing and only says that it is not trained now
        if function.attr == "load" and owner == "np":
            keywords = {k.arg: k.value for k in node.keywords}
            allowed = keywords.get("allow_pickle")
            if not (isinstance(allowed, ast.Constant) and allowed.value is False):
                yield "np.load"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_text(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = {use for use in uses(ast.parse(path.read_text(encoding="utf-8"))) if (name, use) not in EXCEPTIONS}
    assert not found


def test_exceptions_are_in_use() -> None:
    used = {(p.relative_to(ROOT).as_posix(), use) for p in SOURCES for use in uses(ast.parse(p.read_text("utf-8")))}
    assert set(EXCEPTIONS) <= used


@pytest.mark.parametrize(
    "source",
    ["eval(x)", "import pickle", "from sympy import sympify", "sympy.sympify(x)", "df.eval('x')", "torch.load(f)",
     "np.load(f)", "np.load(f, allow_pickle=True)", "builtins.exec(x)", "sympy.S('x')", "from pickle import loads"],
)  # fmt: skip
def test_such_sources_are_seen(source: str) -> None:
    assert list(uses(ast.parse(source)))


# ------------------------------------------------------------------ size bombs

BOMBS = {
    "tower": "9**9**9",
    "tower of floats": "9.5**9.5**9.5**9.5",
    "tower of names": "**".join(["x"] * 4000),
    "huge power": "2**99999999999999999999",
    "power of a power": "((2**1000)**1000)**1000",
    "many digits": "9" * 50_000,
    "small exponent": "1e-999999999",
    "parentheses": "(" * 100_000 + ")" * 100_000,
    "open parentheses": "(" * 100_000,
    "functions": "exp(" * 20_000 + "x" + ")" * 20_000,
    "signs": "-" * 90_000 + "x",
    "sum": "+".join(["x"] * 200_000),
    "long name": "x" * 99_999,
    "factors": "*".join(f"(x{i}+1)" for i in range(20_000)),
    "product of sums": "*".join(f"(x{i}+y{i})" for i in range(400)) + "**300",
    "fractions": "+".join(f"1/{i}" for i in range(3, 30_000, 7)),
    "powers of fractions": "*".join(f"({i}/{i + 1})**999" for i in range(2, 900)),
    "roots": "+".join(f"sqrt({i})" for i in range(2, 4000)),
    "nested roots": "sqrt(2+" * 48 + "1" + ")" * 48,
    "many nested roots": "+".join(f"{i}*" + "sqrt(2+" * 48 + "1" + ")" * 48 for i in range(1, 40)),
    "a number in every level": "sin(exp(1)*" * 48 + "x" + ")" * 48,
    "logarithms of powers": "+".join(f"log({i}**1000)" for i in range(2, 2000)),
    "sines of large numbers": "+".join(f"sin({i}**900)" for i in range(2, 900)),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_or_read_in_a_second(text: str) -> None:
    parse("x + 1")  # the grammar is loaded
    seconds = took(lambda: attempt(parse, text))
    assert seconds < SECOND


def attempt(reader: Callable[[str], object], text: str) -> None:
    """Reads the text, or is told in one sentence why not."""
    try:
        reader(text)
    except KansrError as err:
        assert "\n" not in str(err) and 0 < len(str(err)) < 2000, str(err)


# ------------------------------------------------------------------ readers that are given anything

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
numbers = st.sampled_from(["1", "0", "2.5", "1e300", "-7", "1e-300", "99999999999999999999", "0x10", "1_0", "٣", "½"])
pieces = st.one_of(numbers, st.sampled_from(
    ["x", "y", "pi", "E", "exp(", "log(", "sqrt(", "abs(", "(", ")", "**", "^", "*", "/", "+", "-", ",", " ", "__", "'",
     "\"", "lambda", "import", ".", "[", "]", "{", "\\", "\n", "\x00", "√", "²", "²³", "·"]
), st.text(max_size=3))  # fmt: skip


@quick
@given(st.lists(pieces, max_size=40).map("".join))
@example("tan(pi/2)")
@example("0**0")
@example("log(0)")
@example("1/(x-x)")
@example("asin(2)*x")
def test_any_formula_is_read_or_refused_quickly(text: str) -> None:
    assert took(lambda: attempt(parse, text)) < SECOND


unit_pieces = st.one_of(
    numbers,
    st.sampled_from(
        ["m", "s", "kg", "N", "°C", "km", "h", "%", "/", "*", "**", "^", "(", ")", " ", "-", "1", "²", "μ", "Ω", "degC"]
    ),
)


@pytest.fixture(scope="module")
def pint() -> None:
    dimension_of("km/h")


@quick
@given(text=st.lists(unit_pieces | st.text(max_size=3), max_size=20).map("".join))
def test_any_unit_is_read_or_refused_quickly(text: str, pint: None) -> None:
    assert took(lambda: attempt(dimension_of, text)) < SECOND


@quick
@given(st.text(alphabet="Gc=:,1e-9 m/s*'\"\n(", max_size=40))
def test_any_constant_is_read_or_refused_quickly(text: str) -> None:
    assert took(lambda: attempt(constant_values, text)) < SECOND


law_pieces = st.sampled_from(
    ["suite ", "a", " \"t\"", ": ", "y", " = ", "x**2", "; ", "x", " in ", "uniform", "loguniform", "integer", "(1, 5)",
     "(5, 1)", " signed", "valid 0.5", "unused ", "[m/s]", "[m", "(easy)", "\n", "#", "(1e999, 2)", "(-1, 1)", ",", "é"]
)  # fmt: skip


@quick
@given(text=st.lists(law_pieces, max_size=25).map("".join) | st.binary(max_size=60))
def test_any_problem_file_is_read_or_refused_quickly(
    text: str | bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("laws") / "p.problems"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert took(lambda: attempt(read_problems, str(path))) < SECOND


CELLS = ["1", "2.5", "1e999", "-1e-400", "nan", "inf", "NA", "", "x", "1,5", "1 kg", "True", "2024-01-01", "1+2j", '"',
         "'", "=cmd|'/c calc'!A1", "\t", "é", "\x00", "1" * 400, "٣"]  # fmt: skip


@quick
@given(
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), min_size=1, max_size=12),
    sep=st.sampled_from([",", ";", "\t", " ", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
def test_any_table_is_read_or_refused_quickly(rows: list[list[str]], sep: str, encoding: str) -> None:
    raw = "\n".join(sep.join(row) for row in rows).encode(encoding, errors="replace")

    def read(_: str) -> None:
        data, _notes = dataset(read_table(io.BytesIO(raw)), missing="drop")
        assert np.isfinite(data.X).all() and np.isfinite(data.y).all()

    assert took(lambda: attempt(read, "")) < SECOND


@pytest.mark.parametrize(
    "raw", [b"PK\x03\x04" + b"\0" * 100, b"PAR1" + b"\xff" * 50 + b"PAR1", b"ARROW1\0\0" + b"\x10" * 90,
            b"\x1f\x8b\x08" + b"a" * 30, b"FEA1" + b"\1" * 64], ids=lambda raw: raw[:4].hex()
)  # fmt: skip
def test_damaged_binary_tables_are_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(raw)
    with pytest.raises(DataError):
        read_table(tmp_path / "table")


# ------------------------------------------------------------------ nothing runs

SPY = """
import sys
from pathlib import Path
from kansr.errors import KansrError
from kansr.expression.parse import parse
from kansr.pipeline.journal import opened
from kansr.units.text import dimension_of
parse("exp(x)"); dimension_of("km")
BAD = ("exec", "compile", "os.system", "subprocess.Popen", "pickle.find_class", "marshal.loads", "socket.", "ctypes")
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event.startswith(BAD) else None)
for text in sys.argv[2:]:
    for reader in (parse, dimension_of):
        try:
            reader(text)
        except KansrError:
            pass
journal = opened(Path(sys.argv[1]), {}, resume=True)
print(journal.note, len(journal.past))
print(seen)
"""
HOSTILE = [
    "__import__('os').system('touch owned')", "exec('1')", "().__class__.__mro__[1].__subclasses__()", "lambda: 0",
    "open('owned','w')", "f'{1}'", "x if x else y", "[x for x in ()]", "sympify('1')", "Symbol('x')", "cos.__globals__",
]  # fmt: skip


def test_nothing_that_is_read_runs(tmp_path: Path) -> None:
    text = HOSTILE[0]
    numbers = dict.fromkeys(["complexity", "loss", "error_ms", "r2", "r2_held_out", "description_length"], 1)
    finding = {"expression": text, "named": {text: 1}, **numbers, "origin": text, "graph": None, "path": []}
    record = {"attempt": 0, "seconds": 1, "cut": False, "failure": text, "findings": [finding]}
    lines = [json.dumps({"journal": FORMAT, "key": {}}), json.dumps(record)]
    (tmp_path / "attempts.jsonl").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", SPY, str(tmp_path), *HOSTILE], capture_output=True, text=True, cwd=tmp_path, timeout=100
    )
    said = done.stdout.splitlines()
    assert len(said) == 2 and "line 2" in said[0] and said[0].endswith(" 0") and said[1] == "[]", (
        done.stdout,
        done.stderr,
    )
    assert not (tmp_path / "owned").exists()


def journal(raw: bytes, folder: Path) -> None:
    (folder / "attempts.jsonl").write_bytes(json.dumps({"journal": FORMAT, "key": {}}).encode() + b"\n" + raw)
    opened(folder, {}, resume=True)


def library(raw: bytes, folder: Path) -> None:
    (folder / "own.library").write_bytes(raw)
    read_library(folder / "own.library")


def problems(raw: bytes, folder: Path) -> None:
    (folder / "laws.problems").write_bytes(raw)
    read_problems(folder / "laws.problems")


CORPUS: dict[str, Callable[[bytes, Path], object]] = {
    "formula": lambda raw, folder: parse(raw.decode(errors="replace")),
    "unit": lambda raw, folder: dimension_of(raw.decode(errors="replace")),
    "problem": problems,
    "library": library,
    "table": lambda raw, folder: dataset(read_table(io.BytesIO(raw)), missing="drop"),
    "journal": journal,
}


@pytest.mark.parametrize("kind", CORPUS)
def test_what_fuzzing_has_found_is_read_or_refused_quickly(kind: str, tmp_path: Path, pint: None) -> None:
    lines = (ROOT / "tests" / "support" / "corpus" / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        raw = json.loads(line).encode("latin-1")
        assert took(lambda: attempt(lambda _: CORPUS[kind](raw, tmp_path), "")) < SECOND, line  # noqa: B023


def test_what_is_said_about_hostile_text_is_short() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("x" * 5000 + "(y)", names=["y"])
    assert len(str(caught.value)) < 300
    with pytest.raises(KansrError) as wrong:
        with_units(dataset(([[1.0], [2], [3], [4], [5]], [1.0, 2, 3, 4, 5]))[0], {"x0": "m" * 9999, "y": "m"})
    assert len(str(wrong.value)) < 300 and re.fullmatch(r"[^\n]*", str(wrong.value))
