"""Laws over decades, with errors in proportion to the target: powers times a function of a power product."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kansr.data.dataset import Dataset, with_proportional_errors
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.structure.terminals.closed_form.scaling_function import scaling_functions
from kansr.structure.terminals.one_input.over_decades import over_decades
from kansr.symbolic.library.standard import STANDARD

NOISE = 0.03


def noisy(text: str, rows: int = 150) -> Dataset:
    """Rows of a formula whose inputs range over two decades, each with an error in proportion to it."""
    expr, rng = parse(text), np.random.default_rng(1)
    names = tuple(sorted(str(symbol) for symbol in expr.free_symbols))
    X = 10.0 ** rng.uniform(-1, 1, (rows, len(names)))
    y = Tape(expr, names).value(X) * (1 + NOISE * rng.normal(size=rows))
    return with_proportional_errors(Dataset(X, y, names))


LAWS = ("x**3/(exp(2.5*x/y) - 1)", "2.2*x**3*y*z/w**4")


@pytest.mark.parametrize("text", LAWS)
def test_a_scaling_law_is_found_among_the_formulas(text: str) -> None:
    data = noisy(text)
    assert data.proportional
    law = fit_constants(parse(text), data)
    with np.errstate(all="ignore"):
        fits = [fit_constants(expr, data) for expr in scaling_functions(data, STANDARD)]
    assert min(fit.error_ms for fit in fits) < 1.01 * law.error_ms


def test_one_function_is_fitted_by_the_errors_of_the_rows() -> None:
    data = noisy("3/(exp(4.7*x) - 1)")
    assert data.names == ("x",)
    found = list(over_decades(data, STANDARD))
    assert found[0][0] < 2 * NOISE
    law = fit_constants(parse("3.0/(exp(4.7*x) - 1)"), data)
    assert min(fit_constants(expr, data).error_ms for _, expr in found) < 1.05 * law.error_ms


def test_rows_that_are_known_alike_are_left_to_others() -> None:
    data = replace(noisy("x**2*y"), sigma=None)
    assert list(scaling_functions(data, STANDARD)) == []
    assert list(over_decades(replace(data, sigma=np.ones(data.rows)), STANDARD)) == []
