"""SRBench's rule: difference or ratio of formula and law are a constant, after rounding floats to three decimals.

La Cava et al. 2021, "Contemporary symbolic regression methods and their relative performance", section 4: only asked
where r² on fresh rows is above 0.5; pi is a decimal there. Here a numerical test comes first, which spares sympy the
formulas that are plainly something else.
"""

from __future__ import annotations

import numpy as np
import sympy

from kansr.bench.grade.verdict import Verdict
from kansr.bench.problem import Problem, sample
from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.numeric.robust import mean_square, r_squared

DECIMALS, SMALLEST = 3, 1e-4  # floats below the smallest become 0
FIT = 0.5  # r² below which a formula is not even compared
ROUNDED = 0.02  # variation, over the spread, that rounding to three decimals may bring in


def srbench(problem: Problem, expr: sympy.Expr, rows: int = 500) -> Verdict:
    """The verdict by SRBench's rule; undecided where the rule would round the law's own constants to 0."""
    law = problem.expr.subs(sympy.pi, sympy.Float(float(sympy.pi)))
    if any(abs(value) < 5 * SMALLEST for value in law.atoms(sympy.Float)):
        return Verdict.UNDECIDED
    if expr.free_symbols - problem.expr.free_symbols:
        return Verdict.NO
    data = sample(problem, rows, np.random.default_rng(13))
    value = Tape(expr, data.names).value(data.X)
    if not r_squared(mean_square(value - data.y), float(np.var(data.y))) > FIT:
        return Verdict.NO
    found = expr.subs(sympy.pi, sympy.Float(float(sympy.pi)))
    spread = float(np.std(data.y))
    # As it is, and simplified before: rounding and simplifying do not commute.
    for form in (found, rounded(sympy.simplify(found, ratio=1))):
        if _constant(rounded(law - form), data, spread) or _constant(rounded(form / law), data, None):
            return Verdict.YES
    return Verdict.NO


def rounded(expr: sympy.Expr) -> sympy.Expr:
    """The expression with its floats rounded to three decimals, those below 1e-4 dropped."""
    floats = expr.atoms(sympy.Float)
    short = {v: sympy.Float(round(float(v), DECIMALS)) if abs(v) >= SMALLEST else sympy.S.Zero for v in floats}
    return expr.xreplace(short)


def _constant(expr: sympy.Expr, data: Dataset, spread: float | None) -> bool:
    """Whether an expression is a constant, by its values first and then by sympy.

    spread: what its variation is measured by, its own mean where that is None.
    """
    value = Tape(expr, data.names).value(data.X)
    value = value[np.isfinite(value)]
    if len(value) and np.std(value) > ROUNDED * (abs(float(np.mean(value))) if spread is None else spread):
        return False
    return bool(not expr.free_symbols or not sympy.simplify(expr, ratio=1).free_symbols or expr.is_constant())
