"""Means of rows in noise lie on the curve."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.structure.terminals.one_input.binning import curve


@pytest.mark.parametrize("law", ["1/x", "x**(-4)", "exp(8*x)", "x"])
def test_means_of_rows_lie_on_the_curve_however_bent(law: str) -> None:
    """Noise beside which a hundred rows of the steepest part are not one point."""
    x = np.sort(np.random.default_rng(1).uniform(0.05, 1, 2000))
    y = evaluate(parse(law), {"x": x})
    share = 1e-3
    noise = np.random.default_rng(2).normal(0, share * float(np.std(y)), len(x))
    at, mean, left = curve(Dataset(x[:, None], y + noise, ("x",), "y"), share)
    assert left < share
    off = (mean - evaluate(parse(law), {"x": at})) / float(np.std(y))
    assert np.sqrt(np.mean(off**2)) < 1.5 * left
