"""How many digits of certified constants are met."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.recovery.given_forms import MOST, cell, digits

COUNTED = [(1.001, 1, 3), (-2.0002, -2, 4), (5.0, 5.0, MOST), (0, 1, 0), (np.nan, 1, 0), (np.inf, 1, 0)]


@pytest.mark.parametrize(("found", "certified", "count"), COUNTED)
def test_digits_are_counted(found: float, certified: float, count: float) -> None:
    assert digits(found, certified) == pytest.approx(count, abs=1e-6)


def test_a_form_that_cannot_be_fitted_has_no_digits(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{x}\n" for x in range(1, 20)))
    assert cell(tmp_path / "t.csv", "a*log(-x)", [["a", "1", "3", "2", "1"]], None, 1.0) == (0, 0)


def test_a_cell_has_the_worst_constant_and_the_worst_error(tmp_path: Path) -> None:
    x = np.linspace(0, 4, 30)
    y = 2 * np.exp(-0.5 * x) + 0.01 * np.sin(40 * x)
    np.savetxt(tmp_path / "t.csv", np.column_stack([x, y]), delimiter=",", header="x,y", comments="")
    par = [["a", "1", "3", "2.02", "1"], ["k", "1", "0.2", "0.5", "1"]]
    values, errors = cell(tmp_path / "t.csv", "a*exp(-k*x)", par, 0, 2.0)
    assert values == pytest.approx(2, abs=0.15) and errors < 1
