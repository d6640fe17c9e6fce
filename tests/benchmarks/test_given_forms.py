"""How many digits of certified constants are met."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.recovery.given_forms import MOST, cell, digits


@pytest.mark.parametrize(
    ("found", "certified", "count"), [(1.001, 1, 3), (-2.0002, -2, 4), (5.0, 5.0, MOST), (0, 1, 0)]
)
def test_digits_are_counted(found: float, certified: float, count: float) -> None:
    assert digits(found, certified) == pytest.approx(count, abs=1e-6)


def test_a_cell_has_the_worst_constant_and_the_worst_error(tmp_path: Path) -> None:
    x = np.linspace(0, 4, 30)
    y = 2 * np.exp(-0.5 * x) + 0.01 * np.sin(40 * x)
    np.savetxt(tmp_path / "t.csv", np.column_stack([x, y]), delimiter=",", header="x,y", comments="")
    par = [["a", "1", "3", "2.02", "1"], ["k", "1", "0.2", "0.5", "1"]]
    values, errors = cell(tmp_path / "t.csv", "a*exp(-k*x)", par, 0, 2.0)
    assert values == pytest.approx(2, abs=0.15) and errors < 1
