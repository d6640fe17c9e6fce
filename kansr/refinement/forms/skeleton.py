"""Skeletons: forms with unknown functions, such as f(x) + g(y, z), read and solved for these functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import FUNCTIONS, parse

TARGET = sympy.Dummy("target")
# The inverse of a function, where there is one (of asin, acos and atan: on their range).
INVERSES: Mapping[Any, Callable[[sympy.Expr], sympy.Expr]] = {
    sympy.exp: sympy.log,
    sympy.log: sympy.exp,
    sympy.asin: sympy.sin,
    sympy.acos: sympy.cos,
    sympy.atan: sympy.tan,
    sympy.tanh: lambda t: sympy.log((1 + t) / (1 - t)) / 2,
}


@dataclass(frozen=True, eq=False)
class Unknown:
    """An unknown function. text: as the user wrote it; symbol: its values in a skeleton; arguments: what it is of."""

    text: str
    symbol: sympy.Dummy
    arguments: tuple[sympy.Expr, ...]


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A form with unknown functions. expr: the form in their symbols.

    left = right: TARGET = expr, solved for the unknown functions: `right` is linear in each of them, and `left` has
    TARGET and the inputs alone.
    """

    text: str
    unknowns: tuple[Unknown, ...]
    expr: sympy.Expr
    left: sympy.Expr
    right: sympy.Expr

    @property
    def linear(self) -> bool:
        """Whether `right` is linear in all unknown functions together: none is multiplied with another."""
        symbols = {unknown.symbol for unknown in self.unknowns}
        return not any(self.right.diff(symbol).free_symbols & symbols for symbol in symbols)


def read_skeleton(text: str, data: Dataset) -> Skeleton:
    """The skeleton that `text` spells in the inputs of `data`.

    Raises FormulaError where the text is no formula, UsageError where it has no unknown function or cannot be solved.
    """
    names = [name for name in dict.fromkeys(re.findall(r"\b([A-Za-z_]\w*)\s*\(", text)) if name not in FUNCTIONS]
    if not names:
        raise UsageError(f"the form {text} has no unknown function such as f(x): kansr refine fits its constants")
    taken = [name for name in names if name in data.names]
    if taken:
        raise UsageError(f"{taken[0]} is a column: give the unknown function another name, or write {taken[0]}*(...)")
    functions = {name: sympy.Function(name) for name in names}
    expr = parse(text, names=data.names, functions={**FUNCTIONS, **functions})
    calls = sorted(expr.atoms(*functions.values()), key=str)
    for name in names:
        if sum(call.func is functions[name] for call in calls) > 1:
            raise UsageError(f"{name} stands in {text} with two arguments: every unknown function may have only one")
    for call in calls:
        if any(arg.atoms(*functions.values()) for arg in call.args):
            raise UsageError(f"an unknown function inside another, as in {call}, cannot be solved for")
    symbols = {call: sympy.Dummy(str(call.func)) for call in calls}
    expr = expr.xreplace(symbols)
    unknowns = []
    for call, symbol in symbols.items():
        whole = _alone(expr, symbol)
        expr = expr.xreplace({whole: symbol})
        unknowns.append(Unknown(str(whole.xreplace({symbol: call})), symbol, tuple(call.args)))
    left, right = _solved(expr, tuple(unknowns), text)
    return Skeleton(text, tuple(unknowns), expr, left, right)


def _alone(expr: sympy.Expr, symbol: sympy.Dummy) -> sympy.Expr:
    """The largest part that has the function and numbers alone, such as 1/(1 + g): it is as unknown as g."""
    parts = [node for node in sympy.preorder_traversal(expr) if node.free_symbols == {symbol}]
    whole = max(parts, key=lambda node: node.count_ops())
    return whole if symbol not in expr.xreplace({whole: sympy.S.One}).free_symbols else symbol


def _solved(expr: sympy.Expr, unknowns: tuple[Unknown, ...], text: str) -> tuple[sympy.Expr, sympy.Expr]:
    """TARGET = expr, with what stands around the unknown functions brought to the left side."""
    left, right = TARGET, expr
    symbols = {unknown.symbol for unknown in unknowns}
    while not all(symbol not in right.diff(symbol).free_symbols for symbol in symbols):
        known = [arg for arg in right.args if not arg.free_symbols & symbols]
        if right.is_Add and known:
            left, right = left - sympy.Add(*known), right - sympy.Add(*known)
        elif right.is_Mul and known:
            left, right = left / sympy.Mul(*known), right / sympy.Mul(*known)
        elif right.is_Pow and right.exp.is_number and not (right.exp.is_Integer and right.exp % 2 == 0):
            left, right = left ** (1 / right.exp), right.base
        elif right.is_Pow and right.base.is_number:
            left, right = sympy.log(left) / sympy.log(right.base), right.exp
        elif right.func in INVERSES:
            left, right = INVERSES[right.func](left), right.args[0]
        else:
            raise UsageError(
                f"the form {text} cannot be solved for its unknown functions: what is left around them, "
                f"{_shown(right, unknowns)}, is neither linear in each of them nor has one inverse"
            )
    return left, right


def _shown(expr: sympy.Expr, unknowns: tuple[Unknown, ...]) -> str:
    """The expression with the unknown functions as the user wrote them."""
    return str(expr.xreplace({unknown.symbol: sympy.Symbol(unknown.text) for unknown in unknowns}))
