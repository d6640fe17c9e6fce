"""Snapping writes nice numbers, and none that the rows contradict."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import noisy_table

from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants, floats
from kansr.formula.polish.snap import snap

# A law with nice numbers, and a start with a float in place of each.
SNAPS = [
    ("2*pi*x", "6.0*x"),
    ("x/2 + y", "0.6*x + 1.1*y"),
    ("sqrt(2*pi)*x", "2.4*x"),
    ("x**(3/2)", "1.1*x**1.4"),
    ("sin(pi*x)", "1.1*sin(3.1*x)"),
    ("x**2 + y**2", "1.1*x**2.1 + 0.9*y**1.9"),
    ("exp(-x**2/2)/sqrt(2*pi)", "0.5*exp(-0.6*x**2)"),
    ("3*x/4 - 7*y", "0.7*x - 6.5*y"),
    ("log(x + y)", "1.1*log(x + 0.9*y) + 0.1"),
]


@pytest.mark.parametrize(("truth", "start"), SNAPS)
def test_nice_numbers_are_found(truth: str, start: str) -> None:
    data = noisy_table(truth)
    fit = snap(fit_constants(parse(start), data), data)
    assert not floats(fit.expr)
    assert sympy.simplify(fit.expr - parse(truth)) == 0


@pytest.mark.parametrize("text", ["0.687*x", "x + 0.15*x*y", "0.0123*x + y"])
def test_short_decimals_are_found(text: str) -> None:
    data = noisy_table(text)
    start = parse(text).xreplace({c: sympy.Float(float(c) * 1.1) for c in floats(parse(text))})
    fit = snap(fit_constants(start, data), data)
    assert fit.expr == parse(text)


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("start", ["2.0*x + 0.5*y + 1.0", "3.1*x + 0.3*sin(2.0*y)", "2.9*x + 0.1*y**2 + 0.2*log(y)"])
def test_terms_without_influence_are_set_to_0(start: str, noise: float) -> None:
    X = np.random.default_rng(2).uniform(0.5, 3, (400, 2))
    y = 3 * X[:, 0] + noise * 5 * np.random.default_rng(3).normal(size=400)
    data = Dataset(X, y, ("x", "y"), "t")
    fit = snap(fit_constants(parse(start), data), data)
    assert {str(s) for s in fit.expr.free_symbols} == {"x"}
    assert fit.expr.as_coeff_Mul()[1] == sympy.Symbol("x")


@pytest.mark.parametrize("value", [3.1, 2.51, 0.4987, 1.4159265358979, 9.8696])
def test_a_nice_number_that_the_rows_contradict_is_not_written(value: float) -> None:
    data = noisy_table(f"{value!r}*x + y")
    fit = snap(fit_constants(parse("1.5*x + 0.8*y"), data), data)
    assert fit.expr.has(sympy.Symbol("y"))
    slope = float(sympy.diff(fit.expr, sympy.Symbol("x")))
    assert slope == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("noise", [0.003, 0.03])
def test_with_noise_a_number_is_snapped_only_within_its_error(noise: float) -> None:
    data = noisy_table("pi*x + 0.37*y", noise=noise, rows=500)
    before = fit_constants(parse("3.0*x + 0.5*y"), data)
    after = snap(before, data)
    spread = {repr(float(c)): e for c, e in zip(before.constants, before.errors)}
    for symbol in "xy":
        old, new = (float(sympy.diff(f.expr, sympy.Symbol(symbol))) for f in (before, after))
        assert abs(old - new) < 4 * spread[repr(old)]
    assert after.rms < before.rms * 1.01
