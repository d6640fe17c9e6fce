"""Measure a formula on the test rows of a table: r², rms error, nodes, and what a linear model has there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy

from kansr.bench.grade import bounded_items
from kansr.bench.grade.srbench import rounded
from kansr.bench.real.pmlb import Split
from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, r_squared

SECONDS = 20.0  # of simplifying a formula


def figures(split: Split, text: str | None, seconds: float = SECONDS) -> dict[str, Any]:
    """What a record of a table holds beside the formula; without one, only what concerns the table.

    r2_test, rmse_test: on the test rows, the error in the unit of the table; where the formula has no value it is
    taken to say the mean, and `undefined_test` counts those rows. nodes: see `nodes`. inputs_used: of the formula.
    r2_test_linear: r² of the least-squares plane through the training rows, on the test rows.
    Raises FormulaError for a text that is no formula in the inputs.
    """
    if text is None:
        return about(split)
    expr = parse(text, names=split.training.names)
    value = Tape(expr, split.test.names).value(split.test.X)
    defined = np.isfinite(value)
    value = np.where(defined, value, 0.0)
    return {
        "r2_test": _r2(value, split.test.y),
        "rmse_test": split.scale * float(np.sqrt(mean_square(value - split.test.y))),
        "undefined_test": int(np.sum(~defined)),
        "nodes": next(iter(bounded_items(_simplified_nodes, (text,), seconds)), _rounded_nodes(expr)),
        "inputs_used": len(expr.free_symbols),
        **about(split),
    }


def about(split: Split) -> dict[str, Any]:
    """What a record of a table holds whatever was found: rows, inputs, and how well a linear model does."""
    return {
        "training_rows": split.training.rows,
        "test_rows": split.test.rows,
        "inputs": len(split.training.names),
        "r2_test_linear": _r2(plane(split.training, split.test.X), split.test.y),
    }


def nodes(expr: sympy.Expr) -> int:
    """The size of a model as SRBench counts it: all nodes of sympy's tree, operators, inputs and numbers alike.

    sympy has no minus and no division, so that x − y has five nodes, as x + (−1)·y, and so has x/y, as x·y^(−1); sums
    and products of any length are one node and their parts. SRBench simplifies a formula first, with `ratio=1` so that
    it may not become longer, and rounds its numbers to three decimals, but here not where that would
    leave no input. What takes longer than SECONDS to simplify is only rounded.
    """
    return sum(1 for _ in sympy.preorder_traversal(expr))


def plane(data: Dataset, X: Array) -> Array:
    """What the linear model that fits `data` best by least squares says of other rows, (rows,)."""
    design, asked = (np.column_stack([np.ones(len(rows)), rows]) for rows in (data.X, X))
    value: Array = asked @ np.linalg.lstsq(design, data.y, rcond=None)[0]
    return value


def _simplified_nodes(text: str) -> Iterator[int]:
    try:
        yield _rounded_nodes(sympy.simplify(parse(text), ratio=1))
    except Exception:  # sympy may raise anything on what it cannot simplify; the formula is only rounded then
        return


def _rounded_nodes(expr: sympy.Expr) -> int:
    """The nodes with rounded numbers; with the numbers as they are where rounding would leave no input."""
    short = rounded(expr)
    return nodes(short if short.free_symbols or not expr.free_symbols else expr)


def _r2(value: Array, y: Array) -> float:
    return r_squared(mean_square(value - y), float(np.var(y)))
