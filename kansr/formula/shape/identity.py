"""Whether an expression is 0 everywhere in a box."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.formula.shape.box import OPEN, PROVEN, Box, Finding, refuted
from kansr.formula.shape.enclosure import Enclosure
from kansr.formula.shape.signs import MOST_EXACT, ROUNDED, exact, real

# What sympy gives for what is no number.
NO_VALUE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.AccumBounds)


def vanishes(expr: sympy.Expr, box: Box) -> Finding:
    """Whether an expression is 0 in the box, up to ROUNDED of the terms of its sum; refuted with a point."""
    expr = real(exact(expr))
    if expr == 0:
        return PROVEN
    if expr.has(*NO_VALUE):
        return refuted()
    inside = box.only(expr.free_symbols)
    X = inside.points if inside.names else np.empty((1, 0))
    try:
        found, size = Enclosure(expr, inside.names).with_size(X, X)
    except FormulaError:
        return OPEN
    fails = found.sure & ((found.low > ROUNDED * size) | (found.high < -ROUNDED * size))
    if fails.any():
        return refuted(dict(zip(inside.names, X[int(np.argmax(fails))].tolist())))
    if not inside.names or _cancels(expr):
        return PROVEN
    return OPEN


def _cancels(expr: sympy.Expr) -> bool:
    """Whether algebra shows that an expression is 0."""
    if sympy.expand(expr) == 0:
        return True
    if expr.count_ops() > MOST_EXACT:
        return False
    return bool(sympy.numer(sympy.together(expr)).expand() == 0 or sympy.simplify(expr) == 0)
