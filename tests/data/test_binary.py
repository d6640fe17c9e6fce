"""Spreadsheets: xlsx files through openpyxl, and what is said of others."""

from __future__ import annotations

import datetime
import io
import sys
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.read.file import read_table
from kansr.data.read.table import Table
from kansr.data.roles import dataset
from kansr.errors import DataError, UsageError

openpyxl = pytest.importorskip("openpyxl")
ROWS = [[k, k / 8, float(k * k)] for k in range(1, 7)]


def book(**sheets: Sequence[Sequence[Any]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def read(raw: bytes, **options) -> Table:
    return read_table(io.BytesIO(raw), **options)


@settings(max_examples=10)
@given(st.lists(st.floats(-1e200, 1e200), min_size=2, max_size=8))
def test_floats_come_back_as_they_were(values: list[float]) -> None:
    table = read(book(Data=[["x", "y"], *([x, k] for k, x in enumerate(values))]))
    assert table.values[:, 0].tolist() == pytest.approx(values, rel=1e-15)  # xlsx holds 16 digits


def test_what_people_put_into_spreadsheets() -> None:
    begin = datetime.datetime(2024, 3, 1, 8)
    rows = [["#", "name", "when", "on", "x, y", "z"], ["", "", "", "", "kg", "J"]]
    rows += [[k, f"run\n{k}", begin + datetime.timedelta(hours=k), k % 2 == 0, x, z] for k, x, z in ROWS]
    table = read(book(Notes=[["read me"]], Data=rows))
    _, notes = dataset(table)
    assert table.columns == ("#", "name", "when", "on", "x, y", "z")
    assert table.values[:, 2:].tolist() == [[3600 * (k - 1), k % 2 == 0, x, z] for k, x, z in ROWS]
    assert any("the sheet 'Data' is read, of 2 sheets (--sheet" in note for note in notes), notes
    assert any("'name' (text)" in note for note in notes)
    assert table.units["x, y"] == "kg"


def test_blank_rows_and_columns_keep_their_numbers() -> None:
    rows: list[list[Any]] = [[None, "A title"], [], [None, "x", "y"], *([None, x, z] for _, x, z in ROWS)]
    rows[5][1] = "bad"
    with pytest.raises(DataError, match="line 6, column 'x': 'bad'"):
        dataset(read(book(Data=rows)))


def test_a_sheet_by_its_name() -> None:
    raw = book(One=[["a", "b"], *([x, z] for _, x, z in ROWS)], Two=[["c", "d"], *([z, x] for _, x, z in ROWS)])
    assert read(raw).columns == ("a", "b")
    assert read(raw, sheet="Two").columns == ("c", "d")
    with pytest.raises(UsageError, match="no sheet 'Three'; its sheets are 'One', 'Two'"):
        read(raw, sheet="Three")
    with pytest.raises(UsageError, match="not an xlsx file"):
        read(b"a,b\n1,2\n", sheet="One")


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            made.writestr(name, "nothing")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (archive("xl/workbook.xml"), "is damaged"),
        (archive("content.xml", "mimetype"), "OpenDocument"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old format"),
        (book(Data=[]), "no data rows"),
    ],
)
def test_what_cannot_be_read(raw: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(raw)
    assert "\n" not in str(caught.value)


def test_without_openpyxl_it_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = book(Data=[["x", "y"], [1, 2]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"pip install 'kansr\[xlsx\]'"):
        read(raw)
