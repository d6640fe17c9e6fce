"""Trees from sympy expressions, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import sympy

from kansr.expression.parse import magnitude
from kansr.search.edits.tree import FUNCTIONS, Tree, constant, made

NAMES = {value: name for name, value in FUNCTIONS.items()}
BUILT: dict[str, Callable[..., sympy.Expr]] = {"+": sympy.Add, "*": sympy.Mul, "^": sympy.Pow, "Abs": magnitude}


def from_sympy(expr: sympy.Expr, places_of: Mapping[str, int]) -> Tree | None:
    """The tree of an expression; None where it has another function or input. places_of: the inputs by name."""
    if expr.is_Float:
        return constant(float(expr))
    if expr.is_Rational:
        return ("n", int(expr.p), int(expr.q))
    if expr is sympy.pi:
        return ("pi",)
    if expr.is_Symbol:
        place = places_of.get(expr.name)
        return None if place is None else ("x", place)
    if expr is sympy.E:
        return constant(math.e)
    if not (expr.is_Add or expr.is_Mul or expr.is_Pow or expr.func in NAMES):
        return None
    args = [from_sympy(arg, places_of) for arg in expr.args]
    if any(arg is None for arg in args):
        return None
    kind = "+" if expr.is_Add else "*" if expr.is_Mul else "^" if expr.is_Pow else NAMES[expr.func]
    return made(kind, [arg for arg in args if arg is not None])


def to_sympy(tree: Tree, names: Sequence[str]) -> sympy.Expr:
    """The expression of a tree. names: the inputs by their places."""
    kind = tree[0]
    if kind == "c":
        return sympy.Float(tree[1])
    if kind == "n":
        return sympy.Rational(tree[1], tree[2])
    if kind == "pi":
        return sympy.pi
    if kind == "x":
        return sympy.Symbol(names[tree[1]])
    args = [to_sympy(arg, names) for arg in tree[1:]]
    return (BUILT.get(kind) or FUNCTIONS[kind])(*args)
