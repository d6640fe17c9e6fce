"""Curves that growth, decay, saturation, peaks and waves are written with, fitted to one group from many starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import parse
from kansr.formula.fit.constants import REFIT_ITERATIONS, fit_constants
from kansr.formula.fit.form import Form, fit_form
from kansr.formula.judge.curve_code import CURVES
from kansr.formula.judge.description_length import fit_length

OFFERED = 16  # formulas that are fitted to all groups
MOST_CONSTANTS = 8  # names of constants: more than any curve has


def known_curves(data: Dataset, seed: int, expired: Callable[[], bool]) -> list[sympy.Expr]:
    """Multiples of the curves, alone and beside a constant, fitted to rows of one input, the best first.

    The best have the shortest descriptions. Of several inputs there are none. The curves are those that description
    lengths know by their place in a table.
    """
    if len(data.names) != 1:
        return []
    found: list[tuple[float, int, sympy.Expr]] = []
    for form in _forms(data.names[0], data.target):
        if expired():
            break
        try:
            fitted = fit_form(form, data, seed, _at_once)
        except UsageError:  # the curve has no value on some row
            continue
        alone = fitted.expr.as_independent(*fitted.expr.free_symbols, as_Add=True)[1]
        for expr, iterations in ((alone, REFIT_ITERATIONS), (fitted.expr, 0)):
            fit = fit_constants(expr, data, iterations=iterations)
            found.append((fit_length(fit, data), len(found), fit.expr))
    return [expr for length, _, expr in sorted(found, key=lambda one: one[:2]) if np.isfinite(length)][:OFFERED]


def _at_once() -> bool:
    """That a fit ends with the best of its starts, followed no further."""
    return True


def _forms(name: str, target: str) -> Iterator[Form]:
    """The curves in an input, with names in place of their decimals, times a constant and beside one."""
    taken = {name, target}
    names = islice((letter for i in count() if (letter := f"c{i}") not in taken), MOST_CONSTANTS)
    factor, offset, *others = map(sympy.Symbol, names)
    for text in CURVES:
        expr = parse(text).xreplace({sympy.Symbol("x"): sympy.Symbol(name)})
        places = dict(zip(sorted(expr.atoms(sympy.Float), key=abs), others))
        whole = factor * expr.xreplace(places) + offset
        constants = (factor, offset, *places.values())
        yield Form(text, whole, constants, (factor, offset))
