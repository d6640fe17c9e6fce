"""The families of functions that a component may be: of one input, of two, or of a line of several.

A term of a formula is amplitude·φ(u; p): φ is a row of FAMILIES, u are inputs with mean 0 and spread 1, p the inner
constants. A family says how φ is computed and written, where its constants may lie, and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy

from kansr.formula.judge.vocabulary import Vocabulary
from kansr.numeric.arrays import Array

Values = Sequence[Any]  # arrays, or numbers, that broadcast


class Role(Enum):
    """What an inner constant does, which says where it may lie."""

    SHIFT = "u + a, anywhere near the rows"
    EDGE = "u + a, of one sign on all rows"
    VERTEX = "u + a of a power, near the rows"
    CORNER = "u + a changes its sign between rows"
    CENTRE = "u + a is 0 near the rows"
    SLOPE = "a·u, of either sign"
    FREQUENCY = "a·u, of a wave"
    PHASE = "an angle"
    GAIN = "k·h, of either sign"
    WEIGHT = "a·u, one of several in a linear combination"


# Where constants may lie, u having spread 1: beyond these a function is a line, or a parabola, on the rows. Source:
# results/2026-11-30-measured-tables.
SHIFT_MOST = 6.0  # a farther shift leaves nothing but a line beside a little curvature
VERTEX_MOST = 3.0  # the same for a power of one input
EDGE_MARGIN, EDGE_MOST = 0.1, 1.5  # of the range of u, between a pole and the nearest row: at least, at most
CENTRE_MARGIN = 0.5  # of the range of u, between a centre and the nearest row at most
CORNER_SHARE = 0.1  # of the rows on either side of a corner, at least: otherwise it is a line
SLOPE_LEAST, SLOPE_MOST = 0.1, 5.0
FREQUENCY_LEAST, FREQUENCY_MOST = 0.2, 8.0
GAIN_LEAST, GAIN_MOST = 0.02, 4.0


ANY_CONSTANT = 0.37  # an inner constant that stands for all others


class Family(NamedTuple):
    """One row.

    arity: inputs; roles: of the inner constants, each with the position of the input that it belongs to; nodes: what
    φ counts for in a formula. value: φ from inputs and constants; written: φ up to a factor and an offset, from raw
    inputs x, where shift(i, a) stands for x + c and slope(i, a) for the slope along x.
    """

    name: str
    arity: int
    roles: tuple[tuple[Role, int], ...]
    nodes: int
    value: Callable[[Values, Values], Any]
    written: Callable[[Writer, Values], sympy.Expr]
    plain: bool = False


class Writer(NamedTuple):
    """Writes functions of standardised inputs in raw ones. symbols, means, spreads: of the inputs of a term."""

    symbols: Sequence[sympy.Symbol]
    means: Sequence[float]
    spreads: Sequence[float]

    def x(self, i: int) -> sympy.Expr:
        return self.symbols[i]

    def shifted(self, i: int, a: float) -> sympy.Expr:
        """spread·(u + a)"""
        return self.symbols[i] + sympy.Float(a * self.spreads[i] - self.means[i])

    def per(self, i: int, a: float) -> float:
        """The slope along x of a·u."""
        return a / self.spreads[i]

    def linear(self, slopes: Sequence[float], constant: float) -> sympy.Expr:
        """Σ slope·u + constant"""
        offset = constant - sum(a * m / s for a, m, s in zip(slopes, self.means, self.spreads))
        terms = [sympy.Float(a / s) * x for a, x, s in zip(slopes, self.symbols, self.spreads)]
        return sympy.Add(*terms, sympy.Float(offset))

    def product(self, k: float, a: float, b: float) -> sympy.Expr:
        """k·(u + a)·(v + b)"""
        scale = k / (self.spreads[0] * self.spreads[1])
        return sympy.Float(scale) * self.shifted(0, a) * self.shifted(1, b)


def _positive(w: Writer, i: int, a: float) -> sympy.Expr:
    """spread·|u + a| of an edge: of the sign that it has."""
    return w.shifted(i, a) if a > 0 else -w.shifted(i, a)


def _bell(t: Any) -> Any:
    return np.exp(-t * t)


S, V, E, C, M, L, F, P, G = (
    *(Role.SHIFT, Role.VERTEX, Role.EDGE, Role.CORNER, Role.CENTRE),
    *(Role.SLOPE, Role.FREQUENCY, Role.PHASE, Role.GAIN),
)

ONE_INPUT = (
    Family("line", 1, (), 1, lambda u, p: u[0], lambda w, p: w.x(0), True),
    Family("square", 1, ((V, 0),), 4, lambda u, p: (u[0] + p[0]) ** 2, lambda w, p: w.shifted(0, p[0]) ** 2, True),
    Family("cube", 1, ((V, 0),), 4, lambda u, p: (u[0] + p[0]) ** 3, lambda w, p: w.shifted(0, p[0]) ** 3),
    Family(
        "exponential", 1, ((L, 0),), 4, lambda u, p: np.exp(p[0] * u[0]),
        lambda w, p: sympy.exp(sympy.Float(w.per(0, p[0])) * w.x(0)),
    ),
    Family(
        "logarithm", 1, ((E, 0),), 4, lambda u, p: np.log(np.abs(u[0] + p[0])),
        lambda w, p: sympy.log(_positive(w, 0, p[0])),
    ),
    Family(
        "root", 1, ((E, 0),), 4, lambda u, p: np.sqrt(np.abs(u[0] + p[0])),
        lambda w, p: sympy.sqrt(_positive(w, 0, p[0])),
    ),
    Family(
        "wave", 1, ((F, 0), (P, 0)), 6, lambda u, p: np.sin(p[0] * u[0] + p[1]),
        lambda w, p: sympy.sin(w.linear((p[0],), p[1])),
    ),
    Family(
        "step", 1, ((L, 0), (M, 0)), 6, lambda u, p: np.tanh(p[0] * (u[0] + p[1])),
        lambda w, p: sympy.tanh(w.linear((p[0],), p[0] * p[1])),
    ),
    Family("reciprocal", 1, ((E, 0),), 5, lambda u, p: 1 / (u[0] + p[0]), lambda w, p: 1 / w.shifted(0, p[0])),
    Family(
        "corner", 1, ((C, 0),), 4, lambda u, p: np.abs(u[0] + p[0]), lambda w, p: sympy.Abs(w.shifted(0, p[0]))
    ),
    Family(
        "bell", 1, ((L, 0), (M, 0)), 7, lambda u, p: _bell(p[0] * (u[0] + p[1])),
        lambda w, p: sympy.exp(sympy.Float(-w.per(0, p[0]) ** 2) * w.shifted(0, p[1]) ** 2),
    ),
)  # fmt: skip


def _of_product(name: str, f: Callable[[Any], Any], g: Callable[[Any], Any]) -> Family:
    return Family(
        f"{name} of a product", 2, ((G, 0), (S, 0), (S, 1)), 10,
        lambda u, p: f(p[0] * (u[0] + p[1]) * (u[1] + p[2])), lambda w, p: g(w.product(p[0], p[1], p[2])),
    )  # fmt: skip


def _of_line(name: str, f: Callable[[Any], Any], g: Callable[[Any], Any]) -> Family:
    return Family(
        f"{name} of a line", 2, ((L, 0), (L, 1), (P, 0)), 10,
        lambda u, p: f(p[0] * u[0] + p[1] * u[1] + p[2]), lambda w, p: g(w.linear((p[0], p[1]), p[2])),
    )  # fmt: skip


OfOne = Callable[[Any, Values], Any]
WrittenOfOne = Callable[[Writer, int, Values], sympy.Expr]


def _line_times(name: str, roles: Sequence[Role], nodes: int, f: OfOne, g: WrittenOfOne) -> list[Family]:
    """(u + a)·f(v) and f(u)·(v + a)."""
    return [_line_first(name, roles, nodes, f, g, first) for first in (0, 1)]


def _line_first(name: str, roles: Sequence[Role], nodes: int, f: OfOne, g: WrittenOfOne, first: int) -> Family:
    """(u + a)·f(v), u at the position `first`."""

    def value(u: Values, p: Values) -> Any:
        return (u[first] + p[0]) * f(u[1 - first], p[1:])

    def written(w: Writer, p: Values) -> sympy.Expr:
        return w.shifted(first, p[0]) * g(w, 1 - first, p[1:])

    title = f"line times {name}{', turned round' if first else ''}"
    return Family(title, 2, ((S, first), *((role, 1 - first) for role in roles)), nodes, value, written)


def _single(w: Writer, i: int) -> Writer:
    return Writer(w.symbols[i : i + 1], w.means[i : i + 1], w.spreads[i : i + 1])


TWO_INPUTS = (
    Family(
        "product", 2, ((S, 0), (S, 1)), 7, lambda u, p: (u[0] + p[0]) * (u[1] + p[1]),
        lambda w, p: w.shifted(0, p[0]) * w.shifted(1, p[1]), True,
    ),
    Family(
        "square of a product", 2, ((S, 0), (S, 1)), 9, lambda u, p: ((u[0] + p[0]) * (u[1] + p[1])) ** 2,
        lambda w, p: (w.shifted(0, p[0]) * w.shifted(1, p[1])) ** 2,
    ),
    _of_product("wave", np.sin, sympy.sin),
    _of_product("exponential", np.exp, sympy.exp),
    _of_product("step", np.tanh, sympy.tanh),
    _of_line("wave", np.sin, sympy.sin),
    _of_line("step", np.tanh, sympy.tanh),
    Family(
        "exponential of a line", 2, ((L, 0), (L, 1)), 8, lambda u, p: np.exp(p[0] * u[0] + p[1] * u[1]),
        lambda w, p: sympy.exp(sympy.Float(w.per(0, p[0])) * w.x(0) + sympy.Float(w.per(1, p[1])) * w.x(1)),
    ),
    Family(
        "square of a line", 2, ((L, 1), (S, 0)), 8, lambda u, p: (u[0] + p[0] * u[1] + p[1]) ** 2,
        lambda w, p: w.linear((1.0, p[0]), p[1]) ** 2,
    ),
    Family(
        "ratio", 2, ((S, 0), (E, 1)), 7, lambda u, p: (u[0] + p[0]) / (u[1] + p[1]),
        lambda w, p: w.shifted(0, p[0]) / w.shifted(1, p[1]),
    ),
    Family(
        "ratio, turned round", 2, ((S, 1), (E, 0)), 7, lambda u, p: (u[1] + p[0]) / (u[0] + p[1]),
        lambda w, p: w.shifted(1, p[0]) / w.shifted(0, p[1]),
    ),
    *_line_times(
        "exponential", (L,), 8, lambda v, p: np.exp(p[0] * v),
        lambda w, i, p: sympy.exp(sympy.Float(w.per(i, p[0])) * w.x(i)),
    ),
    *_line_times(
        "wave", (F, P), 10, lambda v, p: np.sin(p[0] * v + p[1]),
        lambda w, i, p: sympy.sin(_single(w, i).linear((p[0],), p[1])),
    ),
    *_line_times(
        "square", (S,), 8, lambda v, p: (v + p[0]) ** 2, lambda w, i, p: w.shifted(i, p[0]) ** 2,
    ),
    *_line_times(
        "step", (L, M), 10, lambda v, p: np.tanh(p[0] * (v + p[1])),
        lambda w, i, p: sympy.tanh(_single(w, i).linear((p[0],), p[0] * p[1])),
    ),
    Family(
        "bell of two inputs", 2, ((L, 0), (M, 0), (M, 1)), 13,
        lambda u, p: _bell(p[0] * (u[0] + p[1])) * _bell(p[0] * (u[1] + p[2])),
        lambda w, p: sympy.exp(
            sympy.Float(-w.per(0, p[0]) ** 2) * w.shifted(0, p[1]) ** 2
            - sympy.Float(w.per(1, p[0]) ** 2) * w.shifted(1, p[2]) ** 2
        ),
    ),
)  # fmt: skip


def index_name(name: str, arity: int) -> str:
    """The name of the family that is a function of a linear combination of so many inputs."""
    return f"{name} of a line of {arity}"


def _of_index(name: str, arity: int, shifted: bool, f: Callable[[Any], Any], g: Callable[[Any], Any]) -> Family:
    """f(Σ a·u + b), a single-index term. shifted: whether there is a b."""

    def value(u: Values, p: Values) -> Any:
        return f(sum((a * v for a, v in zip(p, u)), p[arity] if shifted else 0.0))

    def written(w: Writer, p: Values) -> sympy.Expr:
        return g(w.linear(tuple(p[:arity]), p[arity] if shifted else 0.0))

    roles = (*((Role.WEIGHT, i) for i in range(arity)), *([(Role.PHASE, 0)] if shifted else []))
    return Family(index_name(name, arity), arity, roles, 4 + 3 * arity, value, written)


# Functions of a linear combination of several inputs, by the family of one input that each is; squares are sums of
# products. Their constants: a for each input, then b, from the constants of that family and a direction.
FEWEST_IN_INDEX, MOST_IN_INDEX = 3, 6  # inputs
OF_INDEX: dict[str, tuple[bool, Callable[[Any], Any], Callable[[Any], Any], Callable[[Values], Any]]] = {
    "wave": (True, np.sin, sympy.sin, lambda p: p[1]),
    "step": (True, np.tanh, sympy.tanh, lambda p: p[0] * p[1]),
    "bell": (True, _bell, lambda t: sympy.exp(-(t**2)), lambda p: p[0] * p[1]),
    "exponential": (False, np.exp, sympy.exp, lambda p: 0.0),
}
INDICES = tuple(
    _of_index(name, arity, shifted, f, g)
    for arity in range(FEWEST_IN_INDEX, MOST_IN_INDEX + 1)
    for name, (shifted, f, g, _) in OF_INDEX.items()
)

WITH_ONE_LESS = {
    index_name(name, arity): index_name(name, arity - 1)
    for arity in range(FEWEST_IN_INDEX + 1, MOST_IN_INDEX + 1)
    for name in OF_INDEX
}  # the same function of a combination of one input less


def index_constants(name: str, p: Values, direction: Array) -> tuple[float, ...]:
    """The constants of a single-index term, from those of a function of the combination along a direction."""
    shifted, _, _, constant = OF_INDEX[name]
    return (*(float(p[0]) * direction).tolist(), *([float(constant(p))] if shifted else []))


FAMILIES = {family.name: family for family in (*ONE_INPUT, *TWO_INPUTS, *INDICES)}


class Range(NamedTuple):
    """Where the values of a standardised input lie: ends, and the quantiles between which a corner may be."""

    low: float
    high: float
    corner_low: float
    corner_high: float

    @classmethod
    def of_all(cls, U: Array) -> Iterator[Range]:
        """Of every input, U (rows, inputs)."""
        corners = np.quantile(U, [CORNER_SHARE, 1 - CORNER_SHARE], axis=0)
        return (cls(*map(float, column)) for column in np.vstack([U.min(0), U.max(0), corners]).T)

    @property
    def width(self) -> float:
        return self.high - self.low


def drawn(role: Role, at: Range, count: int, rng: np.random.Generator) -> Array:
    """Random starts of a constant, (count,)."""
    if role in (Role.SHIFT, Role.VERTEX):
        return rng.uniform(-1, 1, count) * min(max(at.width, 1.0) * SHIFT_SPREAD, VERTEX_MOST)
    if role is Role.EDGE:
        distance = at.width * np.exp(rng.uniform(np.log(EDGE_MARGIN), np.log(EDGE_MOST), count))
        return np.where(rng.random(count) < 0.5, distance - at.low, -distance - at.high)
    if role is Role.CORNER:
        return -rng.uniform(at.corner_low, at.corner_high, count)
    if role is Role.CENTRE:
        return -rng.uniform(at.low, at.high, count)
    if role is Role.PHASE:
        return rng.uniform(-np.pi, np.pi, count)
    if role is Role.WEIGHT:
        return rng.uniform(-1, 1, count)
    least, most = SIZES[role]
    size = np.exp(rng.uniform(np.log(least), np.log(most), count))
    return size if role is Role.FREQUENCY else size * rng.choice([-1.0, 1.0], count)


SHIFT_SPREAD = 0.75  # of the range, up to which shifts are drawn
SIZES = {
    Role.SLOPE: (0.1, SLOPE_MOST / 2),
    Role.FREQUENCY: (FREQUENCY_LEAST, FREQUENCY_MOST),
    Role.GAIN: (0.05, 2.0),
}


def bounds(role: Role, value: float, at: Range) -> tuple[float, float]:
    """Where a constant may move to from a value: on its side of a pole, with the sign that it has."""
    if role is Role.SHIFT:
        return -SHIFT_MOST, SHIFT_MOST
    if role is Role.VERTEX:
        return -VERTEX_MOST, VERTEX_MOST
    if role is Role.EDGE:
        near, far = EDGE_MARGIN * at.width, EDGE_MOST * at.width
        return (near - at.low, far - at.low) if value > -at.low else (-far - at.high, -near - at.high)
    if role is Role.CORNER:
        return -at.corner_high, -at.corner_low
    if role is Role.CENTRE:
        return -at.high - CENTRE_MARGIN * at.width, -at.low + CENTRE_MARGIN * at.width
    if role is Role.PHASE:
        return -np.inf, np.inf
    if role is Role.WEIGHT:
        return -FREQUENCY_MOST, FREQUENCY_MOST
    least, most = LIMITS[role]
    return (least, most) if value > 0 else (-most, -least)


LIMITS = {
    Role.SLOPE: (SLOPE_LEAST, SLOPE_MOST),
    Role.FREQUENCY: (FREQUENCY_LEAST, FREQUENCY_MOST),
    Role.GAIN: (GAIN_LEAST, GAIN_MOST),
}


def permitted_families(vocabulary: Vocabulary) -> frozenset[str] | None:
    """The names of the families that a vocabulary has, None where it has all."""
    return None if vocabulary.functions is None else _permitted(vocabulary)


@cache
def _permitted(vocabulary: Vocabulary) -> frozenset[str]:
    def written(family: Family) -> sympy.Expr:
        symbols = [sympy.Symbol(f"u{i}") for i in range(family.arity)]
        writer = Writer(symbols, [0.0] * family.arity, [1.0] * family.arity)
        return family.written(writer, [ANY_CONSTANT + k for k in range(len(family.roles))])

    return frozenset(name for name, family in FAMILIES.items() if vocabulary.may_become(written(family)))
