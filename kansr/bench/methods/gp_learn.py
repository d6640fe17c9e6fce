"""gplearn with its defaults, except for the functions, the population and the number of generations.

It has no time limit, so it is run one generation at a time (`warm_start`) until the next one would exceed the limit.
Its protected functions are written as what they compute away from 0: log|x|, sqrt|x|, x/y, 1/x.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import sympy
from gplearn.genetic import SymbolicRegressor

from kansr.bench.methods import Answer, Question
from kansr.bench.methods.foreign import translated

# The functions of gplearn as sympy expressions.
FUNCTIONS: Mapping[str, Any] = {
    "add": sympy.Add,
    "sub": lambda a, b: a - b,
    "mul": sympy.Mul,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "inv": lambda a: 1 / a,
    "log": lambda a: sympy.log(sympy.Abs(a)),
    "sqrt": lambda a: sympy.sqrt(sympy.Abs(a)),
}
SET = ("add", "sub", "mul", "div", "sqrt", "log", "sin", "cos")


def search(question: Question) -> Iterator[Answer]:
    data, started, longest = question.data, time.perf_counter(), 0.0
    regressor = SymbolicRegressor(
        population_size=1000,
        generations=1,
        function_set=SET,
        parsimony_coefficient=0.001,
        feature_names=list(data.names),
        warm_start=True,
        low_memory=True,
        random_state=question.seed,
    )
    while True:
        before = time.perf_counter()
        regressor.fit(data.X, data.y)
        longest = max(longest, time.perf_counter() - before)
        (best,) = translated([str(regressor._program)], data.names, FUNCTIONS)
        if best is not None:
            yield Answer(best, (best,))
        if time.perf_counter() - started + longest > question.time_limit:
            return
        regressor.set_params(generations=regressor.generations + 1)
