"""Translate formulas of other packages into the formula language, from text or from sympy expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy

from kansr.errors import FormulaError
from kansr.expression.parse import FUNCTIONS, parse
from kansr.expression.render import render


def translated(
    texts: Sequence[str], names: Sequence[str], functions: Mapping[str, Callable[..., sympy.Expr]] | None = None
) -> list[str | None]:
    """Each formula in the formula language, None where that lacks it. functions: those of the package, by name."""
    return [_translated(text, names, {**FUNCTIONS, **(functions or {})}) for text in texts]


def written(expr: sympy.Expr) -> str | None:
    """A sympy expression in the formula language, None where that lacks it."""
    try:
        return render(expr)
    except FormulaError:
        return None


def _translated(text: str, names: Sequence[str], functions: Mapping[str, Callable[..., sympy.Expr]]) -> str | None:
    try:
        return render(parse(text.replace("^", "**"), names=names, functions=functions))
    except FormulaError:
        return None
