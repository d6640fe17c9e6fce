"""Whether the rows decide: the description length of the law, its constants refitted, beside that of what was chosen.

A search that misses a law whose description is shorter has not got there; one that misses a law whose description is
longer has been told so by the rows. Lengths are those that kansr itself compares, on the rows that it fits to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import Problem
from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.judge import judge
from kansr.pipeline.config import Config
from kansr.search.partition import Partition

# Bits by which the law must be shorter than what was chosen: odds of 256 to 1. Fitted constants at their optimum and
# snapped ones differ by a few bits, so less says nothing.
DECIDING_BITS = 8.0


def decidability(
    problem: Problem, expr: sympy.Expr | None, data: Dataset, seed: int, skeleton: Recovery
) -> dict[str, Any]:
    """What is decided by the rows of a trial: `bits_gap` and `decidable`, as in a record.

    expr: what was chosen, None for nothing, which stands for the mean; data: the rows that the method got; seed: of the
    search; skeleton: whether what was chosen has the law's form. `bits_gap` is the length of what was chosen minus that
    of the law, None where the former has no value on some row; `decidable` is true where it is DECIDING_BITS or more,
    or the form is right.
    """
    rows = Partition.of(data, Config().held_out, seed).fitting
    chosen = sympy.Float(float(np.mean(rows.y))) if expr is None else expr
    gap = _length(chosen, rows) - law_length(problem, rows)
    right = skeleton is Recovery.YES
    return {
        "bits_gap": round(gap, 2) if math.isfinite(gap) else None,
        "decidable": bool(right or gap >= DECIDING_BITS),
    }


def law_length(problem: Problem, rows: Dataset) -> float:
    """The description length of the law on rows, in bits: as it is written, or with its decimals fitted to them.

    Of the two the shorter one counts, as for any formula, whose constants are fitted and then written shortly.
    """
    fitted = fit_constants(problem.expr, rows)
    return min(_length(problem.expr, rows), _length(fitted.expr, rows))


def _length(expr: sympy.Expr, rows: Dataset) -> float:
    with np.errstate(all="ignore"):
        return judge(expr, rows, rows, "graded").description_length
