"""PySR (Cranmer 2023) in one process, until the time is up; its formula is the one that it calls best.

Units are passed on where they are to be used; they are soft constraints in PySR.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import sympy
from pysr import PySRRegressor

from kansr.bench.methods import Answer, Question
from kansr.bench.methods.foreign import written

ENDLESS = 10**7  # iterations: the time limit ends the search


def search(question: Question) -> Iterator[Answer]:
    data = question.data
    with tempfile.TemporaryDirectory() as folder:
        regressor = PySRRegressor(
            binary_operators=["+", "-", "*", "/"],
            unary_operators=["exp", "log", "sin", "cos", "sqrt", "square"],
            niterations=ENDLESS,
            maxsize=40,
            timeout_in_seconds=question.time_limit,
            parallelism="serial",
            random_state=question.seed,
            model_selection="best",
            precision=64,
            progress=False,
            verbosity=0,
            output_directory=folder,
        )
        inputs = [question.units.get(name, "") for name in data.names]
        units = {"X_units": [_unit(u) for u in inputs], "y_units": _unit(question.units.get(data.target, ""))}
        known = all((*inputs, question.units.get(data.target)))
        regressor.fit(data.X, data.y, variable_names=[f"v_{n}" for n in data.names], **(units if known else {}))
        back = {f"v_{name}": name for name in data.names}
        front = [_renamed(regressor.sympy(index), back) for index in range(len(regressor.equations_))]
        best = _renamed(regressor.sympy(), back)
    if best is not None:
        yield Answer(best, tuple(text for text in front if text is not None))


def _renamed(expr: Any, back: dict[str, str]) -> str | None:
    """The formula with the names of the table; PySR does not accept all of them, such as Q and beta."""
    symbols = {symbol: sympy.Symbol(back[symbol.name]) for symbol in expr.free_symbols}
    return written(expr.xreplace(symbols))


def _unit(text: str) -> str:
    """A unit in the syntax of DynamicQuantities.jl."""
    return text.replace("**", "^")
