"""Dimensional consistency: whether a formula can have the unit of its target, and if not, which part prevents it.

Every subexpression has a dimension; terms of a sum must have the same one, arguments of functions none. Where fitted
numbers may carry units, the unit of each is an unknown, and these conditions are linear equations for exponents. The
argument of a logarithm may have a unit if it cancels, log(p_2) - log(p_1), or is undone, exp(2*log(x)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy

from kansr.expression.evaluate import EXTREMES
from kansr.expression.named_constant import NamedConstant
from kansr.expression.render import readable
from kansr.units.dimension import Dimension
from kansr.units.units import Units

DIMENSIONLESS = Dimension()
UNKNOWN = "?"  # prefix of the names of base dimensions that stand for the unknown unit of a fitted number


class InconsistentUnits(ValueError):
    """The formula is inconsistent; the message is one sentence that names the subexpression."""


@dataclass(frozen=True)
class Dimensioned:
    """The dimension of a subexpression, and the logarithms in it whose arguments have a unit.

    logs: for each factor that multiplies such a logarithm, the dimension of the argument. It has to cancel in the sum.
    """

    dimension: Dimension
    logs: Mapping[sympy.Expr, Dimension] = field(default_factory=dict)


def fits(expr: sympy.Expr, units: Units) -> bool:
    """Whether the formula can have the dimension of the target."""
    return objection(expr, units) == ""


def objection(expr: sympy.Expr, units: Units) -> str:
    """Why the formula cannot have the dimension of the target, in one sentence; "" if it can.

    A formula without variables is a value of the target, in its unit.
    """
    if expr.is_number and not expr.has(NamedConstant):
        return ""
    checker = _ConsistencyCheck(units)
    try:
        found = checker.value(expr)
        if not checker.alike(found.dimension, units.goal):
            return f"{readable(expr)} is in {_shown(found.dimension)}, but {units.target} in {units.goal}"
        checker.no_logs(found, expr)
    except InconsistentUnits as err:
        return str(err)
    return ""


def dimension_in(expr: sympy.Expr, units: Units) -> Dimension | None:
    """The dimension of a subexpression, None where it is inconsistent in itself."""
    checker = _ConsistencyCheck(units)
    try:
        found = checker.value(expr)
        checker.no_logs(found, expr)
    except InconsistentUnits:
        return None
    return found.dimension


class _ConsistencyCheck:
    """Walks a formula and collects the equations between unknown units, each solved for one unknown.

    The methods raise InconsistentUnits where an equation cannot hold.
    """

    def __init__(self, units: Units) -> None:
        self.units = units
        self.solved: dict[str, Dimension] = {}
        self.unknowns = 0

    def value(self, expr: sympy.Expr) -> Dimensioned:
        """The dimension of a subexpression, with its open logarithms."""
        if isinstance(expr, sympy.Symbol | NamedConstant):
            return Dimensioned(self.units.dimension[expr.name])
        if expr.is_number and not expr.has(NamedConstant):
            free = expr.is_zero or (self.units.free and abs(expr) != 1)
            return Dimensioned(self._unknown(expr) if free else DIMENSIONLESS)
        if expr.is_Add:
            return self._sum(expr)
        if expr.is_Mul:
            return self._product(expr)
        if expr.is_Pow and expr.base is not sympy.E:
            return self._power(expr)
        if expr.func in EXTREMES:
            return self._extreme(expr)
        argument = expr.exp if expr.is_Pow else expr.args[0]
        return self._function(expr, argument, self.value(argument))

    def alike(self, first: Dimension, second: Dimension) -> bool:
        """Adds the equation first = second; False, with nothing added, where it contradicts the others."""
        difference = self._reduced(first / second)
        unknown = next((base for base in difference.bases if base.startswith(UNKNOWN)), None)
        if unknown is None:
            return difference.plain
        power = difference[unknown]
        solution = (difference / Dimension.of({unknown: power})) ** (-1 / power)
        self.solved = {base: _insert(value, unknown, solution) for base, value in self.solved.items()}
        self.solved[unknown] = solution
        return True

    def no_logs(self, value: Dimensioned, expr: sympy.Expr) -> None:
        """Demands that the arguments of the open logarithms have no unit."""
        for dimension in value.logs.values():
            if not self.alike(dimension, DIMENSIONLESS):
                raise InconsistentUnits(f"a logarithm in {readable(expr)} is taken of something in {_shown(dimension)}")

    def _sum(self, expr: sympy.Expr) -> Dimensioned:
        first, *rest = expr.args
        total = self.value(first)
        logs = dict(total.logs)
        for term in rest:
            found = self.value(term)
            if not self.alike(total.dimension, found.dimension):
                raise InconsistentUnits(
                    f"{readable(first)} and {readable(term)} are added, "
                    f"but one is in {self._say(total.dimension)} and the other in {self._say(found.dimension)}"
                )
            for factor, dimension in found.logs.items():
                logs[factor] = logs.get(factor, DIMENSIONLESS) * dimension
        if self.units.free and any(term.is_number for term in expr.args):
            logs.pop(sympy.S.One, None)  # log(x) + c is log(x/x_0)
        return Dimensioned(total.dimension, {f: d for f, d in logs.items() if not self._reduced(d).plain})

    def _product(self, expr: sympy.Expr) -> Dimensioned:
        dimension = DIMENSIONLESS
        logs: dict[sympy.Expr, Dimension] = {}
        for factor in expr.args:
            found = self.value(factor)
            dimension = dimension * found.dimension
            if found.logs and logs:
                self.no_logs(found, factor)
            elif found.logs:
                number, rest = sympy.Mul(*(f for f in expr.args if f is not factor)).as_coeff_Mul()
                logs = {f * rest: d ** _fraction(number) for f, d in found.logs.items()}
        return Dimensioned(dimension, logs)

    def _power(self, expr: sympy.Expr) -> Dimensioned:
        base, exponent = self.value(expr.base), self.value(expr.exp)
        self.no_logs(base, expr.base)
        if expr.exp.is_number:
            return Dimensioned(base.dimension ** _fraction(expr.exp))
        for part, found in ((expr.base, base), (expr.exp, exponent)):
            self._plain(expr, part, found)
            self.no_logs(found, part)
        return Dimensioned(DIMENSIONLESS)

    def _extreme(self, expr: sympy.Expr) -> Dimensioned:
        """What is compared has one unit."""
        first, *rest = (self.value(arg) for arg in expr.args)
        for found in (first, *rest):
            self.no_logs(found, expr)
            if not self.alike(first.dimension, found.dimension):
                raise InconsistentUnits(f"what is compared in {readable(expr)} has different units")
        return first

    def _function(self, expr: sympy.Expr, argument: sympy.Expr, found: Dimensioned) -> Dimensioned:
        if expr.func is sympy.Abs:
            return found
        if expr.func is sympy.log:
            self.no_logs(found, argument)
            return Dimensioned(DIMENSIONLESS, {} if found.dimension.plain else {sympy.S.One: found.dimension})
        self._plain(expr, argument, found)
        if expr.func is not sympy.exp and not expr.is_Pow:
            self.no_logs(found, argument)
            return Dimensioned(DIMENSIONLESS)
        undone = found.logs.get(sympy.S.One, DIMENSIONLESS)
        self.no_logs(Dimensioned(DIMENSIONLESS, {f: d for f, d in found.logs.items() if f != 1}), argument)
        return Dimensioned(undone)

    def _plain(self, expr: sympy.Expr, part: sympy.Expr, found: Dimensioned) -> None:
        """Demands that `part`, which is in `expr`, has no unit."""
        if not self.alike(found.dimension, DIMENSIONLESS):
            raise InconsistentUnits(
                f"in {readable(expr)}, {readable(part)} must be dimensionless but is in {found.dimension}"
            )

    def _unknown(self, number: sympy.Expr) -> Dimension:
        """The unknown unit of a number. Equal floats are one constant and share it."""
        self.unknowns += 1
        name = abs(number) if number.is_Float else f"no. {self.unknowns}"
        return Dimension.of({f"{UNKNOWN}{name}": Fraction(1)})

    def _reduced(self, dimension: Dimension) -> Dimension:
        for unknown, solution in self.solved.items():
            dimension = _insert(dimension, unknown, solution)
        return dimension

    def _say(self, dimension: Dimension) -> str:
        return _shown(self._reduced(dimension))


def _insert(dimension: Dimension, unknown: str, solution: Dimension) -> Dimension:
    """The dimension with the solution in place of the unknown."""
    power = dimension[unknown]
    return dimension / Dimension.of({unknown: power}) * solution**power if power else dimension


def _shown(dimension: Dimension) -> str:
    """The dimension as text, unknown units left out."""
    return str(Dimension.of({base: p for base, p in dimension.powers if not base.startswith(UNKNOWN)}))


def _fraction(number: sympy.Expr) -> Fraction:
    """The number exactly as it is written, so that a fitted exponent is 3/5 only where it is 0.6."""
    return Fraction(int(number.p), int(number.q)) if number.is_Rational else Fraction(repr(float(number)))
