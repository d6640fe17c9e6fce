"""Columns that fit as well as an input are named, and no others."""

from __future__ import annotations

import numpy as np
import pytest

import kansr
from kansr.data.dataset import Dataset
from kansr.search.held_out.exchange import exchange_notes

NAMES = ("a", "b", "c", "d")


def rows(noise: float, apart: float, seed: int = 0) -> Dataset:
    """c is a line of a, up to a distance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(120, 4))
    X[:, 2] = 3 - 2 * (X[:, 0] + apart * X[:, 2])
    y = X[:, 0] ** 2 + X[:, 1]
    return Dataset(X, y + noise * np.std(y) * rng.normal(size=120), NAMES, columns={"c": "third column"})


def test_a_column_that_does_as_well_is_named() -> None:
    (note,) = exchange_notes(kansr.parse("1.0*a**2 + 1.0*b"), rows(0.5, 0.02), lambda: False)
    assert note == "'third column' fits as well as 'a': the rows cannot decide which one the law uses"


@pytest.mark.parametrize(("noise", "apart"), [(0.01, 0.3), (0.5, 2.0)], ids=["clearly worse", "hardly correlated"])
def test_what_the_rows_tell_apart_is_not(noise: float, apart: float) -> None:
    assert list(exchange_notes(kansr.parse("1.0*a**2 + 1.0*b"), rows(noise, apart), lambda: False)) == []


def test_it_is_in_the_notes_of_a_search() -> None:
    data = rows(0.4, 0.01)
    found = kansr.discover((data.X, data.y), time_limit=20)
    assert any("fits as well as" in note for note in found.to_dict()["notes"])
