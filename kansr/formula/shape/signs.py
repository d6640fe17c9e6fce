"""Whether an expression is positive, or not negative, everywhere in a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy
from sympy.polys.polyerrors import BasePolynomialError

from kansr.errors import FormulaError
from kansr.formula.shape.box import OPEN, PROVEN, Box, Finding, refuted
from kansr.formula.shape.enclosure import Enclosure, Range
from kansr.numeric.arrays import Array, Mask

MOST_BOXES = 6000  # that are looked at for one verdict: some 50 ms of a formula of ten operations
LEAST_WIDTH = 1e-9  # of a box over the first one, below which it is not divided
MOST_OPERATIONS = 120  # of an expression whose slopes are used too: they are longer than it
MOST_EXACT = 60  # operations of a quotient of polynomials that is written as one: their numbers have many digits
MOST_DEGREE = 40  # of a polynomial whose roots are counted
# A sum is taken to be 0 where it is less than this share of its terms: constants are written with 17 digits, and those
# of a derivative are rounded once more.
ROUNDED = 1e-12
OF_ROOT = sympy.Rational(1, 10**12)  # by how much a root that is named may be off
KEPT = 1000  # derivatives that are remembered


def sign(expr: sympy.Expr, box: Box, *, strict: bool = False) -> Finding:
    """Whether `expr` >= 0, or > 0, wherever it has a value in the box; refuted with a point.

    First points are tried, then a quotient of polynomials of one input is decided exactly, by Sturm's theorem; else the
    box is bisected. >= 0 holds up to ROUNDED.
    """
    expr = real(expr)
    try:
        return _Sign(expr, box.only(expr.free_symbols), strict).finding()
    except (FormulaError, BasePolynomialError, TypeError, RecursionError):  # as of the derivative of a kink
        return OPEN


def real(expr: sympy.Expr) -> sympy.Expr:
    """The expression in symbols without assumptions, as names are looked up."""
    return expr.xreplace({symbol: sympy.Symbol(symbol.name) for symbol in expr.free_symbols})


def exact(expr: sympy.Expr) -> sympy.Expr:
    """The expression with fractions in place of its floats, but for exponents; sums of them cancel exactly."""
    if expr.is_Float:
        return sympy.Rational(float(expr))
    if not expr.args:
        return expr
    if expr.is_Pow and expr.exp.is_number:
        return sympy.Pow(exact(expr.base), _exponent(expr.exp))
    return expr.func(*(exact(arg) for arg in expr.args))


def _exponent(exponent: sympy.Expr) -> sympy.Expr:
    whole = exponent.is_Float and float(exponent).is_integer()
    return sympy.Integer(int(float(exponent))) if whole else exponent


@lru_cache(KEPT)
def slope(expr: sympy.Expr, name: str, order: int = 1) -> sympy.Expr:
    """The derivative of an expression by an input, short where that is quick."""
    known = {symbol: sympy.Symbol(symbol.name, real=True) for symbol in expr.free_symbols}
    found = exact(expr).xreplace(known).diff(sympy.Symbol(name, real=True), order)
    return short(real(found))


@lru_cache(KEPT)
def short(expr: sympy.Expr) -> sympy.Expr:
    """A quotient of polynomials in lowest terms and in factors, which say more of its sign; others in a common one."""
    if not expr.free_symbols or expr.count_ops() > MOST_EXACT:
        return expr
    return sympy.factor(expr) if _quotient(expr) else sympy.factor_terms(expr)


def _quotient(expr: sympy.Expr) -> bool:
    return bool(expr.is_rational_function(*expr.free_symbols)) and not expr.has(sympy.Float)


@dataclass(frozen=True, eq=False)
class _Sign:
    """The question whether an expression is >= 0, or > 0, in the box of its own inputs."""

    expr: sympy.Expr
    box: Box
    strict: bool

    def finding(self) -> Finding:
        if not self.box.names:
            return self._of_number()
        expr = short(exact(self.expr))
        if not expr.free_symbols:
            return _Sign(expr, self.box.only(expr.free_symbols), self.strict).finding()
        program = Enclosure(expr, self.box.names)
        against = self._against(program, self.box.points)
        if against is not None:
            return against
        return self._by_roots(expr) or self._by_factors(expr) or self._bisected(program, self._slopes(expr))

    def _of_number(self) -> Finding:
        value, nothing = Enclosure(self.expr, ()), np.empty((1, 0))
        if self._holds(value, nothing, nothing)[0]:
            return PROVEN
        return self._against(value, nothing) or OPEN

    def _holds(self, program: Enclosure, low: Array, high: Array) -> Mask:
        """Whether the statement is sure to hold in each box, (boxes,)."""
        found, size = program.with_size(low, high)
        return np.asarray(found.low > 0 if self.strict else found.low >= -ROUNDED * size)

    def _against(self, program: Enclosure, X: Array) -> Finding | None:
        """The refutation by the point that is clearest, if one of X, (points, inputs), is one."""
        found, size = program.with_size(X, X)
        fails = found.high <= 0 if self.strict else found.high < -ROUNDED * size
        fails &= found.sure
        if not fails.any():
            return None
        worst = int(np.argmin(np.where(fails, found.high, np.inf)))
        return refuted(self.box.by_name(X[worst]))

    def _by_roots(self, expr: sympy.Expr) -> Finding | None:
        """The exact answer for a quotient of polynomials with rational coefficients in one input; None for others."""
        if len(self.box.names) > 1 or not _quotient(expr) or expr.count_ops() > MOST_EXACT:
            return None
        x = sympy.Symbol(self.box.names[0])
        low, high = (sympy.Rational(float(end[0])) for end in (self.box.low, self.box.high))
        above, below = (sympy.Poly(part, x) for part in sympy.fraction(sympy.cancel(expr)))
        rational = all(part.domain.is_ZZ or part.domain.is_QQ for part in (above, below))
        if not rational or above.degree() + below.degree() > MOST_DEGREE or low >= high:
            return None
        if self.strict and above.count_roots(low, high):
            ends, _ = above.intervals(eps=OF_ROOT, inf=low, sup=high)[0]
            return refuted({self.box.names[0]: float(ends[0])})
        number, parts = (above * below).sqf_list()
        changing = sympy.Poly(number, x)  # what changes its sign inside, with the sign of the quotient
        for part, power in parts:
            changing = changing * part if power % 2 else changing
        inside = changing.count_roots(low, high) - sum(changing(end) == 0 for end in {low, high})
        # where it fails, the point is found by bisection
        return PROVEN if not inside and changing((low + high) / 2) > 0 else None

    def _by_factors(self, expr: sympy.Expr) -> Finding | None:
        """Proven where the factors of a product have one sign each, an even number of them the negative; None else."""
        parts = sympy.Mul.make_args(expr)
        if len(parts) == 1:
            return None
        negative = 0
        for part in parts:
            if sign(part, self.box, strict=self.strict) is not PROVEN:
                if sign(-part, self.box, strict=self.strict) is not PROVEN:
                    return None
                negative += 1
        return PROVEN if negative % 2 == 0 else None

    def _slopes(self, expr: sympy.Expr) -> Sequence[Enclosure]:
        if expr.count_ops() > MOST_OPERATIONS:
            return ()
        try:
            return [Enclosure(slope(expr, name), self.box.names) for name in self.box.names]
        except FormulaError:
            return ()

    def _bisected(self, program: Enclosure, slopes: Sequence[Enclosure]) -> Finding:
        """The answer from smaller and smaller boxes; where a slope has one sign, its end of the box is enough."""
        low, high = self.box.low[None, :], self.box.high[None, :]
        whole = np.where(self.box.high > self.box.low, self.box.high - self.box.low, 1.0)
        seen = 0
        while len(low):
            seen += len(low)
            unclear = ~self._holds(program, low, high)
            low, high = low[unclear], high[unclear]
            if not len(low):
                return PROVEN
            ranges = [one(low, high) for one in slopes]
            if ranges:
                unclear = ~self._holds(program, *_lower_end(program, low, high, ranges))
                low, high, ranges = low[unclear], high[unclear], [_taken(r, unclear) for r in ranges]
            against = self._against(program, 0.5 * (low + high)) if len(low) else None
            if against is not None:
                return against
            width = (high - low) / whole
            if seen > MOST_BOXES or (len(low) and width.max(axis=1).min() < LEAST_WIDTH):
                return OPEN
            low, high = _halves(low, high, width, ranges)
        return PROVEN


def _taken(found: Range, rows: Mask) -> Range:
    return Range(found.low[rows], found.high[rows], found.sure[rows], found.nowhere[rows])


def _lower_end(program: Enclosure, low: Array, high: Array, slopes: Sequence[Range]) -> tuple[Array, Array]:
    """The part of each box in which the expression is least, as far as its slopes say so."""
    good = program(low, high).sure
    down, up = low.copy(), high.copy()
    for i, found in enumerate(slopes):
        rising, falling = good & (found.low >= 0), good & (found.high <= 0)
        up[:, i] = np.where(rising, low[:, i], up[:, i])
        down[:, i] = np.where(falling & ~rising, high[:, i], down[:, i])
    return down, up


def _halves(low: Array, high: Array, width: Array, slopes: Sequence[Range]) -> tuple[Array, Array]:
    """Each box divided across the input along which the expression may change most, or else the widest one."""
    if not len(low):
        return low, high
    reach = width
    if slopes:
        steep = np.stack([np.maximum(np.abs(s.low), np.abs(s.high)) for s in slopes], axis=1)
        change = steep * (high - low)
        reach = np.where(np.isfinite(change).all(axis=1, keepdims=True), change, width)
        reach = np.where(width > LEAST_WIDTH, reach, 0.0)
    axis = np.argmax(reach, axis=1)
    rows = np.arange(len(low))
    middle = 0.5 * (low[rows, axis] + high[rows, axis])
    first, second = high.copy(), low.copy()
    first[rows, axis], second[rows, axis] = middle, middle
    return np.vstack([low, second]), np.vstack([first, high])
