"""Which columns are used, and which are left out."""

from __future__ import annotations

import io

import pytest

from kansr.data.read.file import read_table
from kansr.data.roles import dataset
from kansr.errors import DataError, KansrError, UsageError

TEXT = "id,when,x,w,y,remark\n" + "".join(
    f"S-{k:03},0{k}/01/2024,{k},{k**3},{k * k},seen by {'AB'[k % 2]}\n" for k in range(1, 8)
)


def notes_and_names(**options) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    data, notes = dataset(read_table(io.BytesIO(TEXT.encode())), **options)
    return notes, data.names, data.target


def test_texts_are_left_out_and_named_in_one_line() -> None:
    notes, names, target = notes_and_names()
    assert (names, target) == (("x", "w"), "y")
    assert "left out, since they cannot be read as numbers: 'id' (text), 'when' (time stamps), 'remark' (text)" in notes
    assert "target: y (the last column but for 'remark')" in notes


def test_columns_are_ignored() -> None:
    assert notes_and_names(ignore=["w", "remark"])[1:] == (("x",), "y")
    assert notes_and_names(ignore=["y"])[1:] == (("x",), "w")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"ignore": ["ww"]}, DataError, "no column 'ww' to ignore; did you mean 'w'"),
        ({"ignore": ["x"], "inputs": ["x"]}, UsageError, "'x' is both asked for and ignored"),
        ({"ignore": ["y"], "target": "y"}, UsageError, "'y' is both asked for and ignored"),
        ({"ignore": ["x", "w"]}, DataError, "line 2, column 'id': 'S-001'"),
        ({"target": "remark"}, DataError, "column 'remark'"),
    ],
)
def test_what_cannot_be_left_out(options: dict[str, object], error: type[KansrError], words: str) -> None:
    with pytest.raises(error, match=words):
        notes_and_names(**options)
