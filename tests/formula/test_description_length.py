"""A fit and the candidate of the same formula are measured alike, whatever the rows' errors are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.tables import table

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import polish
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.judge import judge

PLAIN = table("2.5*x**2/z", noise=0.02, rows=200)
DECADES = table("exp(2.5*x)/z", low=0.2, high=3.0, noise=0.02, rows=200)
SIGMA = np.random.default_rng(3).uniform(0.1, 5.0, 200)


@pytest.mark.parametrize(
    "data, formula",
    [
        (PLAIN, "2.4*x**2/z"),
        (DECADES, "exp(2.4*x)/z"),
        (replace(PLAIN, sigma=SIGMA), "2.4*x**2/z"),
        (replace(PLAIN, robust=True), "2.4*x**2/z"),
        (replace(DECADES, robust=True, sigma=SIGMA), "exp(2.4*x)/z"),
    ],
    ids=["alike", "relative", "stated", "robust", "stated and robust"],
)
def test_error_and_length_of_a_fit_are_those_of_its_candidate(data: Dataset, formula: str) -> None:
    fit = polish(parse(formula), data, iterations=0)
    candidate = judge(fit.expr, data, data, "test")
    assert fit.error_ms == pytest.approx(candidate.error_ms, rel=1e-12)
    assert fit_length(fit, data) == pytest.approx(candidate.description_length, rel=1e-12)
    assert fit.rms**2 == pytest.approx(candidate.loss, rel=1e-12)
