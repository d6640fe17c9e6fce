"""Bare numbers that decide in a search: how many are left in each file. There may only be fewer of them."""

from __future__ import annotations

import ast

import pytest
from support.sources import Sources, modules, package, within_functions

ROOMS = ("structure/moves/", "structure/terminals/", "search/")
PLAIN = {0.0, 0.5, 1.0, 2.0}  # and -1.0, which is a sign before 1.0

LEFT: dict[str, int] = {}


def bare(sources: Sources) -> dict[str, int]:
    """File -> how many floats stand in the bodies of its functions, where it has any; a name says what one is for."""
    found = {
        path: sum(
            isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value not in PLAIN
            for node in within_functions(tree)
        )
        for path, tree in modules(sources).items()
        if path.startswith(ROOMS)
    }
    return {path: count for path, count in found.items() if count}


def test_no_bare_number_comes_in_and_none_that_went_is_still_listed() -> None:
    found = bare(package())
    changed = {p: found.get(p, 0) for p in sorted({*found, *LEFT}) if found.get(p, 0) != LEFT.get(p, 0)}
    assert changed == {}, "these are the counts now: a larger one is not allowed, a smaller one is to be written above"


# What stands in a file of a search, and how many bare numbers that are.
COUNTED = {
    "def f(x):\n    return x < 1e-3 or x > 0.3": 2,
    "def f(x):\n    def g(y):\n        return 0.3 * y\n    return g(x)": 1,
    "class A:\n    def f(self):\n        return [0.25]": 1,
    "def f(x):\n    return 0.5 * x - 1.0 + 2.0 + 0.0 - 3 + len('0.3')": 0,
    "LIMIT = 0.3": 0,
    "def f(x, limit=0.3):\n    return x < limit": 0,
}


@pytest.mark.parametrize(("text", "count"), COUNTED.items())
def test_a_bare_number_is_seen(text: str, count: int) -> None:
    found = bare({"search/plan.py": text, "show/text.py": text})
    assert found == ({"search/plan.py": count} if count else {})
