"""Column names as identifiers of the formula language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

RESERVED = frozenset(
    ("pi", "E", "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "abs")
)
MAX_LETTERS = 40  # of a made-up name, so that formulas stay readable


def is_identifier(name: str) -> bool:
    """Whether `name` is an identifier of the formula language and no reserved word."""
    return re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII) is not None and name not in RESERVED


def place_of(name: str, text: str) -> int:
    """The first position of a name in a formula; after its end where it is not there."""
    found = re.search(rf"\b{name}\b", text)
    return found.start() if found else len(text)


def aliases(columns: Sequence[str]) -> tuple[str, ...]:
    """One identifier for each column, all different, in the order of the columns.

    Names that are identifiers stay as they are. The others are read letter by letter, so hostile text does no harm.
    """
    taken = {name for name in columns if is_identifier(name)}
    kept: set[str] = set()
    result = []
    for position, name in enumerate(columns, start=1):
        alias = name
        if alias in kept or not is_identifier(alias):
            alias = _free(_readable(name) or f"column_{position}", taken)
        taken.add(alias)
        kept.add(alias)
        result.append(alias)
    return tuple(result)


def _readable(name: str) -> str:
    """The letters and digits of `name` in ASCII, joined by underscores; "" where there are none."""
    plain = "".join(map(_ascii, unicodedata.normalize("NFKD", name)))
    word = re.sub("[^A-Za-z0-9]+", "_", plain).strip("_")[:MAX_LETTERS].strip("_")
    if word[:1].isdigit():
        return f"x_{word}"
    return f"{word}_" if word in RESERVED else word


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""  # an accent that NFKD has separated from its letter
    words = unicodedata.name(letter, "").split()
    return words[-1].lower() if words[:1] == ["GREEK"] and "LETTER" in words else " "


def _free(base: str, taken: set[str]) -> str:
    alias, count = base, 1
    while alias in taken:
        count += 1
        alias = f"{base.rstrip('_')}_{count}"
    return alias
