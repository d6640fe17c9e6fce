"""One way from a table to its law, whoever asks: the same job, on the same rows, with the same answer."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.command import told
from support.paths import KEPLER
from typer.main import get_command

import kansr
from kansr.cli.main import app
from kansr.errors import UsageError
from kansr.formula.judge.baseline import baseline
from kansr.formula.judge.vocabulary import vocabulary_of
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, Task, Work, run_job
from kansr.pipeline.read import Reading
from kansr.result.result import Result, Status
from kansr.symbolic.library.standard import STANDARD

SEARCHED = {
    "discover": (["discover", KEPLER], lambda: kansr.discover(KEPLER)),
    "form": (
        ["discover", KEPLER, "--form", "f(semi_major_axis_au)"],
        lambda: kansr.discover(KEPLER, form="f(semi_major_axis_au)"),
    ),
    "refine": (
        ["refine", KEPLER, "--expr", "k*semi_major_axis_au**p"],
        lambda: kansr.refine(KEPLER, "k*semi_major_axis_au**p"),
    ),
}


@pytest.mark.parametrize(("arguments", "call"), SEARCHED.values(), ids=SEARCHED)
def test_the_command_line_and_python_say_the_same(arguments: list[Any], call: Any) -> None:
    done = told(*arguments, "--json", "--quiet")
    there, here = json.loads(done.stdout), json.loads(json.dumps(call().to_dict()))
    assert done.returncode == 0 and there.pop("seconds") > 0 and here.pop("seconds") > 0
    assert there == here
    assert there["notes"][0] == "target: period_years (the last column)"


def spoilt(rows: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, y and the law's values: 5 % of the rows are outliers, the others have 1 % of noise."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3, (rows, 2))
    law = 2.37 * X[:, 0] * X[:, 1] ** 2
    wrong = rng.uniform(size=rows) < 0.05
    spread = np.std(law)
    return X, law + np.where(wrong, rng.normal(0, 5 * spread, rows), rng.normal(0, 0.01 * spread, rows)), law


def off(found: Result, X: np.ndarray, law: np.ndarray) -> float:
    """The rms by which a formula misses the law, over the spread."""
    return float(np.sqrt(np.mean((found.predict(X) - law) ** 2)) / np.std(law))


@pytest.mark.parametrize("loss", ["auto", "huber"])
def test_wrong_rows_do_not_bend_what_is_found_for_a_form(loss: Any) -> None:
    X, y, law = spoilt()
    found = kansr.discover((X, y), form="x0*f(x1)", loss=loss, time_limit=60)
    assert found.status is Status.FOUND and off(found, X, law) < 0.005
    assert 10 <= len(found.outliers) <= 20 and found.rows == 300 - len(found.outliers)
    assert found.noise == pytest.approx(0.01, rel=0.3)
    assert any("as outliers" in note for note in found.notes)


@pytest.mark.parametrize("loss", ["auto", "huber", "squared"])
def test_a_known_form_and_the_search_are_judged_on_the_same_rows(loss: Any) -> None:
    X, y, law = spoilt()
    limit = 6 if loss == "squared" else 60
    job = Job(table=(X, y), task=Task.COMPARE_FORM, form="a*x0*x1**b", config=Config(loss=loss, time_limit=limit))
    *_, found = run_job(job)
    assert found.verdict is not None and found.verdict.found is not None
    (_, a, a_error), (_, b, b_error) = found.verdict.constants
    if loss == "squared":  # all rows count in full for both, and the constants are what the outliers make them
        assert not found.outliers and off(found, X, law) > 0.05
        assert found.verdict.found.r2 < 0.95
        return
    assert off(found, X, law) < 0.005 and 10 <= len(found.outliers) <= 20
    assert a == pytest.approx(2.37, abs=4 * a_error) and a_error < 0.01
    assert b == pytest.approx(2, abs=4 * b_error) and b_error < 0.01
    bits = found.verdict.bits(found.best)
    assert bits == pytest.approx(0, abs=1) and found.verdict.found.r2 > 0.999


def large(folder: Path, rows: int = 3000) -> Path:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(1, 5, (2, rows))
    path = folder / "large.csv"
    pd.DataFrame({"a": a, "b": b, "y": 2.3456789 * a * b + rng.normal(0, 0.1, rows)}).to_csv(path, index=False)
    return path


FEW = Reading(memory=1)  # byte: as few rows as are ever held
FORMS = {Task.SEARCH: "", Task.SOLVE_FORM: "a*f(b)", Task.COMPARE_FORM: "k*a*b"}


def looked_at(job: Job) -> list[float]:
    """The target of the rows that a job works on."""
    seen: list[Work] = []

    def watch(work: Work) -> Iterator[Result]:
        seen.append(work)
        yield baseline(work.data)

    list(run_job(job, watch))
    return seen[0].data.y.tolist()


@pytest.mark.parametrize("task", FORMS)
def test_rows_of_a_large_table_are_drawn_by_the_seed(task: Task, tmp_path: Path) -> None:
    job = Job(table=large(tmp_path), reading=FEW, task=task, form=FORMS[task])
    first, again, other = (looked_at(replace(job, config=Config(seed=seed))) for seed in (1, 1, 2))
    assert len(first) == 1000 and first == again and first != other


@pytest.mark.parametrize("task", FORMS)
def test_constants_are_those_of_all_rows_of_a_large_table(task: Task, tmp_path: Path) -> None:
    path = large(tmp_path)
    *_, found = run_job(Job(table=path, reading=FEW, task=task, form=FORMS[task], config=Config(time_limit=30)))
    table = pd.read_csv(path)
    product = table.a * table.b
    exact = float(product @ table.y / (product @ product))
    assert found.notes[-1].startswith("the search used 1000 rows; on all 3000 rows r² is ")
    assert float(found.predict([[1.0, 1.0]])[0]) == pytest.approx(exact, rel=1e-9)
    if found.verdict is not None:
        ((_, k, error),) = found.verdict.constants
        assert k == pytest.approx(exact, rel=1e-9)
        assert error == pytest.approx(0.1 / np.sqrt(product @ product), rel=0.05)


def test_a_comparison_goes_on_from_its_journal(tmp_path: Path) -> None:
    table, out = tmp_path / "t.csv", tmp_path / "run"
    X = np.random.default_rng(0).uniform(1, 3, (200, 2))
    pd.DataFrame({"x": X[:, 0], "z": X[:, 1], "y": X[:, 0] * np.exp(-X[:, 1]) + np.sin(X[:, 0])}).to_csv(
        table, index=False
    )
    command = ["refine", table, "--expr", "a*x + b*z", "--json", "--quiet", "--out", out]
    first = json.loads(told(*command).stdout)
    journal = out / "attempts.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[: 1 + len(lines) // 2]))
    again = json.loads(told(*command, "--resume").stdout)
    assert len(lines) > 4 and first["form"]["discovered"] is not None
    assert {**first, "seconds": 0} == {**again, "seconds": 0}
    assert journal.read_text().count("\n") == len(lines)


def test_ctrl_c_before_anything_is_found_leaves_the_mean() -> None:
    def watch(work: Work) -> Iterator[Result]:
        raise KeyboardInterrupt
        yield

    (found,) = run_job(Job(table=KEPLER), watch)
    assert found.status is Status.INTERRUPTED and not found.best.expr.free_symbols
    assert found.notes[0] == "target: period_years (the last column)"


def test_inputs_are_names_or_one_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    frame = pd.DataFrame(np.random.default_rng(0).uniform(1, 2, (50, 4)), columns=["a", "b", "c, d", "y"])
    frame.to_csv(path, index=False)
    for inputs, used in [("a, b", ("a", "b")), (["a", "b"], ("a", "b")), ("c, d", ("c_d",)), ("b", ("b",))]:
        *_, found = run_job(Job(table=path, inputs=inputs), lambda work: iter([baseline(work.data)]))
        assert found.inputs == used


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"form": "f(a)", "task": Task.SOLVE_FORM, "config": Config(refine=[print])},
            "--form cannot be combined with --refine",
        ),
        ({"form": "f(a)", "task": Task.SOLVE_FORM, "guesses": ["a"]}, "guesses cannot be combined with a form"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_the_table_is_read(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Job(table="no such file", **options)


# What each option makes of a job, by whoever gives it: on the command line, in kansr.discover and kansr.refine, and in
# the estimator. None where there is no such option: a file of unusual text is read with pandas in Python, and what
# kansr.discover and the estimator take from numpy has no columns to be named.
Row = tuple[str, list[str], dict[str, Any] | None, dict[str, Any] | None, dict[str, Any]]
LIBRARY = "softplus(u) = log(1 + exp(u))\n"
BOTH = ("discover", "refine")
OPTIONS: list[Row] = [
    ("both", ["--target", "a"], {"target": "a"}, None, {"target": "a"}),
    ("both", ["--inputs", "a,b"], {"inputs": "a,b"}, None, {"inputs": "a,b"}),
    ("both", ["--sigma", "s", "--sigma", "x=0.1"], {"sigma": ("s", "x=0.1")}, None, {"sigma": ("s", "x=0.1")}),
    ("both", ["--group", "g"], {"group": "g"}, None, {"group": "g"}),
    ("both", ["--derivative", "t"], {"derivative": "t"}, None, {"derivative": "t"}),
    ("both", ["--ignore", "a,b"], {"ignore": "a,b"}, None, {"ignore": "a,b"}),
    ("both", ["--missing", "drop"], {"missing": "drop"}, None, {"missing": "drop"}),
    ("both", ["--units", "a=m"], {"units": "a=m"}, None, {"units": "a=m"}),
    ("both", ["--constants", "c=3:m"], {"constants": "c=3:m"}, None, {"constants": "c=3:m"}),
    ("both", ["--dimensional-constants"], {"dimensional_constants": True}, None, {"dimensional_constants": True}),
    ("both", ["--loss", "huber"], {"loss": "huber"}, {"loss": "huber"}, {"loss": "huber"}),
    ("both", ["--library", "LIB"], {"library": "LIB"}, {"library": "LIB"}, {"library": "softplus"}),
    ("both", ["--seed", "3"], {"seed": 3}, {"random_state": 3}, {"seed": 3}),
    ("both", ["--time-limit", "7"], {"time_limit": 7.0}, {"max_time": 7.0}, {"time_limit": 7.0}),
    ("both", ["--jobs", "2"], {"jobs": 2}, {"n_jobs": 2}, {"jobs": 2}),
    ("both", ["--sep", ";"], None, None, {"reading": Reading(sep=";")}),
    ("both", ["--decimal", ","], None, None, {"reading": Reading(decimal=",")}),
    ("both", ["--no-header"], None, None, {"reading": Reading(header=False)}),
    ("both", ["--encoding", "latin-1"], None, None, {"reading": Reading(encoding="latin-1")}),
    ("both", ["--na-values", "x, y"], None, None, {"reading": Reading(na_values=("x", "y"))}),
    ("both", ["--thousands", "."], None, None, {"reading": Reading(thousands=".")}),
    ("both", ["--header", "3-4"], None, None, {"reading": Reading(names=(3, 4))}),
    ("both", ["--sheet", "b"], None, None, {"reading": Reading(sheet="b")}),
    ("both", ["--memory", "500MB"], None, None, {"reading": Reading(memory=5 * 10**8)}),
    ("discover", ["--refine", "all"], {"refine": ("all",)}, {"refine": ("all",)}, {"refine": ("all",)}),
    ("discover", ["--form", "f(a)"], {"form": "f(a)"}, None, {"form": "f(a)", "task": Task.SOLVE_FORM}),
    ("discover", ["--functions", "exp"], {"functions": "exp"}, None, {"vocabulary": vocabulary_of("exp", None)}),
    ("discover", ["--max-complexity", "9"], {"max_complexity": 9}, None, {"vocabulary": vocabulary_of(None, 9)}),
    ("discover", ["--structure", "kan"], {"structure": "kan"}, {"structure": "kan"}, {"structure": "kan"}),
    ("discover", ["--shape", "y > 0"], {"shape": "y > 0"}, None, {"shape": "y > 0"}),
    ("refine", ["--start", "k=2"], {"start": "k=2"}, None, {"start": "k=2"}),
]
ON_THE_WAY = {"--json", "--out", "--report", "--force", "--resume", "--quiet", "--debug", "--help"}  # not of the job
OF_SYSTEMS = {"run", "order"}  # of differential equations: tests/cli/test_search_several.py
IN_PYTHON = {"table", "absolute_sigma", "executor", "moves", "progress"}  # what no command line can say
FILE = "no such file: a job is only made here"


def described(job: Job) -> dict[str, Any]:
    """A job field by field, with the functions of its library that are not standard ones by their names."""
    parts = {**{f.name: getattr(job, f.name) for f in fields(job)}, **vars(job.config)}
    own = [f.name for f in parts.pop("library") if f.name not in {f.name for f in STANDARD}]
    return {**parts, "library": ",".join(own), "config": None}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that are made, none of which is done."""
    made: list[Job] = []

    def take(job: Job, *more: Any) -> Any:
        made.append(job)
        return 0

    for caller in ("refine", "regressor"):  # loaded late, they would keep what stands in for a job's end
        import_module(f"kansr.api.{caller}")
    for name in ("cli.search.carry_out", "api.discover.discovery_of"):
        monkeypatch.setattr(f"kansr.{name}", take)
    monkeypatch.setattr("kansr.cli.search.cores", lambda: 1)  # as from Python, unless more are asked for
    monkeypatch.setattr("kansr.api.refine.discovery_of", take)
    monkeypatch.setattr("kansr.api.regressor.discovery_of", take)
    monkeypatch.setattr("kansr.api.regressor.SymbolicRegressor._name", lambda *given: None)
    return made


