"""Inner factors: x_i stands in one term only, T(z) = φ(x_i)·f(others) + h(others), and f is a problem of its own.

A surrogate that is linear in φ(x_i) has the values of f on the rows, though not to rounding. A formula for f makes the
term, and what is left when the term is subtracted does not depend on x_i.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.domain import is_real_formula
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import proposals
from kansr.formula.fit.constants import Fit, fit_constants, floats
from kansr.formula.judge.description_length import description_length
from kansr.formula.polish.snap import snap
from kansr.structure.context import Context
from kansr.structure.moves.gradient.additive_term import subtract_term
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.moves.thresholds import DOUBTFUL, END_ROWS, FAR, KEPT, LEAST_SHARE, NEGLIGIBLE, ROUNDED
from kansr.structure.surrogate.gradient_field import GradientField, LinearModel
from kansr.structure.surrogate.product_kernel import BENDS
from kansr.structure.surrogate.target_transforms import Transform

NEAR = 30.0  # value errors of f within which nice numbers are tried for a constant; never measured alone
MOST_CONSTANTS = 4  # fitted constants of a formula for f that is followed
ITERATIONS = 12  # of least squares, for the other constants when one is rounded


@dataclass(frozen=True, eq=False)
class InnerFactor:
    """The factor f of input `index`, on rows as a function of the other inputs.

    kind: the name of φ in BENDS; value_error: the relative error of the values of f.
    """

    index: int
    kind: str
    transform: Transform
    f: Dataset
    value_error: float

    def states(self, state: State, fits: list[Fit]) -> Iterator[State]:
        """What is left of the state, for the most convincing of the formulas for f."""
        return without_term(state, self, fits)


def moves_of_factors(state: State, field: GradientField, context: Context) -> Iterator[Move]:
    """A problem for the factor of each input that the surrogate is linear in; nothing where it is linear in none."""
    if field.linear is not None:
        for factor in inner_factors(state, field.linear):
            used = frozenset([state.inputs[factor.index]])
            yield Move(
                factor.value_error, 0.0, f"factor of {state.inputs[factor.index]}", used, _no_move, problem=factor
            )


def _no_move() -> None:
    """There is no move before there is a formula for the factor."""


def inner_factors(state: State, model: LinearModel) -> list[InnerFactor]:
    """The factors of all inputs that the model is linear in, those of the fewest inputs and most exact values first."""
    if model.misfit > DOUBTFUL:
        return []
    low, high = np.quantile(state.X, [END_ROWS, 1 - END_ROWS], axis=0)
    inside = np.all(np.abs(2 * state.X - low - high) <= high - low, axis=1)
    t, found = model.view.t, []
    for i, kind in model.bends.items():
        others = model.beside(i)
        f, bent = model.slope(i), BENDS[kind].value(state.X[:, i])
        is_number = np.std(f[inside]) < NEGLIGIBLE * np.abs(np.mean(f[inside]))
        is_everything = np.std(t - f * bent) < LEAST_SHARE * np.std(f * bent)
        if not others or is_number or is_everything:
            continue  # additive terms and factors are simpler moves
        value_error = float(model.misfit * np.std(t) / (np.std(bent) * np.std(f[inside])))
        if value_error <= DOUBTFUL:
            rows = Dataset(state.X[inside][:, others], f[inside], tuple(state.names[k] for k in others), "f")
            found.append(InnerFactor(i, kind, model.view.transform, rows, value_error))
    return sorted(found, key=lambda factor: (len(factor.f.names), factor.value_error))


def without_term(state: State, factor: InnerFactor, fits: list[Fit]) -> Iterator[State]:
    """The state without the term, for the formulas for f with the least description length, constants rounded."""
    most = FAR * factor.value_error * float(np.std(factor.f.y))
    near = [fit for fit in fits if fit.rms < most and len(fit.constants) <= MOST_CONSTANTS]
    ranked = sorted(near, key=lambda fit: description_length(fit.expr, fit.rms**2, factor.f))
    for fit in ranked[:KEPT]:
        f = _rounded(snap(fit, factor.f), factor).expr
        expr = BENDS[factor.kind].symbolic(sympy.Symbol(state.names[factor.index])) * f
        values = Tape(expr, state.names, ()).value(state.X)
        term = expr.xreplace({sympy.Symbol(n): e for n, e in zip(state.names, state.inputs)})
        new = subtract_term(state, factor.transform, term, values, [factor.index])
        if new is not None:
            yield replace(new, value_error=max(state.value_error, factor.value_error if floats(expr) else 0.0))


def _rounded(fit: Fit, factor: InnerFactor) -> Fit:
    """The formula with every constant a nice number where the value error allows it, the others fitted again.

    This error is no noise: more rows do not make it smaller.
    """
    for constant in fit.constants:
        for number in proposals(float(constant), NEAR * factor.value_error * abs(float(constant))):
            expr = fit.expr.xreplace({constant: number})
            if number.is_Float or not is_real_formula(expr):
                continue
            trial = fit_constants(expr, factor.f, iterations=ITERATIONS)
            if trial.rms <= ROUNDED * fit.rms:
                return _rounded(trial, factor)
    return fit
