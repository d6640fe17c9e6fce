"""The steps of a derivation in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kansr.expression.parse import parse
from kansr.result.derivation import Step
from kansr.show.steps import KINDS, TARGET, TRIALS, trial, worded
from kansr.structure.moves.state import TARGET_SYMBOL
from kansr.structure.terminals.registry import TERMINALS

NAMES = ("a", "b", "c", "x", "y")

SAID = {
    "target/a, without a": "divide by a",
    "target/a": "divide by a",
    "a*target": "multiply by a",
    "-x**2 + log(target)": "take its logarithm and subtract x**2",
    "(target - 1.23456789*a)/b, c*x": "subtract 1.23*a and divide by b; c and x matter only as c*x",
    "target/(a*b**2) by x/c": "divide by a*b**2; what is left depends on x/c alone",
    "target by x*y": "what is left depends on x*y alone",
    "a*b beside c": "it depends on a*b and c alone",
    "target**2 - x": "raise it to the power 2 and subtract x",
    "1/target": "take its reciprocal",
    "-target": "change its sign",
    "sqrt(a**2 + b**2), c": "a and b matter only as sqrt(a**2 + b**2)",
    "Abs(x)*y": "x and y matter only as y*abs(x)",
    "without c": "c does not matter",
    "sum of two exponentials or powers": "what is left is a sum of two exponentials or powers",
    "kan [2, 1, 1]": "what is left is the formula of a Kolmogorov–Arnold network with layers [2, 1, 1]",
    "local search: shorter, curve": "change parts of the formulas met so far, and keep what describes the rows in the "
    "fewest bits",
    "in units of a*b": "divide the target by a*b, which has the same unit",
    "constants fitted, formula simplified": "fit all constants together, and simplify",
    "operon": "Operon, a genetic search, goes on from what was found",
    "f(x) = 2.30258509*x": "f(x) = 2.3*x",
    "a step of yours, in words": "a step of yours, in words",
}


@pytest.mark.parametrize(("what", "words"), SAID.items())
def test_a_step_in_words(what: str, words: str) -> None:
    assert worded([Step("x"), Step(what)], NAMES)[1] == words


def test_the_first_step_is_about_the_whole_law() -> None:
    assert worded([Step("power law")], NAMES) == ["it is a power law"]


def test_the_target_of_a_step_is_called_what_the_moves_call_it() -> None:
    assert TARGET == TARGET_SYMBOL


def test_every_solver_has_words() -> None:
    titles = {kind.title for kind in TERMINALS if kind.solve is not None}
    assert titles and titles <= set(KINDS)


TRIED = {"power law": "a power law", "parametric curve in noise": KINDS["parametric curve"], **TRIALS}


@pytest.mark.parametrize(("name", "words"), TRIED.items())
def test_what_is_tried(name: str, words: str) -> None:
    assert trial(name) == words


@given(st.sampled_from(["target", "log(target)", "target**2", "1/target"]), st.sampled_from(NAMES), st.floats(0.1, 9.9))
def test_no_step_with_a_linear_target_is_left_as_a_formula(inner: str, name: str, number: float) -> None:
    for text in (f"({inner})/{name}", f"{inner} - {number}*{name}", f"({inner} + {number})*{name}"):
        what = str(parse(text))
        assert "target" not in worded([Step(what)], NAMES)[0]
