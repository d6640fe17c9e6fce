"""A formula with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy

from kansr.expression.render import latex

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Candidate:
    """loss: mean squared error on the rows it was fitted to; r2 there and on rows it has not seen.

    error_ms: the same under the likelier error model, by which formulas are compared (see likely_square).
    description_length: bits for the formula plus bits for its residuals (Rissanen 1978); only differences mean
    something. origin: which stage found it.
    """

    expr: sympy.Expr
    complexity: int
    loss: float
    error_ms: float = field(compare=False)  # not in what is saved
    r2: float
    r2_held_out: float
    description_length: float
    origin: str

    def latex(self, digits: int = 6) -> str:
        """The formula as LaTeX, numbers rounded to `digits` significant digits."""
        return latex(self.expr, digits)
