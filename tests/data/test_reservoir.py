"""Tables with more rows or columns than a search looks at."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.files import ACCEPTED, VALUES, table

import kansr
from kansr.data.read import streams as reading
from kansr.data.read.file import read_table, thinned
from kansr.data.read.reservoir import FEWEST, FLAWED, MOST, Reservoir, bytes_of, rows_within
from kansr.data.roles import dataset
from kansr.errors import DataError, UsageError


@pytest.mark.parametrize("size", [40, 41, 64])
@pytest.mark.parametrize("name", ACCEPTED)
def test_pieces_make_the_same_table(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE", size)
    text = ACCEPTED[name]
    found = read_table(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
    if name == "empty rows at the end":  # one that is the beginning of a piece cannot be told from a row to be refused
        found.values[np.isnan(found.values).all(axis=1)] = 0
        assert found.values[:5].tolist() == VALUES
    else:
        assert (found.columns, found.values.tolist()) == (("a", "b"), VALUES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((6, "5,x"), "line 6, column 'b': 'x' cannot be read"),
        ((7, "6,7,8"), "line 7 has 3 cells where the header has 2"),
        ((7, "6"), "line 7 has 1 cell where the header has 2"),
        ((6, "5,\x00"), "line 6 holds NUL bytes"),
        ((7, "6," + "1" * 400), "line 7 has more than 30 letters"),
        ((6, "inf,1"), r"infinite in 1 row \(line 6\)"),
        ((6, ",1"), r"missing cells in 'a' \(1\), the first in line 6"),
    ],
)
def test_faults_in_a_late_piece_are_told_with_their_line(
    change: tuple[int, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PIECE", 30)
    with pytest.raises(DataError, match=words):
        dataset(read_table(io.BytesIO(table(change).encode() + b"7,1\n" * 30)))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 3))
def test_what_is_drawn_does_not_depend_on_the_pieces(sizes: list[int], seed: int) -> None:
    values = np.arange(2.0 * sum(sizes)).reshape(-1, 2)
    whole, parts = Reservoir(15, seed), Reservoir(15, seed)
    whole.add(values)
    for part in np.split(values, np.cumsum(sizes)[:-1]):
        parts.add(part)
    assert parts.total == len(values) and np.array_equal(whole.rows, parts.rows)
    assert np.array_equal(values[parts.rows], np.asarray(parts.values)) and len(parts.rows) == min(15, len(values))
    assert (np.diff(parts.rows) > 0).all()


def test_rows_are_drawn_evenly_and_flaws_are_kept() -> None:
    counts = np.zeros(50)
    for seed in range(400):
        reservoir = Reservoir(10, seed)
        for part in np.split(np.arange(50.0)[:, None], 5):
            reservoir.add(part)
        counts[reservoir.rows] += 1
    assert abs(counts - 80).max() < 5 * np.sqrt(80 * 0.8)  # binomial, five standard deviations
    values = np.zeros((10_000, 1))
    values[777] = np.nan
    reservoir = Reservoir(FLAWED + 20, 0)
    reservoir.add(values)
    assert 777 in reservoir.rows


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("500 MB", 5 * 10**8), ("1e9", 10**9), ("0.5g", 5 * 10**8)]
)
def test_sizes(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "much", "10MB", "-2GB", "9" * 50, "1e99GB", "nan"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--memory is a size such as 2GB"):
        bytes_of(text)


def test_fewer_rows_where_there_is_less_memory() -> None:
    assert rows_within(2 * 10**9, 10) == MOST
    assert rows_within(2 * 10**9, 2000) == 6250
    assert rows_within(10**6, 10**6) == FEWEST


def test_a_large_file_keeps_its_lines_and_can_be_read_again(tmp_path: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (3000, 2)).round(6)
    path = tmp_path / "t.csv"
    pd.DataFrame(X, columns=["a", "b"]).to_csv(path, index=False)
    found = read_table(path, memory=1, seed=1)
    assert (len(found.values), found.total) == (FEWEST, 3000) and found.lines is not None
    assert np.array_equal(X[np.array(found.lines) - 2], found.values)
    assert found.again is not None and np.array_equal(np.concatenate(list(found.again())), X)
    assert any("3000 rows, of which 1000 drawn at random" in note for note in found.notes)
    assert np.array_equal(read_table(path, memory=1, seed=1).values, found.values)
    assert not np.array_equal(read_table(path, memory=1, seed=2).values, found.values)
    frame = thinned(kansr.data.roles.as_table(pd.DataFrame(X, columns=["a", "b"])), memory=1, seed=1)
    assert np.array_equal(frame.values, found.values)


def test_parquet_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("kansr.data.read.binary.ROWS_AT_A_TIME", 7)
    X = np.random.default_rng(0).uniform(1, 5, (50, 2))
    pd.DataFrame(X, columns=["a", "b"]).to_parquet(tmp_path / "t")
    assert np.array_equal(read_table(tmp_path / "t").values, X)


@pytest.mark.long
def test_a_large_frame_from_python() -> None:
    X = np.random.default_rng(0).uniform(1, 5, (150_000, 2))
    y = 2.3456789 * X[:, 0] * X[:, 1] + 0.1 * np.random.default_rng(1).standard_normal(len(X))
    found = kansr.discover((X, y))
    assert found.rows == MOST and any("on all 150000" in note for note in found.notes)
    assert float(found.best.expr.subs({"x0": 1, "x1": 1})) == pytest.approx(2.3456789, rel=1e-4)


def test_every_row_is_kept_or_the_table_refused() -> None:
    text = b"a,b\n" + b"1,2\n" * (FEWEST + 5)
    assert len(read_table(io.BytesIO(text), memory=1).values) == FEWEST
    assert len(read_table(io.BytesIO(text), memory=16 * (FEWEST + 5), every=True).values) == FEWEST + 5
    with pytest.raises(DataError, match=f"has {FEWEST + 5} rows, which take more than"):
        read_table(io.BytesIO(text), memory=16 * FEWEST, every=True)
