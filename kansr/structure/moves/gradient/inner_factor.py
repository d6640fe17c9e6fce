"""An input that stands in one term only, T(z) = φ(x_i)·f(others) + h(others): f is a problem of its own.

A surrogate that is linear in φ(x_i) has the values of f on the rows, though not to rounding. A formula for f makes
the term, and what is left when it is taken off has an input less as well.
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
from kansr.structure.moves.gradient.additive_term import taken_off
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field, LinearModel
from kansr.structure.surrogate.product_kernel import BENDS
from kansr.structure.surrogate.target_transforms import Transform

CLOSE, HAZY = 0.02, 0.05  # held-out misfit, and blur of f, above which it is not read
PLAIN, OTHER = 1e-3, 0.02  # spread of f over its mean up to which it is a number; share of f up to which h is nothing
INSIDE = 0.02  # share of the rows at either end of each input that f is not read on: surrogates are worst there
NEAR, ROUNDS_UP = 30.0, 1.5  # times the blur that a constant may be off, and what a rounded one may leave more
LOOSE, FEW, KEEP = 4.0, 4, 2  # times its blur that a formula may miss f by; its constants; formulas followed


@dataclass(frozen=True, eq=False)
class Split:
    """f: its values as a function of the other inputs; blur: how exactly they are known, over their spread."""

    index: int
    kind: str
    transform: Transform
    f: Dataset
    blur: float

    def states(self, state: State, fits: list[Fit]) -> Iterator[State]:
        """What is left of the state for the most convincing formulas for f."""
        return without(state, self, fits)


def factors(state: State, field: Field, context: Context) -> Iterator[Move]:
    """A search for the factor of each input that the surrogate is linear in; nothing where it is in none."""
    if field.linear is not None:
        for split in splits(state, field.linear):
            used = frozenset([state.inputs[split.index]])
            yield Move(split.blur, 0.0, f"factor of {state.inputs[split.index]}", used, _unknown, problem=split)


def _unknown() -> None:
    """Before there is a formula for the factor there is no move."""


def splits(state: State, model: LinearModel) -> list[Split]:
    """Those of all inputs that the model is linear in, the most exactly known f first."""
    if model.misfit > CLOSE:
        return []
    low, high = np.quantile(state.X, [INSIDE, 1 - INSIDE], axis=0)
    inside = np.all(np.abs(2 * state.X - low - high) <= high - low, axis=1)
    found = []
    for i, kind in model.bends.items():
        others = model.beside(i)
        if not others:
            continue
        f, bent = model.slope(i), BENDS[kind].value(state.X[:, i])
        rest, t = model.view.t - f * bent, model.view.t
        if np.std(f[inside]) < PLAIN * np.abs(np.mean(f[inside])) or np.std(rest) < OTHER * np.std(f * bent):
            continue  # a term or a factor that plainer moves take off
        blur = float(model.misfit * np.std(t) / (np.std(bent) * np.std(f[inside])))
        if blur > HAZY:
            continue
        names = tuple(state.names[k] for k in others)
        found.append(
            Split(i, kind, model.view.transform, Dataset(state.X[inside][:, others], f[inside], names, "f"), blur)
        )
    return sorted(found, key=lambda split: (len(split.f.names), split.blur))


def without(state: State, split: Split, fits: list[Fit]) -> Iterator[State]:
    """What is left of the state for the most convincing formulas for f, with the constants snapped."""
    spread = float(np.std(split.f.y))
    close = [fit for fit in fits if fit.rms < LOOSE * split.blur * spread and len(fit.constants) <= FEW]
    ranked = sorted(close, key=lambda fit: description_length(fit.expr, fit.rms**2, split.f))
    for fit in ranked[:KEEP]:
        factor = _rounded(snap(fit, split.f), split).expr
        expr = BENDS[split.kind].symbolic(sympy.Symbol(state.names[split.index])) * factor
        values = Tape(expr, state.names, ()).value(state.X)
        term = expr.xreplace({sympy.Symbol(n): e for n, e in zip(state.names, state.inputs)})
        blur = split.blur if floats(expr) else 0.0
        child = taken_off(state, split.transform, term, values, [split.index])
        if child is not None:
            yield replace(child, blur=max(state.blur, blur))


def _rounded(fit: Fit, split: Split) -> Fit:
    """With every constant as short as the blur allows: that is no noise, and more rows do not make it less."""
    for constant in fit.constants:
        for number in proposals(float(constant), NEAR * split.blur * abs(float(constant))):
            expr = fit.expr.xreplace({constant: number})
            if number.is_Float or not is_real_formula(expr):
                continue
            trial = fit_constants(expr, split.f, iterations=12)
            if trial.rms <= ROUNDS_UP * fit.rms:
                return _rounded(trial, split)
    return fit
