"""The criterion skeleton: the formula equals the law after its constants are fitted again, and is not much longer."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.bench.grade.verdict import Recovery, verdict
from kansr.bench.problem import Problem, exact, sample
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants

MAX_RELATIVE_RMS = 1e-5  # of the formula on noise-free rows
FACTOR, SPARE = 1.6, 6  # the formula may have FACTOR times the nodes of the law, and SPARE more
ITERATIONS = 200  # of fitting the constants
SEED = 11  # of the rows


def skeleton(problem: Problem, expr: sympy.Expr, rows: int = 2000) -> Recovery:
    """Whether `expr` equals the law on noise-free rows after its constants are fitted to them by least squares.

    Its decimals are fitted first. If that is not enough, integers and rational coefficients are fitted too, since a
    constant may have been rounded wrongly. Exponents stay as they are.
    """
    if expr.free_symbols - problem.expr.free_symbols or bloated(problem, expr):
        return Recovery.NO
    data = sample(exact(problem), rows, np.random.default_rng(SEED))
    spread = float(np.std(data.y))
    for form in (expr, freed(expr)):
        fit = fit_constants(form, data, iterations=ITERATIONS)
        residual = Tape(fit.expr, data.names).value(data.X) - data.y
        with np.errstate(all="ignore"):
            left = float(np.sqrt(np.mean(np.square(residual / spread))))
        if left <= MAX_RELATIVE_RMS:
            return Recovery.YES
    return verdict(False)


def bloated(problem: Problem, expr: sympy.Expr) -> bool:
    """Whether a formula is much longer than the law."""
    return complexity(expr) > FACTOR * complexity(problem.expr) + SPARE


def freed(expr: sympy.Expr) -> sympy.Expr:
    """The expression with rational coefficients and summands, other than 0 and ±1, replaced by decimals.

    Equal numbers become equal decimals, so that they stay one constant.
    """
    if expr.is_Rational and expr not in (0, 1, -1):
        return sympy.Float(float(expr))
    if not expr.args:
        return expr
    if expr.is_Pow:
        return sympy.Pow(freed(expr.base), expr.exp if expr.exp.is_number else freed(expr.exp), evaluate=False)
    return expr.func(*(freed(arg) for arg in expr.args))
