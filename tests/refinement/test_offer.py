"""Refiners behind a search: what it has found is kept whatever they do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import sympy
from support.endings import crash, eat, fail, hang
from support.tables import noisy_table

from kansr.api.discover import discover
from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.refinement.refiners.offer import refiner_seconds
from kansr.refinement.refiners.refiner import Refiner
from kansr.result.candidate import Candidate
from kansr.runtime.deadline import Deadline, Timer

posix = pytest.mark.skipif(sys.platform != "linux", reason="functions of this module are passed on by forking")


LAW = "a*exp(-b) + 0.3*sin(a*b)/(1 + b**2)"


DATA = noisy_table(LAW, rows=120)


QUICK = noisy_table("2.5*a*b", rows=120, noise=0.05)  # found at once, so that refiners have their time on any machine


def offering(text: str) -> Refiner:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        yield replace(candidate, expr=parse(text))

    return refine


@posix
@pytest.mark.parametrize(
    "end", [crash, hang, pytest.param(eat, marks=pytest.mark.long), pytest.param(fail, marks=pytest.mark.long)]
)
def test_a_search_keeps_what_it_has_whatever_a_refiner_does(end: object) -> None:
    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        yield from ()
        end()  # type: ignore[operator]

    seen: list[Candidate] = []
    found = discover((QUICK.X, QUICK.y), time_limit=4, refine=refine, progress=lambda d: seen.append(d.best))
    assert seen and found.best.description_length <= min(c.description_length for c in seen) + 1e-9
    assert found.seconds < 4.4
    assert any("failed (" in note for note in found.notes) is (end is not hang)


@posix
def test_the_law_that_a_refiner_offers_is_fitted_and_snapped() -> None:
    near = "1.02*a*exp(-0.97*b) + 0.31*sin(1.01*a*b)/(1.04 + b**2)"
    found = discover((DATA.X, DATA.y), time_limit=10, refine=offering(near.replace("a", "x0").replace("b", "x1")))
    truth = parse(LAW).xreplace({sympy.Symbol("a"): sympy.Symbol("x0"), sympy.Symbol("b"): sympy.Symbol("x1")})
    assert sympy.simplify(found.best.expr - truth) == 0
    assert found.status.value == "found"
    assert found.best.origin == "refine"  # its name
    assert any(step.what == "refine" for step in found.structure.path)  # type: ignore[union-attr]


def test_an_exact_law_is_not_refined_any_more() -> None:
    def never(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        raise AssertionError("called")

    x = np.linspace(1, 2, 60)
    found = discover((x, 3 * x**2), refine=never)
    assert not any("failed (" in note for note in found.notes)


@pytest.mark.parametrize(
    ("spent", "found", "seconds"),
    [(10, False, 42.2), (10, True, 24), (40, False, 12.2), (40, True, 12.2), (60, False, -7.8)],
)
def test_the_time_for_refiners(spent: float, found: bool, seconds: float) -> None:
    until = Deadline(60, Timer(used=spent, started=None))
    assert refiner_seconds(until, found) == pytest.approx(seconds)
    assert until.budget.refiners == 0.4
