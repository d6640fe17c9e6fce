"""A candidate: a formula with its complexity, errors and description length."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import sympy

from kansr.expression.render import latex, readable
from kansr.result.parameters import Parameters


@dataclass(frozen=True)
class Candidate:
    """A formula for the target and how good it is.

    complexity: nodes of the printed formula, less is simpler.
    loss: mean squared residual on the fitting rows, in the unit of the target squared; less is better.
    error_ms: the mean squared residual under the likelier error model, see `error_ms_of`, in the same unit.
    r2_held_out_error: the standard error of r2_held_out; nan where it is not known.
    r2, r2_held_out: 1 - loss/variance on the fitting and on the held-out rows; 1 is perfect, 0 as good as the mean.
    description_length: bits for the formula plus bits for its residuals (Rissanen 1978); less is better, and only
    differences mean something. origin: what found it.
    parameters: the constants that differ by group, which are symbols of the formula: by name, then by group.
    """

    expr: sympy.Expr
    complexity: int
    loss: float
    error_ms: float = field(compare=False)  # not in saved results
    r2: float
    r2_held_out: float
    description_length: float
    origin: str
    r2_held_out_error: float = field(default=math.nan, compare=False)
    parameters: Parameters = field(default_factory=dict, compare=False)

    def latex(self, digits: int = 6) -> str:
        """The formula as LaTeX, with numbers rounded to `digits` significant digits."""
        return latex(self.expr, digits)

    def __repr__(self) -> str:
        figures = f"complexity {self.complexity}, held-out r² {self.r2_held_out:.6g}"
        return f"<Candidate {readable(self.expr)}: {figures}>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
