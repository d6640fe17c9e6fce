"""Numbers as people write them: integers, small fractions, their roots, multiples of powers of pi, short decimals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from math import gcd

import numpy as np
import sympy

from kansr.expression.complexity import bits
from kansr.numeric.arrays import Array

LARGEST = 32  # numerator and denominator of a fraction
LARGEST_CUBE = 12  # numerator and denominator under a cube root
PI_HALVES = (-4, -3, -2, -1, 0, 1, 2, 3, 4)  # powers of pi, counted in halves: pi**(h/2)
SHORT_DIGITS = 6  # significant digits of a short decimal
SHORT_TOLERANCE = 2e-9  # relative distance up to which a fitted number equals its short decimal: the accuracy of fits
MOST_PROPOSALS = 4  # numbers proposed for one constant
MOST_DIGITS = 8  # significant digits of a decimal that is proposed
LARGEST_INTEGER = 1e9  # up to which a whole decimal is written as an integer
RADICAL_BITS, PI_BITS = 4.0, 4.0  # what a square root (a cube root: twice that), and the use of pi, cost
LOGARITHM_BITS = 10.0  # what log(2), log(10) and their inverses cost
# Factors that come from another base of a logarithm or from a half-life, with their code lengths in bits.
LOGARITHMS = tuple((sympy.log(n) ** p, LOGARITHM_BITS) for n in (2, 10) for p in (1, -1))


@cache
def nice_numbers() -> tuple[Array, Array, tuple[tuple[int, int, int, int], ...]]:
    """The nice numbers: values ascending, (numbers,); code lengths in bits, (numbers,); and (p, q, root, h) of each.

    The number is (p/q)**(1/root)·pi**(h/2) for root 1 and 2, and (p/q·pi**h)**(1/3) for root 3.
    """
    rows: dict[float, tuple[float, tuple[int, int, int, int]]] = {}
    for p in range(1, LARGEST + 1):
        for q in range(1, LARGEST + 1):
            if gcd(p, q) != 1:
                continue
            cubes = [(3, h) for h in (-1, 0, 1)] if max(p, q) <= LARGEST_CUBE else []
            for root, h in [*product((1, 2), PI_HALVES), *cubes]:
                key = (p, q, root, h)
                cost = _bits(*key)
                value = (p / q) ** (1 / root) * np.pi ** (h / max(root, 2))
                if value not in rows or cost < rows[value][0]:
                    rows[value] = (cost, key)
    values = np.array(sorted(rows))
    return values, np.array([rows[v][0] for v in values]), tuple(rows[v][1] for v in values)


def _bits(p: int, q: int, root: int, halves: int) -> float:
    whole = 1.0 + 2.0 * np.log2(p + 1) + (1.0 + 2.0 * np.log2(q + 1) if q > 1 else 0.0)
    return float(whole + RADICAL_BITS * (root - 1) + (PI_BITS + abs(halves) if halves else 0.0))


def as_expr(p: int, q: int, root: int, halves: int) -> sympy.Expr:
    """The number with these parts, see `nice_numbers`."""
    return sympy.Rational(p, q) ** sympy.Rational(1, root) * sympy.pi ** sympy.Rational(halves, max(root, 2))


def is_short(value: float, digits: int = SHORT_DIGITS) -> bool:
    """Whether a number has at most so many significant digits, up to the accuracy of a fit."""
    return abs(float(f"{value:.{digits - 1}e}") - value) < SHORT_TOLERANCE * abs(value)


# Coefficients of a term relative to another one, the fewest bits first.
FACTORS = sorted(
    (
        sympy.Rational(*pq)
        for pq in ((1, 1), (2, 1), (3, 1), (4, 1), (6, 1), (8, 1), (1, 2), (1, 3), (1, 4), (2, 3), (3, 2))
    ),
    key=lambda number: _bits(number.p, number.q, 1, 0),
)
FACTOR_TOLERANCE = 0.02  # relative tolerance of a factor that was read off gradients


def factor_near(value: float, tolerance: float = FACTOR_TOLERANCE) -> sympy.Expr | None:
    """The one of FACTORS, of either sign, with the fewest bits within a relative `tolerance` of `value`, else None."""
    for number in FACTORS:
        if abs(abs(value) / float(number) - 1) < tolerance:
            return number if value > 0 else -number
    return None


EXPONENT_TOLERANCES = {1: 0.1, 2: 0.1, 3: 0.02, 4: 0.02, 5: 0.02}  # of an exponent read off gradients, by denominator
LARGEST_EXPONENT = 6.5  # in size
PER_DENOMINATOR = 0.002  # how much nearer a fraction must be for each step of its denominator


def exponent_near(
    value: float,
    tolerances: Mapping[int, float] = EXPONENT_TOLERANCES,
    per_denominator: float = PER_DENOMINATOR,
    largest: float = LARGEST_EXPONENT,
) -> sympy.Rational | None:
    """The fraction nearest to `value`, with a penalty for larger denominators; None where none is near enough.

    tolerances: the largest distance for each denominator; per_denominator: the penalty, as a distance; largest: the
    size above which a value is no exponent.
    """
    if abs(value) > largest:
        return None
    options = []
    for q, tolerance in tolerances.items():
        p = round(q * value)
        distance = abs(value - p / q)
        if distance <= tolerance:
            options.append((distance + per_denominator * (q - 1), p, q))
    return sympy.Rational(*min(options)[1:]) if options else None


def fractions_near(
    value: float, denominators: Iterable[int], tolerance: float, largest: float = np.inf
) -> Iterator[sympy.Rational]:
    """The fractions other than 0 within a relative `tolerance` of `value`, in the order of `denominators`.

    largest: the limit of the numerators, in size.
    """
    for q in denominators:
        p = round(q * value)
        if 0 < abs(p) < largest and abs(p / q - value) < tolerance * abs(value):
            yield sympy.Rational(p, q)


def proposals(value: float, tolerance: float, limit: int = MOST_PROPOSALS) -> list[sympy.Expr]:
    """At most `limit` nice numbers within `tolerance` (absolute) of `value`, those with the fewest bits first.

    0 costs nothing; decimals cost what their digits do.
    """
    found: list[tuple[float, sympy.Expr]] = []
    if abs(value) <= tolerance:
        found.append((0.0, sympy.S.Zero))
    values, costs, keys = nice_numbers()
    low, high = np.searchsorted(values, [abs(value) - tolerance, abs(value) + tolerance])
    sign = -1 if value < 0 else 1
    near = np.arange(low, high)
    for i in near[np.lexsort((np.abs(values[near] - abs(value)), costs[near]))][:limit]:
        found.append((float(costs[i]), sign * as_expr(*keys[i])))
    found += [(bits(number, np.inf), number) for number in _whole_and_decimal(value, tolerance)]
    found += [(cost, sign * number) for number, cost in LOGARITHMS if abs(float(number) - abs(value)) <= tolerance]
    unique = {expr: cost for cost, expr in sorted(found, key=lambda f: -f[0])}
    return sorted(unique, key=lambda expr: unique[expr])[:limit]


def _whole_and_decimal(value: float, tolerance: float) -> list[sympy.Expr]:
    """The decimal with the fewest digits within `tolerance`, an Integer where it is whole; empty if there is none."""
    if value == 0 or not np.isfinite(value):
        return []
    for digits in range(1, MOST_DIGITS + 1):
        short = float(f"{value:.{digits - 1}e}")
        if abs(short - value) <= tolerance:
            whole = short.is_integer() and abs(short) < LARGEST_INTEGER
            return [sympy.Integer(int(short)) if whole else sympy.Float(short)]
    return []
