"""Laws in noisy rows: what smooth models say about them, the search they guide, and what is pruned after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from support.tables import table, with_noise

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import polish
from kansr.formula.judge.description_length import description_length
from kansr.formula.polish.eliminate import prune
from kansr.result.derivation import Step
from kansr.search.noisy import NoisyConfig, NoisySearch, _inherited, _unlike, _upright
from kansr.search.partition import Rows
from kansr.search.routes import Offers
from kansr.structure.moves.direct.irrelevant_inputs import faint
from kansr.structure.moves.state import State
from kansr.structure.surrogate.noisy_kernel import MANY, Noisy, Setting, best_setting, glance, gradients
from kansr.structure.terminals.one_input.binning import curve
from kansr.structure.terminals.one_input.curve_match import single
from kansr.structure.terminals.one_input.two_exponentials import sums_of_two
from kansr.symbolic.matching.match import MatchConfig

ROWS, STEPS = 1000, 300
START = sympy.symbols("x y z")


def best(data: Dataset) -> sympy.Expr:
    with np.errstate(all="ignore"):  # formulas are tried where they have no value
        routes = list(NoisySearch.of(data, NoisyConfig(), 0).advance(STEPS))
    fits = [route.fit for route in routes]
    return min(fits, key=lambda fit: description_length(fit.expr, fit.likely**2, data)).expr


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
    search = NoisySearch(data, NoisyConfig(), 0, lambda: False, Offers(data, 1))
    spread = float(np.std(data.y))
    assert search._doubts(0.0, 0.0) == 0
    assert search._doubts(1e-13 * spread, 0.0) < 0.1 < search._doubts(2e-3 * spread, 1e-3 * spread)


@pytest.mark.parametrize("transform", ["x", "2/(1 + exp(x))", pytest.param("x**3 + 3", marks=pytest.mark.long)])
def test_one_input_is_matched_on_all_rows_and_by_the_target_itself(transform: str) -> None:
    """Of 1500 noisy rows every one counts, and values near 0 do not decide in 1/y: the truth is among the first six."""
    x = np.random.default_rng(1).uniform(-1, 1, 1500)
    clean = Tape(parse(transform), ("x",)).value(x[:, None])
    y = clean + np.random.default_rng(2).normal(0, 0.25 * np.std(clean), 1500)
    data = Dataset(x[:, None], y, ("x",), "y")
    fits = [polish(expr, data) for expr in single(data, 0.25, MatchConfig(), keep=6)]
    off = [np.std(Tape(fit.expr, ("x",)).value(x[:, None]) - clean) for fit in fits]
    assert min(off) < 0.02 * np.std(clean)


@pytest.mark.parametrize("transform", ["1/sqrt(1 - x**2)", pytest.param("exp(-3*x)", marks=pytest.mark.long)])
def test_rows_count_by_their_errors_where_one_input_is_matched(transform: str) -> None:
    """A few loud rows are no worse than none of them."""
    rng = np.random.default_rng(3)
    x, sigma = rng.uniform(0, 0.9, 1500), 0.02 * 10 ** rng.uniform(0, 3, 1500)
    clean = Tape(parse(transform), ("x",)).value(x[:, None])
    data = Dataset(x[:, None], clean + sigma * rng.normal(size=1500), ("x",), "y", sigma=sigma, relative=True)
    noise = float(np.exp(np.mean(np.log(sigma))) / np.std(clean))
    fits = [polish(expr, data) for expr in single(data, noise, MatchConfig(), keep=6)]
    off = [np.std(Tape(fit.expr, ("x",)).value(x[:, None]) - clean) for fit in fits]
    assert min(off) < 0.02 * np.std(clean)


@pytest.mark.parametrize("law", ["1/x", "x**(-4)", "exp(8*x)", "x"])
def test_means_of_rows_lie_on_the_curve_however_bent(law: str) -> None:
    """Noise beside which a hundred rows of the steepest part are not one point."""
    x = np.sort(np.random.default_rng(1).uniform(0.05, 1, 2000))
    y = evaluate(parse(law), {"x": x})
    share = 1e-3
    noise = np.random.default_rng(2).normal(0, share * float(np.std(y)), len(x))
    at, mean, left = curve(Dataset(x[:, None], y + noise, ("x",), "y"), share)
    assert left < share
    off = (mean - evaluate(parse(law), {"x": at})) / float(np.std(y))
    assert np.sqrt(np.mean(off**2)) < 1.5 * left


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [("1/(exp(x/6) - 1)", 0.02, 25.0), ("1/sin(x/2)**4", 1.0, 3.0), ("exp(-2/x)", 0.3, 4.0)],
)
def test_a_function_of_one_input_is_found_without_a_shift_and_an_offset(law: str, low: float, high: float) -> None:
    x = np.random.default_rng(1).uniform(low, high, 1500)
    y = evaluate(parse(law), {"x": x})
    noise = np.random.default_rng(2).normal(0, 0.01 * float(np.std(y)), len(x))
    data = Dataset(x[:, None], y + noise, ("x",), "y")
    fits = [polish(expr, data) for expr in single(data, 0.01, MatchConfig(), keep=6)]
    bits = [description_length(fit.expr, fit.likely**2, data) for fit in fits]
    truth = polish(parse(law), data, iterations=0)
    spare = 2 * np.log2(data.rows)  # two numbers that are not rounded yet
    assert min(bits) < description_length(truth.expr, truth.likely**2, data) + spare


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
    search = NoisySearch.of(with_noise("3*x*y/z", 0.1), NoisyConfig(), 0)
    noise = np.random.default_rng(1).normal(size=search.data.rows)
    waiting = [len(search.tasks)]
    for z in (noise, search.data.X[:, 0] + noise):
        list(search._open(State(search.data.X, z, START, moves=(Step("a term"),)), 0.0))
        waiting.append(len(search.tasks))
    assert waiting[0] == waiting[1] < waiting[2]


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [
        ("(1 - exp(-x))**2", -0.7, 3),
        ("3*(1 - exp(-1.7*(x - 1.2)))**2", 0.8, 3),
        ("0.3*exp(-x) + 0.7*exp(-0.2*x)", 0.1, 10),
        ("2 + 5*exp(-0.7*x)", 0, 6),
        ("4*(x**(-6) - x**(-3))", 1, 3),
        ("24/x + 3.6/x**0.313", 1, 100),
    ],
)
def test_sums_of_two_exponentials_or_powers_are_found_in_noise(law: str, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 1500)
    clean = evaluate(parse(law), {"x": x})
    data = Dataset(x[:, None], clean + 0.01 * np.std(clean) * rng.normal(size=len(x)), ("x",), "y")
    fits = [polish(expr, data) for expr in sums_of_two(data, 0.01)]
    fit = min(fits, key=lambda fit: description_length(fit.expr, fit.likely**2, data))
    found = Tape(fit.expr, ("x",)).value(data.X)
    assert np.sqrt(np.mean((found - clean) ** 2)) < 0.0015 * np.std(clean)


def test_one_input_is_glanced_at_more_closely_than_several_were() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-4, 4, 1500)
    rows = Noisy(x[:, None], np.exp(-(x**2)) + 0.01 * rng.normal(size=1500), np.ones(1500))
    seen = glance(rows, Setting("z", (False,), 9.6, 1e-6))
    assert seen is not None and seen.error < 0.02


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
    model = best_setting(Noisy(data.X, data.y, np.ones(data.rows)))
    monkeypatch.setattr("kansr.search.noisy.best_setting", lambda rows: replace(model, error=0.0))
    found = next(NoisySearch.of(data, NoisyConfig(), 0).advance(1)).fit
    assert found.rms < 1e-9 * np.std(data.y)


def test_the_same_each_time() -> None:
    data = with_noise("x*exp(-y)", 0.05, 300)
    assert best(data) == best(data)


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_gradients_know_how_exact_they_are(share: float) -> None:
    text = "x*sin(y) + z**2"
    data = with_noise(text, share)
    rows = Noisy(data.X, data.y, np.ones(data.rows))
    field = gradients(rows, best_setting(rows).setting, MANY)
    truth = np.column_stack(
        [Tape(sympy.diff(parse(text), sympy.Symbol(n)), data.names).value(data.X) for n in data.names]
    )
    off = (field.gradient / field.slope[:, None] - truth) * data.X.std(0)
    known = float(np.sqrt(np.median(np.sum(off**2, axis=1))))
    slope = float(np.median(np.abs(field.slope)))
    assert known / 6 < field.blur / slope < 6 * known  # what the model smooths away is not known to it


def test_noise_is_told_from_what_a_smooth_model_cannot_follow() -> None:
    for text in ("x*y + z", "x*exp(-y)/z"):
        noisy, clean = with_noise(text, 0.02), table(text, rows=ROWS)
        assert Rows(noisy, noisy.take(slice(0, 100))).noisy
        assert not Rows(clean, clean.take(slice(0, 100))).noisy


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("1.01*x*y + 0.002*z + 0.001", "x*y"),
        ("x*(1.002*y + 0.003*sin(0.9*z))", "x*y"),
        ("10.01*x*sin(0.1*y)", "x*y"),
    ],
)
def test_what_noise_has_brought_in_is_pruned(said: str, kept: str) -> None:
    data = table("x*y + 0.000001*z", rows=ROWS)
    noise = np.random.default_rng(1).normal(0, 0.05 * float(np.std(data.y)), data.rows)
    data = Dataset(data.X, data.y + noise, data.names, data.target)
    fit = prune(polish(parse(said), data), data)
    assert sympy.simplify(fit.expr / parse(kept)).is_number


def test_what_is_there_is_not_pruned() -> None:
    data = with_noise("x*y + 0.5*sin(3*z)", 0.05)
    fit = prune(polish(parse("1.1*x*y + 0.4*sin(2.9*z)"), data), data)
    assert fit.expr.has(sympy.sin)
    assert fit.expr.free_symbols == parse("x*y*z").free_symbols


def test_inputs_that_seem_idle_are_left_out_first() -> None:
    """Else they are merged with those that matter: in noise, nearly any merge with them fits."""
    rng = np.random.default_rng(3)
    X = rng.uniform(1, 3, (ROWS, 8))
    y = 2.3 * X[:, 0] * np.exp(-0.7 * X[:, 4]) / X[:, 7]
    names = tuple("abcdefgh")
    data = Dataset(X, y + rng.normal(0, 0.02 * float(np.std(y)), ROWS), names)
    state = State(X, data.y, sympy.symbols(names))
    rows = Noisy(X, data.y, np.ones(ROWS))
    dropped = [move.used for move in faint(state, gradients(rows, best_setting(rows).setting))]
    assert set(sympy.symbols("b c d f g")) in dropped
    law = best(data)
    assert law.free_symbols == set(sympy.symbols("a e h"))
    assert evaluate(law, dict(zip(names, X.T))) == pytest.approx(y, rel=0.02)
