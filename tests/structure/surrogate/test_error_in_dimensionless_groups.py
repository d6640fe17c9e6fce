"""The error of a surrogate in dimensionless groups, where errors of the rows are stated too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.structure.surrogate.error_in_dimensionless_groups import held_out_error_in_dimensionless_groups


def test_stated_errors_do_not_change_it() -> None:
    X = np.random.default_rng(0).uniform(1, 3, (120, 2))
    plain = with_units(Dataset(X, X[:, 0] ** 2 / X[:, 1], ("a", "b")), "a=m,b=s,y=m**2/s")
    stated = replace(plain, sigma=np.full(120, 0.1))
    rows, held_out = np.arange(90), np.arange(90, 120)
    errors = [held_out_error_in_dimensionless_groups(data.take(rows), data.take(held_out)) for data in (plain, stated)]
    assert errors[0] == pytest.approx(errors[1]) and errors[0] < 1e-6
