"""kansr in SRBench (https://github.com/cavalab/srbench): copy this folder to `algorithms/kansr` there.

SRBench's `experiment/evaluate_model.py` imports `est`, `model`, `complexity`, `hyper_params` and `eval_kwargs` from
here, sets `est.random_state` and `est.max_time` (the seconds a fit may take), fits, and asks `model(est, X)` for a
formula that sympy can read, in the names of the data set's columns.
"""

from __future__ import annotations

from typing import Any

import sympy

from kansr import SymbolicRegressor
from kansr.expression.complexity import complexity as nodes
from kansr.expression.render import render

MARGIN = 0.95  # of the time: SRBench kills a fit that overruns

est = SymbolicRegressor(max_time=3600.0 * MARGIN, random_state=0)
hyper_params: list[dict[str, Any]] = [{}]
# Laws are simple in the units of the table; scaling would hide them.
eval_kwargs = {
    "scale_x": False,
    "scale_y": False,
    "skip_tuning": True,
    "test_params": {"max_time": 10.0},
}


def model(est: SymbolicRegressor, X: Any = None) -> str:
    """The formula as text for sympy, in the names of the columns of X, or x_0, x_1, … where they have none."""
    columns = [str(name) for name in X.columns] if hasattr(X, "columns") else _default(est)
    names = dict(zip(map(sympy.Symbol, est.names_), map(sympy.Symbol, columns)))
    return render(est.sympy().xreplace(names))


def complexity(est: SymbolicRegressor) -> int:
    """Nodes of the formula."""
    return nodes(est.sympy())


def _default(est: SymbolicRegressor) -> list[str]:
    return [str(name) for name in getattr(est, "feature_names_in_", (f"x_{i}" for i in range(est.n_features_in_)))]
