"""Every attempt of the plan finds a law of its kind by itself."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import halves, misfit, table

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import floats
from kansr.search.partition import Partition
from kansr.search.plan import plan
from kansr.structure.context import Context

# An attempt of the plan, and a law that it finds by itself.
ATTEMPTS = {
    "mean and line": "2*x - 3*y + 0.5",
    "power law": "3*x**2/y",
    "sum of curves": "sin(2*x) + exp(y)",
    "product of curves": "cos(2*x)*exp(y)",
    "polynomial": "x**2*y + y**2 - 1",
    "rational": "x*y/(x + 2*y)",
}


@pytest.mark.parametrize(("name", "text"), ATTEMPTS.items())
def test_an_attempt_finds_its_law_and_writes_it_plainly(name: str, text: str) -> None:
    data = table(text, rows=300)
    attempt = next(a for a in plan(data) if a.name == name)
    findings = attempt(Partition.between(*halves(data)), Context()).findings
    best = min((f.candidate for f in findings), key=lambda c: c.description_length)
    assert best.r2_held_out > 1 - 1e-12
    assert misfit(best.expr, data) < 1e-9
    assert len(floats(best.expr)) <= len(floats(parse(text)))


def test_of_very_many_inputs_few_are_looked_at_by_what_would_take_too_long() -> None:
    X = np.random.default_rng(0).uniform(1, 5, (600, 100))
    names = tuple(f"x{i}" for i in range(100))
    data = Dataset(X, X[:, 3] / X[:, 50], names)
    attempt = next(a for a in plan(data) if a.name == "power law")
    findings = attempt(Partition.between(*halves(data)), Context()).findings
    assert parse("x3/x50") in [f.candidate.expr for f in findings]
