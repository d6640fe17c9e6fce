"""How the package is laid out. Each rule takes the files as text, so that it can be shown what breaks it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

import pytest
from support.paths import ROOT
from support.sources import Sources, modules, package, within_functions

# From the bottom to the top: a file imports from its own place in this order and from those before it. The longest
# name that fits says where a file belongs. `kansr` itself is the top.
ORDER = (
    *("errors", "version"),
    *("numeric", "runtime"),
    "expression",
    "units",
    *("data.read", "data"),
    "result",
    *("formula.fit", "formula.judge", "formula.shape", "formula.polish", "formula"),
    *("symbolic.library", "symbolic.matching", "symbolic"),
    *("kan.network", "kan.training", "kan.reading", "kan"),
    *("structure.context", "structure.surrogate", "structure.anova", "structure.moves", "structure.terminals"),
    "structure",
    *("search", "search.held_out"),
    *("refinement.forms", "refinement.refiners", "refinement"),
    *("pipeline", "pipeline.systems", "pipeline.fields"),
    "store",
    *("show", "show.export", "show.report", "show.systems"),
    "api",
    *("bench.problem", "bench.grade", "bench.methods", "bench", "bench.report"),
    "cli",
)

MOST_ROOMS, MOST_IN_A_ROOM, MOST_LINES, FEWEST_SENTENCES = 18, 12, 400, 2
IN_THE_ROOT = {"__init__.py", "__main__.py", "errors.py", "version.py", "py.typed"}

# What may be imported inside a function: torch, which kansr.kan loads, and matplotlib; what may not be installed, or
# not on this system; and what one command or option alone needs. Seconds: what it adds to a search that is loaded.
TORCH = ("torch", "kansr.kan")  # 1.3 s
PICTURES = ("matplotlib", "kansr.show.report.figures")  # 0.30 s, for pictures
OPTIONAL = ("distributed", "mcp", "openpyxl", "pyarrow", "pyoperon", "pysr")
PLATFORM = ("fcntl", "resource")
SLOW = (
    "sklearn.metrics",  # 0.30 s, for --refine operon
    "pint",  # 0.19 s and as much again for its registry, for units
    "scipy.stats",  # 0.19 s, for tables with outliers
)
LATE = (*TORCH, *PICTURES, *OPTIONAL, *PLATFORM, *SLOW)


def dotted(path: str) -> str:
    """a/b.py -> kansr.a.b, a/__init__.py -> kansr.a"""
    return ".".join(["kansr", *(part for part in path.removesuffix(".py").split("/") if part != "__init__")])


def imported(node: ast.AST, known: set[str]) -> Iterator[str]:
    """The modules that a statement names, if it is an import; `from a import b` names a.b where that is one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        assert node.module and not node.level, f"write imports in full: {ast.unparse(node)}"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from dict.fromkeys(name if name in known else node.module for name in names)


def arrows(sources: Sources) -> dict[str, set[str]]:
    """Module -> the modules of kansr that it imports anywhere, in functions and for types only too."""
    known = {dotted(path) for path in sources}
    return {
        dotted(path): {name for node in ast.walk(tree) for name in imported(node, known) if name in known}
        for path, tree in modules(sources).items()
    }


def height(module: str) -> int:
    parts = module.split(".")[1:]
    places = (ORDER.index(".".join(parts[:k])) for k in range(len(parts), 0, -1) if ".".join(parts[:k]) in ORDER)
    return next(places, len(ORDER))


def upward(sources: Sources) -> list[str]:
    """Imports of what comes later in the order."""
    return [f"{a} imports {b}" for a, more in arrows(sources).items() for b in sorted(more) if height(a) < height(b)]


def homeless(sources: Sources) -> list[str]:
    """Files of a room that the order does not know."""
    return [path for path in modules(sources) if path not in IN_THE_ROOT and height(dotted(path)) == len(ORDER)]


