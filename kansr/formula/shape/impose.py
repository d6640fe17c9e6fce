"""Formulas with a constant chosen so that values and limits that are known hold exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import Fit, fit_constants, replaced, tied_floats
from kansr.formula.shape.box import Box
from kansr.formula.shape.identity import no_value
from kansr.formula.shape.limits import limits
from kansr.formula.shape.reading import Shape
from kansr.formula.shape.signs import exact
from kansr.formula.shape.statement import Limit, Value

MOST_CONSTANTS = 8  # of a formula in which one is chosen
ROUNDS = 3  # statements that are imposed on one formula, one after another


def imposed(fit: Fit, shape: Shape, data: Dataset) -> Iterator[Fit]:
    """The fit with one constant chosen for each value and limit that it misses, and the others fitted again."""
    exprs = [fit.expr]
    said = [s for s in shape.statements if isinstance(s, Value | Limit)]
    for statement in [s for s in said if s.value is not None and not s.value.is_infinite][:ROUNDS]:
        exprs = [new for expr in exprs for new in _met(statement, expr, shape.box)]
    yield from (fit_constants(expr, data) for expr in dict.fromkeys(exprs) if expr != fit.expr)


def _met(statement: Value | Limit, expr: sympy.Expr, box: Box) -> Iterator[sympy.Expr]:
    """The formulas that meet a statement: itself where it does, or with another constant in place of one of its own."""
    constants = tied_floats(expr)
    if len(constants) > MOST_CONSTANTS:
        yield expr
        return
    free = {c: sympy.Symbol(f"constant {i}") for i, c in enumerate(constants)}
    values = np.array([float(c) for c in constants])
    names = (*box.names, *(symbol.name for symbol in free.values()))
    form = replaced(expr, free)
    missed = _missed(statement, form, Box(names, np.append(box.low, values), np.append(box.high, values)))
    if missed is None or missed == 0:
        yield expr
        return
    numbers = {symbol: c for c, symbol in free.items()}
    for symbol in free.values():
        factor = sympy.expand(missed).coeff(symbol, 1)
        rest = sympy.expand(missed - factor * symbol)
        if factor == 0 or rest.has(symbol) or factor.has(symbol):
            continue
        value = sympy.cancel(-rest / factor)
        if value.free_symbols <= set(numbers) and not no_value(value):
            new = form.xreplace({symbol: value}).xreplace(numbers)
            if not no_value(new) and new.free_symbols:
                yield new


def _missed(statement: Value | Limit, form: sympy.Expr, box: Box) -> sympy.Expr | None:
    """By how much a form misses a value or limit, in its constants; None where that is not known.

    box: of the inputs and of the constants, which have one value each.
    """
    if isinstance(statement, Value):
        at = {sympy.Symbol(name): exact(value) for name, value in statement.at}
        found = form.subs(at, simultaneous=True)
    else:
        cases = [case.limit for case in limits(form, statement.input, statement.to, box)]
        if len(cases) != 1 or cases[0] is None:
            return None
        found = cases[0]
    return None if no_value(found) else found - exact(statement.value)
