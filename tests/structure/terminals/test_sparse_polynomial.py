"""Polynomials come out with as few terms as the law has."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import table

from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import description_length
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials

POLYNOMIALS = [
    "x**2 + 3*x*y - 2",
    "x*y*z + x",
    "sqrt(x**2 + y**2 + z**2)",
    "1/(1 + x*y)",
    "exp(x*y - z**2)",
    "x**4 - 2*x**2*y + y**2",
]


@pytest.mark.parametrize("text", POLYNOMIALS)
def test_a_sparse_polynomial_is_found_with_as_few_terms(text: str) -> None:
    data = table(text, low=0.2, high=1.5)
    fits = [fit_constants(expr, data) for expr in polynomials(data, 0.5)]
    found = min(fits, key=lambda fit: description_length(fit.expr, fit.rms**2, data))
    assert found.rms < 1e-9 * float(np.std(data.y))
    terms = max((len(a.args) for a in parse(text).atoms(sympy.Add)), default=1)
    assert max((len(a.args) for a in found.expr.atoms(sympy.Add)), default=1) == terms
