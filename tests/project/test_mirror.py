"""Tests stand where what they test does: tests/room/test_file.py is about kansr/room/…/file.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from support.sources import Sources, modules, package, sources

OF_NO_ROOM = ("project/", "benchmarks/", "support/")
TOGETHER = {  # what several files do between them
    "api/test_extending.py",
    "api/test_units.py",
    "cli/test_terminal.py",
    "kan/test_tutorials.py",
    "structure/test_every_row_is_reached.py",
}


def strays(tests: Sources, house: Sources) -> list[str]:
    """Tests whose name, or the beginning of it, is that of no file or room in theirs."""
    return [
        path
        for path in modules(tests)
        if re.search(r"(^|/)test_\w+\.py$", path) and not path.startswith(OF_NO_ROOM) and not _at_home(path, house)
    ]


def _at_home(path: str, house: Sources) -> bool:
    place = PurePosixPath(path)
    inside = (PurePosixPath(file).relative_to(place.parent) for file in house if file.startswith(f"{place.parent}/"))
    names = {part.removesuffix(".py") for file in inside for part in file.parts}
    return any(f"{place.stem.removeprefix('test_')}_".startswith(f"{name}_") for name in names)


def borrowing(tests: Sources) -> list[str]:
    """Tests that import from a test: what several of them need is in tests/support."""
    return [path for path, tree in modules(tests).items() if any(".test_" in f".{name}" for name in _imported(tree))]


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_tests_stand_where_what_they_test_does() -> None:
    assert len(sources("tests")) > 50
    assert set(strays(sources("tests"), package())) <= TOGETHER


def test_no_test_imports_from_a_test() -> None:
    assert borrowing(sources("tests")) == []


HOUSE = {"data/read/table.py": "", "data/roles.py": "", "show/report/page.py": ""}


@pytest.mark.parametrize(
    ("path", "stray"),
    [
        ("data/test_roles.py", False),
        ("data/test_table.py", False),
        ("data/read/test_table.py", False),
        ("data/test_table_in_pieces.py", False),
        ("show/test_report.py", False),
        ("project/test_anything.py", False),
        ("data/test_tab.py", True),
        ("data/test_page.py", True),
        ("data/read/test_roles.py", True),
        ("test_table.py", True),
    ],
)
def test_a_test_of_another_room_is_seen(path: str, stray: bool) -> None:
    assert strays({path: ""}, HOUSE) == ([path] if stray else [])


@pytest.mark.parametrize(
    "text", ["from data.test_table import f", "import data.test_table", "from data import test_table"]
)
def test_a_test_that_borrows_is_seen(text: str) -> None:
    assert borrowing({"data/test_roles.py": text}) == ["data/test_roles.py"]
    assert borrowing({"data/test_roles.py": "from sklearn.model_selection import train_test_split"}) == []
