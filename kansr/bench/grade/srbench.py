"""The criterion srbench: difference or ratio of formula and law is a constant, with floats rounded to three decimals.

La Cava et al. 2021, "Contemporary symbolic regression methods and their relative performance", section 4. It applies
where r² on fresh rows is above 0.5; pi is a decimal in it. A numerical test comes first here, which spares sympy
formulas that are clearly different.
"""

from __future__ import annotations

import numpy as np
import sympy

from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import Problem, exact, sample
from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.numeric.robust import mean_square, r_squared

DECIMALS, SMALLEST = 3, 1e-4  # floats are rounded to so many decimals, and to 0 below the smallest
MIN_R2 = 0.5  # below which formulas are not compared
TOO_SMALL = 5 * SMALLEST  # constant of a law that the rounding could set to 0
MAX_VARIATION = 0.02  # standard deviation, over the spread, of what may be a constant before rounding
SEED = 13  # of the rows


def srbench(problem: Problem, expr: sympy.Expr, rows: int = 500) -> Recovery:
    """Whether `expr` is the law by SRBench's rule; undecided where the rule would round a constant of the law to 0."""
    law = problem.expr.subs(sympy.pi, sympy.Float(float(sympy.pi)))
    if any(abs(value) < TOO_SMALL for value in law.atoms(sympy.Float)):
        return Recovery.UNDECIDED
    if expr.free_symbols - problem.expr.free_symbols:
        return Recovery.NO
    data = sample(exact(problem), rows, np.random.default_rng(SEED))
    value = Tape(expr, data.names).value(data.X)
    if not r_squared(mean_square(value - data.y), float(np.var(data.y))) > MIN_R2:
        return Recovery.NO
    found = expr.subs(sympy.pi, sympy.Float(float(sympy.pi)))
    spread = float(np.std(data.y))
    # rounded as it is, and simplified first: the two do not commute
    for form in (found, rounded(sympy.simplify(found, ratio=1))):
        if _constant(rounded(law - form), data, spread) or _constant(rounded(form / law), data, None):
            return Recovery.YES
    return Recovery.NO


def rounded(expr: sympy.Expr) -> sympy.Expr:
    """The expression with floats rounded to DECIMALS, and to 0 below SMALLEST."""
    floats = expr.atoms(sympy.Float)
    short = {v: sympy.Float(round(float(v), DECIMALS)) if abs(v) >= SMALLEST else sympy.S.Zero for v in floats}
    return expr.xreplace(short)


def _constant(expr: sympy.Expr, data: Dataset, spread: float | None) -> bool:
    """Whether an expression is a constant, tested by its values first and then by sympy.

    spread: by which its variation is divided; its own mean if None.
    """
    value = Tape(expr, data.names).value(data.X)
    value = value[np.isfinite(value)]
    if len(value) and np.std(value) > MAX_VARIATION * (abs(float(np.mean(value))) if spread is None else spread):
        return False
    return bool(not expr.free_symbols or not sympy.simplify(expr, ratio=1).free_symbols or expr.is_constant())
