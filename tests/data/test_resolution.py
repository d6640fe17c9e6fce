"""How columns are written: decimals, significant digits, single precision; and what rounding that leaves."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.resolution import EVEN, Resolution, Written, notes_on_target, resolution_of, rounding_of
from kansr.data.roles import dataset
from kansr.numeric.arrays import Array

RNG = np.random.default_rng(0)
FULL = RNG.uniform(0.5, 30.0, 300)


def digits(column: Array, count: int) -> Array:
    return np.array([float(f"{value:.{count - 1}e}") for value in column])


WRITTEN = {
    "in full": (FULL, None),
    "three decimals": (FULL.round(3), Resolution(Written.DECIMALS, 3)),
    "four digits": (digits(FULL, 4), Resolution(Written.DIGITS, 4)),
    "four digits over decades": (digits(10**FULL, 4), Resolution(Written.DIGITS, 4)),
    "seven digits": (digits(FULL, 7), Resolution(Written.DIGITS, 7)),
    "single precision": (FULL.astype(np.float32).astype(float), Resolution(Written.SINGLE, 24)),
    "single precision, printed": (
        np.array([float(str(x)) for x in FULL.astype(np.float32)]),
        Resolution(Written.SINGLE, 24),
    ),
    "whole": (np.rint(FULL), Resolution(Written.DECIMALS, 0)),
    "negative and zero": (np.append(-FULL.round(2), 0.0), Resolution(Written.DECIMALS, 2)),
}


@pytest.mark.parametrize(("column", "written"), WRITTEN.values(), ids=WRITTEN)
def test_how_a_column_is_written(column: Array, written: Resolution | None) -> None:
    assert resolution_of(column) == written


def test_the_unit_is_that_of_the_last_place() -> None:
    values = np.array([1.234, 123.4, 0.01234])
    assert Resolution(Written.DIGITS, 4).unit(values) == pytest.approx([1e-3, 0.1, 1e-5])
    assert Resolution(Written.DECIMALS, 3).unit(values) == pytest.approx([1e-3] * 3)
    assert Resolution(Written.SINGLE, 24).unit(np.array([1.0])) == pytest.approx(2.0**-23)


def test_the_rounding_error_is_that_of_even_errors() -> None:
    many = RNG.uniform(0, 1, 100_000)
    known = rounding_of(many[:, None], many.round(2))
    assert known is not None
    assert np.std(many.round(2) - many) == pytest.approx(known.y[0], rel=0.02)


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (FULL.round(2), 0.01 * EVEN),
        (np.rint(FULL), 0.0),
        (np.linspace(0.0, 2.99, 300).round(2), 0.0),
        (RNG.choice([10.0, 20.0, 50.0, 100.0], 300), 0.0),
        (FULL, 0.0),
    ],
    ids=["decimals", "counts", "a grid", "settings", "in full"],
)
def test_whole_numbers_and_grids_are_exact_inputs(x: Array, error: float) -> None:
    known = rounding_of(x[:, None], FULL.round(3))
    assert known is not None
    assert known.X[:, 0] == pytest.approx(error)


def test_a_target_in_full_or_of_few_values_has_no_rounding() -> None:
    assert rounding_of(FULL.round(2)[:, None], FULL) is None
    assert rounding_of(FULL[:, None], (FULL > 10).astype(float)) is None


def test_a_dataset_carries_it_to_its_rows() -> None:
    data, _ = dataset((FULL.round(2), digits(np.exp(FULL), 3)))
    assert data.rounding is not None
    part = data.take(slice(5, 9))
    assert part.rounding is not None
    assert part.rounding.y == pytest.approx(data.rounding.y[5:9])
    assert part.rounding.X.shape == (4, 1)


@pytest.mark.parametrize(
    ("y", "word"),
    [(np.tile([0.0, 1.0, 2.0, 3.0], 75), "only 4 distinct values"), (np.rint(10 * FULL), "only integers"), (FULL, "")],
    ids=["classes", "whole", "plain"],
)
def test_what_is_unusual_about_a_target_is_said(y: Array, word: str) -> None:
    said = notes_on_target(FULL[:, None], y, "y")
    assert [word in note for note in said] == ([True] if word else [])


def test_repeated_rows_are_counted() -> None:
    x, y = np.tile(FULL[:100], 3), np.tile(FULL[100:200], 3)
    assert any("200 of 300 rows repeat" in note for note in notes_on_target(x[:, None], y, "y"))
