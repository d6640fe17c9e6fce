"""Moves, executors: what users hand in, besides functions and refiners."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy

import kansr
from kansr.errors import UsageError
from kansr.pipeline.config import Config
from kansr.runtime.deadline import Deadline
from kansr.structure.context import Context
from kansr.structure.moves.gradient.merge_given import merged
from kansr.structure.moves.move import Move
from kansr.structure.moves.registry import moves
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.kernel import surrogate

NAMES = sympy.symbols("u0:3")
U, V, W = NAMES
FORMULAS = [
    U * V,
    U / V,
    U - V,
    sympy.sqrt(U**2 + V**2),
    sympy.sin(U) * V,
    sympy.sqrt(U**2 + V**2 - 2 * U * V * sympy.cos(W)),
]


def rows(expr: sympy.Expr) -> tuple[State, GradientField]:
    """Rows of a target that knows the inputs of `expr` through it only, and w beside it."""
    X = np.random.default_rng(0).uniform(1, 2.5, (500, 4))
    h = sympy.lambdify(NAMES, expr)(*X[:, :3].T)
    state = State(X, X[:, 3] * np.exp(-h / np.std(h)), sympy.symbols("x:z w"))
    return state, surrogate(state.X, state.z)


@pytest.mark.parametrize("expr", FORMULAS, ids=str)
def test_a_merge_fits_its_own_law_and_no_other(expr: sympy.Expr) -> None:
    state, field = rows(expr)
    own = merged(state, field, expr)
    assert own.misfit < 5e-3
    assert own.removes == len(expr.free_symbols) - 1
    assert merged(state, field, U + 3 * V**2).misfit > 0.05


@pytest.mark.parametrize("expr", FORMULAS, ids=str)
def test_what_a_merge_makes_is_the_formula_of_the_inputs(expr: sympy.Expr) -> None:
    state, field = rows(expr)
    made = merged(state, field, expr).made(state)
    assert made is not None
    meant = expr.xreplace(dict(zip(NAMES, state.inputs)))
    assert made.inputs[-1] == meant
    assert made.X[:, -1] == pytest.approx(sympy.lambdify(state.inputs, meant)(*state.X.T))
    assert made.X.shape[1] == len(made.inputs) == 4 - (len(expr.free_symbols) - 1)
    assert made.moves[-1].what == str(meant)


def test_a_merge_that_has_no_value_is_not_made() -> None:
    state, field = rows(U * V)
    assert merged(state, field, sympy.log(U - 2) * V).made(state) is None


@pytest.mark.parametrize("expr", [sympy.Symbol("x") * U, sympy.Integer(2)], ids=str)
def test_a_merge_of_other_symbols_is_refused(expr: sympy.Expr) -> None:
    with pytest.raises(UsageError, match="a merge is a formula of u0, u1, u2, u3"):
        merged(*rows(U * V), expr)


def test_rows_without_a_gradient_are_left_out() -> None:
    state, field = rows(U * V)
    gradient = field.gradient.copy()
    gradient[:5] = np.nan
    assert merged(state, replace(field, gradient=gradient), U * V).misfit < 5e-3
    gradient[: len(gradient) // 2] = np.nan
    assert merged(state, replace(field, gradient=gradient), U * V).misfit == 1.0


def test_a_move_competes_with_those_that_are_shipped() -> None:
    state, field = rows(FORMULAS[-1])

    def sides(state: State, field: GradientField) -> Iterator[Move]:
        yield merged(state, field, FORMULAS[-1])

    own = merged(state, field, FORMULAS[-1]).name
    assert own in [move.name for move in moves(state, field, Context(moves=(sides,)))][:2]
    assert own not in [move.name for move in moves(state, field)]


class Late(Executor):
    """Takes everything and does nothing."""

    cancelled = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return Future()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        raise AssertionError("an executor that was lent is not to be shut down")


def test_an_executor_that_never_answers_costs_the_time_and_a_note() -> None:
    x = np.linspace(1, 2, 50)
    began = time.monotonic()
    found = kansr.discover((x, np.sqrt(x)), executor=Late(), time_limit=3.0)
    assert time.monotonic() - began < 7
    assert found.status.value == "timed_out"
    assert any("did not answer" in note for note in found.notes)


@pytest.mark.parametrize(
    ("options", "said"), [({"executor": 3}, "an executor is one of"), ({"moves": ["peel"]}, "moves are functions")]
)
def test_what_is_no_executor_or_move_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        kansr.discover((np.arange(20.0), np.arange(20.0) ** 2), **options)


@pytest.mark.parametrize(("jobs", "executor", "ahead"), [(1, None, 1), (3, None, 6), (1, Late(), 0), (3, Late(), 6)])
def test_how_much_workers_are_given(jobs: int, executor: Executor | None, ahead: int) -> None:
    assert Config(jobs=jobs, executor=executor).ahead == ahead


def test_a_deadline_that_is_sent_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = pickle.dumps(Deadline(10.0))
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 1e6)  # another machine has been up for longer
    there = pickle.loads(sent)  # noqa: S301
    assert there.limit == 10.0
    assert 0 <= there.seconds() < 5
