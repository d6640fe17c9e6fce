"""Tables in JSON: a line for each row, a list of objects, an object of lists."""

from __future__ import annotations

import io
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.read import streams
from kansr.data.read.file import read_table
from kansr.data.read.table import Table
from kansr.data.roles import dataset
from kansr.errors import DataError

ROWS = [{"m": k, "v": k / 4, "E": k * k} for k in range(1, 7)]
VALUES = [[float(x) for x in row.values()] for row in ROWS]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def read(text: str) -> Table:
    return read_table(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        "\n" + LINES.replace("\n", "\n\n"),
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    ],
)
def test_the_same_table_however_it_is_written(text: str) -> None:
    table = read(text)
    assert table.columns == ("m", "v", "E")
    assert table.values.tolist() == VALUES


@settings(max_examples=20)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_floats_come_back_as_they_were(values: list[float]) -> None:
    assert read("".join(f'{{"x": {json.dumps(x)}}}\n' for x in values)).values[:, 0].tolist() == values


def test_cells_of_other_kinds() -> None:
    rows = [{"x": 1, "on": True, "name": "a", "at": "2024-03-01T08:00:00Z", "list": [1]}]
    rows += [{"x": None, "on": False, "name": "b", "at": "2024-03-01T08:00:30Z", "list": []}]
    table = read("".join(json.dumps(row) + "\n" for row in rows))
    assert set(table.refusals) == {"name", "list"}
    assert table.values[:, [1, 3]].tolist() == [[1, 0], [0, 30]]
    assert math.isnan(table.values[1, 0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LINES + "{'m': 1}\n", "line 7 is not JSON"),
        (LINES + "[1, 2]\n", "line 7 holds no object"),
        ('{"m": 1', "is not JSON"),
        ("[[1, 2], [3, 4]]", "holds JSON, and no table"),
        ('{"m": 1}', "one column only"),
        ('{"a": [1, 2], "b": [1]}', "holds JSON, and no table"),
        ('{"a":' * 5000, "is not JSON"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        dataset(read(text), target="E" if "E" in text else None)
    assert "\n" not in str(caught.value)


def test_it_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PIECE", 60)
    table = read(LINES)
    assert table.values.tolist() == VALUES
    assert [table.place(row) for row in (0, 5)] == ["line 1", "line 6"]
    assert math.isnan(read(LINES + '{"m": 1, "E": 2}\n').values[6, 1])
    with pytest.raises(DataError, match="'w' comes first after line"):
        read(LINES + '{"w": 1}\n')
