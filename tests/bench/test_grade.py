"""The graders against verdicts reached by hand, and each law against itself."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sympy

from kansr.bench.grade import CRITERIA, VERDICTS, Recovery, bounded, graded
from kansr.bench.grade.by_group import graded_by_group
from kansr.bench.grade.decidable import decidability
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.strict import widened
from kansr.bench.problem import SUITES, Problem, Variable, find_problem, laws_of_groups, read_problems, sample, suite
from kansr.expression.parse import parse

LAWS = """
line: y = 2*x + 3; x in uniform(1, 5)
product: y = a*b; a in uniform(1, 5), b in uniform(1, 5)
scaled: y = 3*a*b; a in uniform(1, 5), b in uniform(1, 5)
gravity: F = G*m1*m2/r**2; G in uniform(1, 2), m1 in uniform(1, 5), m2 in uniform(1, 5), r in uniform(1, 5)
distance: d= sqrt((x2-x1)**2+(y2-y1)**2); x2 in uniform(1,5), x1 in uniform(1,5), y2 in uniform(1,5), y1 in uniform(0,5)
bell: f = exp(-x**2/2)/sqrt(2*pi); x in uniform(1, 3)
wave: y = A*sin(2*pi*f*t); A in uniform(1, 2), f in uniform(1, 2), t in uniform(0, 1)
small: y = 1 - cos(x); x in uniform(0.001, 0.01)
kinetic: E = m*v**2/2; m in uniform(1, 5), v in uniform(1, 5)
squares: y = (a+b)**2; a in uniform(1, 5), b in uniform(1, 5)
lens: f = 1/(1/a+n/b); a in uniform(1, 5), n in uniform(1, 5), b in uniform(1, 5)
decay: y = N*exp(-k*t) + c; N in uniform(1, 5), k in uniform(0.5, 2), t in uniform(0, 3), c in uniform(1, 5)
root: y = sqrt(a*b); a in uniform(1, 5), b in uniform(1, 5)
logs: y = log(a/b); a in uniform(1, 5), b in uniform(1, 5)
lorentz: g = m/sqrt(1-v**2/c**2); m in uniform(1, 5), v in uniform(1, 2), c in uniform(3, 10)
slow: p = m*v/sqrt(1-v**2/2.99792458e8**2); m in loguniform(0.01, 1), v in loguniform(1e5, 1e7) signed
levels: E = 13.6*(1/n1**2-1/n2**2); n1 in integer(1, 3), n2 in integer(4, 7)
power: y = x**n; x in uniform(1, 3), n in uniform(1, 3)
cubic: y = x**3+x**2+x; x in uniform(-1, 1)
tiny: U = 6.6743e-11*m/r; m in loguniform(1, 100), r in loguniform(1, 10)
offset: y = a - b + 0.5; a in uniform(1, 5), b in uniform(1, 5)
angle: t = asin(n*sin(u)); n in uniform(0.1, 0.9), u in uniform(0.1, 1)
"""
Y, N, U = Recovery.YES, Recovery.NO, Recovery.UNDECIDED
# law, formula -> strict, skeleton, srbench
PAIRS: list[tuple[str, str, Recovery, Recovery, Recovery]] = [
    # the law, as it is and rewritten
    ("line", "2*x + 3", Y, Y, Y),
    ("line", "3 + x + x", Y, Y, Y),
    ("line", "2.0*(x + 1.5)", Y, Y, Y),
    ("product", "b*a", Y, Y, Y),
    ("product", "a/(1/b)", Y, Y, Y),
    ("product", "((a+b)**2 - (a-b)**2)/4", Y, N, Y),
    ("product", "exp(log(a) + log(b))", Y, Y, Y),
    ("squares", "a**2 + 2*a*b + b**2", Y, Y, Y),
    ("squares", "(a-b)**2 + 4*a*b", Y, Y, Y),
    ("gravity", "m1*G*m2*r**(-2)", Y, Y, Y),
    ("gravity", "G*m1/r*m2/r", Y, Y, Y),
    ("distance", "sqrt((x1-x2)**2+(y1-y2)**2)", Y, Y, Y),
    ("distance", "((x1-x2)**2+(y1-y2)**2)**0.5", Y, Y, Y),
    ("bell", "0.3989422804014327*exp(-0.5*x**2)", Y, Y, Y),
    ("lens", "a*b/(b+a*n)", Y, Y, Y),
    ("kinetic", "0.5*m*v*v", Y, Y, Y),
    ("cubic", "x*(x*(x+1)+1)", Y, Y, Y),
    ("lorentz", "m*c/sqrt(c**2-v**2)", N, Y, N),
    ("lorentz", "m*abs(c)/sqrt(c**2-v**2)", Y, Y, N),
    ("levels", "13.6/n1**2-13.6/n2**2", Y, Y, Y),
    ("root", "(a*b)**(1/2)", Y, Y, Y),
    ("wave", "-A*sin(-6.283185307179586*f*t)", Y, Y, Y),
    ("wave", "A*cos(2*pi*f*t - pi/2)", Y, Y, Y),
    # another constant
    ("line", "2*x + 3.1", N, Y, Y),
    ("line", "2.1*x + 3", N, Y, N),
    ("line", "2*x", N, N, N),
    ("scaled", "a*b", N, N, N),
    ("scaled", "2.9*a*b", N, Y, Y),
    ("product", "a*b + 1", N, N, Y),
    ("product", "0.7*a*b", N, Y, Y),
    ("offset", "a - b", N, N, Y),
    ("offset", "a - b + 1/3", N, Y, Y),
    ("gravity", "1.1*G*m1*m2/r**2", N, Y, Y),
    ("decay", "N*exp(-1.01*k*t) + c", N, Y, N),
    ("decay", "N*exp(-k*t)", N, N, N),
    # rounded constants
    ("bell", "0.399*exp(-x**2/2)", N, Y, Y),
    ("bell", "0.39894*exp(-0.50001*x**2)", N, Y, Y),
    ("wave", "A*sin(6.28*f*t)", N, Y, N),
    ("wave", "A*sin(6.2832*f*t)", N, Y, Y),
    ("line", "1.9999*x + 3.0001", N, Y, Y),
    ("line", "2.0000000001*x + 3", Y, Y, Y),
    ("kinetic", "0.4996*m*v**2", N, Y, Y),
    ("slow", "1.0000001*m*v/sqrt(1-v**2/2.99792458e8**2)", Y, Y, U),
    # something small too much
    ("product", "a*b + 0.00001*a", N, Y, Y),
    ("product", "a*b + 0.01*a", N, Y, N),
    ("product", "a*b*exp(0.00001*a)", N, Y, Y),
    # look-alikes
    ("small", "x**2/2", N, Y, N),
    ("small", "2*sin(x/2)**2", Y, Y, Y),
    ("slow", "m*v", N, N, U),
    ("slow", "m*v*(1+v**2/(2*2.99792458e8**2))", N, Y, U),
    ("slow", "m*sin(v)", N, N, U),
    ("angle", "n*u", N, N, N),
    ("lorentz", "m*(1+v**2/(2*c**2))", N, N, N),
    ("cubic", "x**3+x**2+sin(x)", N, N, N),
    ("cubic", "1.01*x**3+x**2+x", N, Y, N),
    ("levels", "13.6/n1**2", N, N, N),
    # another law
    ("product", "a+b", N, N, N),
    ("gravity", "G*m1*m2/r**3", N, N, N),
    ("gravity", "G*m1*m2/r**1.9999", N, Y, Y),
    ("power", "exp(n*log(x))", Y, Y, N),
    ("power", "x**2", N, N, N),
    ("line", "4", N, N, N),
    # the right form, and bloat around it
    ("product", "a*b + (a+b)**2 - a**2 - 2*a*b - b**2", Y, N, Y),
    ("product", "a*b + 1e-9*sin(a)*exp(b)*log(a+b)*sqrt(a)*cos(b*a)/(1+a*a)", N, N, Y),
    # another domain: the law has a value where the formula has none, or another one
    ("logs", "log(a) - log(b)", N, Y, N),
    ("root", "sqrt(a)*sqrt(b)", N, Y, N),
    ("distance", "(x2-x1)*sqrt(1+(y2-y1)**2/(x2-x1)**2)", N, N, N),
    ("distance", "abs(x2-x1)*sqrt(1+(y2-y1)**2/(x2-x1)**2)", Y, Y, N),
    ("kinetic", "m*sqrt(v**4)/2", Y, Y, N),
    ("kinetic", "m*v*abs(v)/2", N, Y, N),
    ("logs", "log(a*b/b**2)", Y, Y, Y),
    ("line", "2*x + 3 + sqrt(-x)", N, N, N),
    # constants that the rule would round away
    ("tiny", "6.6743e-11*m/r", Y, Y, U),
    ("tiny", "6.6e-11*m/r", N, Y, U),
    # an input that is not in the law
    ("line", "2*x + 3 + 0.001*z", N, N, N),
]


@cache
def laws(folder: Path) -> dict[str, Problem]:
    path = folder / "mine.problems"
    path.write_text(LAWS, encoding="utf-8")
    return {problem.id: problem for problem in read_problems(path)}


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Problem]:
    return laws(tmp_path_factory.mktemp("laws"))


@pytest.mark.parametrize(
    ("name", "formula", "strict", "skeleton", "srbench"), PAIRS, ids=[f"{p[0]}: {p[1]}" for p in PAIRS]
)
def test_a_formula_is_judged_as_by_hand(
    law: dict[str, Problem], name: str, formula: str, strict: Recovery, skeleton: Recovery, srbench: Recovery
) -> None:
    said = {criterion: grader(law[name], parse(formula)) for criterion, grader in CRITERIA.items()}
    assert said == {"strict": strict, "skeleton": skeleton, "srbench": srbench}


def test_there_are_enough_pairs() -> None:
    assert len(PAIRS) >= 60
    for column in (2, 3, 4):
        assert {Y, N} <= {pair[column] for pair in PAIRS}  # type: ignore[index]


def every_law() -> list[Problem]:
    return [problem for file in SUITES for problem in suite(file)]


@pytest.mark.slow
@pytest.mark.parametrize("criterion", ["strict", "skeleton"])
def test_every_law_is_recovered_by_itself(criterion: str) -> None:
    laws = [
        law for problem in every_law() for law in (laws_of_groups(problem, 0).values() if problem.own else [problem])
    ]
    said = {law.id: CRITERIA[criterion](law, law.expr) for law in laws}
    assert {id for id, verdict in said.items() if verdict is not Y} == set()


@pytest.mark.slow
def test_every_feynman_law_is_recovered_by_itself_by_the_rule_of_srbench() -> None:
    said = {problem.id: CRITERIA["srbench"](problem, problem.expr) for problem in suite("feynman120")}
    assert {id for id, verdict in said.items() if verdict is not Y} == set()


def test_a_law_of_groups_is_recovered_where_every_group_has_it() -> None:
    problem = find_problem("class_decay")
    own: dict[str, dict[str, float]] = {"k0": {}, "k1": {}}
    for label, law in laws_of_groups(problem, 3).items():
        rate, factor = sorted(map(float, law.expr.atoms(sympy.Float)))
        own["k0"][label], own["k1"][label] = factor, -1 / rate
    right = graded_by_group(problem, 3, "k0*exp(-t/k1)", own)
    assert right["verdicts"]["strict"] is Y and right["verdicts"]["skeleton"] is Y
    wrong = graded_by_group(problem, 3, "k0*exp(-t/k1)", {**own, "k0": {**own["k0"], "4": 1.0}})
    assert wrong["verdicts"]["strict"] is N and wrong["verdicts"]["skeleton"] is Y
    assert graded_by_group(problem, 3, "exp(-t)", {})["verdicts"]["strict"] is N
    assert graded_by_group(problem, 4, "k0*exp(-t/k1)", own)["verdicts"]["strict"] is N


@pytest.mark.parametrize("other", ["strogatz_glider1", "nguyen_05", "feynman_I_6_2"])
def test_a_law_is_not_another_law(other: str) -> None:
    """The mean of a target and a rescaled input are no laws."""
    problem = find_problem(other)
    for formula in ("1.0", problem.names[0], f"2*{problem.names[0]} - 1"):
        assert [grader(problem, parse(formula)) for grader in CRITERIA.values()] == [N, N, N]


def forever() -> Iterator[Recovery]:
    time.sleep(60)
    yield Y


def test_what_does_not_end_is_undecided() -> None:
    started = time.monotonic()
    assert bounded(forever, (), 0.5) is U
    assert time.monotonic() - started < 5


def test_all_verdicts_come_together() -> None:
    found = graded(find_problem("feynman_I_12_1"), "1.1*mu*Nn", ["mu", "mu*Nn"])
    assert found["verdicts"] == {"strict": N, "skeleton": Y, "srbench": Y, "front": Y, "front_skeleton": Y}
    assert list(found["verdicts"]) == list(VERDICTS)
    assert (found["complexity"], found["complexity_of_truth"]) == (5, 3)
    assert found["r2"] < 1


def test_a_formula_that_is_not_one_is_undecided() -> None:
    found = graded(find_problem("feynman_I_12_1"), "mu*(", [])
    assert {found["verdicts"][name] for name in CRITERIA} == {U}


WIDER = {
    "uniform": (Variable("x", "uniform", 1, 5), (-5.0, 11.0)),
    "integer": (Variable("n", "integer", 1, 3), (1.0, 9.0)),
    "loguniform": (Variable("x", "loguniform", 1, 100), (1e-3, 1e5)),
    "negative": (Variable("x", "loguniform", -1, -100), (-1e5, -1e-3)),
}


@pytest.mark.parametrize(("variable", "ends"), WIDER.values(), ids=WIDER)
def test_a_box_is_widened_as_it_is_drawn(variable: Variable, ends: tuple[float, float]) -> None:
    wide = widened(variable, 4)
    assert (wide.low, wide.high) == pytest.approx(ends)


DECIDED = {
    # chosen, whether the rows decide for x*exp(-z) + 0.37
    "x*exp(-z) + 0.37": (True, (-12, 12)),
    "0.9996*x*exp(-1.001*z) + 0.3702": (True, (0, 60)),
    "x/(1 + z + 0.6*z**2) + 0.37": (True, (8, math.inf)),
    "0.5": (True, (500, math.inf)),
}


@pytest.mark.parametrize(("chosen", "says"), DECIDED.items())
def test_noisy_rows_decide_for_the_law(chosen: str, says: tuple[bool, tuple[float, float]]) -> None:
    law = _law("x*exp(-z) + 0.37")
    data = sample(law, 1000, np.random.default_rng(0), noise=0.01)
    expr = parse(chosen)
    said = decidability(law, expr, data, 0, skeleton(law, expr))
    assert said["decidable"] is says[0]
    assert says[1][0] <= said["bits_gap"] <= says[1][1]


def test_rows_full_of_noise_decide_nothing() -> None:
    law = _law("1 + 0.001*x*sin(3*z) + 0.002*x**2/z")
    data = sample(law, 100, np.random.default_rng(0), noise=0.2)
    said = decidability(law, None, data, 0, Recovery.NO)
    assert said == {"decidable": False, "bits_gap": pytest.approx(said["bits_gap"])} and said["bits_gap"] < 0


def test_a_formula_without_a_value_has_no_gap() -> None:
    law = _law("x*exp(-z) + 0.37")
    data = sample(law, 100, np.random.default_rng(0), noise=0.01)
    said = decidability(law, parse("log(x - 2)"), data, 0, Recovery.NO)
    assert said == {"decidable": True, "bits_gap": None}


def _law(text: str) -> Problem:
    expr = parse(text)
    variables = tuple(Variable(name, "uniform", 1.0, 4.0) for name in ("x", "z"))
    return Problem("law", "laws", "y", text, expr, variables)
