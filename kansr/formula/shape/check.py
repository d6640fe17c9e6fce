"""Whether a statement on the shape of a law holds of a formula, in the box of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.expression.domain import Condition, Kind, domain
from kansr.formula.shape.box import OPEN, PROVEN, Box, Finding, all_of, refuted
from kansr.formula.shape.enclosure import Enclosure, Range
from kansr.formula.shape.identity import no_value, vanishes
from kansr.formula.shape.limits import FAILURES, has_limit
from kansr.formula.shape.signs import exact, real, sign, slope
from kansr.formula.shape.statement import (
    Bound,
    Curved,
    Finite,
    Limit,
    Monotone,
    Parity,
    Periodic,
    Statement,
    Symmetric,
    Value,
)
from kansr.numeric.arrays import Array
from kansr.result.shape import ShapeVerdict, Verdict
from kansr.runtime.deadline import Deadline

KINKED = (sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside)
LINES, ON_A_LINE = 20, 33  # lines along an input, and points on each, on which values are compared
CHORD = 1e-12  # of the values at the ends of a chord, by which a point above it is above it
MOST_HALVINGS = 60  # after which the two ends of a line are as near as floats can be


def verdict_on(statement: Statement, expr: sympy.Expr, box: Box, seconds: float) -> ShapeVerdict:
    """The verdict on a statement; open where it takes longer than so many seconds."""
    found = Deadline().within(seconds).in_time(lambda: check(statement, expr, box), OPEN)
    if found.verdict is not Verdict.REFUTED:
        return ShapeVerdict(str(statement), found.verdict)
    along = {statement.input} if isinstance(statement, Limit) else set()  # it has no value there
    at = {name: found.at.get(name, value) for name, value in box.centre().items() if name not in along}
    return ShapeVerdict(str(statement), found.verdict, at or None)


def check(statement: Statement, expr: sympy.Expr, box: Box) -> Finding:
    """Whether a statement holds of a formula; what sympy cannot do is open."""
    try:
        with np.errstate(all="ignore"):
            return _check(statement, real(expr), box)
    except (FormulaError, OverflowError, *FAILURES):
        return OPEN


@singledispatch
def _check(statement: Statement, expr: sympy.Expr, box: Box) -> Finding:
    raise AssertionError(f"no check of {type(statement).__name__}")


@_check.register
def _(statement: Monotone, expr: sympy.Expr, box: Box) -> Finding:
    name = statement.input
    if sympy.Symbol(name) not in expr.free_symbols:
        return refuted(box.centre()) if statement.strict else PROVEN
    along = slope(expr, name) if statement.rising else -slope(expr, name)
    found = sign(along, box)
    if found.verdict is Verdict.REFUTED:
        return found
    if found is PROVEN and finite(expr, box) is PROVEN:
        return _strictly(along, name, expr, box) if statement.strict else PROVEN
    return _falls(expr if statement.rising else -expr, name, box) or OPEN


def _strictly(along: sympy.Expr, name: str, expr: sympy.Expr, box: Box) -> Finding:
    """Whether a slope that is nowhere negative is 0 on no interval; an analytic one of one input then is on none."""
    if sign(along, box, strict=True) is PROVEN:
        return PROVEN
    if expr.free_symbols == {sympy.Symbol(name)} and not expr.has(*KINKED):
        return PROVEN
    flat = _flat(along, name, box)
    if flat is not None:
        return flat
    for other in sorted(str(symbol) for symbol in expr.free_symbols - {sympy.Symbol(name)}):
        for end in box.range(other):
            if vanishes(_put(along, {other: end}), box) is PROVEN:
                return refuted({**box.centre(), other: end})
    return OPEN


def _flat(along: sympy.Expr, name: str, box: Box) -> Finding | None:
    """A point of an interval along an input on which a slope is surely not positive, if one is seen."""
    ends = np.linspace(*box.range(name), ON_A_LINE)
    low = np.repeat(box.points[:1], ON_A_LINE - 1, axis=0)
    high, place = low.copy(), box.names.index(name)
    low[:, place], high[:, place] = ends[:-1], ends[1:]
    found = Enclosure(along, box.names)(low, high)
    flat = found.sure & (found.high <= 0)
    return refuted(box.by_name((0.5 * (low + high))[int(np.argmax(flat))])) if flat.any() else None


def _falls(expr: sympy.Expr, name: str, box: Box) -> Finding | None:
    """A point at which the formula is surely less than at one before it along an input, if one is seen."""
    values, X = _on_lines(expr, name, box)
    falls = (values.high[:, 1:] < values.low[:, :-1]) & values.sure[:, 1:] & values.sure[:, :-1]
    if not falls.any():
        return None
    line, place = np.unravel_index(int(np.argmax(falls)), falls.shape)
    return refuted(box.by_name(X[line, place + 1]))


def _reshaped(found: Range, shape: tuple[int, ...]) -> Range:
    low, high, sure, nowhere = found
    return Range(low.reshape(shape), high.reshape(shape), sure.reshape(shape), nowhere.reshape(shape))


def _on_lines(expr: sympy.Expr, name: str, box: Box) -> tuple[Range, Array]:
    """Values at evenly spaced points of lines along an input, (lines, points), and X: (lines, points, inputs)."""
    X = np.repeat(box.points[:LINES, None, :], ON_A_LINE, axis=1)
    X[:, :, box.names.index(name)] = np.linspace(*box.range(name), ON_A_LINE)
    flat = X.reshape(-1, len(box.names))
    found = Enclosure(exact(expr), box.names)(flat, flat)
    return _reshaped(found, X.shape[:2]), X


@_check.register
def _(statement: Curved, expr: sympy.Expr, box: Box) -> Finding:
    name = statement.input
    if sympy.Symbol(name) not in expr.free_symbols:
        return PROVEN
    shaped = expr if statement.convex else -expr
    if not expr.has(*KINKED):
        found = sign(slope(shaped, name, 2), box)
        if found.verdict is Verdict.REFUTED:
            return found
        if found is PROVEN and finite(expr, box) is PROVEN and _smooth(slope(expr, name), box):
            return PROVEN
    return _bulges(shaped, name, box) or OPEN


def _bulges(expr: sympy.Expr, name: str, box: Box) -> Finding | None:
    """A point at which the formula surely lies above the chord of the points on either side, if one is seen."""
    values, X = _on_lines(expr, name, box)
    chord = 0.5 * (values.high[:, 2:] + values.high[:, :-2])
    rounding = CHORD * (np.abs(values.high[:, 2:]) + np.abs(values.high[:, :-2]))
    above = values.low[:, 1:-1] > chord + rounding
    above &= values.sure[:, 1:-1] & values.sure[:, 2:] & values.sure[:, :-2]
    if not above.any():
        return None
    line, place = np.unravel_index(int(np.argmax(above)), above.shape)
    return refuted(box.by_name(X[line, place + 1]))


def _smooth(derivative: sympy.Expr, box: Box) -> bool:
    """Whether a derivative has a value inside the box: it may have none at a face, as that of a root at 0."""
    return all(_condition(c, box) is PROVEN or _at_a_face(c, box) for c in domain(derivative))


def _at_a_face(condition: Condition, box: Box) -> bool:
    """Whether the expression of a condition is linear in the inputs, and not negative: it is 0 at faces only."""
    u = condition.expr
    linear = all(u.diff(symbol).is_number for symbol in u.free_symbols)
    return linear and (sign(u, box) is PROVEN or (condition.kind is Kind.NOT_ZERO and sign(-u, box) is PROVEN))


@_check.register
def _(statement: Bound, expr: sympy.Expr, box: Box) -> Finding:
    room = expr - statement.value if statement.below else statement.value - expr
    return sign(room, box, strict=statement.strict)


@_check.register
def _(statement: Value, expr: sympy.Expr, box: Box) -> Finding:
    found = _put(expr, dict(statement.at))
    if no_value(found) and len(statement.at) == 1:  # where a formula such as sin(x)/x has a limit, that is meant
        ((name, to),) = statement.at
        answer = has_limit(expr, name, to, statement.value, box)
    else:
        answer = vanishes(found - statement.value, box)
    return refuted({**answer.at, **statement.point}) if answer.verdict is Verdict.REFUTED else answer


@_check.register
def _(statement: Limit, expr: sympy.Expr, box: Box) -> Finding:
    return has_limit(expr, statement.input, statement.to, statement.value, box)


@_check.register
def _(statement: Parity, expr: sympy.Expr, box: Box) -> Finding:
    x = sympy.Symbol(statement.input)
    mirrored = expr.xreplace({x: -x})
    return _equal(expr, mirrored if statement.even else -mirrored, box)


@_check.register
def _(statement: Symmetric, expr: sympy.Expr, box: Box) -> Finding:
    one, other = sympy.Symbol(statement.first), sympy.Symbol(statement.second)
    return _equal(expr, expr.xreplace({one: other, other: one}), box)


@_check.register
def _(statement: Periodic, expr: sympy.Expr, box: Box) -> Finding:
    x = sympy.Symbol(statement.input)
    return _equal(expr, exact(expr).xreplace({x: x + exact(statement.period)}), box)


@_check.register
def _(statement: Finite, expr: sympy.Expr, box: Box) -> Finding:
    return finite(expr, box)


def _put(expr: sympy.Expr, values: Mapping[str, sympy.Expr | float]) -> sympy.Expr:
    """The expression with exact numbers in place of some inputs."""
    numbers = {
        sympy.Symbol(name): exact(value if isinstance(value, sympy.Expr) else sympy.Float(value))
        for name, value in values.items()
    }
    return exact(expr).subs(numbers, simultaneous=True)


def _equal(one: sympy.Expr, other: sympy.Expr, box: Box) -> Finding:
    """Whether two formulas are the same in the box; they are not where only the first has a value."""
    X = box.points
    values = [Enclosure(exact(expr), box.names)(X, X) for expr in (one, other)]
    lone = values[0].sure & values[1].nowhere
    if lone.any():
        return refuted(box.by_name(X[int(np.argmax(lone))]))
    return vanishes(one - other, box)


def finite(expr: sympy.Expr, box: Box) -> Finding:
    """Whether a formula has a value everywhere in the box, overflow aside; refuted with a point where it has none."""
    return all_of([_condition(condition, box) for condition in domain(exact(expr))])


def _condition(condition: Condition, box: Box) -> Finding:
    """Whether a condition of the domain holds in the box."""
    u = condition.expr
    if condition.kind is Kind.POSITIVE or condition.kind is Kind.NOT_NEGATIVE_UNLESS:
        return sign(u, box, strict=True)
    if condition.kind is Kind.NOT_NEGATIVE:
        return sign(u, box)
    if condition.kind is Kind.UNIT:
        return all_of([sign(1 + u, box), sign(1 - u, box)])
    if condition.kind is Kind.NOT_ZERO:
        return _no_zero(u, box)
    return OPEN


def _no_zero(u: sympy.Expr, box: Box) -> Finding:
    """Whether an expression has no zero in the box; refuted by a point on a line on which it changes its sign."""
    above, below = sign(u, box, strict=True), sign(-u, box, strict=True)
    if above is PROVEN or below is PROVEN:
        return PROVEN
    if above.verdict is not Verdict.REFUTED or below.verdict is not Verdict.REFUTED or finite(u, box) is not PROVEN:
        return OPEN
    names = tuple(above.at)
    program = Enclosure(exact(u), names)
    low, high = (np.array([[a.at[name] for name in names]]) for a in (above, below))  # u <= 0, and u >= 0
    for _ in range(MOST_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if program(middle, middle).low[0] > 0 else (middle, high)
    return refuted(dict(zip(names, low[0].tolist())))
