"""Refiners: one door for all, in processes that may do what they like, and never a worse answer than without."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import sympy
from support.command import REAL, call
from support.paths import KEPLER
from support.tables import noisy_table

from kansr.api.discover import discover
from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.pipeline.config import Config
from kansr.pipeline.run import search
from kansr.refinement.refiners.offer import SET_ASIDE, window
from kansr.refinement.refiners.refiner import REFINERS, Refiner, Share, chosen, isolated
from kansr.refinement.refiners.subproblems import Part, curves, reduced
from kansr.result.candidate import Candidate
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied
from kansr.search.attempt import Finding
from kansr.search.partition import Rows
from kansr.symbolic.matching.match import MatchConfig

posix = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")
operon_here = pytest.mark.skipif(find_spec("pyoperon") is None, reason="pyoperon is not installed")

LAW = "a*exp(-b) + 0.3*sin(a*b)/(1 + b**2)"
DATA = noisy_table(LAW, rows=120)
START = judge(parse("a*b"), DATA, DATA, "start")


def offering(text: str) -> Refiner:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        yield replace(candidate, expr=parse(text))

    return refine


def crash() -> None:
    faulthandler.disable()  # pytest has it write where the crash was
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)


def eat() -> None:
    eaten = []
    while True:
        eaten.append(np.empty(10**8))


def fail() -> None:
    raise ZeroDivisionError("by zero")


# What a refiner does after its first offer -> what is raised here after that offer.
ENDS = [
    (crash, WorkerDied),
    (hang, OutOfTime),
    (eat, MemoryError),
    (fail, ZeroDivisionError),
    (lambda: os._exit(3), WorkerDied),
]


@posix
@pytest.mark.parametrize(("end", "error"), ENDS, ids=["crash", "hang", "eat", "fail", "exit"])
def test_what_was_offered_before_the_end_is_kept(end: object, error: type[Exception]) -> None:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        yield replace(candidate, expr=parse(LAW))
        end()  # type: ignore[operator]

    got = []
    started = time.monotonic()
    with pytest.raises(error):
        for offer in isolated(refine, Share(seconds=2, memory=10**9))(START, DATA):
            got.append(offer.expr)
    assert got == [parse(LAW)]
    assert time.monotonic() - started < 5


@posix
def test_what_a_refiner_prints_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        print("garbage", flush=True)
        os.write(1, b"more garbage")
        print("and more", file=sys.stderr, flush=True)
        yield candidate

    assert [c.expr for c in isolated(refine, Share(seconds=20))(START, DATA)] == [START.expr]
    assert capfd.readouterr() == ("", "")


@posix
def test_only_candidates_are_taken() -> None:
    with pytest.raises(UsageError, match="yields Candidates, but this one gave str"):
        list(isolated(lambda candidate, data: ["a*b"], Share(seconds=20))(START, DATA))  # type: ignore[list-item]


@posix
@pytest.mark.parametrize(
    "end", [crash, hang, pytest.param(eat, marks=pytest.mark.long), pytest.param(fail, marks=pytest.mark.long)]
)
def test_a_search_keeps_what_it_has_whatever_a_refiner_does(end: object) -> None:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        yield from ()
        end()  # type: ignore[operator]

    seen: list[Candidate] = []
    found = discover((DATA.X, DATA.y), time_limit=4, refine=refine, progress=lambda d: seen.append(d.best))
    assert seen and found.best.description_length <= min(c.description_length for c in seen) + 1e-9
    assert found.seconds < 4.4
    assert any("broke off" in note for note in found.notes) is (end is not hang)


@posix
def test_the_law_that_a_refiner_offers_is_found_polished_and_snapped() -> None:
    near = "1.02*a*exp(-0.97*b) + 0.31*sin(1.01*a*b)/(1.04 + b**2)"
    found = discover((DATA.X, DATA.y), time_limit=10, refine=offering(near.replace("a", "x0").replace("b", "x1")))
    truth = parse(LAW).xreplace({sympy.Symbol("a"): sympy.Symbol("x0"), sympy.Symbol("b"): sympy.Symbol("x1")})
    assert sympy.simplify(found.best.expr - truth) == 0
    assert found.status.value == "found"
    assert found.best.origin == "refine"  # its name
    assert any(step.what == "refine" for step in found.structure.path)  # type: ignore[union-attr]


def test_an_exact_law_is_not_refined_any_more() -> None:
    def never(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        raise AssertionError("called")

    x = np.linspace(1, 2, 60)
    found = discover((x, 3 * x**2), refine=never)
    assert not any("broke off" in note for note in found.notes)


REFUSED = [
    (("operron",), "no refiner 'operron' (operon, pysr, all). Did you mean 'operon'?"),
    ("", "no refiner ''"),
]


@pytest.mark.parametrize(("refine", "words"), REFUSED)
def test_names_that_are_not_known_are_refused(refine: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Config(refine=refine)
    assert words in str(caught.value)


def test_what_cannot_run_is_refused_by_name_and_noted_where_it_was_only_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kansr.refinement.refiners.refiner.find_spec", lambda package: None)
    for name in REFINERS:
        with pytest.raises(UsageError, match=rf"pip install 'kansr\[{name}\]'"):
            chosen((name,))
    found, notes = chosen("all")
    assert found == () and len(notes) == len(REFINERS)
    last = discover((DATA.X[:30], DATA.y[:30]), time_limit=2, refine="all")
    assert sum("left out" in note for note in last.notes) == len(REFINERS)


def test_the_command_line_refuses_in_a_sentence() -> None:
    done = call("discover", KEPLER, "--refine", "operron", program=REAL)
    assert done.returncode == 2 and done.stderr.endswith("Did you mean 'operon'?\n") and "Traceback" not in done.stderr


def test_all_stands_for_each_once() -> None:
    names = [one.name for one in chosen(("all", "all"))[0]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("spent", "found", "seconds"),
    [(10, False, 42.2), (10, True, 24), (40, False, 12.2), (40, True, 12.2), (60, False, -7.8)],
)
def test_the_time_for_refiners(spent: float, found: bool, seconds: float) -> None:
    assert window(60, spent, found) == pytest.approx(seconds)
    assert pytest.approx(0.4) == SET_ASIDE


def _solved(part: Part, data: Dataset) -> bool:
    """Whether its formula in the columns of the part, led back, is the law of the whole noisy_table."""
    u = sympy.Mul(*(sympy.Symbol(name) for name in part.data.names))
    value = Tape(part.back(sympy.sin(u) + sympy.exp(sympy.cos(u))), data.names).value(data.X)
    return np.allclose(value, data.y, rtol=1e-6)


def test_reductions_leave_tables_of_few_inputs_that_lead_back() -> None:
    data = noisy_table("a*(sin(b*c) + exp(cos(b*c)))", rows=200)
    parts = reduced(Rows(data, data.take(slice(0, 50))), MatchConfig(), 6.0)
    assert parts and all(1 <= part.data.X.shape[1] <= 2 and part.path for part in parts)
    assert any(_solved(part, data) for part in parts)


def test_a_curve_that_no_function_fits_is_a_table_of_its_own() -> None:
    x = np.linspace(-2, 2, 150)
    odd = np.exp(-(x**2)) * np.cos(3 * x) + 0.1 * x**3
    nodes = (Node("x", NodeType.INPUT), Node("z", NodeType.INPUT), Node("y", NodeType.SUM))
    graph = Graph(nodes, (Edge("x", "y", x, odd, 1e-6), Edge("z", "y", x, np.sin(x), 1e-6)), "made up", 1e-6)
    (part,) = curves([Finding(START, graph)], MatchConfig())
    assert np.array_equal(part.data.X[:, 0], x) and np.array_equal(part.data.y, odd)
    formula = part.back(parse("exp(-u**2)*cos(3*u) + 0.1*u**3"))
    X = np.column_stack([x, x])
    assert np.abs(Tape(formula, ("x", "z")).value(X) - odd - np.sin(x)).max() < 1e-6


@operon_here
@posix
def test_operon_brings_a_formula_closer() -> None:
    from kansr.refinement.refiners.operon import OperonConfig, operon

    data = noisy_table("exp(-a)*sin(2*b) + a*b", rows=200)
    start = judge(parse("a*b"), data, data, "start")
    offers = list(isolated(operon(OperonConfig(seconds=3, population=300)), Share(seconds=20))(start, data))
    assert offers and min(judge(c.expr, data, data, "").loss for c in offers) < 0.5 * start.loss


GUESSES = ["a**2", "a**3", "1/a", "a**(-3/2)", "2.5*a/b + sqrt(a)", "exp(-a)*sin(2*b) + a*b", "a - b", "a**4/(b + 2)"]
GUESSES += ["log(a)**2/3", "-3*a/(2*b)", "pi*a", "cos(a*b - 1)"]
NOT_SAID = ["a**(1/3)", "tanh(a)", "a**b", "a**9", "a**0.1"]


@operon_here
@pytest.mark.parametrize("text", GUESSES + NOT_SAID)
def test_formulas_to_start_from_keep_their_values(text: str) -> None:
    import pyoperon
    from pyoperon.sklearn import SymbolicRegressor

    from kansr.refinement.refiners.operon import _nodes

    X = np.random.default_rng(0).uniform(0.5, 3, (40, 2))
    regressor = SymbolicRegressor(generations=1, population_size=10, random_state=0).fit(X, X[:, 0] * X[:, 1])
    nodes = _nodes(parse(text), dict(zip("ab", regressor.variables_)), pyoperon)
    if text in NOT_SAID:
        assert nodes is None
    else:
        tree = pyoperon.Tree(nodes).UpdateNodes()
        values = Tape(parse(text), ("a", "b")).value(X)
        assert regressor.evaluate_model(tree, X) == pytest.approx(values, rel=1e-5, abs=1e-5)


@operon_here
@posix
@pytest.mark.long
def test_operon_behind_a_search() -> None:
    data = noisy_table("a*exp(-b)/(1 + cos(a*b)**2)", rows=400)
    *_, last = search(data, Config(time_limit=20, refine=("operon",)))
    assert last.seconds < 22
    assert any(c.origin.startswith("operon") for c in last.front) or last.status.value == "found"
