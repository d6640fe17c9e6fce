"""Tables with more rows or columns than a search looks at."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.files import ACCEPTED, VALUES, table

import kansr
from kansr.api.discovery import Discovery
from kansr.data.dataset import Dataset
from kansr.data.read import streams as reading
from kansr.data.read.reservoir import FEWEST, FLAWED, MOST, Reservoir, bytes_of, rows_within
from kansr.data.read.table import read_table, thinned
from kansr.data.roles import dataset
from kansr.data.screening import FEWEST_KEPT, MANY, screened
from kansr.errors import DataError, UsageError
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.pipeline.all_rows import on_all_rows
from kansr.result.pareto import pareto
from kansr.result.result import Status


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
    monkeypatch.setattr("kansr.data.read.table.ROWS_AT_A_TIME", 7)
    X = np.random.default_rng(0).uniform(1, 5, (50, 2))
    pd.DataFrame(X, columns=["a", "b"]).to_parquet(tmp_path / "t")
    assert np.array_equal(read_table(tmp_path / "t").values, X)


LAWS = {
    "ratio of three": (lambda X, Z: X[:, 3] * X[:, 11] / X[:, 200], {3, 11, 200}),
    "product of what has no mean": (lambda X, Z: Z[:, 3] * Z[:, 7], {3, 7}),
    "wave and square": (lambda X, Z: np.sin(Z[:, 3]) * Z[:, 5] + Z[:, 9] ** 2, {3, 5, 9}),
    "noise": (lambda X, Z: np.random.default_rng(1).standard_normal(len(X)), set()),
    "a constant": (lambda X, Z: np.ones(len(X)), set()),
    "sum of thirty": (lambda X, Z: X[:, :30].sum(1), set(range(30))),
}


@pytest.mark.parametrize("name", LAWS)
def test_inputs_that_matter_are_kept_of_many(name: str) -> None:
    rng = np.random.default_rng(0)
    X, Z = rng.uniform(1, 5, (600, 400)), rng.standard_normal((600, 400))
    law, inputs = LAWS[name]
    kept = screened(Z if name.startswith(("product", "wave")) else X, law(X, Z))
    assert inputs <= set(kept.tolist()) and FEWEST_KEPT <= len(kept) <= MANY and (np.diff(kept) > 0).all()


def test_what_is_left_of_many_inputs_is_told() -> None:
    X = np.random.default_rng(0).uniform(1, 5, (600, 100))
    data, notes = dataset((X, X[:, 3] / X[:, 50]))
    assert {"x3", "x50"} <= set(data.names) and len(data.names) < MANY
    assert any("of 100 inputs" in note and "--inputs" in note for note in notes)


def discovery(text: str, data: Dataset, constants: tuple[tuple[float, float], ...]) -> Discovery:
    best = judge(parse(text), data, data, "test")
    front = pareto([best], float(np.var(data.y)))
    return Discovery(Status.FOUND, "y", data.names, (), front, rows=data.rows, constants=constants)


def test_constants_are_those_of_all_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 5, 20_000)
    y = 2.345678 * np.exp(-0.7654321 * x) + 0.5 + 0.01 * rng.standard_normal(len(x))
    rows = np.column_stack([x, y])
    near = Dataset(x[:500, None], y[:500], ("x",))
    start = discovery("2.3466789*exp(-0.7664321*x) + 0.5", near, ((2.3466789, 1e-3), (-0.7664321, 1e-3), (0.5, 0.0)))
    found = on_all_rows(start, ("x", "y"), np.array_split(rows, 7))
    from scipy.optimize import curve_fit

    truth, covariance = curve_fit(lambda x, a, b: a * np.exp(-b * x) + 0.5, x, y, (2, 1))
    values = {round(abs(value), 3): (value, error) for value, error in found.constants}
    for expected, variance in zip(truth, np.diag(covariance)):
        value, error = values[round(abs(expected), 3)]
        assert abs(value) == pytest.approx(expected, rel=1e-5) and error == pytest.approx(np.sqrt(variance), rel=0.01)
    assert 0.5 in dict(found.constants)  # of few digits, and chosen as such
    assert found.best.loss == pytest.approx(1e-4, rel=0.05) and "on all 20000" in found.notes[-1]


def test_constants_stay_where_rows_do_not_count_alike() -> None:
    x = np.linspace(1, 5, 1000)
    rows = np.column_stack([x, 2.3456789 * x])
    start = discovery("2.345*x", Dataset(x[:100, None], rows[:100, 1], ("x",)), ((2.345, 0.01),))
    assert on_all_rows(start, ("x", "y"), [rows], alike=False).best.expr == start.best.expr
    assert on_all_rows(start, ("x", "z"), [rows]) is start
    relative = replace(start.best, likely=start.best.loss / 2)
    start = replace(start, front=start.front.with_best(relative))
    assert on_all_rows(start, ("x", "y"), [rows]).best.expr == start.best.expr


def test_a_target_that_spans_decades_has_its_constants_fitted_to_all_rows() -> None:
    x = np.linspace(0, 5, 4000)
    y = 2.3456789 * np.exp(-1.23456 * x) + 0.01 * np.random.default_rng(0).standard_normal(len(x)) * (x < 3)
    near = Dataset(x[:1000:2, None], y[:1000:2], ("x",))
    start = discovery("2.3446789*exp(-1.23556*x)", near, ((2.3446789, 1e-2), (-1.23556, 1e-2)))
    found = on_all_rows(start, ("x", "y"), [np.column_stack([x, y])])
    assert max(error for _, error in found.constants) < 1e-3 and found.best.expr != start.best.expr


@pytest.mark.long
def test_a_large_frame_from_python() -> None:
    X = np.random.default_rng(0).uniform(1, 5, (150_000, 2))
    y = 2.3456789 * X[:, 0] * X[:, 1] + 0.1 * np.random.default_rng(1).standard_normal(len(X))
    found = kansr.discover((X, y))
    assert found.rows == MOST and any("on all 150000" in note for note in found.notes)
    assert float(found.best.expr.subs({"x0": 1, "x1": 1})) == pytest.approx(2.3456789, rel=1e-4)
