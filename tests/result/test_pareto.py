"""The front: what none beats in both complexity and error, and always what has the shortest description."""

from __future__ import annotations

import sympy

from kansr.result.candidate import Candidate
from kansr.result.pareto import pareto


def candidate(complexity: int, error: float, length: float) -> Candidate:
    return Candidate(sympy.Symbol("x"), complexity, error, error, 0.9, 0.9, length, "made")


def test_what_is_beaten_in_both_is_not_on_the_front() -> None:
    simple, beaten, exact = candidate(3, 1.0, 50), candidate(7, 2.0, 70), candidate(7, 0.1, 40)
    assert list(pareto([beaten, exact, simple], 1.0)) == [simple, exact]


def test_the_shortest_description_is_on_the_front_whatever_has_as_few_nodes_and_more_digits() -> None:
    simple, shortest, longer = candidate(3, 1.0, 50), candidate(7, 0.11, 40), candidate(7, 0.1, 45)
    front = pareto([longer, simple, shortest], 1.0)
    assert list(front) == [simple, shortest]
    assert front.best is shortest
