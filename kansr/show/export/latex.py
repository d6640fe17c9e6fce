"""Export a law as LaTeX."""

from __future__ import annotations

import sympy

from kansr.expression.render import latex
from kansr.result.law import Law
from kansr.show.export.constants_table import as_array


def to_latex(law: Law) -> str:
    """The equation target = formula, for display mathematics, with all digits of the numbers."""
    return f"{latex(sympy.Symbol(law.target))} = {latex(law.expr, None)}\n{as_array(law)}"
