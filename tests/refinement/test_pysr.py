"""PySR as a refiner: what it is asked, against the installed package; how it is asked, with real processes."""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import sympy
from support.command import gone
from support.paths import SUPPORT, TESTS

from kansr.api.discover import discover
from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.errors import MissingExtra, UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.refinement.refiners import julia as setup
from kansr.refinement.refiners.pysr import (
    BINARY,
    OPERATORS,
    POWERS,
    READ,
    RUN,
    PySRConfig,
    columns,
    hall_of_fame,
    julia,
    pysr,
    settings,
    unary,
    unit,
)
from kansr.refinement.refiners.refiner import REFINERS, chosen_refiners
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied
from kansr.runtime.server import Service, ServiceError
from kansr.symbolic.library.standard import STANDARD
from kansr.units.text import dimension_of

posix = pytest.mark.skipif(sys.platform != "linux", reason="groups of processes and /proc")
pysr_here = pytest.mark.skipif(find_spec("pysr") is None, reason="pysr is not installed")
X = np.random.default_rng(0).uniform(1, 2, (30, 2))
DATA = Dataset(X, X[:, 0] * X[:, 1] ** 2, ("mass", "Q"), "E_k")
START = judge(parse("mass*Q"), DATA, DATA, "start")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]))
    served = Service("support.service_child", 400_000_000)
    yield served
    served.close()


@posix
def test_one_process_serves_many_requests(service: Service) -> None:
    answers = [list(service.ask({"say": i}, 20)) for i in range(5)]
    assert [a["said"] for (a,) in answers] == list(range(5))
    assert len({a["pid"] for (a,) in answers}) == 1


ENDS = [("crash", WorkerDied, "SIGSEGV"), ("exit", WorkerDied, "exit code 3"), ("hang", OutOfTime, "out of time")]
ENDS += [("eat", MemoryError, "GiB of memory"), ("fail", ServiceError, "ZeroDivisionError: by zero")]


@posix
@pytest.mark.parametrize(("then", "error", "words"), ENDS, ids=[row[0] for row in ENDS])
def test_what_came_before_the_end_is_kept_and_the_next_request_is_served(
    service: Service, then: str, error: type[Exception], words: str
) -> None:
    list(service.ask({}, 20))  # it is running
    got = []
    with pytest.raises(error, match=words):
        for answer in service.ask({"say": "first", "then": then}, 2.0 if then == "hang" else 20):
            got.append(answer)
    assert [a["said"] for a in got] == ["first"]
    assert (error is ServiceError) is not gone(got[0]["pid"], 0.5)
    (again,) = service.ask({"say": "again"}, 20)
    assert again["said"] == "again"


@posix
def test_garbage_is_passed_over(service: Service) -> None:
    assert [a["said"] for a in service.ask({"say": 1, "then": "garbage"}, 20)] == [1, "and more"]


@posix
def test_a_process_that_never_listens_is_left_in_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAF", "1")
    started = time.monotonic()
    with pytest.raises(OutOfTime):
        list(service.ask({"large": "x" * 10**6}, 1.0))
    assert time.monotonic() - started < 3


@posix
def test_an_answer_that_is_left_ends_the_process(service: Service) -> None:
    answers = service.ask({"then": "hang"}, 20)
    pid = next(answers)["pid"]
    answers.close()  # type: ignore[attr-defined]
    assert gone(pid) and service.process is None


def keywords(function: str) -> set[str]:
    """The keyword arguments of a method of PySRRegressor, read from the installed source: importing it starts Julia."""
    folder = Path(find_spec("pysr").submodule_search_locations[0])  # type: ignore[union-attr, index]
    tree = ast.parse((folder / "sr.py").read_text(encoding="utf-8"))
    (regressor,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "PySRRegressor")
    (method,) = (n for n in regressor.body if isinstance(n, ast.FunctionDef) and n.name == function)
    return {argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)}


def operators() -> set[str]:
    """The functions that the installed PySR knows by name."""
    folder = Path(find_spec("pysr").submodule_search_locations[0])  # type: ignore[union-attr, index]
    tree = ast.parse((folder / "export_sympy.py").read_text(encoding="utf-8"))
    (table,) = (
        n.value
        for n in tree.body
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and n.targets[0].id == "sympy_mappings"
    )
    assert isinstance(table, ast.Dict)
    return {key.value for key in table.keys if isinstance(key, ast.Constant)}  # type: ignore[misc]


