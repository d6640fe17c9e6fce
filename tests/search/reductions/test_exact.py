"""Reductions: laws of several inputs come apart move by move, exactly, the same way each time."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest
from support.tables import TO_THE_END, misfit, routes, table

from kansr.data.dataset import Dataset
from kansr.formula.judge.exactness import exact
from kansr.runtime.deadline import Budget, Deadline
from kansr.search.reductions.exact import ExactSearch
from kansr.search.reductions.routes import Route
from kansr.structure.context import Context

ROWS = 600


LAWS = [
    "2*x**2*y*exp(-z)/(1 + x*y)",
    "sqrt(x**2 + 3*y)*sin(z*w)",
    "cos(x - y)*z**1.5",
    "x*tanh(y*z) + 2*z",
    "log(1.7 + x*y)/z**2",
    "(x + 2)*y/(z + w*y)",
    "x*y + z*log(y*w)",
    "v*(1 - cos(w*t))/w",
    "a*b**2*exp(-c*d)/sqrt(e)",
]


@cache
def found(text: str) -> list[Route]:
    return routes(table(text, rows=ROWS))


@pytest.mark.parametrize("text", LAWS)
def test_a_law_of_several_inputs_is_found_exactly(text: str) -> None:
    data = table(text, rows=ROWS)
    *before, last = found(text)
    assert exact(last.fit, data)
    assert misfit(last.fit.expr, data) < 1e-9
    assert not any(exact(route.fit, data) for route in before)  # nothing is looked for after it
    unseen = table(text, rows=200, seed=5)
    assert misfit(last.fit.expr, unseen) < 1e-8


@pytest.mark.parametrize("text", LAWS[:4])
def test_the_way_is_the_same_each_time(text: str) -> None:
    first, second = found(text), routes(table(text, rows=ROWS))
    assert [(r.fit.expr, r.fit.rms, r.path) for r in first] == [(r.fit.expr, r.fit.rms, r.path) for r in second]


MOVES = {
    "cos(x - y)*z**1.5": "x - y",
    "log(1.7 + x*y)/z**2": "target*z**2",
    "sqrt(x**2 + 3*y)*sin(z*w)": "w*z",
}


@pytest.mark.parametrize(("text", "move"), MOVES.items())
def test_the_moves_say_how_it_came_apart(text: str, move: str) -> None:
    assert any(move in step.what for step in found(text)[-1].path)


def test_an_input_that_does_nothing_does_not_appear() -> None:
    data = table("cos(x - y)*z", rows=ROWS)
    more = np.random.default_rng(3).uniform(0.5, 2, data.rows)
    data = Dataset(np.column_stack([data.X, more]), data.y, (*data.names, "w"), data.target)
    last = routes(data)[-1]
    assert exact(last.fit, data)
    assert {str(s) for s in last.fit.expr.free_symbols} == {"x", "y", "z"}


def test_a_constant_is_its_own_formula() -> None:
    data = table("x + y", rows=60)
    (route,) = routes(Dataset(data.X, np.full(60, 2.5), data.names, data.target))
    assert (float(route.fit.expr), [step.what for step in route.path]) == (2.5, ["constant"])


ENTANGLED = "sin(3*x*y) + x**y*cos(z*x) + log(1 + y*z*x**z)*tanh(x - 2*z)"


@pytest.mark.parametrize("calls", [0, 1, 5, 30])
def test_it_stops_when_it_is_told_to(calls: int) -> None:
    """Once the deadline has said so, nothing more is offered but what was being fitted."""
    asked, late = 0, 0

    class Counted(Deadline):
        def finishing(self) -> bool:
            nonlocal asked
            asked += 1
            return asked > calls

    search = ExactSearch.of(table(ENTANGLED, rows=ROWS), Context(Counted()))
    with np.errstate(all="ignore"):
        for _ in search.advance(TO_THE_END):
            late += asked > calls
    assert late == 0
    assert calls < asked < calls + 60  # every stage asks once more on the way out


def test_the_clock_is_kept() -> None:
    begun = time.monotonic()
    routes(table(ENTANGLED, rows=ROWS), Context(Deadline(1.0, budget=Budget(finishing=1.0))))
    assert 1 < time.monotonic() - begun < 3


TERMS = [
    pytest.param("a*(1 - exp(-t*u)) + b*log(1 + t)/u + t*u"),
    pytest.param("a*sin(t)**2 + b*(tan(t)**2 - t) + c", marks=pytest.mark.long),
]


@pytest.mark.parametrize("text", TERMS)
def test_a_law_whose_terms_share_their_inputs_is_found(text: str) -> None:
    data = table(text, low=0.3, high=1.2, rows=ROWS)
    last = routes(data)[-1]
    assert exact(last.fit, data)
    assert misfit(last.fit.expr, table(text, low=0.3, high=1.4, rows=200, seed=5)) < 1e-8
