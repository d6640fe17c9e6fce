"""Which columns are used, and which are left out."""

from __future__ import annotations

import io

import numpy as np
import pytest

from kansr.data.read.cells import label_of
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


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        (" a b ", "a b"),
        ("1.0", "1"),
        (1.0, "1"),
        (1, "1"),
        ("1e3", "1000"),
        ("007", "7"),
        ("0.1", "0.1"),
        (0.1, "0.1"),
        ("-0.0", "0"),
        ("10000000000000000001", "10000000000000000001"),  # float64 would make one label of this
        ("10000000000000000002", "10000000000000000002"),  # and this
        ("1e999", "1e999"),
        ("1,5", "1,5"),
    ],
)
def test_labels_are_written_shortest_and_stay_apart(cell: object, label: str) -> None:
    assert label_of(cell) == label
    assert label_of(label) == label


def test_arrays_have_labels_too() -> None:
    X = np.array([["a" if k % 2 else "b", float(k)] for k in range(12)], dtype=object)
    data, _ = dataset((X, np.arange(12.0) ** 2), group="x0")
    assert data.grouping is not None and data.grouping.labels == ("a", "b")
