"""The criterion strict: the formula equals the law, also outside the sampled ranges, by the same kinds of function."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sympy

from kansr.bench.grade.verdict import Recovery, verdict
from kansr.bench.problem import Problem, Variable, draw, exact, sample
from kansr.expression.evaluate import Tape
from kansr.numeric.arrays import Array

KINDS = {
    "trigonometric": (sympy.sin, sympy.cos, sympy.tan),
    "inverse": (sympy.asin, sympy.acos, sympy.atan),
    "exponential": (sympy.exp, sympy.log, sympy.sinh, sympy.cosh, sympy.tanh),
}
TOLERANCE = 1e-6  # of values, relative to the value; in the sampled ranges, to the value plus the spread
WIDER = (1.5, 4.0)  # widths of the wider ranges, over the sampled ones
POLES = 0.02  # share of the rows in wider ranges that may disagree: near a pole rounding decides
FEWEST_ROWS = 5  # with a value of the law, for a decision
SEED = 5  # of the rows


def strict(problem: Problem, expr: sympy.Expr, rows: int = 1000) -> Recovery:
    """Whether `expr` equals the law to TOLERANCE on rows of the sampled ranges and of wider ones.

    A formula with a kind of function that the law does not use is another law: sin(u) of a tiny u is not u. Rows on
    which the law has no value are left out; undecided where it has hardly any.
    """
    if expr.free_symbols - problem.expr.free_symbols or not kinds(expr) <= kinds(problem.expr):
        return Recovery.NO
    inside = sample(exact(problem), rows, np.random.default_rng(SEED)).X
    decided = False
    for X in (inside, *(_rows(problem, factor, rows) for factor in WIDER)):
        truth, found = (Tape(e, problem.names).value(X) for e in (problem.expr, expr))
        defined = np.isfinite(truth)
        if defined.sum() < FEWEST_ROWS:
            continue
        decided = True
        truth, found = truth[defined], found[defined]
        with np.errstate(all="ignore"):
            scale = np.abs(truth) + (np.std(truth) if X is inside else 0.0)
            close = np.abs(found - truth) <= TOLERANCE * scale
        if np.mean(close) < (1.0 if X is inside else 1 - POLES):
            return Recovery.NO
    return verdict(True) if decided else Recovery.UNDECIDED


def kinds(expr: sympy.Expr) -> set[str]:
    """The kinds of function that an expression uses; a power with a variable exponent is an exponential."""
    found = {kind for kind, functions in KINDS.items() if expr.has(*functions)}
    if any(power.exp.free_symbols for power in expr.atoms(sympy.Pow)):
        found.add("exponential")
    return found


def _rows(problem: Problem, factor: float, rows: int) -> Array:
    """Rows of ranges `factor` times as wide, (rows, inputs)."""
    rng = np.random.default_rng(SEED)
    return np.column_stack([draw(widened(variable, factor), rows, rng) for variable in problem.variables])


def widened(variable: Variable, factor: float) -> Variable:
    """The variable with a range `factor` times as wide about its middle, in the logarithm where it is loguniform.

    Ranges of integers, which are often counts, are extended upwards only.
    """
    if variable.kind == "integer":
        high = variable.low + np.ceil((variable.high - variable.low) * factor)
        return replace(variable, high=float(high))
    if variable.kind == "loguniform":
        low, high = sorted((abs(variable.low), abs(variable.high)))
        middle, reach = np.sqrt(low * high), np.sqrt(high / low) ** factor
        ends = (middle / reach, middle * reach)
        low, high = ends if variable.low > 0 else (-ends[1], -ends[0])
        return replace(variable, low=float(low), high=float(high))
    middle, reach = (variable.low + variable.high) / 2, (variable.high - variable.low) / 2 * factor
    return replace(variable, low=middle - reach, high=middle + reach)
