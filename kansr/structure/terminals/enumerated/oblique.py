"""y = Σ b_k·B_k + c·f(a·x + b·y + d): one function of a slanted argument of two inputs, beside known terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.structure.terminals.enumerated.one_function import ROWS, formula, of_each, refined, setting_of
from kansr.structure.terminals.enumerated.shapes import of_library
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

DIRECTIONS = 16
NEAR = 0.3  # misfit over the spread below which a start is fitted: its direction is only the nearest of a few
OFFERED = 12


def oblique_function(
    data: Dataset, library: Library = STANDARD, expired: Callable[[], bool] = lambda: False
) -> Iterator[sympy.Expr]:
    """Near misses from a grid of directions, to be fitted; the closest first, one for each function.

    data: two inputs, else nothing is tried.
    """
    if len(data.names) != 2 or data.rows < ROWS:
        return
    rows = evenly_spaced_rows(data.rows, ROWS)
    X, shapes = data.X[rows], [of_library(f) for f in library if f.free]
    with np.errstate(all="ignore"):
        setting = setting_of(data.names, X, [data.y[rows]], shapes)
    (x, y), spread = (sympy.Symbol(name) for name in data.names), X.std(axis=0)
    slopes = np.tan(np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS) * spread[0] / spread[1]
    slanted = [(x + sympy.Float(float(k)) * y, X[:, 0] + k * X[:, 1]) for k in slopes]
    setting = replace(setting, variables=slanted, inputs=len(slanted), factors=setting.factors[:1])
    field, loss = refined(setting, expired)
    best = of_each(loss, field.index[:, 0], 1)
    best = best[np.argsort(loss[best], kind="stable")]
    yield from (formula(setting, field, int(i)) for i in best[:OFFERED] if loss[i] < NEAR**2)
