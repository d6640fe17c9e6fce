"""Whether an expression is 0 everywhere in a box."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.formula.shape.box import OPEN, PROVEN, Box, Finding, refuted
from kansr.formula.shape.enclosure import Enclosure
from kansr.formula.shape.signs import MOST_EXACT, ROUNDED, exact, real

# What sympy gives for what is no number.
_NONE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.AccumBounds)


def no_value(expr: sympy.Expr) -> bool:
    """Whether an expression is no real number, whatever its inputs are: infinite, undefined, or as sqrt(-1)."""
    return bool(expr.has(*_NONE) or expr.is_extended_real is False)


def vanishes(expr: sympy.Expr, box: Box) -> Finding:
    """Whether an expression is 0 in the box, up to ROUNDED of the terms of its sum; refuted with a point."""
    expr = real(exact(expr))
    if expr == 0:
        return PROVEN
    if no_value(expr):
        return refuted()
    inside = box.only(expr.free_symbols)
    X = inside.points
    try:
        found, size = Enclosure(expr, inside.names).with_size(X, X)
    except FormulaError:
        return OPEN
    fails = found.sure & ((found.low > ROUNDED * size) | (found.high < -ROUNDED * size))
    if fails.any():
        return refuted(inside.by_name(X[int(np.argmax(fails))]))
    return PROVEN if (found.sure.all() if not inside.names else _cancels(expr)) else OPEN


def _cancels(expr: sympy.Expr) -> bool:
    """Whether algebra shows that an expression is 0."""
    if sympy.expand(expr) == 0:
        return True
    if expr.count_ops() > MOST_EXACT:
        return False
    return bool(sympy.numer(sympy.together(expr)).expand() == 0 or sympy.simplify(expr) == 0)
