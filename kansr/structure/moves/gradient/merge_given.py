"""A move of one's own: inputs that enter the target only through a formula of them become one input."""

from __future__ import annotations

from functools import partial

import numpy as np
import sympy

from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.structure.moves.gradient.sample import misfit_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.structure.surrogate.gradient_field import Field

FAINT = 0.05  # share of the typical slope below which the direction of a gradient says little
KNOWN = 0.9  # share of the rows on which the angle has to be known


def merged(state: State, field: Field, expr: sympy.Expr, cost: float = 1.0) -> Move:
    """The move that makes `expr` one input, in place of those it is a formula of.

    expr: in symbols of `state.names`, which stand for the columns of the state. Where the target knows these only
    through `expr`, its gradient in them has the direction of that of `expr`: the misfit is the rms sine of the angle
    between the two. cost: what the move adds to the length of the formula, a plain product being 0. Raises UsageError
    for a formula of other symbols.
    """
    columns = [k for k, name in enumerate(state.names) if sympy.Symbol(name) in expr.free_symbols]
    if len(columns) < max(len(expr.free_symbols), 1):
        raise UsageError(f"a merge is a formula of {', '.join(state.names)}, and {expr} is not")
    spread = state.X[:, columns].std(0)
    slopes = [Tape(sympy.diff(expr, state.names[k]), state.names).value(field.X) for k in columns]
    theirs = np.column_stack(slopes) * spread
    seen = field.gradient[:, columns] * spread
    with np.errstate(all="ignore"):
        theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
        across = seen - np.sum(seen * theirs, axis=1, keepdims=True) * theirs
        size = np.linalg.norm(seen, axis=1)
        sine = np.linalg.norm(across, axis=1) / np.maximum(size, FAINT * np.sqrt(np.nanmean(size**2)))
    known = np.isfinite(sine)
    misfit = misfit_of(sine[known], np.ones(int(known.sum()))) if known.mean() > KNOWN else 1.0
    used = frozenset(state.inputs[k] for k in columns)
    said = expr.xreplace({sympy.Symbol(n): e for n, e in zip(state.names, state.inputs)})
    return Move(
        misfit, cost, f"merge {said}", used, partial(_made, state, columns, expr, said), removes=len(columns) - 1
    )


def _made(state: State, columns: list[int], expr: sympy.Expr, said: sympy.Expr) -> State | None:
    return replace_inputs(state, columns, [said], [Tape(expr, state.names).value(state.X)])
