"""Single-index (ridge) functions beside known terms: y = Σ b_k·B_k + c·f(a·x + b·y + d), of two inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.structure.terminals.enumerated.function_parts import Quantity, parts_of
from kansr.structure.terminals.enumerated.one_function import formula, of_each, refined
from kansr.structure.terminals.enumerated.shapes import of_library
from kansr.structure.terminals.thresholds import MOST_FORMULAS, SCAN_ROWS
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

# Directions of the linear combination, over half a turn of standardised inputs.
DIRECTIONS = 16

# Relative rms of what the known terms leave, below which a start is given: its direction is the nearest of a few.
CLOSE = 0.3


def oblique_function(
    data: Dataset, library: Library = STANDARD, expired: Callable[[], bool] = lambda: False
) -> Iterator[sympy.Expr]:
    """Near misses from a grid of directions, whose constants are to be fitted; the closest first, one per function.

    data: two inputs, else nothing is tried.
    """
    if len(data.names) != 2 or data.rows < SCAN_ROWS:
        return
    rows = evenly_spaced_rows(data.rows, SCAN_ROWS)
    X, shapes = data.X[rows], [of_library(f) for f in library if f.free]
    with np.errstate(all="ignore"):
        parts = parts_of(data.names, X, [data.y[rows]], shapes)
    (x, y), spread = (sympy.Symbol(name) for name in data.names), X.std(axis=0)
    slopes = np.tan(np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS) * spread[0] / spread[1]
    combined = [Quantity(x + sympy.Float(float(k)) * y, X[:, 0] + k * X[:, 1]) for k in slopes]
    parts = replace(parts, variables=combined, inputs=len(combined), factors=parts.factors[:1])
    starts, loss = refined(parts, expired)
    best = of_each(loss, starts.index[:, 0], 1)
    best = best[np.argsort(loss[best], kind="stable")]
    yield from (formula(parts, starts, int(i)) for i in best[:MOST_FORMULAS] if loss[i] < CLOSE**2)