@pysr_here
def test_pysr_knows_every_keyword_and_operator() -> None:
    assert importlib.metadata.version("pysr") >= "2.7"
    assert set(settings(PySRConfig(), DATA, ["v0"], "folder")) <= keywords("__init__")
    assert {*columns(DATA, ["v0", "v1"])} <= keywords("fit")
    assert {*OPERATORS.values(), *POWERS.values()} <= operators()
    assert {*OPERATORS.values(), *POWERS.values()} <= set(READ) and set(BINARY) == {"+", "-", "*", "/", "^"}


def test_the_operators_are_those_of_the_library() -> None:
    assert set(unary(STANDARD)) >= {"exp", "log", "sin", "tanh", "sqrt", "square", "abs"}
    small = unary(STANDARD.only("x", "exp"))
    assert "tanh" not in small and {"exp", "sin"} <= set(small)


GUESSES = {
    "2.5*a + b": "",
    "a - b": "",
    "a/b": "",
    "a**2 + b**3": "",
    "sqrt(a)": "sqrt(a)",
    "1/sqrt(a)": "(1.0 / sqrt(a))",
    "a**(-2)": "(1.0 / square(a))",
    "a**1.37": "(a ^ 1.37)",
    "a**b": "(a ^ b)",
    "exp(-a)*sin(2*b) + pi*abs(a - 1)": "",
    "tanh(a*b*2)/(1 + a)": "",
}


@pytest.mark.parametrize("text", GUESSES)
def test_guesses_keep_their_values_in_pysrs_words(text: str) -> None:
    guess = julia(parse(text))
    assert guess is not None and guess == (GUESSES[text] or guess)
    back = parse(guess.replace("^", "**"), functions=READ)
    rows = X + 0.1
    assert np.allclose(Tape(back, ("a", "b")).value(rows), Tape(parse(text), ("a", "b")).value(rows))


def test_what_pysr_has_no_operator_for_is_no_guess() -> None:
    assert julia(sympy.besselj(0, sympy.Symbol("a")) + 1) is None
    assert julia(sympy.Symbol("a") ** (sympy.Symbol("a") + 1)) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("m/s**2", "m^(1//1)*s^(-2//1)"), ("km/h", "m^(1//1)*s^(-1//1)"), ("1", ""), ("V", None)]
)
def test_units_are_passed_in_base_units(text: str, expected: str | None) -> None:
    found = unit(dimension_of(text))
    assert found == expected if expected is not None else "kg^(1//1)" in found and "A^(-1//1)" in found


def test_units_and_errors_are_part_of_the_request() -> None:
    table = with_units(DATA, {"mass": "kg", "Q": "m/s", "E_k": "J"})
    asked = columns(table, ["v0", "v1"])
    assert asked["X_units"] == ["kg^(1//1)", "m^(1//1)*s^(-1//1)"] and "kg^(1//1)" in asked["y_units"]
    assert settings(PySRConfig(), table, [], "")["dimensionless_constants_only"] is True
    json.dumps({**asked, "settings": settings(PySRConfig(), table, [], "")})


HALLS = {
    "": 0,
    "Complexity,Loss,Equation\n": 0,
    'Complexity,Loss,Equation\n1,2.0,"v0"\n3,1.0,"v0 * 2.0e-5"\n': 2,
    'Complexity,Loss,Equation\n1,2.0,"v0"\n3,1.0,"v0 * (2.': 1,
    "Complexity,Loss,Equation\n1,2.0,\"__import__('os').system('true')\"\n3,1.0,\"v1 ^ 2.0\"\n": 1,
    "garbage\n\x00\n": 0,
}


@pytest.mark.parametrize("text", HALLS, ids=range(len(HALLS)))
def test_a_hall_of_fame_is_read_as_far_as_it_goes(text: str, tmp_path: Path) -> None:
    assert hall_of_fame(tmp_path, ["v0", "v1"]) == []
    (tmp_path / "hall_of_fame.csv").write_text(text, encoding="utf-8")
    assert len(hall_of_fame(tmp_path, ["v0", "v1"])) == HALLS[text]


