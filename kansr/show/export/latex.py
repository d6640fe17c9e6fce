"""A law as LaTeX."""

from __future__ import annotations

import sympy

from kansr.expression.render import latex
from kansr.result.law import Law


def to_latex(law: Law) -> str:
    """target = formula, for a display; numbers with all their digits."""
    return f"{latex(sympy.Symbol(law.target))} = {latex(law.expr, None)}\n"
