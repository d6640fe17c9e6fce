"""What searches over reductions come to: formulas for the table's target, each fitted once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.domain import is_real_formula
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.judge.vocabulary import EVERYTHING, Vocabulary
from kansr.result.derivation import Measure, Step
from kansr.structure.moves.state import State
from kansr.units.consistency import fits


@dataclass(frozen=True, eq=False)
class Route:
    """A formula for the table's target with its constants fitted, and the steps that led to it."""

    fit: Fit
    path: tuple[Step, ...]


@dataclass(eq=False)
class Routes:
    """The formulas for one table that have been tried: each is fitted once, and only if it can be the law.

    vocabulary: what it may be made of.
    """

    data: Dataset
    iterations: int
    vocabulary: Vocabulary = EVERYTHING
    tried: set[sympy.Expr] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.size = typical_size(self.data.X, self.data.names)
        self.spread = float(np.std(self.data.y)) or 1.0

    def route(self, state: State, name: str, expr: sympy.Expr) -> Route | None:
        """A formula for a state as one for the table; None where it is not real, new, permitted and right in units.

        name: of the way it was found by.
        """
        formula = self.vocabulary.nearest(canonical(state.formula(expr), self.size))
        unreal = not is_real_formula(formula) or not self.vocabulary.may_become(formula)
        if unreal or formula in self.tried or not (self.data.units is None or fits(formula, self.data.units)):
            return None
        self.tried.add(formula)
        fit = fit_constants(formula, self.data, iterations=self.iterations)
        if not np.isfinite(fit.rms):
            return None
        return Route(fit, (*state.moves, Step(name, Measure.RESIDUAL, fit.rms / self.spread)))
