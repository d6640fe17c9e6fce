"""The attempt: what it makes of formulas that were found before."""

from dataclasses import replace

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.runtime.deadline import Deadline
from kansr.search.edits.findings import edited
from kansr.search.partition import Partition
from kansr.structure.context import Context

LAW = "a*b/(1 + 0.7*c)"
SECONDS = 15.0


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


def test_there_is_nothing_to_edit_without_formulas():
    assert list(edited(partition(0.02), context())) == []


def test_exact_rows_are_left_to_exact_searches():
    assert list(edited(partition(0.0), context("0.5*a*b"))) == []


@pytest.mark.slow
def test_a_formula_of_an_unknown_input_is_left_out():
    assert list(edited(partition(0.2), context("z*a", "a*b")))
