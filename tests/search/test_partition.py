"""The rows of a table in a search: each has one part to play, whatever the seed."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table

from kansr.data.dataset import Dataset
from kansr.search.partition import MOST_ROWS, SMALL, Partition


@pytest.mark.parametrize("seed", range(3))
def test_every_row_is_fitted_judged_or_left_out(seed: int) -> None:
    data = table("x*y", rows=200)
    outlier = np.arange(200) % 20 == 0
    rows = Partition.of(data, 0.25, seed, outlier)
    assert rows.fitting.rows + rows.judging.rows == rows.kept.rows == 190
    assert rows.judging.rows == pytest.approx(0.25 * 190, abs=1)
    parts = [data.y[outlier], rows.fitting.y, rows.judging.y]
    assert sorted(np.concatenate(parts)) == sorted(data.y)
    assert rows.table.robust and not Partition.of(data, 0.25, seed).table.robust


def test_of_few_rows_none_are_held_out() -> None:
    few, enough = (Partition.of(table("x*y", rows=rows), 0.25) for rows in (SMALL - 1, SMALL))
    assert few.small and few.judging is few.fitting and few.fitting.rows == SMALL - 1
    assert not enough.small and enough.fitting.rows + enough.judging.rows == SMALL


def test_formulas_are_looked_for_on_some_rows_in_any_order() -> None:
    data = Dataset(np.arange(2.0 * MOST_ROWS)[:, None], np.arange(2.0 * MOST_ROWS), ("x",))
    first, again, other = (Partition.of(data, 0.25, seed).sample for seed in (0, 0, 1))
    assert first.rows == MOST_ROWS and np.array_equal(first.X, again.X) and not np.array_equal(first.X, other.X)
    assert abs(np.corrcoef(first.y, np.arange(MOST_ROWS))[0, 1]) < 0.05


def test_rows_that_are_divided_stay_so_in_other_columns() -> None:
    data = table("x*y", rows=100)
    rows = Partition.between(data.take(slice(0, 70)), data.take(slice(70, None)))
    assert np.array_equal(rows.fitting.y, data.y[:70]) and np.array_equal(rows.judging.y, data.y[70:])
    reduced = rows.reduced(lambda part: Dataset(part.X[:, :1] * part.X[:, 1:], part.y, ("p",)))
    assert reduced.fitting.names == ("p",)
    assert np.array_equal(reduced.fitting.y, rows.fitting.y) and np.array_equal(reduced.judging.y, rows.judging.y)
