"""Skeleton: the formula becomes the law when its constants are fitted again, and it is not bloated."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.bench.grade.verdict import Verdict, verdict
from kansr.bench.problem import Problem, sample
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import polish

TOLERANCE = 1e-5  # rms of what is left, over the spread of the target
FACTOR, SPARE = 1.6, 6  # a formula may have this many times the nodes of the law, and so many more


def skeleton(problem: Problem, expr: sympy.Expr, rows: int = 2000) -> Verdict:
    """Whether `expr`, its constants fitted to noise-free rows by least squares, equals the law on those rows.

    Its decimals are fitted first; then, where that does not do, the whole and rational coefficients as well, for a
    constant may have been rounded wrongly. Exponents stay as they are.
    """
    if expr.free_symbols - problem.expr.free_symbols or bloated(problem, expr):
        return Verdict.NO
    data = sample(problem, rows, np.random.default_rng(11))
    spread = float(np.std(data.y))
    for form in (expr, freed(expr)):
        fit = polish(form, data, iterations=200)
        residual = Tape(fit.expr, data.names).value(data.X) - data.y
        with np.errstate(all="ignore"):
            left = float(np.sqrt(np.mean(np.square(residual / spread))))
        if left <= TOLERANCE:
            return Verdict.YES
    return verdict(False)


def bloated(problem: Problem, expr: sympy.Expr) -> bool:
    """Whether a formula is so much longer than the law that its form is another one."""
    return complexity(expr) > FACTOR * complexity(problem.expr) + SPARE


def freed(expr: sympy.Expr) -> sympy.Expr:
    """The expression with its rational coefficients and summands, other than 0 and ±1, as decimals.

    Each keeps its own value, so that equal numbers in different places stay one constant.
    """
    if expr.is_Rational and expr not in (0, 1, -1):
        return sympy.Float(float(expr))
    if not expr.args:
        return expr
    if expr.is_Pow:
        return sympy.Pow(freed(expr.base), expr.exp if expr.exp.is_number else freed(expr.exp), evaluate=False)
    return expr.func(*(freed(arg) for arg in expr.args))
