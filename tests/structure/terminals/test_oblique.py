"""One function of a slanted argument beside known terms."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table
from support.thin import thinned

from kansr.formula.fit.constants import fit_constants
from kansr.structure.terminals.enumerated.oblique import oblique_function

LAWS = {
    "a wave": "sin(1.3*x + 0.7*y) + x*y",
    "a step": "tanh(0.8*x - 1.7*y + 0.4) + 0.3*x",
    "a bump": "exp(-(0.6*x + 1.3*y - 0.5)**2) + x**2",
    "a logarithm": "log(6.2 + 0.6*x + 1.3*y) - x*y",
}


@pytest.mark.parametrize("text", thinned(LAWS, often=2))
def test_the_law_is_found_by_polishing(text: str) -> None:
    data = table(text, low=-2.0, high=2.0, rows=900)
    fits = [fit_constants(expr, data) for expr in oblique_function(data)]
    assert min(fit.rms for fit in fits) < 1e-10 * float(np.std(data.y))


def test_other_numbers_of_inputs_and_a_clock_that_has_run_out_give_nothing() -> None:
    assert list(oblique_function(table("x + y*z"))) == []
    assert list(oblique_function(table("sin(x)"))) == []
    assert list(oblique_function(table("sin(1.3*x + 0.7*y) + x*y"), expired=lambda: True)) == []
