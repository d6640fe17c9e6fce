"""Files of the repository as text, for rules about how it is laid out. Nothing of them is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from support.paths import ROOT

Sources = Mapping[str, str]  # path below a folder -> text; empty for what is not Python


@cache
def sources(folder: str) -> Sources:
    """The files of a folder of the repository."""
    top = ROOT / folder
    files = sorted(path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {
        path.relative_to(top).as_posix(): path.read_text(encoding="utf-8") if path.suffix == ".py" else ""
        for path in files
    }


def package() -> Sources:
    return sources("kansr")


def modules(sources: Sources) -> dict[str, ast.Module]:
    """The files of Python, parsed."""
    return {path: _parsed(text) for path, text in sources.items() if path.endswith(".py")}


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def within_functions(tree: ast.AST) -> list[ast.AST]:
    """Every node in the body of a function, once."""
    return list({id(n): n for f in functions(tree) for part in f.body for n in ast.walk(part)}.values())
