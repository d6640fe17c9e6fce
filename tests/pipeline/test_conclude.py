"""What a search has found is fitted to all rows, and rows that the law explains are taken back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.tables import spoilt

import kansr
from kansr.data.dataset import Dataset
from kansr.expression.parse import parse
from kansr.pipeline.conclude import conclude
from kansr.result.pareto import ParetoFront


def test_rows_that_the_law_explains_are_taken_back() -> None:
    data, wrong = spoilt(400, 0.05)
    right = data.take(~wrong)
    mixed = Dataset(np.vstack([right.X, data.X[wrong]]), np.concatenate([right.y, data.y[wrong]]), data.names)
    found = kansr.discover((right.X, right.y), time_limit=30)
    suspected = np.arange(mixed.rows) >= right.rows - 30  # 30 of them wrongly so
    law = replace(found.best, expr=parse("5*x**2/(2*z)"))
    searched = replace(found, front=ParetoFront((law,)), inputs=mixed.names, rows=right.rows - 30)
    told = conclude(searched, mixed, suspected, 0.0)
    assert told.outliers == tuple(range(right.rows, mixed.rows)) and told.rows == right.rows
