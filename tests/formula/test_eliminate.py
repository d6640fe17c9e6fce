"""Terms and functions that noise has brought in are eliminated, others stay."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import table, with_noise

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.polish.eliminate import eliminate

ROWS = 1000


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1.01*x*y + 0.002*z + 0.001", "x*y"),
        ("x*(1.002*y + 0.003*sin(0.9*z))", "x*y"),
        ("10.01*x*sin(0.1*y)", "x*y"),
    ],
)
def test_what_noise_has_brought_in_is_eliminated(text: str, kept: str) -> None:
    data = table("x*y + 0.000001*z", rows=ROWS)
    noise = np.random.default_rng(1).normal(0, 0.05 * float(np.std(data.y)), data.rows)
    data = Dataset(data.X, data.y + noise, data.names, data.target)
    fit = eliminate(fit_constants(parse(text), data), data)
    assert sympy.simplify(fit.expr / parse(kept)).is_number


def test_what_is_there_is_not_eliminated() -> None:
    data = with_noise("x*y + 0.5*sin(3*z)", 0.05)
    fit = eliminate(fit_constants(parse("1.1*x*y + 0.4*sin(2.9*z)"), data), data)
    assert fit.expr.has(sympy.sin)
    assert fit.expr.free_symbols == parse("x*y*z").free_symbols
