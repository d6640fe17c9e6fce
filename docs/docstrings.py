"""Docstrings for the page of the Python interface: what is said of a parameter or a field becomes an item of a list."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Items(griffe.Extension):
    """Sentences that begin with "name: " or "one, other: ", where these are names of the function or the class."""

    def on_object(self, *, obj: griffe.Object, **options: Any) -> None:
        if not obj.docstring or not isinstance(obj, griffe.Function | griffe.Class):
            return
        names = [p.name for p in obj.parameters] if isinstance(obj, griffe.Function) else list(obj.members)
        if names:
            obj.docstring.value = "\n\n".join(listed(part, names) for part in obj.docstring.value.split("\n\n"))


def listed(paragraph: str, names: list[str]) -> str:
    """A paragraph as a list, from the first item on; as it is where there is none."""
    name = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    first, *rest = re.split(rf"(?:^|(?<=[.;]))\s*((?:{name})(?:,\s+(?:{name}))*): ", paragraph)
    items = [f"- {code(called)}: {' '.join(said.split()).rstrip(';')}" for called, said in zip(rest[::2], rest[1::2])]
    return "\n".join([first.strip(), "", *items]) if items else paragraph


def code(called: str) -> str:
    return ", ".join(f"`{name}`" for name in re.split(r",\s+", called))
