"""Operon (Burlacu, Kronberger, Kommenda 2020), through pyoperon's scikit-learn estimator.

Settings as its authors submitted them to SRBench (objectives r2 and length, population 1000, one Levenberg-Marquardt
iteration an individual), with the functions of the elementary language and an epsilon small enough for exact laws; it
evolves until the time is up. The formula is chosen from the front by the package's BIC: its default, the description
length, has to be told the size of the noise, and with a guess at it prefers short approximations to exact laws.
Its numbers are single precision, which no exact law survives: the constants of what it offers are fitted once more by
least squares in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import sympy
from pyoperon.sklearn import SymbolicRegressor

from kansr.bench.methods import Answer, Question
from kansr.bench.methods.foreign import translated
from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.expression.render import render
from kansr.refine.constants import polish

SYMBOLS = "add,sub,mul,div,exp,log,sin,cos,sqrt,square,constant,variable"
DIGITS = 17
ENDLESS = 2**31 - 1
MARGIN = 0.04  # of the time, for what comes after the last generation


def search(question: Question) -> Iterator[Answer]:
    data = question.data
    regressor = SymbolicRegressor(
        allowed_symbols=SYMBOLS,
        objectives=["r2", "length"],
        optimizer_iterations=1,
        population_size=1000,
        max_length=50,
        generations=ENDLESS,
        max_evaluations=ENDLESS,
        epsilon=1e-10,
        model_selection_criterion="bayesian_information_criterion",
        n_threads=1,
        max_time=max(int(question.time_limit * (1 - MARGIN)), 1),
        random_state=question.seed,
    )
    regressor.fit(data.X, data.y)
    front = sorted(regressor.pareto_front_, key=lambda solution: solution["length"])
    trees = [regressor.model_, *(solution["tree"] for solution in front)]
    texts = [regressor.get_model_string(tree, DIGITS, list(data.names)) for tree in trees]
    best, *others = translated(texts, data.names, {"square": lambda u: sympy.Pow(u, 2)})
    if best is not None:
        yield Answer(_sharpened(best, data), tuple(_sharpened(text, data) for text in others if text is not None))


def _sharpened(text: str, data: Dataset) -> str:
    """The formula with its constants at the least-squares optimum in double precision, near where they are."""
    fit = polish(parse(text), data, iterations=20)
    return render(fit.expr) if math.isfinite(fit.rms) else text
