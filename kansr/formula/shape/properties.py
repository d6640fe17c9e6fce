"""What holds of the shape of a law that was found: the statements that were made, or those that can be proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from kansr.formula.shape.box import Box
from kansr.formula.shape.check import verdict_on
from kansr.formula.shape.identity import no_value
from kansr.formula.shape.limits import limits
from kansr.formula.shape.reading import Shape
from kansr.formula.shape.shape_filter import SECONDS
from kansr.formula.shape.statement import Bound, Curved, Finite, Limit, Monotone, Parity, Statement
from kansr.result.result import Result, Status
from kansr.result.shape import ShapeVerdict, Verdict
from kansr.runtime.deadline import Deadline

NO_SUCH_SHAPE = "no formula of the inputs with the known shape was found; the result is a constant"
MOST_INPUTS = 3  # of a law whose shape is described without being asked
MOST_OPERATIONS = 40  # of such a law: nobody reads the shape of a longer one
DESCRIBING = 0.05  # share of the time limit for what was not asked for; it takes a tenth of a second or two


def with_shape(found: Result, shape: Shape | None, box: Box, limit: float) -> Result:
    """The result with verdicts on the statements of a shape; without one, with what holds of its law, if time allows.

    Where a shape leaves a constant only, nothing was found, whether the time ran out or not.
    box: of the inputs; limit: of the whole search, in seconds.
    """
    expr = found.best.expr
    if shape is not None:
        verdicts = (verdict_on(statement, expr, box, SECONDS) for statement in shape.statements)
        found = replace(found, shape=tuple(verdicts))
        if expr.free_symbols or found.status is Status.INTERRUPTED:
            return found
        return replace(found, status=Status.NOTHING, notes=(*found.notes, NO_SUCH_SHAPE))
    if found.status in (Status.NOTHING, Status.INTERRUPTED) or expr.count_ops() > MOST_OPERATIONS:
        return found
    deadline = Deadline().within(DESCRIBING * limit)

    held = deadline.in_time(lambda: tuple(properties(expr, found.target, box, deadline)), ())
    # all or nothing: what there was time for would be another list on another machine
    return found if deadline.passed() else replace(found, shape=held)


def properties(expr: sympy.Expr, target: str, box: Box, deadline: Deadline) -> Iterator[ShapeVerdict]:
    """The statements that are proven of a formula, and the pole in the box where there is one, until the deadline."""

    def proven(*statements: Statement) -> Iterator[ShapeVerdict]:
        """The first of the statements that holds."""
        for statement in statements:
            if deadline.passed():
                return
            found = verdict_on(statement, expr, box, SECONDS)
            pole = isinstance(statement, Finite) and found.verdict is Verdict.REFUTED
            if found.verdict is Verdict.PROVEN or pole:
                yield found
                return

    inputs = [name for name in box.names if sympy.Symbol(name) in expr.free_symbols]
    if not 0 < len(inputs) <= MOST_INPUTS:
        return
    yield from proven(Finite())
    zero = sympy.S.Zero
    yield from proven(*(Bound(zero, below, strict, target) for strict in (True, False) for below in (True, False)))
    for name in inputs:
        yield from proven(*(Monotone(name, rising, strict) for strict in (True, False) for rising in (True, False)))
        yield from proven(*(Curved(name, convex) for convex in (True, False)))
        low, high = box.range(name)
        if low < 0 < high:
            yield from proven(*(Parity(name, even) for even in (True, False)))
        for to in (sympy.oo, -sympy.oo) if low < 0 else (sympy.oo,):
            if not deadline.passed():
                yield from proven(*_limit(expr, name, to, box))


def _limit(expr: sympy.Expr, name: str, to: sympy.Expr, box: Box) -> Iterator[Statement]:
    """The limit of a formula along an input, where it is the same number for all values of the others."""
    values = {case.limit for case in limits(expr, name, to, box)}
    value = values.pop() if len(values) == 1 else None
    if value is None or value.free_symbols or (value not in (sympy.oo, -sympy.oo) and no_value(value)):
        return
    yield Limit(name, to, value if value.is_infinite or value.is_Integer else sympy.Float(float(value)))
