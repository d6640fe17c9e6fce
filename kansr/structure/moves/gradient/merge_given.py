"""A merge that the user gives: inputs that enter the target only through a formula of them become one input."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import sympy

from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.numeric.arrays import Array
from kansr.structure.moves.gradient.sample import misfit_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.structure.moves.thresholds import KNOWN_ROWS, WEAK_GRADIENT
from kansr.structure.surrogate.gradient_field import GradientField


def merged(state: State, field: GradientField, expr: sympy.Expr, cost: float = 1.0) -> Move:
    """The move that makes `expr` one input, in place of the inputs that it is a formula of.

    expr: in symbols of `state.names`. Where the target depends on these inputs only through `expr`, its gradient in
    them has the direction of the gradient of `expr`, and the misfit is the rms sine of the angle between the two.
    cost: what the move adds to the formula, in cost units; 0 for a product. Raises UsageError for a formula of other
    symbols.
    """
    columns = [k for k, name in enumerate(state.names) if sympy.Symbol(name) in expr.free_symbols]
    if len(columns) < max(len(expr.free_symbols), 1):
        raise UsageError(f"a merge is a formula of {', '.join(state.names)}, and {expr} is not")
    sine = _sine(state, field, expr, columns)
    known = np.isfinite(sine)
    misfit = misfit_of(sine[known]) if known.mean() > KNOWN_ROWS else 1.0
    used = frozenset(state.inputs[k] for k in columns)
    said = expr.xreplace({sympy.Symbol(n): e for n, e in zip(state.names, state.inputs)})
    apply = partial(_join, state, columns, expr, said)
    return Move(misfit, cost, f"merge {said}", used, apply, removes=len(columns) - 1)


def _sine(state: State, field: GradientField, expr: sympy.Expr, columns: Sequence[int]) -> Array:
    """The sine of the angle between both gradients, inputs in standard deviations, (rows,); smaller where weak."""
    spread = state.X[:, columns].std(0)
    slopes = [Tape(sympy.diff(expr, state.names[k]), state.names).value(field.X) for k in columns]
    direction = np.column_stack(slopes) * spread
    gradient = field.gradient[:, columns] * spread
    with np.errstate(all="ignore"):
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        across = gradient - np.sum(gradient * direction, axis=1, keepdims=True) * direction
        size = np.linalg.norm(gradient, axis=1)
        sine: Array = np.linalg.norm(across, axis=1) / np.maximum(size, WEAK_GRADIENT * np.sqrt(np.nanmean(size**2)))
    return sine


def _join(state: State, columns: Sequence[int], expr: sympy.Expr, said: sympy.Expr) -> State | None:
    return replace_inputs(state, columns, [said], [Tape(expr, state.names).value(state.X)])
