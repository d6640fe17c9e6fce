"""What formulas may be made of: which functions, and how many nodes at most.

Sums, products, quotients and whole powers are always there. sqrt stands for all powers of which the double is whole,
pow for all others, with variables in the exponent too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sympy

from kansr.errors import UsageError
from kansr.expression.complexity import complexity
from kansr.expression.parse import FUNCTIONS

POWER, ROOT = "pow", "sqrt"
NAMES = (*FUNCTIONS, POWER)
CALLED = {"Abs": "abs", "Max": "max", "Min": "min"}  # classes of sympy whose names differ from ours
SHOWN = 40  # characters of a name that a message repeats


@dataclass(frozen=True)
class Vocabulary:
    """functions: names of the formula language, all if None; max_complexity: nodes, any number if None."""

    functions: frozenset[str] | None = None
    max_complexity: int | None = None

    def permits(self, expr: sympy.Expr) -> bool:
        """Whether a formula has no other function, and is short enough."""
        if self.max_complexity is not None and complexity(expr) > self.max_complexity:
            return False
        return self.functions is None or self.functions.issuperset(functions_in(expr))

    def may_become(self, expr: sympy.Expr) -> bool:
        """Whether a formula is permitted if its fitted exponents turn out to be whole, and its constants decimals."""
        return self.functions is None or self.functions.issuperset(_sure_functions(expr))

    def offers(self, *names: str) -> bool:
        """Whether one of these functions is permitted."""
        return self.functions is None or not self.functions.isdisjoint(names)

    def nearest(self, expr: sympy.Expr) -> sympy.Expr:
        """The formula with fitted exponents, where they are not permitted, as the nearest ones that are."""
        if self.offers(POWER):
            return expr
        steps = 2 if self.offers(ROOT) else 1
        return expr.replace(
            lambda e: e.is_Pow and e.exp.is_Float and e.base.free_symbols,
            lambda e: e.base ** sympy.Rational(round(steps * float(e.exp)) or 1, steps),
        )

    def with_decimals(self, expr: sympy.Expr) -> sympy.Expr:
        """The formula with numbers such as sqrt(2) as decimals, where that function is not permitted."""
        if self.permits(expr):
            return expr
        numbers = [e for e in sympy.preorder_traversal(expr) if not e.free_symbols and not self.may_become(e)]
        return expr.xreplace({number: sympy.Float(float(number)) for number in numbers})


EVERYTHING = Vocabulary()


def vocabulary_of(functions: str | Sequence[str] | None, max_complexity: int | None) -> Vocabulary:
    """The vocabulary of these functions, a list or a text such as "exp,log,sqrt"; all functions if None.

    Raises UsageError for a name that is no function of the formula language, and for no nodes at all.
    """
    if max_complexity is not None and max_complexity < 1:
        raise UsageError(f"the largest complexity is at least 1, not {max_complexity}")
    if functions is None:
        return Vocabulary(None, max_complexity)
    names = [name.strip() for name in (functions.split(",") if isinstance(functions, str) else functions)]
    for name in filter(None, names):
        if name not in NAMES:
            raise UsageError(f"no function is called {name[:SHOWN]!r}; the functions are {', '.join(NAMES)}")
    return Vocabulary(frozenset(filter(None, names)), max_complexity)


def functions_in(expr: sympy.Expr) -> frozenset[str]:
    """The names of the functions in a formula."""
    return frozenset(_functions(expr, set()))


def _sure_functions(expr: sympy.Expr) -> frozenset[str]:
    """Those but for powers with a fitted exponent, and but for numbers, which decimals can stand for."""
    numbers = {e for e in sympy.preorder_traversal(expr) if e is not expr and not e.free_symbols}
    fitted = {e for e in sympy.preorder_traversal(expr) if e.is_Pow and e.exp.is_Float}
    return frozenset(_functions(expr, {*numbers, *fitted}))


def _functions(expr: sympy.Expr, but: Collection[sympy.Basic]) -> Iterator[str]:
    """The function of each node. but: nodes that do not count; what is in them does, unless they are numbers."""
    for node in sympy.preorder_traversal(expr):
        if node in but:
            continue
        if node.is_Pow and not node.exp.is_Integer:
            yield ROOT if node.exp.is_Rational and node.exp.q == 2 else POWER
        elif node.is_Function:
            yield CALLED.get(type(node).__name__, type(node).__name__)
