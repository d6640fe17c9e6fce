"""Operon (Burlacu, Kronberger, Kommenda 2020) as kansr.refinement.refiners.operon runs it, from random formulas alone.

The formula is chosen from the front by the BIC of the package. Its default, the description length, needs to know the
size of the noise; with a guess it prefers short approximations to exact laws. The constants are fitted once more by
least squares in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pyoperon.sklearn  # noqa: F401  loaded before the search starts
import sympy

from kansr.bench.methods import Answer, Question
from kansr.data.dataset import Dataset
from kansr.expression.render import render
from kansr.formula.fit.constants import fit_constants
from kansr.refinement.refiners.operon import OperonConfig, evolve, read

MARGIN = 0.04  # share of the time for work after the last generation
ITERATIONS = 20  # of fitting the constants once more


def search(question: Question) -> Iterator[Answer]:
    data = question.data
    config = OperonConfig(seconds=question.time_limit * (1 - MARGIN), seed=question.seed)
    for generation in evolve(data, config, chunks=1):
        best = read(generation.best, data.names)
        front = (read(text, data.names) for _, text in generation.front)
        if best is not None:
            yield Answer(_sharpened(best, data), tuple(_sharpened(expr, data) for expr in front if expr is not None))


def _sharpened(expr: sympy.Expr, data: Dataset) -> str:
    """The formula with its constants at the least-squares optimum near their values."""
    fit = fit_constants(expr, data, iterations=ITERATIONS)
    return render(fit.expr if math.isfinite(fit.rms) else expr)