def ring(sources: Sources) -> list[str]:
    """Files that import each other in a circle, if there are any."""
    try:
        TopologicalSorter(arrows(sources)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def hidden(sources: Sources) -> list[str]:
    """Imports inside functions without a reason."""
    return [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path, tree in modules(sources).items()
        for node in within_functions(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and not all(f"{name}.".startswith(tuple(f"{late}." for late in LATE)) for name in imported(node, set()))
    ]


def crowded(sources: Sources) -> list[str]:
    """What is loose in the root, and rooms with too much in them."""
    places = {PurePosixPath(path) for path in sources}
    places |= {parent for place in places for parent in place.parents if parent.name}
    rooms = {place for place in places if str(place) not in sources}
    held = Counter(place.parent for place in places if place.name != "__init__.py")
    loose = sorted(path for path in sources if "/" not in path and path not in IN_THE_ROOT)
    top = [room for room in rooms if len(room.parts) == 1]
    return [
        *(f"{path} is loose" for path in loose),
        *([f"{len(top)} rooms"] if len(top) > MOST_ROOMS else []),
        *(f"{room} holds {held[room]}" for room in sorted(rooms) if held[room] > MOST_IN_A_ROOM),
        *(f"{room} has no __init__.py" for room in sorted(rooms) if f"{room}/__init__.py" not in sources),
    ]


def long(sources: Sources) -> list[str]:
    return [path for path, text in sources.items() if len(text.splitlines()) > MOST_LINES]


def terse(sources: Sources) -> list[str]:
    """Rooms that do not say what they are for."""
    said = {p: ast.get_docstring(tree) or "" for p, tree in modules(sources).items() if p.endswith("__init__.py")}
    return [path for path, text in said.items() if len(re.findall(r"[.!?](?=\s+[^a-z]|\s*$)", text)) < FEWEST_SENTENCES]


def unnamed(sources: Sources, inside: str) -> list[str]:
    """Modules that neither `inside` nor the docstring of their room names."""
    trees = modules(sources)
    paths = [path for path in trees if not path.endswith(("__init__.py", "__main__.py"))]
    named = {path for section in inside.split("\n## ") for path in _named_in(section, paths)}
    for path in paths:
        place = PurePosixPath(path)
        room = trees.get((place.parent / "__init__.py").as_posix(), ast.Module([], []))
        named |= {path} if {place.name, place.stem} & _code(ast.get_docstring(room) or "") else set()
    return [path for path in paths if path not in named]


def _named_in(section: str, paths: list[str]) -> Iterator[str]:
    """The files that a section names: by a path that fits one of its rooms, or of all, alone."""
    words = _code(section)
    rooms = tuple(f"{word.removeprefix('kansr/')}/" for word in words if word.startswith("kansr/"))
    for word in words:
        fitting = [path for path in paths if f"/kansr/{path}".endswith((f"/{word}", f"/{word}.py"))]
        near = [path for path in fitting if path.startswith(rooms)] or fitting
        yield from near if len(near) == 1 else ()


def _code(text: str) -> set[str]:
    return set(re.findall(r"`([\w./]+?)/?`", text))


RULES = (upward, homeless, ring, hidden, crowded, long)


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_kept(rule: Callable[[Sources], list[str]]) -> None:
    assert len(package()) > 100
    assert rule(package()) == []


def test_every_room_says_what_it_is_for() -> None:
    assert terse(package()) == []


def test_every_module_is_named_where_a_reader_looks() -> None:
    assert unnamed(package(), (ROOT / "docs" / "inside.md").read_text(encoding="utf-8")) == []


def _named(sources: Sources) -> list[str]:
    return unnamed(sources, "In `kansr/data`: `roles.py` and `derivative`, then `read/table.py`.")


TEXT = '"""One sentence. And another."""'
HOUSE = {"__init__.py": TEXT, "data/__init__.py": TEXT, "units/__init__.py": TEXT, "units/text.py": ""}
DATA = "from kansr.data import roles"
LATER = "def f() -> None:\n    import {}\n"
ROLES = {"data/roles.py": ""}

# What is added to a house that keeps all rules, which rule it breaks, and how often.
BROKEN = {
    "a room above": (upward, {"units/text.py": DATA, **ROLES}, 1),
    "a room above, for types": (upward, {"units/text.py": f"if TYPE_CHECKING:\n    {DATA}", **ROLES}, 1),
    "a room above, in a function": (upward, {"units/text.py": LATER.format("kansr.data.roles"), **ROLES}, 1),
    "a room within a room": (upward, {"data/read/__init__.py": DATA, **ROLES}, 1),
    "the package itself": (upward, {"units/text.py": "import kansr"}, 1),
    "no room": (homeless, {"cellar/text.py": ""}, 1),
    "two files": (ring, {"data/roles.py": "import kansr.data.text", "data/text.py": DATA}, 3),
    "two files, in a function": (ring, {"data/roles.py": LATER.format("kansr.data.text"), "data/text.py": DATA}, 3),
    "a function": (hidden, {"units/text.py": LATER.format("json")}, 1),
    "a method": (hidden, {"units/text.py": "class A:\n    def f(self):\n        from kansr.data import roles"}, 1),
    "a name that begins alike": (hidden, {"units/text.py": LATER.format("pintbox")}, 1),
    "torch beside another": (hidden, {"units/text.py": LATER.format("torch, json")}, 1),
    "loose": (crowded, {"utils.py": ""}, 1),
    "many rooms": (crowded, {f"room{k}/__init__.py": TEXT for k in range(17)}, 1),
    "many files": (crowded, {f"units/{k}.html": "" for k in range(12)}, 1),
    "no docstring": (crowded, {"data/read/text.py": ""}, 1),
    "a long file": (long, {"units/text.py": "\n" * 401}, 1),
    "an empty docstring": (terse, {"data/__init__.py": ""}, 1),
    "one sentence": (terse, {"data/__init__.py": '"""Tables, e.g. of numbers."""'}, 1),
    "no word": (_named, {"data/roles.py": "", "data/columns.py": ""}, 2),
    "a word for two": (_named, {"data/read/roles.py": "", "data/roles.py": ""}, 3),
}  # fmt: skip

KEPT = {
    "a room below": {"data/roles.py": "from kansr.units import text"},
    "torch": {"units/text.py": LATER.format("torch.nn")},
    "what is slow": {"units/text.py": LATER.format("pint")},
    "what is optional": {"data/roles.py": "def f():\n    from pyarrow.parquet import ParquetFile"},
    "a full room": {f"units/{k}.html": "" for k in range(11)},
    "an import that may fail": {"units/text.py": "try:\n    import json\nexcept ImportError:\n    pass"},
}


@pytest.mark.parametrize(("rule", "more", "count"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_a_rule_is_seen(rule: Callable[[Sources], list[str]], more: dict[str, str], count: int) -> None:
    assert len(rule({**HOUSE, **more})) == count


@pytest.mark.parametrize("more", KEPT.values(), ids=KEPT)
def test_what_keeps_the_rules_is_let_be(more: dict[str, str]) -> None:
    for rule in (*RULES, terse):
        assert rule({**HOUSE, **more}) == []


def test_a_module_is_named_by_a_path_or_by_its_room() -> None:
    room = {**HOUSE, "units/__init__.py": '"""What `text` is. And so on."""'}
    assert _named({**room, "data/roles.py": "", "data/derivative.py": "", "data/read/table.py": ""}) == []
    assert _named({**room, "data/roles.py": "", "units/roles.py": ""}) == ["units/roles.py"]
