"""Even samples of rows."""

import numpy as np
import pytest

from kansr.numeric.arrays import evenly_spaced_rows


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize("rows, most", [(10, 4), (11, 4), (1000, 256), (64, 64), (5, 9), (2, 2)])
def test_rows_are_ascending_evenly_spaced_and_hold_both_ends(rows, most, nearest):
    chosen = evenly_spaced_rows(rows, most, nearest=nearest)
    assert len(chosen) == min(rows, most)
    assert (chosen[0], chosen[-1]) == (0, rows - 1)
    assert set(np.diff(chosen)) <= {(rows - 1) // (len(chosen) - 1), -(-(rows - 1) // (len(chosen) - 1))}


@pytest.mark.parametrize("rows, most, expected", [(0, 4, []), (1, 4, [0]), (3, 1, [0]), (11, 4, [0, 3, 6, 10])])
def test_the_row_before_a_place_is_taken(rows, most, expected):
    assert evenly_spaced_rows(rows, most).tolist() == expected


def test_the_nearer_row_is_taken_on_demand():
    assert evenly_spaced_rows(11, 4, nearest=True).tolist() == [0, 3, 7, 10]
