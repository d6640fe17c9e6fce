"""Checks that a term is carried by the table, not by a few rows, and that it stays tame between the rows."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array
from kansr.structure.anova.terms import Rows, Sum

FEWEST_CARRIERS = 6.0  # rows at least that a term rests on, by (Σv²)²/Σv⁴; half of the target's where that is less
RANGE_MOST = 2.0  # times the range of the target, that a term may span on rows with shuffled inputs
CANCELLED = 5.0  # times that, that a term may span on the rows themselves: more is only taken back by other terms


def carriers(v: Array) -> float:
    """How many rows the spread of v, (rows,), rests on: the participation ratio of the squares."""
    square = (v - v.mean()) ** 2
    total = float(np.sum(square))
    return total**2 / float(np.sum(square**2)) if total > 0 else 0.0


def sound(found: Sum, rows: Rows) -> bool:
    """Whether every term rests on enough rows, and is finite and of the target's size where inputs are shuffled."""
    least = min(FEWEST_CARRIERS, carriers(rows.y) / 2)
    shuffled = _shuffled(rows.U)
    most = RANGE_MOST * float(np.ptp(rows.y))
    for k in range(len(found.terms)):
        if carriers(found.part(k, rows.U)) < least:
            return False
        v, own = found.part(k, shuffled), float(np.ptp(found.part(k, rows.U)))
        if not np.isfinite(v).all() or own > CANCELLED * most or np.ptp(v) > max(most, own):
            return False
    return True


def _shuffled(U: Array) -> Array:
    """The rows with every input in an order of its own, always the same."""
    rng = np.random.default_rng(0)
    return np.column_stack([rng.permutation(u) for u in U.T])
