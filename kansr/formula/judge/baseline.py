"""The baseline: the mean of the target, which every law has to beat."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.data.excerpt import excerpt
from kansr.formula.judge.judge import judge
from kansr.result.pareto import ParetoFront
from kansr.result.result import Result, Status


def baseline(data: Dataset, seed: int = 0) -> Result:
    """The result before any search: the mean of the target."""
    mean = judge(sympy.Float(float(np.mean(data.y))), data, data, "mean")
    return Result(
        Status.NOTHING,
        data.target,
        data.names,
        data.names,
        ParetoFront((mean,)),
        columns=data.columns,
        noise=1.0 if mean.loss else 0.0,
        rows=data.rows,
        seed=seed,
        units=data.units,
        excerpt=excerpt(data, np.zeros(data.rows, dtype=bool), seed),
    )
