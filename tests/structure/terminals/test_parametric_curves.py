"""Curves of one input with inner constants: growth, peaks, saturation and breakpoints in noise, from few rows up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate, typical_size
from kansr.expression.parse import parse
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import Fit, fit_constants, tied_floats
from kansr.formula.judge.description_length import fit_length
from kansr.structure.terminals.parametric_curves.cores import CORES
from kansr.structure.terminals.parametric_curves.growth import parametric_curves
from kansr.structure.terminals.parametric_curves.model import Curve, Form
from kansr.structure.terminals.parametric_curves.projection import Problem, refined

SLACK = 1.1  # times the noise that a fit may leave


class Case(NamedTuple):
    """Rows of a law at even places. noise: over the target's spread; relative: over the target's value instead."""

    law: str
    low: float
    high: float
    rows: int
    noise: float = 0.01
    relative: bool = False
    constants: int = 3

    def data(self) -> Dataset:
        x = np.linspace(self.low, self.high, self.rows)
        clean = evaluate(parse(self.law), {"x": x})
        size = np.abs(clean) if self.relative else float(np.std(clean))
        return Dataset(x[:, None], clean + self.noise * size * _normal(self.rows), ("x",), "y")


def _normal(rows: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=rows)


CASES = (
    Case("72/(1 + 14*exp(-0.07*x))", 5, 90, 9),
    Case("200*exp(-5*exp(-0.5*x))", 1, 12, 15),
    Case("8*(1 - exp(-(x/4.7)**1.8))", 0.5, 12, 30),
    Case("9*x**2.3/(x**2.3 + 40)", 0.5, 20, 25, constants=3),
    Case("3 + 5*exp(-(x - 4)**2/2)", 0, 10, 40, constants=4),
    Case("2.05*x + 3*abs(x - 6.2) - 4", 0, 12, 15, constants=4),
    Case("min(5, 0.8 + 0.35*x)", 0, 20, 40, constants=3),
    Case("4.7*(1 - exp(-1.9*(x - 1.4)))**2 - 4.7", 0.9, 4, 40, 0.002),
    Case("0.4*exp(16*x) - 0.4*exp(-22*x)", -0.15, 0.15, 30, 0.002),
    Case("2e-10*exp(30*x) + x/8000", 0.05, 0.8, 50, 0.005, relative=True),
    Case("95*exp(-0.01*x) + 100*exp(-((x - 105)/24)**2) + 70*exp(-((x - 155)/20)**2)", 1, 250, 150, 0.05, constants=8),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.law)
def test_a_law_is_fitted_to_its_noise_with_no_more_constants(case: Case) -> None:
    data = case.data()
    fit = _shortest(data)
    scale = np.abs(data.y) if case.relative else float(np.std(data.y))
    left = np.sqrt(np.mean(((Tape(fit.expr, ("x",)).value(data.X) - data.y) / scale) ** 2))
    assert len(tied_floats(fit.expr)) <= case.constants
    assert left < SLACK * case.noise


def _shortest(data: Dataset) -> Fit:
    size = typical_size(data.X, data.names)
    exprs = parametric_curves(data, 0.0, lambda: False)
    fits = [fit_constants(canonical(expr, size), data) for expr in exprs]
    return min(fits, key=lambda fit: fit_length(fit, data))


def test_an_exact_law_is_met_to_rounding() -> None:
    fit = _shortest(Case("7.96*x + 5.91*abs(x - 6.2) - 32.5", 1, 15, 15, 0.0).data())
    assert fit.rms < 1e-10


def test_where_the_inputs_are_few_or_the_target_is_constant_nothing_is_tried() -> None:
    few = Dataset(np.arange(5.0)[:, None], np.arange(5.0) ** 2, ("x",), "y")
    flat = Dataset(np.arange(20.0)[:, None], np.ones(20), ("x",), "y")
    assert not list(parametric_curves(few, 0.0, lambda: False))
    assert not list(parametric_curves(flat, 0.0, lambda: False))


def test_no_more_constants_are_fitted_than_the_rows_suffice_for() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(np.arange(9.0)[:, None], rng.normal(size=9), ("x",), "y")
    assert all(len(expr.atoms(sympy.Float)) <= 4 for expr in parametric_curves(data, 0.0, lambda: False))


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_the_expression_of_a_function_has_its_values(core) -> None:  # type: ignore[no-untyped-def]
    x = np.linspace(0.2, 1.0, 30)
    starts = core.starts(x)
    symbol = sympy.Symbol("x")
    for p in starts[:: max(1, len(starts) // 5)]:
        with np.errstate(all="ignore"):
            expected = np.ravel(core.values(x, *p))
        found = Tape(core.expr(symbol, p), ("x",)).value(x[:, None])
        known = np.isfinite(expected) & (np.abs(expected) < 1e12)
        assert len(p) == core.inner
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-6, atol=1e-9)


def test_inner_constants_are_refined_from_all_starts_at_once() -> None:
    x = np.linspace(0, 1, 50)
    core = next(core for core in CORES if core.name == "Gaussian")
    y = 2 + 3 * np.exp(-(((x - 0.4) * 5) ** 2))
    curve = Curve(x, y, np.ones(50), 1.0, 50)
    p = np.array([[0.3, 4.0], [0.5, 8.0], [0.45, 3.0]])
    p, loss = refined(Problem(curve, Form((core,), 0), np.array([1, 1, 1])), p, 30)
    np.testing.assert_allclose(np.abs(p), np.tile([0.4, 5.0], (3, 1)), rtol=1e-5)
    assert loss.max() < 1e-15