def by_command(command: str, *arguments: str) -> None:
    given = [command, FILE, *(["--expr", "k*a"] if command == "refine" else []), *arguments]
    assert told(*given).returncode == 0


def by_python(command: str, **options: Any) -> None:
    if command == "refine":
        kansr.refine(FILE, "k*a", **options)
    else:
        kansr.discover(FILE, **options)


def by_estimator(**options: Any) -> None:
    kansr.SymbolicRegressor(**options).fit(np.arange(20.0).reshape(10, 2), np.arange(10.0))


@pytest.mark.parametrize(
    ("commands", "arguments", "python", "estimator", "changed"), OPTIONS, ids=[" ".join(row[1]) for row in OPTIONS]
)
def test_an_option_means_the_same_to_everyone(
    commands: str,
    arguments: list[str],
    python: dict[str, Any] | None,
    estimator: dict[str, Any] | None,
    changed: dict[str, Any],
    jobs: list[Job],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("LIB").write_text(LIBRARY)
    for command in BOTH if commands == "both" else [commands]:
        by_command(command)
        plain = described(jobs.pop())
        by_command(command, *arguments)
        assert described(jobs.pop()) == {**plain, **changed}
        if python is not None:
            by_python(command, **python)
            assert described(jobs.pop()) == {**plain, **changed}
    if estimator is not None:
        by_estimator()
        plain = described(jobs.pop())
        by_estimator(**estimator)
        assert {**described(jobs.pop()), "table": None} == {**plain, **changed, "table": None}


def test_the_tasks_differ_and_nothing_else_does(jobs: list[Job]) -> None:
    by_command("discover")
    by_command("refine")
    by_python("discover")
    by_python("refine")
    by_estimator()
    search, comparison, *python, estimator = map(described, jobs)
    assert comparison == {**search, "task": Task.COMPARE_FORM, "form": "k*a"} and python == [search, comparison]
    # Weights of rows are known up to a factor.
    assert {**estimator, "table": FILE, "target": None} == {**search, "absolute_sigma": False}


def test_no_option_is_missing_from_the_table() -> None:
    commands: Any = get_command(app)
    for command, function, alone, alone_here in [
        ("discover", kansr.discover, {f"--{name}" for name in OF_SYSTEMS}, {"guesses", *OF_SYSTEMS}),
        ("refine", kansr.refine, {"--expr"}, {"form"}),
    ]:
        rows = [row for row in OPTIONS if row[0] in ("both", command)]
        given = {max(p.opts, key=len) for p in commands.commands[command].params if p.param_type_name == "option"}
        assert given - ON_THE_WAY - alone == {row[1][0] for row in rows}
        parameters = set(inspect.signature(function).parameters) - IN_PYTHON
        assert parameters == {name for row in rows if row[2] is not None for name in row[2]} | alone_here
    known = {name for row in OPTIONS if row[3] is not None for name in row[3]}
    assert set(kansr.SymbolicRegressor().get_params()) - {"warm_start"} == known
