"""Read tables from JSON: one object a line, a list of objects, or an object of lists."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from kansr.data.read.cells import Labels
from kansr.data.read.streams import pieces
from kansr.data.read.table import Table, from_frame
from kansr.errors import DataError

BEGINNING = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{])')
FORMS = 'a table in JSON has one object a line, such as {"x": 1, "y": 2}, or is a list of such objects'
Line = tuple[int, dict[str, Any]]  # the number of a line, and the object on it


def is_json(head: bytes) -> bool:
    """Whether a text that begins like this is JSON."""
    return BEGINNING.match(head) is not None


def json_tables(
    stream: io.BufferedReader, source: str, encoding: str, memory: int, labels: Labels | None = None
) -> Iterator[Table]:
    """The tables in the pieces of a JSON text. memory: bytes that it may have, unless it has one object a line.
    labels: see `from_frame`.

    Raises DataError, with the line, for what is no table in JSON.
    """
    parts = pieces(stream, source, encoding)
    first = next(parts)
    objects = _objects(first.raw, source, 1)
    if objects is None:
        yield _whole(b"".join([first.raw, *_within(parts, source, memory)]), source, labels)
        return
    table = _table(objects, source, None, labels)
    yield table
    line = 1 + first.raw.count(b"\n")
    for piece in parts:
        more = _objects(piece.raw, source, line)
        line += piece.raw.count(b"\n")
        if more is None:
            raise DataError(f"{source}: the lines from {line} on hold no objects; {FORMS}")
        yield _table(more, source, table, labels)


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
            value = json.loads(line)
        except (ValueError, RecursionError) as err:
            if not found:
                return None
            raise DataError(f"{source}: line {number} is not JSON ({_reason(err)})") from err
        if not isinstance(value, dict):
            if not found:
                return None
            raise DataError(f"{source}: line {number} holds no object; {FORMS}")
        found.append((number, value))
    of_lists = len(found) == 1 and all(isinstance(cell, list) for cell in found[0][1].values())
    return None if of_lists else found or None


def _table(objects: Sequence[Line], source: str, before: Table | None, labels: Labels | None) -> Table:
    """The rows of these objects, in the columns of the table before."""
    lines, rows = [number for number, _ in objects], [row for _, row in objects]
    if before is None:
        return from_frame(_frame(rows), source=source, lines=lines, labels=labels)
    names = [name for name in before.columns if name not in before.errors.values()]
    new = next((name for row in rows for name in row if name not in names), None)
    if new is not None:
        raise DataError(f"{source}: {new!r} comes first after line {lines[0]}; every object needs the same names")
    return from_frame(_frame(rows, names), source=source, lines=lines, before=before, labels=labels)


def _frame(rows: Sequence[dict[str, Any]], names: Sequence[str] | None = None) -> pd.DataFrame:
    """A frame with a column for each name that a row has; lists and objects in cells are text."""
    names = list(dict.fromkeys(name for row in rows for name in row)) if names is None else names
    return pd.DataFrame({name: [_cell(row.get(name)) for row in rows] for name in names}, columns=list(names))


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _whole(raw: bytes, source: str, labels: Labels | None) -> Table:
    """The table in a text that is one JSON value."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as err:
        raise DataError(f"{source} is not JSON ({_reason(err)}); {FORMS}") from err
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return from_frame(_frame(value), source=source, labels=labels)
    columns = list(value.values()) if isinstance(value, dict) else []
    if columns and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        frame = pd.DataFrame({name: list(map(_cell, cells)) for name, cells in value.items()})
        return from_frame(frame, source=source, labels=labels)
    raise DataError(f"{source} holds JSON, and no table; {FORMS}")


def _reason(err: Exception) -> str:
    return " ".join(str(err).split())
