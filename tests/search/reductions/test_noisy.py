"""The search over reductions of noisy rows: laws are found, and moves are compared by what is left after them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from support.tables import table, with_noise

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.formula.judge.description_length import fit_length
from kansr.result.derivation import Step
from kansr.search.reductions.noisy import NoisySearch, _inherited, _unlike, _upright
from kansr.structure.context import Context
from kansr.structure.moves.direct.irrelevant_inputs import inputs_of_small_reach
from kansr.structure.moves.state import State
from kansr.structure.surrogate.noisy_kernel import NoisyRows, best_settings, gradients

ROWS, STEPS = 500, 100


START = sympy.symbols("x y z")


def best(data: Dataset, steps: int = STEPS) -> sympy.Expr:
    with np.errstate(all="ignore"):  # formulas are tried where they have no value
        routes = list(NoisySearch.of(data, Context()).advance(steps))
    fits = [route.fit for route in routes]
    return min(fits, key=lambda fit: fit_length(fit, data)).expr


NOISES = [
    ("(x - y)**2*z", 0.01),
    ("sqrt(x**2 + y**2)*z", 0.01),
    pytest.param("x*exp(-y*z)", 0.05, marks=pytest.mark.long),
]


@pytest.mark.parametrize(("text", "share"), NOISES)
def test_a_law_is_found_in_spite_of_noise(text: str, share: float) -> None:
    clean = table(text, rows=200, seed=5)
    found = Tape(best(with_noise(text, share)), clean.names).value(clean.X)
    assert np.sqrt(np.mean((found - clean.y) ** 2)) < 0.4 * share * np.std(clean.y)


def test_errors_below_rounding_are_alike() -> None:
    """A smooth model of what is left of exact rows may have no error at all."""
    data = table("(x + 2)*y", rows=300)
    search = NoisySearch.of(data, Context())
    spread = float(np.std(data.y))
    assert search._cost(0.0, 0.0) == 0
    assert search._cost(1e-13 * spread, 0.0) < 0.1 < search._cost(2e-3 * spread, 1e-3 * spread)


def test_moves_that_differ_by_constants_are_one() -> None:
    x, y = sympy.symbols("x y")
    rows = np.ones((3, 1))
    states = [
        State(rows, rows[:, 0], (merged,), back)
        for merged, back in (
            (x + 2 * y, lambda e: e + 3 * x),
            (x + 2.1 * y, lambda e: e + 3.2 * x),
            (x + 2 * y, lambda e: e + 3 * y),
            (x + y**2, lambda e: e + 3 * x),
        )
    ]
    assert [number for number, _ in _unlike(enumerate(states))] == [0, 2, 3]


@pytest.mark.parametrize(("logs", "kept"), [((True, True, True), (True, True)), ((False, True, True), (False, True))])
def test_a_merged_input_is_seen_as_its_parts_were(logs: tuple[bool, ...], kept: tuple[bool, ...]) -> None:
    x, y, z = sympy.symbols("x y z")
    rows = np.random.default_rng(0).uniform(1, 2, (5, 3))
    state = State(rows, rows[:, 0], (x, y, z))
    made = State(rows[:, :2], rows[:, 0], (x, y / z))
    assert _inherited(state, made, logs) == kept
    below = State(rows[:, :2] - 1.5, rows[:, 0], (x, y - z))
    assert _inherited(state, below, logs) == (False, False)


def test_where_the_mean_says_all_nothing_more_is_looked_for() -> None:
    """What a term has left of the target may be nothing but noise."""
    search = NoisySearch.of(with_noise("3*x*y/z", 0.1), Context())
    noise = np.random.default_rng(1).normal(size=search.data.rows)
    waiting = [len(search.frontier.tasks)]
    for z in (noise, search.data.X[:, 0] + noise):
        list(search._open(State(search.data.X, z, START, moves=(Step("a term"),)), 0.0))
        waiting.append(len(search.frontier.tasks))
    assert waiting[0] == waiting[1] < waiting[2]


def test_an_input_that_is_negative_throughout_is_turned() -> None:
    x, y = sympy.symbols("x y")
    X = np.column_stack([-np.arange(1.0, 9.0), np.linspace(-1, 1, 8)])
    state = State(X, np.ones(8), (x, y), lambda expr: expr)
    turned = _upright(state)
    assert turned.inputs == (-x, y)
    assert (turned.X[:, 0] > 0).all() and np.array_equal(turned.X[:, 1], X[:, 1])
    assert _upright(turned) is turned


def test_rows_without_noise_need_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smooth model may follow what is left to the last bit."""
    data = table("3*x*y", rows=300)
    model = best_settings(NoisyRows(data.X, data.y, np.ones(data.rows)))
    monkeypatch.setattr("kansr.search.reductions.noisy.best_settings", lambda rows: replace(model, error=0.0))
    found = next(NoisySearch.of(data, Context()).advance(1)).fit
    assert found.rms < 1e-9 * np.std(data.y)


def test_the_same_each_time() -> None:
    data = with_noise("x*exp(-y)", 0.05, 150)
    assert best(data, 30) == best(data, 30)


def test_inputs_that_seem_irrelevant_are_left_out_first() -> None:
    """Else they are merged with those that matter: in noise, nearly any merge with them fits."""
    rng = np.random.default_rng(3)
    X = rng.uniform(1, 3, (ROWS, 8))
    y = 2.3 * X[:, 0] * np.exp(-0.7 * X[:, 4]) / X[:, 7]
    names = tuple("abcdefgh")
    data = Dataset(X, y + rng.normal(0, 0.02 * float(np.std(y)), ROWS), names)
    state = State(X, data.y, sympy.symbols(names))
    rows = NoisyRows(X, data.y, np.ones(ROWS))
    dropped = [move.used for move in inputs_of_small_reach(state, gradients(rows, best_settings(rows).setting))]
    assert set(sympy.symbols("b c d f g")) in dropped
    law = best(data)
    assert law.free_symbols == set(sympy.symbols("a e h"))
    assert evaluate(law, dict(zip(names, X.T))) == pytest.approx(y, rel=0.02)
