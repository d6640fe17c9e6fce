"""Which formulas are the law, and which only come close."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from support.tables import over_decades, table

from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.exactness import convincing, exact


def test_a_formula_that_misses_the_small_rows_is_not_exact() -> None:
    data = over_decades("x**6*y**6*z**6*w**6")
    near = fit_constants(parse("x**6*y**6*z**6*w**6 + 1e-6"), data, iterations=0)
    assert near.rms < 1e-9 * np.std(data.y) and not exact(near, data)


def test_a_polynomial_with_long_constants_does_not_convince() -> None:
    data = over_decades("x/sqrt(1 - 1.234567e-3*x**2)", decades=1.0)
    series = fit_constants(parse("x + 6.1e-4*x**3 + 5.7e-7*x**5"), data)
    assert not convincing(series, data)
    assert convincing(fit_constants(parse("x/sqrt(1 - 0.0012*x**2)"), data), data)


@pytest.mark.parametrize(
    ("relative_rms", "constants", "answer"), [(1e-10, 3, True), (1e-8, 3, False), (1e-10, 8, False)]
)
def test_more_constants_have_to_come_closer(relative_rms: float, constants: int, answer: bool) -> None:
    data = table("x + y", rows=60)
    fit = fit_constants(parse("1.5*x + y"), data)
    fit = replace(fit, rms=relative_rms * float(np.std(data.y)), constants=(sympy.Float(1.5),) * constants)
    assert exact(fit, data) is answer
