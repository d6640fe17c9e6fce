"""Sparse sums: inputs and forms are found in noise, idle inputs and single rows are not taken for anything."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import floats, short_floats
from kansr.structure.anova.checks import carriers, sound
from kansr.structure.anova.evidence import choose_components
from kansr.structure.anova.families import FAMILIES, Role, bounds, drawn
from kansr.structure.anova.linear import line, sparse_line, sparse_quadratic
from kansr.structure.anova.sparse_sum import sparse_sums
from kansr.structure.anova.terms import Rows, Sum, Term, fitted

LAWS = {
    "wave of a product": (lambda X: 2 * np.sin(2 * (X[:, 0] + 0.6) * (X[:, 1] + 0.4)) + X[:, 2], (0, 1, 2)),
    "parabola and lines": (lambda X: 3 * (X[:, 3] - 0.2) ** 2 + X[:, 1] - 2 * X[:, 5], (1, 3, 5)),
    "a ratio": (lambda X: 3 * X[:, 0] / (2 + X[:, 4]) + X[:, 2], (0, 2, 4)),
    "a step": (lambda X: np.tanh(4 * (X[:, 1] - 0.3)) + X[:, 0] / 2, (0, 1)),
    "a wave of a line of four": (
        lambda X: np.sin(1.5 * (X[:, 0] + X[:, 1] - X[:, 4] + 0.5 * X[:, 6])),
        (0, 1, 4, 6),
    ),
    "a line": (lambda X: X[:, 0] - X[:, 6], (0, 6)),
}


def table(law, rows: int = 300, inputs: int = 10, noise: float = 0.15, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (rows, inputs))
    y = law(X)
    return X, y + noise * np.std(y) * rng.normal(size=rows), y


@pytest.mark.parametrize(("law", "inputs"), LAWS.values(), ids=LAWS)
def test_the_inputs_of_a_law_and_no_others(law, inputs) -> None:
    X, y, _ = table(law)
    assert choose_components(X, y).inputs == inputs


@pytest.mark.parametrize(("law", "inputs"), LAWS.values(), ids=LAWS)
def test_a_sum_is_nearer_to_the_law_than_the_noise(law, inputs) -> None:
    X, y, _ = table(law)
    found = sparse_sums(X, y, 0)
    fresh, _, true = table(law, seed=1)
    best = found.sums[0]
    error = np.std(best((fresh - found.rows.means) / found.rows.spreads) - true)
    assert error < 0.1 * np.std(true)
    assert {i for t in best.terms for i in t.inputs} == set(inputs)


def test_noise_has_no_components() -> None:
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found += bool(choose_components(rng.normal(size=(120, 8)), rng.normal(size=120)).components)
    assert found <= 4  # each price is paid by chance about once in a hundred tables


def test_an_interaction_without_main_effects_is_found() -> None:
    X, y, _ = table(lambda X: X[:, 2] * X[:, 7], inputs=30, rows=400)
    assert choose_components(X, y).inputs == (2, 7)


def test_thousands_of_irrelevant_inputs() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1000))
    y = X[:, 3] + X[:, 400] ** 2 + np.sin(2 * X[:, 900])
    y += 0.3 * np.std(y) * rng.normal(size=500)
    assert choose_components(X, y).inputs == (3, 400, 900)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_written_as_it_is_computed(name: str) -> None:
    """Up to a factor and an offset, which are fitted."""
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 4, (60, 6)) * [1, 10, 1, 1, 1, 1]
    rows = Rows.of(X, rng.normal(size=60))
    kind = FAMILIES[name]
    inputs = tuple(range(kind.arity))
    constants = tuple(float(drawn(role, rows.ranges[i], 1, rng)[0]) for role, i in kind.roles)
    values = Term(name, inputs, constants).values(rows.U)
    exact = Rows(rows.U, 3 * values - 2, rows.means, rows.spreads)
    one = Sum((Term(name, inputs, constants),), np.array([-2.0, 3.0]), 0.0, 0.0)
    names = tuple("abcdef")
    written = one.written(exact, names, X, exact.y)
    assert Tape(written, names).value(X) == pytest.approx(exact.y, abs=1e-6 * float(np.ptp(exact.y)))


@pytest.mark.parametrize("role", Role)
def test_constants_are_drawn_within_their_bounds(role: Role) -> None:
    rng = np.random.default_rng(2)
    at = Rows.of(rng.uniform(0, 9, (50, 1)), np.zeros(50)).ranges[0]
    for value in drawn(role, at, 200, rng):
        low, high = bounds(role, float(value), at)
        assert low <= value <= high


def test_constants_are_refitted_together() -> None:
    X, _, true = table(LAWS["wave of a product"][0], noise=0.0)
    rows = Rows.of(X, true)
    s = rows.spreads
    start = [Term("wave of a product", (0, 1), (2 * s[0] * s[1] * 1.1, 0.9, 0.6)), Term("line", (2,))]
    assert fitted(start, rows, 60).square < 1e-10


def test_a_term_that_one_row_carries_is_refused() -> None:
    rng = np.random.default_rng(0)
    X = np.append(rng.normal(size=100), 40.0)[:, None]
    y = np.append(rng.normal(size=100), rng.normal())
    rows = Rows.of(X, y)
    assert carriers(rows.U[:, 0] ** 3) < 2
    assert not sound(fitted([Term("cube", (0,), (0.0,))], rows), rows)
    assert sound(fitted([Term("line", (0,))], Rows.of(X[:100], y[:100])), Rows.of(X[:100], y[:100]))


def test_simple_models_find_what_they_are_for() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 15))
    y = 2 * X[:, 4] - X[:, 11] + 0.3 * rng.normal(size=200)
    rows = Rows.of(X, y)
    assert {t.inputs for t in sparse_line(rows).terms} == {(4,), (11,)}
    assert len(line(rows).terms) == 15
    quadratic = sparse_quadratic(Rows.of(X, y + X[:, 1] * X[:, 2]))
    assert ("product", (1, 2)) in {(t.family, t.inputs) for t in quadratic.terms}


def test_a_line_in_more_inputs_than_rows_is_shrunk() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(30, 60))
    y = X[:, :3].sum(1) + 0.1 * rng.normal(size=30)
    fresh = rng.normal(size=(500, 60))
    rows = Rows.of(X, y)
    predicted = line(rows)((fresh - rows.means) / rows.spreads)
    assert np.isfinite(predicted).all() and np.std(predicted - fresh[:, :3].sum(1)) < np.sqrt(3)


def test_shrunk_amplitudes_are_written_as_they_are() -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(25, 20)) * 7 + 3
    rows = Rows.of(X, X[:, 0] + 5 * rng.normal(size=25))
    shrunk = line(rows)
    assert shrunk.shrunk
    names = tuple(f"x{i}" for i in range(20))
    written = shrunk.written(rows, names, X, rows.y)
    assert Tape(written, names).value(X) == pytest.approx(shrunk(rows.U), abs=1e-3)
    assert set(short_floats(written)) == set(floats(written))
