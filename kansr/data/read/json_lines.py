"""Read tables from JSON: one object a line, a list of objects, or an object of lists."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from kansr.data.read.cells import Labels
from kansr.data.read.reservoir import Wanted, picked
from kansr.data.read.streams import pieces
from kansr.data.read.table import Table, from_frame, reason
from kansr.errors import DataError

BEGINNING = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{])')
BYTES_PER_CELL = 32  # in memory, of a table that is read, at least
LARGEST = int(sys.float_info.max)  # an integer that float64 can hold
FORMS = 'a table in JSON has one object a line, such as {"x": 1, "y": 2}, or is a list of such objects'
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # what an escape begins with that may be no letter
Line = tuple[int, dict[str, Any]]  # the number of a line, and the object on it


def is_json(head: bytes) -> bool:
    """Whether a text that begins like this is JSON."""
    return BEGINNING.match(head) is not None


def json_tables(
    stream: io.BufferedReader,
    source: str,
    encoding: str,
    memory: int,
    labels: Labels | None = None,
    wanted: Wanted | None = None,
) -> Iterator[Table]:
    """The tables in the pieces of a JSON text. memory: bytes that it may have, unless it has one object a line.

    labels, wanted: see `from_frame`.

    Raises DataError, with the line, for what is no table in JSON.
    """
    parts = pieces(stream, source, encoding)
    first = next(parts)
    objects = _objects(first.raw, source, 1)
    if objects is None:
        yield _whole(b"".join([first.raw, *_within(parts, source, memory)]), source, memory, labels, wanted)
        return
    names = _names([row for _, row in objects])
    chosen = _picked(names, wanted, source)
    frame = _frame([row for _, row in objects], chosen, source, memory)
    table = from_frame(frame, source=source, lines=_lines(objects), labels=labels)
    yield table
    line = 1 + first.raw.count(b"\n")
    for piece in parts:
        more = _objects(piece.raw, source, line)
        line += piece.raw.count(b"\n")
        if more is None:
            raise DataError(f"{source}: the lines from {line} on hold no objects; {FORMS}")
        rows = [row for _, row in more]
        new = next(iter(_names(rows).keys() - names.keys()), None)
        if new is not None:
            raise DataError(f"{source}: {new!r} comes first after line {more[0][0]}; every object needs the same names")
        frame = _frame(rows, chosen, source, memory)
        yield from_frame(frame, source=source, lines=_lines(more), before=table, labels=labels)


def _within(parts: Iterator[Any], source: str, memory: int) -> Iterator[bytes]:
    """The text of the other pieces, as long as they are within the memory."""
    size = 0
    for piece in parts:
        size += len(piece.raw)
        if size > memory:
            raise DataError(f"{source} has more than {memory / 1e9:.3g} GB (--memory); {FORMS}")
        yield piece.raw


def _objects(raw: bytes, source: str, start: int) -> list[Line] | None:
    """The objects of a text with one a line, None where its first line holds none. start: the number of that."""
    found: list[Line] = []
    for number, line in enumerate(raw.decode().split("\n"), start):
        if not line.strip():
            continue
        try:
            value = _loaded(line)
        except (ValueError, RecursionError) as err:
            if not found:
                return None
            raise DataError(f"{source}: line {number} is not JSON ({reason(err)})") from err
        if not isinstance(value, dict):
            if not found:
                return None
            raise DataError(f"{source}: line {number} holds no object; {FORMS}")
        found.append((number, value))
    of_lists = len(found) == 1 and all(isinstance(cell, list) for cell in found[0][1].values())
    return None if of_lists else found or None


def _loaded(text: str) -> Any:
    """The value of a text in JSON. Raises ValueError for what is none, or holds what is no letter."""
    value = json.loads(text)
    if SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _names(rows: Sequence[dict[str, Any]]) -> dict[str, None]:
    """The names that the rows have, in order."""
    return dict.fromkeys(name for row in rows for name in row)


def _picked(names: Iterable[str], wanted: Wanted | None, source: str) -> list[str]:
    """The names of the columns to read."""
    listed = list(names)
    return [listed[i] for i in picked([name.strip() for name in listed], wanted, source)]


def _lines(objects: Sequence[Line]) -> list[int]:
    return [number for number, _ in objects]


def _frame(rows: Sequence[dict[str, Any]], names: Sequence[str], source: str, memory: int) -> pd.DataFrame:
    """A frame with a column for each of these names; lists and objects in cells are text."""
    if BYTES_PER_CELL * len(rows) * len(names) > memory:
        raise DataError(f"{source} has more than {memory / 1e9:.3g} GB (--memory): {len(names)} names in all objects")
    return pd.DataFrame({name: [_cell(row.get(name)) for row in rows] for name in names}, columns=list(names))


def _cell(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > LARGEST:
        return str(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def _whole(raw: bytes, source: str, memory: int, labels: Labels | None, wanted: Wanted | None) -> Table:
    """The table in a text that is one JSON value."""
    try:
        value = _loaded(raw.decode())
    except (ValueError, RecursionError) as err:
        raise DataError(f"{source} is not JSON ({reason(err)}); {FORMS}") from err
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        chosen = _picked(_names(value), wanted, source)
        return from_frame(_frame(value, chosen, source, memory), source=source, labels=labels)
    columns = list(value.values()) if isinstance(value, dict) else []
    if columns and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        chosen = _picked(value, wanted, source)
        frame = pd.DataFrame({name: list(map(_cell, value[name])) for name in chosen})
        return from_frame(frame, source=source, labels=labels)
    raise DataError(f"{source} holds JSON, and no table; {FORMS}")
