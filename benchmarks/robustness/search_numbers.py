"""The numbers that steer the search, read off its source, and kansr imported with other values of some."""

from __future__ import annotations

import ast
import importlib
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("kansr/structure", "kansr/search", "kansr/formula/judge", "kansr/formula/polish")

Value = int | float | tuple[float, ...]


@dataclass(frozen=True)
class Number:
    """owner: the dataclass of a field, "" for a constant. line: the last one of the definition."""

    module: str
    owner: str
    name: str
    line: int
    indent: int
    value: Value

    def __str__(self) -> str:
        return f"{self.module}:{self.owner}{'.' if self.owner else ''}{self.name}"

    def scaled(self, factor: float) -> Value:
        if isinstance(self.value, tuple):
            return tuple(factor * v for v in self.value)
        if isinstance(self.value, int):
            return int(math.copysign(max(1, round(factor * abs(self.value))), self.value))
        return factor * self.value


def numbers() -> list[Number]:
    """All numbers of ROOMS, in the order of files and lines."""
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [number for path in paths for number in _numbers_of(path)]


def _numbers_of(path: Path) -> Iterator[Number]:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    for owner, statement, bound in _bindings(ast.parse(path.read_text(encoding="utf-8"))):
        value = getattr(getattr(module, owner) if owner else module, bound, None)
        if (owner or bound.isupper()) and (value := _number(value)) is not None:
            yield Number(name, owner, bound, statement.end_lineno or statement.lineno, statement.col_offset, value)


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.stmt, str]]:
    """(class, statement, name) of whatever is bound at the top of a module, or is a field of a config."""
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and _is_config(statement):
            for field in statement.body:
                if isinstance(field, ast.AnnAssign) and field.value and isinstance(field.target, ast.Name):
                    yield statement.name, field, field.target.id
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        for target in targets if isinstance(statement, ast.Assign | ast.AnnAssign) else []:
            for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(name, ast.Name):
                    yield "", statement, name.id


def _is_config(node: ast.ClassDef) -> bool:
    flags = {k.arg for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords}
    return "frozen" in flags and ("kw_only" in flags or node.name.endswith(("Config", "Costs")))


def _number(value: object) -> Value | None:
    """The value as a plain number or numbers, None where it is none that can be halved."""
    if isinstance(value, tuple) and value and all(isinstance(v, float) and math.isfinite(v) for v in value):
        return tuple(map(float, value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value == 0:
        return None
    return int(value) if isinstance(value, int) else float(value)


Values = Mapping[Number, Value]


class Edited(SourceFileLoader):
    """Loads a module whose numbers are bound again on the lines after their definitions."""

    def __init__(self, fullname: str, path: str, values: Values) -> None:
        super().__init__(fullname, path)
        self.values = values

    def get_code(self, fullname: str) -> CodeType:
        lines = Path(self.path).read_text(encoding="utf-8").splitlines()
        for number in sorted(self.values, key=lambda number: -number.line):
            lines.insert(number.line, f"{' ' * number.indent}{number.name} = {self.values[number]!r}")
        return compile("\n".join(lines), self.path, "exec")


class Finder(MetaPathFinder):
    """Finds the modules of the numbers, to be loaded with the other values."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        here = {number: value for number, value in self.values.items() if number.module == fullname}
        spec = PathFinder.find_spec(fullname, path) if here else None
        if spec is not None and spec.origin is not None:
            spec.loader = Edited(fullname, spec.origin, here)
        return spec


def imported_with(values: Values) -> ModuleType:
    """kansr, imported anew with these values of numbers; for a process that has no other use for it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "kansr"]:
        del sys.modules[name]
    sys.meta_path.insert(0, Finder(values))
    return importlib.import_module("kansr")
