"""Operon (Burlacu, Kronberger, Kommenda 2020), through pyoperon's scikit-learn estimator.

Settings as its authors submitted them to SRBench (objectives r2 and length, population 1000, one Levenberg-Marquardt
iteration an individual), with the functions of the elementary language and an epsilon small enough for exact laws; it
evolves until the time is up. The formula is chosen from the front by the package's BIC: its default, the description
length, has to be told the size of the noise, and with a guess at it prefers short approximations to exact laws.
Its numbers are single precision.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from pyoperon.sklearn import SymbolicRegressor

from kansr.bench.methods import Answer, Question
from kansr.bench.methods.foreign import translated

SYMBOLS = "add,sub,mul,div,exp,log,sin,cos,sqrt,square,constant,variable"
DIGITS = 17
ENDLESS = 2**31 - 1
MARGIN = 0.02  # of the time, for what comes after the last generation


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
    trees = [regressor.model_, *(solution["tree"] for solution in regressor.pareto_front_)]
    texts = [regressor.get_model_string(tree, DIGITS, list(data.names)) for tree in trees]
    best, *front = translated(texts, data.names, {"square": lambda u: sympy.Pow(u, 2)})
    if best is not None:
        yield Answer(best, tuple(text for text in front if text is not None))