@posix
@pytest.mark.parametrize("then", ["crash", "hang"])
def test_what_is_in_the_file_counts_though_the_process_died(service: Service, then: str) -> None:
    class Breaking(Service):
        def ask(self, request, seconds):  # type: ignore[no-untyped-def]
            folder = Path(request["settings"]["output_directory"]) / RUN
            folder.mkdir()
            (folder / "hall_of_fame.csv").write_text('Complexity,Loss,Equation\n3,0.1,"v0 * square(v1)"\n')
            return super().ask({"then": then}, 2.0)

    breaking = Breaking("support.service_child", 400_000_000)
    got = []
    with pytest.raises(WorkerDied) if then == "crash" else contextlib.nullcontext():
        for offer in pysr(PySRConfig(seconds=5), (), lambda memory: breaking)(START, DATA):
            got.append(offer)
    assert [c.expr for c in got] == [parse("mass*Q**2")] and got[0].origin == "pysr"


@posix
@pysr_here
def test_the_python_side_of_pysr_takes_what_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed PySR itself, over a stand-in for Julia: its checks of arguments, guesses and units are passed."""
    stand_in = [str(SUPPORT / "stand_in_julia"), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(stand_in))
    monkeypatch.setenv("STAND_IN_JULIA", str(tmp_path))
    table = with_units(DATA, {"mass": "kg", "Q": "m/s", "E_k": "J"})
    served = Service("kansr.refinement.refiners.pysr", 2 * 2**30)
    refine = pysr(PySRConfig(seconds=60, seed=7), (parse("mass**2"),), lambda memory: served)
    try:
        pids = set()
        for _ in range(2):
            got = [c.expr for c in refine(START, table)]
            assert got == [parse("mass"), parse("1.0e-5*mass + Q**2")]  # floor is not in our language
            call = json.loads((tmp_path / "call.json").read_text())
            pids.add(call["pid"])
        assert len(pids) == 1
        (guesses,) = call["guesses"]
        assert len(guesses) == 2 and guesses[1] == "square(v0)"
        assert call["X_units"] == ["kg^(1//1)", "m^(1//1)*s^(-1//1)"] and call["parallelism"] == "'serial'"
        options = json.loads((tmp_path / "options.json").read_text())
        assert options["deterministic"] == "True" and options["timeout_in_seconds"] == "54.0"
        assert options["dimensionless_constants_only"] == "True"
    finally:
        served.close()


def test_julia_that_is_not_set_up_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("juliapkg")
    from juliapkg.state import STATE  # type: ignore[import-not-found]

    for name in setup.OWN:
        monkeypatch.delenv(name, raising=False)
    meta = tmp_path / "meta.json"
    monkeypatch.setitem(STATE, "meta", str(meta))
    assert "python -c 'import pysr'" in setup.missing()
    for text in ("", "{}", "[]", '{"executable": 3}'):
        meta.write_text(text)
        assert "python -c 'import pysr'" in setup.missing()
    meta.write_text(json.dumps({"executable": str(tmp_path / "julia")}))
    assert "is gone" in setup.missing()
    (tmp_path / "julia").touch()
    assert setup.missing() == ""


@pysr_here
def test_without_julia_pysr_is_refused_by_name_and_left_out_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kansr.refinement.refiners.julia.missing", lambda: "pysr needs Julia")
    with pytest.raises(UsageError, match="pysr needs Julia"):
        chosen_refiners("pysr")
    found, notes = chosen_refiners("all")
    assert "pysr" not in [one.name for one in found] and "left out: pysr needs Julia" in notes


def test_without_the_package_the_factory_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kansr.refinement.refiners.pysr.find_spec", lambda package: None)
    with pytest.raises(MissingExtra, match=r"kansr\[pysr\]"):
        pysr()
    assert REFINERS["pysr"].whole


@pytest.mark.requires_julia
def test_pysr_finds_a_law_behind_a_search() -> None:
    a, b = np.random.default_rng(0).uniform(0.5, 3, (2, 300))
    found = discover(
        (np.column_stack([a, b]), a * np.exp(-b) / (1 + np.cos(a * b) ** 2)), time_limit=400, refine="pysr"
    )
    assert any(c.origin == "pysr" for c in found.front) or found.status.value == "found"


@pytest.mark.requires_julia
def test_the_same_seed_gives_the_same_hall_of_fame() -> None:
    refine = pysr(PySRConfig(seconds=120, seed=3, size=7))
    first, second = ([c.expr for c in refine(START, DATA)] for _ in range(2))
    assert first and first[0] == second[0]
