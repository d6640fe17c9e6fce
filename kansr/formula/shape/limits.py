"""The limit of an expression along one input, for all values of the others in a box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import sympy
from sympy.polys.polyerrors import BasePolynomialError

from kansr.formula.shape.box import OPEN, PROVEN, Box, Finding, all_of, refuted
from kansr.formula.shape.identity import no_value, vanishes
from kansr.formula.shape.signs import MOST_OPERATIONS, exact, real
from kansr.result.shape import Verdict

MOST_CASES = 9  # combinations of signs of the other inputs that are looked at
# Sizes of the input, over that in the box, at which values must come near an infinite limit's value, or not leave it.
FAR = (1e2, 1e4, 1e8)
DIGITS = 30  # of these values
NEARER = 1.001  # by how much the last of them may be farther from the limit than the first: rounding, and no more

# sympy fails in many ways where it finds no limit: with NotImplementedError for min(cos(sinh(x)), x) at infinity, with
# TypeError for min(x, pi) at 0, with ValueError for max(2, sqrt(x)) at -infinity. To all of them the answer is none.
FAILURES = (
    *(NotImplementedError, TypeError, ValueError, BasePolynomialError),
    *(AttributeError, RecursionError, ZeroDivisionError, IndexError),
)


@dataclass(frozen=True, eq=False)
class Case:
    """One combination of signs of the other inputs: the box of those that are not 0 in it, and the limit there.

    limit: in plain symbols; None where none was found.
    """

    box: Box
    zero: tuple[str, ...]
    limit: sympy.Expr | None

    def point(self, at: Mapping[str, float]) -> dict[str, float]:
        return {**self.box.centre(), **dict.fromkeys(self.zero, 0.0), **at}


def limits(expr: sympy.Expr, name: str, to: sympy.Expr, box: Box) -> Iterator[Case]:
    """The limits as the input `name` goes to a number or to an infinity, for every combination of signs of the others.

    To a number it goes from the side of the box, or from both. Source of the method: Gruntz 1996.
    """
    expr = real(exact(expr))
    others = box.only(expr.free_symbols - {sympy.Symbol(name)})
    parts = [list(_signs(*others.range(other))) for other in others.names]
    if np.prod([len(part) for part in parts] or [1]) > MOST_CASES:
        return
    for combined in product(*parts):
        known: dict[sympy.Symbol, sympy.Expr] = {}
        zero = tuple(o for o, (low, high, _) in zip(others.names, combined) if low == high == 0)
        kept = [(o, part) for o, part in zip(others.names, combined) if o not in zero]
        known |= {sympy.Symbol(o): sympy.S.Zero for o in zero}
        known |= {sympy.Symbol(o): sympy.Symbol(o, **assumed) for o, (_, _, assumed) in kept}
        ends = np.array([part[:2] for _, part in kept], dtype=float).reshape(-1, 2)
        inside = Box(tuple(o for o, _ in kept), ends[:, 0], ends[:, 1])
        yield Case(inside, zero, _limit(expr, known, name, to, box))


def _signs(low: float, high: float) -> Iterator[tuple[float, float, Mapping[str, bool]]]:
    """The parts of a range in which its values have one sign, with what sympy is to assume of them."""
    if low < 0:
        yield low, min(high, 0.5 * low) if high >= 0 else high, {"negative": True}
    if low <= 0 <= high:
        yield 0.0, 0.0, {}
    if high > 0:
        yield (low if low > 0 else 0.5 * high), high, {"positive": True}


def _limit(
    expr: sympy.Expr, known: Mapping[sympy.Symbol, sympy.Expr], name: str, to: sympy.Expr, box: Box
) -> sympy.Expr | None:
    """The limit, with what is known of the other inputs in their place; None where none was found."""
    try:
        return _sought(expr.xreplace(known), name, to, box)
    except FAILURES:
        return None


def _sought(expr: sympy.Expr, name: str, to: sympy.Expr, box: Box) -> sympy.Expr | None:
    x = sympy.Symbol(name)
    if x not in expr.free_symbols:
        return real(expr)
    if expr.count_ops() > MOST_OPERATIONS:  # sympy may take minutes
        return None
    if to.is_infinite:
        u = sympy.Symbol(name, positive=True)
        found = _found(expr.xreplace({x: u if to == sympy.oo else -u}), u, sympy.oo, "+")
        return found if found is None or _approached(expr, x, to, found, box) else None
    u = sympy.Symbol(name, real=True)
    low, high = box.range(name)
    sides = ["+"] if low >= to else ["-"] if high <= to else ["+", "-"]
    found, *more = (_found(expr.xreplace({x: u}), u, exact(to), side) for side in sides)
    return found if all(other is not None and other == found for other in more) else None


def _found(expr: sympy.Expr, u: sympy.Symbol, to: sympy.Expr, side: str) -> sympy.Expr | None:
    found: Any = sympy.limit(expr, u, to, side)
    return None if found.has(sympy.Limit, sympy.Order) else real(found)


def _approached(expr: sympy.Expr, x: sympy.Symbol, to: sympy.Expr, found: sympy.Expr, box: Box) -> bool:
    """Whether values far out do not go away from a limit; where it is no number there is nothing to compare."""
    if expr.free_symbols != {x} or not found.is_number or no_value(found):
        return True
    low, high = box.range(x.name)
    sign = 1 if to == sympy.oo else -1
    sizes = [sign * factor * max(abs(low), abs(high), 1.0) for factor in FAR]
    near = [abs(complex(expr.xreplace({x: sympy.Float(size)}).evalf(DIGITS) - found)) for size in sizes]
    rounding = 10.0 ** (5 - DIGITS) * abs(complex(found))
    return not all(np.isfinite(near)) or near[-1] <= NEARER * near[0] + rounding


def has_limit(expr: sympy.Expr, name: str, to: sympy.Expr, value: sympy.Expr | None, box: Box) -> Finding:
    """Whether the limit is this value, or finite where that is None, for all values of the other inputs in the box."""
    cases = list(limits(expr, name, to, box))
    return all_of([_answer(case, value) for case in cases]) if cases else OPEN


def _answer(case: Case, value: sympy.Expr | None) -> Finding:
    found = case.limit
    if found is None:
        return OPEN
    if value is not None and value.is_infinite:
        return PROVEN if found == value else refuted(case.point({}))
    if no_value(found):
        return refuted(case.point({}))
    if value is None:
        return PROVEN
    answer = vanishes(found - value, case.box)
    return refuted(case.point(answer.at)) if answer.verdict is Verdict.REFUTED else answer
