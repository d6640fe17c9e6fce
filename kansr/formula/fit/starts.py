"""Where the constants of a form may lie, from how they stand in it and from the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, typical_size
from kansr.formula.fit.error_model import spread_of
from kansr.numeric.arrays import Array

Draw = Callable[[np.random.Generator], float]

DECADES = 1.5  # in either direction from a natural size
BEYOND = 0.3  # share of draws of a place outside the range of what it is a place of
# Signs of a constant, one drawn for each: constants are more often positive.
SIGNS = (-1.0, 1.0, 1.0)
EXPONENT = 3.0  # standard deviation of exponents, and of places on a scale that is not known


def part_with(expr: sympy.Expr, constant: sympy.Symbol, inputs: Mapping[str, sympy.Symbol]) -> sympy.Expr | None:
    """The smallest part of a form in which a constant meets an input; None where it does not."""
    names = set(inputs.values())
    if constant not in expr.free_symbols or not expr.free_symbols & names:
        return None
    inner = (part_with(arg, constant, inputs) for arg in expr.args)
    found = next((part for part in inner if part is not None), None)
    if found is not None:
        return found
    if expr.is_Add or expr.is_Mul:  # of a sum or product only what holds the constant or an input and no constant
        kept = [a for a in expr.args if constant in a.free_symbols or (a.free_symbols and a.free_symbols <= names)]
        return expr.func(*kept) if len(kept) > 1 else expr
    return expr


def draws(expr: sympy.Expr, constants: Sequence[sympy.Symbol], data: Dataset) -> list[Draw]:
    """For each constant a function that draws a value for it.

    A factor of an input is near the inverse of its size, a summand is a place in its range or beyond, an exponent a
    small number; the others are near the spread of a column, its inverse, or 1.
    """
    inputs = {name: sympy.Symbol(name) for name in data.names}
    sizes = np.array([spread_of(x) for x in data.X.T] + [spread_of(data.y)])
    natural = np.concatenate([sizes, 1 / sizes, np.ones(len(sizes))])
    return [_draw(part_with(expr, c, inputs), c, data, natural) for c in constants]


def _draw(part: sympy.Expr | None, constant: sympy.Symbol, data: Dataset, natural: Array) -> Draw:
    def any_size(rng: np.random.Generator) -> float:
        return float(rng.choice(natural) * 10 ** rng.uniform(-DECADES, DECADES) * rng.choice(SIGNS))

    if part is None:
        return any_size
    inputs = {sympy.Symbol(name) for name in data.names}
    others = part.free_symbols - inputs - {constant}
    if part.is_Mul and not others:
        own = [a for a in part.args if constant in a.free_symbols]
        rest = part / sympy.Mul(*own)
        power = _power_of(sympy.Mul(*own), constant)
        size = _size(rest, data)
        if power and size > 0:
            return lambda rng: float(size ** (-1 / power) * 10 ** rng.uniform(-DECADES, DECADES) * rng.choice(SIGNS))
    if part.is_Add and not others:
        factor = part.diff(constant)
        if factor.is_number and factor != 0:
            places = -Tape((part - factor * constant) / factor, data.names).value(data.X)
            low, high = float(np.min(places)), float(np.max(places))

            def place(rng: np.random.Generator) -> float:
                if rng.random() > BEYOND:
                    return float(rng.uniform(low, high))
                away = (high - low) * 10 ** rng.uniform(-DECADES, DECADES)
                return float(high + away if rng.random() < 0.5 else low - away)

            return place if np.isfinite([low, high]).all() and high > low else any_size
    if (part.is_Pow and constant in part.exp.free_symbols) or part.is_Add:

        def small(rng: np.random.Generator) -> float:
            return float(rng.normal(0, EXPONENT)) if rng.random() < 0.5 else any_size(rng)

        return small
    return any_size


def _power_of(expr: sympy.Expr, constant: sympy.Symbol) -> float:
    """The power p of a part c**p times a number, 0 where it is none."""
    _, bare = expr.as_independent(constant)
    base, power = bare.as_base_exp()
    return float(power) if base == constant and power.is_number else 0.0


def _size(expr: sympy.Expr, data: Dataset) -> float:
    """The rms of an expression in the inputs over the rows."""
    with np.errstate(all="ignore"):
        return typical_size(data.X, data.names, data.rows)(expr)
