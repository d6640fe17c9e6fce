"""Operon as a refiner: formulas keep their values on the way in and out."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from support.tables import noisy_table

from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.pipeline.config import Config
from kansr.pipeline.run import search
from kansr.refinement.refiners.refiner import Allowance, isolated

posix = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


operon_here = pytest.mark.skipif(find_spec("pyoperon") is None, reason="pyoperon is not installed")


@operon_here
@posix
def test_operon_brings_a_formula_closer() -> None:
    from kansr.refinement.refiners.operon import OperonConfig, operon

    data = noisy_table("exp(-a)*sin(2*b) + a*b", rows=200)
    start = judge(parse("a*b"), data, data, "start")
    offers = list(isolated(operon(OperonConfig(seconds=3, population=300)), Allowance(seconds=20))(start, data))
    assert offers and min(judge(c.expr, data, data, "").loss for c in offers) < 0.5 * start.loss


GUESSES = ["a**2", "a**3", "1/a", "a**(-3/2)", "2.5*a/b + sqrt(a)", "exp(-a)*sin(2*b) + a*b", "a - b", "a**4/(b + 2)"]


GUESSES += ["log(a)**2/3", "-3*a/(2*b)", "pi*a", "cos(a*b - 1)"]


NOT_EXPRESSED = ["a**(1/3)", "tanh(a)", "a**b", "a**9", "a**0.1"]


@operon_here
@pytest.mark.parametrize("text", GUESSES + NOT_EXPRESSED)
def test_formulas_to_start_from_keep_their_values(text: str) -> None:
    import pyoperon
    from pyoperon.sklearn import SymbolicRegressor

    from kansr.refinement.refiners.operon import _nodes

    X = np.random.default_rng(0).uniform(0.5, 3, (40, 2))
    regressor = SymbolicRegressor(generations=1, population_size=10, random_state=0).fit(X, X[:, 0] * X[:, 1])
    nodes = _nodes(parse(text), dict(zip("ab", regressor.variables_)), pyoperon)
    if text in NOT_EXPRESSED:
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
