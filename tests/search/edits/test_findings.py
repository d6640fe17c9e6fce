"""The attempt: what it makes of formulas that were found before."""

from dataclasses import replace

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.runtime.deadline import Deadline
from kansr.search.edits.findings import begun, edited
from kansr.search.finish import judged
from kansr.search.partition import Partition
from kansr.structure.context import Context

LAW = "a*b/(1 + 0.7*c)"
SECONDS = 60.0


def partition(noise: float) -> Partition:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (600, 3))
    y = Tape(parse(LAW), ("a", "b", "c")).value(X)
    return Partition.of(Dataset(X, y + noise * np.std(y) * rng.normal(size=600), ("a", "b", "c"), "y"), 0.25)


def context(*formulas: str) -> Context:
    return replace(Context(Deadline(SECONDS)), formulas=tuple(map(parse, formulas)))


@pytest.mark.slow
def test_the_law_is_found_near_a_formula_that_another_attempt_has_found():
    best = min((f.candidate for f in edited(partition(0.02), context("0.5*a*b"))), key=lambda c: c.description_length)
    same = sympy.lambdify(sympy.symbols("a b c"), best.expr / parse(LAW))
    assert [same(1.0, 2.0, 0.7), same(2.0, 1.5, 2.5)] == pytest.approx([1.0, 1.0], rel=0.02)
    assert best.origin == "local search"


@pytest.mark.slow
def test_a_short_law_is_conclusive_after_few_edits():
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (600, 3))
    y = X[:, 0] * X[:, 1] / X[:, 2] ** 2 + 0.1 * rng.normal(size=600)
    rows = Partition.of(Dataset(X, y, ("a", "b", "c"), "y"), 0.25)
    *_, found = begun(rows, context("0.5*a"))
    assert found.conclusive and found.candidate.expr == parse("a*b/c**2")


@pytest.mark.slow
def test_a_power_law_that_fits_is_held_against_what_is_near_it_however_large_the_noise():
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (600, 3))
    y = X[:, 2] * X[:, 0] * X[:, 1] / (X[:, 0] + X[:, 1])
    y += 0.15 * np.sqrt(np.mean(y**2)) * rng.normal(size=600)
    rows = Partition.of(Dataset(X, y, ("a", "b", "c"), "y"), 0.25)
    fit = fit_constants(parse("0.5*c*sqrt(a*b)"), rows.sample)
    found = min((f.candidate for f in begun(rows, context(str(fit.expr)))), key=lambda c: c.description_length)
    assert found.description_length < judged(fit.expr, rows, "power law").description_length


@pytest.mark.slow
def test_what_is_no_law_after_few_edits_is_not_conclusive():
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (600, 3))
    y = np.exp(np.sin(X[:, 0] + X[:, 1] ** 2 / 9)) / (1 + np.tanh(X[:, 2])) + 0.01 * rng.normal(size=600)
    rows = Partition.of(Dataset(X, y, ("a", "b", "c"), "y"), 0.25)
    found = list(begun(rows, context("0.5*a")))
    assert found and not any(f.conclusive for f in found)


def test_there_is_nothing_to_edit_without_formulas():
    assert list(edited(partition(0.02), context())) == []


def test_exact_rows_are_left_to_exact_searches():
    assert list(edited(partition(0.0), context("0.5*a*b"))) == []


@pytest.mark.slow
def test_a_formula_of_an_unknown_input_is_left_out():
    assert list(edited(partition(0.2), context("z*a", "a*b")))
