"""Any functions of two inputs merge into one column."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.tables import state_of, table

from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.structure.moves.gradient.merge_functions import function_merges
from kansr.structure.moves.gradient.sample import GradientSample
from kansr.structure.surrogate.kernel import surrogate
from kansr.symbolic.matching.match import MatchConfig

ROWS = 700


def values(expr: sympy.Expr, names: tuple[str, ...], X: Array) -> Array:
    return evaluate(expr, dict(zip(names, X.T)))


CURVED = {
    "a rate": ("cos(exp(0.7*x) + y)", "exp(0.7*x) + y"),
    "a wave with a phase": ("sqrt(2 + sin(0.7*x + 0.1) + 0.3*y**2)", "sin(0.7*x + 0.1) + 0.3*y**2"),
    "a shifted logarithm": ("(log(x + 0.3) + 3*y)**2 + exp(-log(x + 0.3) - 3*y)", "log(x + 0.3) + 3*y"),
}


@pytest.mark.parametrize(("law", "column"), CURVED.values(), ids=CURVED)
def test_any_functions_of_two_inputs_merge(law: str, column: str) -> None:
    """The new column is a function of the sum behind the law, to the accuracy of the gradients."""
    data = table(law, rows=ROWS)
    state = state_of(data)
    merges = function_merges(GradientSample(state, surrogate(data.X, data.y)), MatchConfig())
    reached = [move.apply() for move in merges if move.misfit < 1e-3]
    columns = [state.X[:, 0] for state in reached if state is not None and len(state.inputs) == 1]
    truth = values(parse(column), data.names, data.X)
    assert any(abs(np.corrcoef(truth, x)[0, 1]) > 1 - 1e-6 for x in columns)
