"""Interval arithmetic: an expression on boxes of its inputs, many boxes at once, rounded outward.

Source: Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.expression.evaluate import REWRITES
from kansr.numeric.arrays import Array, Mask

# By how much an end of an interval moves outward, over its size. One operation is correct to half a unit of the last
# place, 2**-53; numpy promises 4 units for its functions, and a power is a product of some.
OF_OPERATION = 2.0**-52
OF_FUNCTION = 2.0**-49
LEAST = 5e-324  # the smallest positive float64: what has underflowed is between it and 0
LARGEST = float(np.finfo(np.float64).max)
# Size that no logarithm of a float64 exceeds: an exponent that is rounded, such as 1/3, moves a power by its roundings.
LOGARITHM = 745.0
# Size of an angle from which its sine is only known to lie between -1 and 1: the float has no more digits for it.
LARGEST_ANGLE = 1e8
ANGLE = 1e-14  # share of an angle that a multiple of π/2 may be off by


class Range(NamedTuple):
    """What an expression takes on boxes: low, high: (boxes,), bounds of its values where it has any.

    sure: (boxes,), whether it has a value and is continuous everywhere in the box; nowhere: (boxes,), whether it has no
    value anywhere in it.
    """

    low: Array
    high: Array
    sure: Mask
    nowhere: Mask

    def also(self, sure: Mask | bool, nowhere: Mask | bool = False) -> Range:
        """The same, less sure."""
        return self._replace(sure=self.sure & sure, nowhere=self.nowhere | nowhere)


class Enclosure:
    """An expression as a program on boxes. names: its inputs, in the order of the columns of a box.

    Raises FormulaError for a symbol that is no input, and for a function that is not of the formula language.
    """

    def __init__(self, expr: sympy.Expr, names: Sequence[str]) -> None:
        self._places = {name: i for i, name in enumerate(names)}
        self._seen: dict[sympy.Expr, int] = {}
        self._steps: list[tuple[Callable[..., Range], tuple[int, ...]]] = []
        # a sum may cancel: its rounding is a share of its terms
        self._terms = [self._place(term) for term in sympy.Add.make_args(expr)]
        self._value = self._place(expr)

    def __call__(self, low: Array, high: Array) -> Range:
        """low, high: (boxes, inputs)"""
        return self._values(low, high)[self._value]

    def with_size(self, low: Array, high: Array) -> tuple[Range, Array]:
        """The same, and the largest total size of the terms of a sum in each box, (boxes,); 0 where it is no sum."""
        values = self._values(low, high)
        if len(self._terms) == 1:
            return values[self._value], np.zeros(len(low))
        sizes = [np.maximum(np.abs(values[i].low), np.abs(values[i].high)) for i in self._terms]
        return values[self._value], np.sum(sizes, axis=0)

    def _values(self, low: Array, high: Array) -> list[Range]:
        values: list[Range] = []
        with np.errstate(all="ignore"):
            for step, args in self._steps:
                values.append(step(*(values[i] for i in args)) if args else step(low, high))
        return values

    def _place(self, expr: sympy.Expr) -> int:
        """The number of the step that gives an expression, which is added where it is new."""
        if expr not in self._seen:
            step, parts = self._step(expr)
            args = tuple(self._place(part) for part in parts)
            self._steps.append((step, args))
            self._seen[expr] = len(self._steps) - 1
        return self._seen[expr]

    def _step(self, expr: sympy.Expr) -> tuple[Callable[..., Range], tuple[sympy.Expr, ...]]:
        """The operation of an expression, and what it works on."""
        if expr.is_Symbol:
            if expr.name not in self._places:
                raise FormulaError(f"the formula uses {expr.name!r}, which is not among {', '.join(self._places)}")
            return _input(self._places[expr.name]), ()
        if expr.is_number:
            return _number(expr), ()
        if expr.func in FUNCTIONS:
            return FUNCTIONS[expr.func], expr.args[:1]
        if expr.func in REWRITES:
            return _same, (REWRITES[expr.func](expr.args[0]),)
        if expr.is_Add or expr.is_Mul or expr.func in SEVERAL:
            return SEVERAL[expr.func], expr.args
        if expr.is_Pow and expr.exp.is_number:
            return _power(expr.exp), (expr.base,)
        if expr.is_Pow:
            return FUNCTIONS[sympy.exp], (expr.exp * sympy.log(expr.base),)
        raise FormulaError(f"{expr.func} is not a function of the formula language")


def _same(a: Range) -> Range:
    return a


def _input(place: int) -> Callable[..., Range]:
    def step(low: Array, high: Array) -> Range:
        everywhere = np.ones(len(low), dtype=bool)
        return Range(low[:, place], high[:, place], everywhere, ~everywhere)

    return step


def _number(expr: sympy.Expr) -> Callable[..., Range]:
    value = complex(expr)
    real = value.imag == 0 and np.isfinite(value.real)
    exact = expr.is_Rational and expr == sympy.Rational(value.real)
    margin = 0.0 if exact else OF_FUNCTION * abs(value.real)

    def step(low: Array, high: Array) -> Range:
        everywhere = np.ones(len(low), dtype=bool)
        if not real:
            return _anything(everywhere)
        return Range(
            np.full(len(low), value.real - margin), np.full(len(low), value.real + margin), everywhere, ~everywhere
        )

    return step


def _anything(like: Mask) -> Range:
    """Any value, or none."""
    size = len(like)
    return Range(np.full(size, -np.inf), np.full(size, np.inf), np.zeros(size, bool), np.zeros(size, bool))


def _outward(low: Array, high: Array, a: Range, margin: float = OF_OPERATION) -> Range:
    """Bounds moved outward; 0 stays, since it is exact but where underflow has made it, which callers see to.

    Below the smallest normal number a share of a bound rounds to nothing, and a function is off by a step of LEAST.
    """
    low = np.where(np.isnan(low), -np.inf, low - (margin * np.abs(low) + 2 * LEAST * (low != 0)))
    high = np.where(np.isnan(high), np.inf, high + (margin * np.abs(high) + 2 * LEAST * (high != 0)))
    low = np.where(np.isnan(low), LARGEST, np.minimum(low, LARGEST))  # an overflow is a large number
    high = np.where(np.isnan(high), -LARGEST, np.maximum(high, -LARGEST))
    return Range(low, high, a.sure, a.nowhere)


def _both(a: Range, b: Range) -> Range:
    return a.also(b.sure, b.nowhere)


def _sum(*terms: Range) -> Range:
    total = terms[0]
    for term in terms[1:]:
        total = _outward(total.low + term.low, total.high + term.high, _both(total, term))
    return total


def _product(*factors: Range) -> Range:
    total = factors[0]
    for factor in factors[1:]:
        ends = [_times(x, y) for x in (total.low, total.high) for y in (factor.low, factor.high)]
        total = _outward(
            np.min([e[0] for e in ends], axis=0), np.max([e[1] for e in ends], axis=0), _both(total, factor)
        )
    return total


def _times(x: Array, y: Array) -> tuple[Array, Array]:
    """The product of two ends, from below and from above: 0 times infinity is 0, and an underflow is no 0."""
    product = np.where((x == 0) | (y == 0), 0.0, x * y)
    underflow = (product == 0) & (x != 0) & (y != 0)
    return np.where(underflow, -LEAST, product), np.where(underflow, LEAST, product)


def _reciprocal(a: Range) -> Range:
    """1/a; of an interval that ends in 0 a half line, of one around 0 anything."""
    zero = (a.low <= 0) & (a.high >= 0)
    inside = (a.low < 0) & (a.high > 0)
    low = np.where(inside | (a.high == 0), -np.inf, 1 / a.high)
    high = np.where(inside | (a.low == 0), np.inf, 1 / a.low)
    return _outward(low, high, a.also(~zero, (a.low == 0) & (a.high == 0)))


def _power(exponent: sympy.Expr) -> Callable[[Range], Range]:
    """u**p for a number p; with real values for u < 0 where p is whole."""
    p = float(exponent)
    if p < 0:
        inverse = _power(-exponent)
        return lambda a: _reciprocal(inverse(a))
    if p.is_integer():
        return _even(p) if p % 2 == 0 else lambda a: _outward(*_raised(a.low, a.high, p), a, OF_FUNCTION)

    exact = exponent.is_Float or exponent == sympy.Rational(p)
    margin = OF_FUNCTION if exact else OF_FUNCTION + OF_OPERATION * p * LOGARITHM

    def root(a: Range) -> Range:
        below = np.maximum(a.low, 0.0)
        low, high = _raised(below, np.maximum(a.high, 0.0), p)
        return _outward(low, high, a.also(a.low >= 0, a.high < 0), margin)

    return root


def _even(p: float) -> Callable[[Range], Range]:
    def step(a: Range) -> Range:
        size = _size(a)
        return _outward(*_raised(size.low, size.high, p), size, OF_FUNCTION)

    return step


def _raised(low: Array, high: Array, p: float) -> tuple[Array, Array]:
    """(low**p, high**p), an underflow from the outer side."""
    if p == 1:
        return low, high
    below, above = np.power(low, p), np.power(high, p)
    return np.where((below == 0) & (low < 0), -LEAST, below), np.where((above == 0) & (high > 0), LEAST, above)


def _size(a: Range) -> Range:
    """|a|"""
    around = (a.low < 0) & (a.high > 0)
    ends = np.abs(a.low), np.abs(a.high)
    return a._replace(low=np.where(around, 0.0, np.minimum(*ends)), high=np.maximum(*ends))


def _rising(f: Callable[[Array], Array], fixed: Mapping[float, float] = {}) -> Callable[[Range], Range]:
    """A function that rises everywhere. fixed: where its value is exact."""

    def step(a: Range) -> Range:
        out = _outward(f(a.low), f(a.high), a, OF_FUNCTION)
        low, high = out.low, out.high
        for u, value in fixed.items():
            low, high = np.where(a.low == u, value, low), np.where(a.high == u, value, high)
        return out._replace(low=low, high=high)

    return step


def _exp(a: Range) -> Range:
    out = _rising(np.exp, {0.0: 1.0})(a)
    return out._replace(low=np.maximum(out.low, 0.0), high=np.maximum(out.high, LEAST))


def _log(a: Range) -> Range:
    out = _rising(np.log, {1.0: 0.0})(a._replace(low=np.maximum(a.low, 0.0), high=np.maximum(a.high, LEAST)))
    return out.also(a.low > 0, a.high <= 0)


def _inverse(f: Callable[[Array], Array], rising: bool) -> Callable[[Range], Range]:
    """asin or acos, on the part of the interval in which it has values."""

    def step(a: Range) -> Range:
        low, high = np.clip(a.low, -1, 1), np.clip(a.high, -1, 1)
        ends = (f(low), f(high)) if rising else (f(high), f(low))
        return _outward(*ends, a.also((a.low >= -1) & (a.high <= 1), (a.high < -1) | (a.low > 1)), OF_FUNCTION)

    return step


def _reaches(a: Range, first: float, period: float) -> Mask:
    """Whether an interval may hold one of the angles first + k·period; one of large angles may hold any."""
    far = ~((np.abs(a.low) < LARGEST_ANGLE) & (np.abs(a.high) < LARGEST_ANGLE))
    slip = ANGLE * (np.abs(a.low) + np.abs(a.high) + period)
    k = np.ceil((a.low - slip - first) / period)
    return np.asarray(far | (first + k * period <= a.high + slip))


def _wave(f: Callable[[Array], Array], top: float) -> Callable[[Range], Range]:
    """sin or cos, which is 1 at the angle `top`."""

    def step(a: Range) -> Range:
        ends = f(a.low), f(a.high)
        highest = _reaches(a, top, 2 * np.pi)
        lowest = _reaches(a, top + np.pi, 2 * np.pi)
        out = _outward(np.minimum(*ends), np.maximum(*ends), a, OF_FUNCTION)
        low = np.where(lowest, -1.0, np.maximum(out.low, -1.0))
        return out._replace(low=low, high=np.where(highest, 1.0, np.minimum(out.high, 1.0)))

    return step


def _tan(a: Range) -> Range:
    pole = _reaches(a, np.pi / 2, np.pi)
    low, high = np.where(pole, -np.inf, np.tan(a.low)), np.where(pole, np.inf, np.tan(a.high))
    return _outward(low, high, a.also(~pole), OF_FUNCTION)


def _cosh(a: Range) -> Range:
    size = _size(a)
    out = _outward(np.cosh(size.low), np.cosh(size.high), size, OF_FUNCTION)
    return out._replace(low=np.maximum(out.low, 1.0))


def _sign(a: Range) -> Range:
    return a._replace(low=np.sign(a.low), high=np.sign(a.high)).also((a.low > 0) | (a.high < 0))


def _step_function(a: Range) -> Range:
    low, high = np.where(a.low > 0, 1.0, 0.0), np.where(a.high >= 0, 1.0, 0.0)
    return a._replace(low=low, high=high).also((a.low > 0) | (a.high < 0))


def _extreme(of: Callable[..., Array]) -> Callable[..., Range]:
    def step(*args: Range) -> Range:
        total = args[0]
        for arg in args[1:]:
            total = _both(total, arg)._replace(low=of(total.low, arg.low), high=of(total.high, arg.high))
        return total

    return step


FUNCTIONS: Mapping[Any, Callable[[Range], Range]] = {
    sympy.exp: _exp,
    sympy.log: _log,
    sympy.sin: _wave(np.sin, np.pi / 2),
    sympy.cos: _wave(np.cos, 0.0),
    sympy.tan: _tan,
    sympy.asin: _inverse(np.arcsin, True),
    sympy.acos: _inverse(np.arccos, False),
    sympy.atan: _rising(np.arctan),
    sympy.sinh: _rising(np.sinh),
    sympy.cosh: _cosh,
    sympy.tanh: _rising(np.tanh),
    sympy.Abs: _size,
    sympy.sign: _sign,
    sympy.Heaviside: _step_function,
}
SEVERAL: Mapping[Any, Callable[..., Range]] = {
    sympy.Add: _sum,
    sympy.Mul: _product,
    sympy.Max: _extreme(np.maximum),
    sympy.Min: _extreme(np.minimum),
}
