"""Networks alone lead to laws of several kinds."""

from __future__ import annotations

import pytest
from support.tables import halves, misfit, table

from kansr.result.derivation import Finder
from kansr.search.models.networks import grown_network
from kansr.search.partition import Partition
from kansr.search.plan import plan
from kansr.structure.context import Context

LAWS = {
    "a sum of products": "x*(y + sin(z))",
    "a factor beside a sum": "x**3*sqrt(y**2 + z**2)/w",
    "a function of a product": "1/(exp(x*y/z) - 1)",
    "one input": "sqrt(3*exp(-x) + 1)",
}


@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
def test_a_law_is_found_exactly(text: str) -> None:
    data = table(text, rows=300)
    findings = list(grown_network(Partition.between(*halves(data)), Context()))
    best = min(findings, key=lambda f: f.candidate.description_length)
    assert misfit(best.candidate.expr, data) < 1e-9


def test_the_row_of_the_plan_says_that_a_network_found_it() -> None:
    data = table("x*exp(y) + y/x", rows=300)
    attempt = next(a for a in plan(data, (), "kan") if a.name == "grown network")
    found = attempt(Partition.between(*halves(data)), Context()).findings
    assert found and {f.finder for f in found} == {Finder.KAN}
    assert all(f.graph is None or f.graph.origin.startswith("kan [2, ") for f in found)
