"""The zoo: law k is always the same, is defined on all of its ranges, and every input of it matters."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.strict import strict
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import Problem, Variable, find_problem, sample, suite, zoo_ids
from kansr.bench.problem.zoo.plausible import LEAST_EFFECT, LEAST_TERM, effects, plausible, rows, shares
from kansr.bench.trial import Settings, Trial, asked, chosen_ids, trials
from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import parse

SOME = (*zoo_ids("zoo", 0, 59), *zoo_ids("zoo7", 0, 19))
PRINTED = "from kansr.bench.problem import find_problem; print(find_problem('zoo_17'))"


@pytest.fixture(scope="module")
def some() -> list[Problem]:
    return [find_problem(id) for id in SOME]


def test_a_law_is_the_same_in_every_process() -> None:
    here = str(find_problem("zoo_17"))
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", PRINTED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == here


def test_laws_differ_and_so_do_zoos(some: list[Problem]) -> None:
    assert len({(p.text, p.variables) for p in some}) == len(some)
    assert find_problem("zoo_3").text != find_problem("zoo7_3").text


def test_a_law_is_finite_everywhere_and_varies(some: list[Problem]) -> None:
    for problem in some:
        data = sample(problem, 500, np.random.default_rng(3), distractors=problem.irrelevant > 0)
        assert np.isfinite(data.X).all() and np.isfinite(data.y).all() and np.std(data.y) > 0, problem.id
        assert len(data.names) == len(problem.variables) + problem.irrelevant
        assert problem.target not in data.names and len(set(data.names)) == len(data.names)


def test_every_input_and_every_term_matters(some: list[Problem]) -> None:
    for problem in some:
        assert plausible(problem.expr, problem.variables), problem.id
        X = rows(problem.variables)
        assert min(effects(problem.expr, problem.names, X)) > LEAST_EFFECT
        assert min(shares(problem.expr, problem.names, X), default=1.0) > LEAST_TERM


@pytest.mark.parametrize(
    "text",
    [
        "x - x + 3 + z",  # an input that falls out
        "1 + x/1000 + z/1000",  # hardly varies
        "x + 1e-9*z",  # an input that does not matter
        "x/(z - 2)",  # a pole within the range
        "log(x - 2)*z",  # undefined in places
        "exp(50*x)*z",  # a few rows are all
        "z",
    ],
)
def test_what_is_no_law_is_refused(text: str) -> None:
    variables = (Variable("x", "uniform", 1.0, 5.0), Variable("z", "uniform", 1.0, 5.0))
    assert not plausible(parse(text), variables)
    assert plausible(parse("x*exp(-z)"), variables)


def test_a_law_is_recovered_by_itself(some: list[Problem]) -> None:
    for problem in some[::4]:
        assert parse(problem.text, names=problem.names) == problem.expr
        assert skeleton(problem, problem.expr) is Recovery.YES, problem.id
        assert strict(problem, problem.expr) is Recovery.YES, problem.id


def test_a_table_is_as_the_law_says_unless_told_otherwise() -> None:
    law = next(p for p in map(find_problem, SOME) if p.noise > 0 and p.irrelevant > 0 and p.rows < 2000)
    (own,) = trials([law.id], "zoo", ["kansr"], [], 1)
    assert own.noise == law.noise
    assert asked(own, Settings(rows=None))[1].X.shape == (law.rows, len(law.variables) + law.irrelevant)
    (other,) = trials([law.id], "zoo", ["kansr"], [0.5], 1)
    assert other.noise == 0.5
    assert asked(other, Settings(rows=77, distractors=5))[1].X.shape == (77, len(law.variables) + 5)


def test_relative_errors_are_in_proportion_to_the_target() -> None:
    law = next(p for p in (find_problem(id) for id in zoo_ids("zoo", 0, 99)) if p.relative_errors)
    clean, noisy = (sample(law, 4000, np.random.default_rng(1), noise=noise) for noise in (0.0, 0.01))
    assert np.std(noisy.y / clean.y - 1) == pytest.approx(0.01, rel=0.05)
    assert isinstance(noisy, Dataset)


def test_the_zoo_has_no_end() -> None:
    assert chosen_ids("zoo", laws=(98, 101)) == ("zoo_98", "zoo_99", "zoo_100", "zoo_101")
    assert find_problem("zoo_123456789").id == "zoo_123456789"
    with pytest.raises(UsageError, match="--laws"):
        suite("zoo3")
    with pytest.raises(UsageError, match="--laws"):
        chosen_ids("zoo")
    with pytest.raises(UsageError, match="goes with zoo only"):
        chosen_ids("laws", laws=(0, 3))
    with pytest.raises(UsageError, match="no problem 'zoo_007'"):
        find_problem("zoo_007")
    assert Trial("zoo_3", "zoo", "kansr", 0.0, 0).key == ("zoo_3", "kansr", 0.0, 0)
