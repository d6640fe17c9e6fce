"""The formulas of other packages in our language: text goes through our grammar, sympy objects through our printer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy

from kansr.errors import FormulaError
from kansr.expression.parse import FUNCTIONS, parse
from kansr.expression.render import render


def translated(
    texts: Sequence[str], names: Sequence[str], functions: Mapping[str, Callable[..., sympy.Expr]] | None = None
) -> list[str | None]:
    """Each formula in our language, None where it cannot be said there; `functions` are those of the package."""
    return [_translated(text, names, {**FUNCTIONS, **(functions or {})}) for text in texts]


def written(expr: sympy.Expr) -> str | None:
    """A sympy expression in our language, None where it cannot be said there."""
    try:
        return render(expr)
    except FormulaError:
        return None


def _translated(text: str, names: Sequence[str], functions: Mapping[str, Callable[..., sympy.Expr]]) -> str | None:
    try:
        return render(parse(text.replace("^", "**"), names=names, functions=functions))
    except FormulaError:
        return None
