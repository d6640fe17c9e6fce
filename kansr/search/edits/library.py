"""Expressions of the inputs that a part of a formula is exchanged for, or that are added or multiplied to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import combinations, permutations, product

import numpy as np

from kansr.numeric.arrays import Array
from kansr.search.edits.program import Program, Rows
from kansr.search.edits.tree import Tree, add, coefficient, constant, constants, function, mul, nodes, number, power, size

POWERS = tuple(Fraction(p) for p in ("1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3", "3/2", "-3/2", "4", "-4"))
PAIR_POWERS = tuple(Fraction(p) for p in ("1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3"))
PART_POWERS = tuple(Fraction(p) for p in ("1", "2", "-1", "1/2"))
TRIPLE_POWERS = tuple(Fraction(p) for p in ("1", "-1", "2", "-2"))
SCALES = (0.5, 1.5)  # what the argument of a function is multiplied by, over its spread
PERIODS = 4.0  # of a wave over the range of its argument, above which it fits anything
WIDEST = 60.0  # range of the argument of an exponential
MOST = 3000  # expressions


@dataclass(frozen=True, eq=False)
class Library:
    """trees; values: (rows, trees), each column over its rms; scale: these, (trees,)."""

    trees: list[Tree]
    values: Array
    scale: Array
    parts: dict[int, Library] = field(default_factory=dict)

    def of(self, rows: int) -> Library:
        """The same on the first rows."""
        if rows not in self.parts:
            self.parts[rows] = Library(self.trees, np.ascontiguousarray(self.values[:rows]), self.scale)
        return self.parts[rows]

    @cached_property
    def squares(self) -> Array:
        return self.values**2


def library(rows: Rows) -> Library:
    """What every formula for these rows is tried with."""
    return _valued(_expressions(rows), rows)


def of_parts(tree: Tree, rows: Rows) -> Library:
    """Functions of the products and sums that a formula has already, and of their powers."""
    arguments = dict.fromkeys(_without_scale(node) for node in nodes(tree) if node[0] in ("*", "+") and size(node) > 2)
    made = (
        one
        for argument in arguments
        if argument[0] in ("*", "+")
        for p in PART_POWERS
        for one in (power(argument, number(p)), *_functions(power(argument, number(p)), rows))
    )
    return _valued(made, rows)


def _without_scale(tree: Tree) -> Tree:
    return coefficient(tree)[1]


def _valued(expressions: Iterable[Tree], rows: Rows) -> Library:
    trees: list[Tree] = []
    columns: list[Array] = []
    sizes: list[float] = []
    met: set[bytes] = set()
    with np.errstate(all="ignore"):
        for tree in expressions:
            values = Program(tree).value(rows, np.array(constants(tree)))
            if np.ndim(values) == 0 or not np.isfinite(values).all():
                continue
            rms = float(np.sqrt(np.mean(values * values)))
            if not 0 < rms < np.inf or np.std(values) < 1e-9 * rms:
                continue
            key = np.round(values[:50] / rms, 9).tobytes()
            if key in met:
                continue
            met.add(key)
            trees.append(tree)
            columns.append(values / rms)
            sizes.append(rms)
            if len(trees) >= MOST:
                break
    return Library(trees, np.column_stack(columns) if columns else np.zeros((len(rows.y), 0)), np.array(sizes))


def _power(i: int, p: Fraction) -> Tree:
    return power(("x", i), number(p))


def _expressions(rows: Rows) -> Iterator[Tree]:
    inputs = range(len(rows.columns))
    positive = [bool(x.min() > 0) for x in rows.columns]
    for i, p in product(inputs, POWERS):
        yield _power(i, p)
    yield from _pairs(inputs, PAIR_POWERS[:4])
    sums = [add(("x", i), ("x", j)) for i, j in combinations(inputs, 2)]
    differences = [add(("x", i), mul(number(-1), ("x", j))) for i, j in combinations(inputs, 2)]
    yield from (*sums, *differences)
    for i, p in product(inputs, POWERS[:6]):
        yield from _functions(_power(i, p), rows)
    yield from _triples(inputs, TRIPLE_POWERS[:2])
    for i, j in permutations(inputs, 2):
        yield mul(_power(i, Fraction(1)), power(add(("x", i), ("x", j)), number(-1)))
        if positive[i]:
            yield power(("x", i), ("x", j))
            yield power(("x", i), mul(number(-1), ("x", j)))
            yield power(("x", i), _power(j, Fraction(-1)))
    for i in inputs:
        yield add(number(1), mul(number(-1), ("x", i)))
        yield mul(("x", i), power(add(number(1), mul(number(-1), ("x", i))), number(-1)))
    for s in (*sums, *differences):
        for p in (Fraction(2), Fraction(-1), Fraction(1, 2)):
            yield power(s, number(p))
    for i, j in combinations(inputs, 2):
        for sign in (1, -1):
            squares = add(_power(i, Fraction(2)), mul(number(sign), _power(j, Fraction(2))))
            yield squares
            yield power(squares, number(Fraction(1, 2)))
            yield power(squares, number(-1))
    for argument in (*_pairs(inputs, PAIR_POWERS[:2]), *sums, *differences):
        yield from _functions(argument, rows)
    yield from _pairs(inputs, PAIR_POWERS)
    for i, j in permutations(inputs, 2):
        for name in ("exp", "sin", "cos", "tanh", "log"):
            for f in _functions(("x", j), rows, (name,)):
                for p in POWERS[:2]:
                    yield mul(_power(i, p), f)
    for argument in _triples(inputs, TRIPLE_POWERS[:2]):
        yield from _functions(argument, rows)
    yield from _triples(inputs, TRIPLE_POWERS)


def _pairs(inputs: range, powers: Sequence[Fraction]) -> Iterator[Tree]:
    for (i, j), (p, q) in product(combinations(inputs, 2), product(powers, repeat=2)):
        yield mul(_power(i, p), _power(j, q))


def _triples(inputs: range, powers: Sequence[Fraction]) -> Iterator[Tree]:
    for chosen, exponents in product(combinations(inputs, 3), product(powers, repeat=3)):
        yield mul(*(_power(i, p) for i, p in zip(chosen, exponents)))


def _functions(argument: Tree, rows: Rows, names: tuple[str, ...] = ("log", "sqrt", "exp", "tanh", "sin", "cos", "1+", "1-")) -> Iterator[Tree]:
    with np.errstate(all="ignore"):
        values = Program(argument).value(rows, np.array(constants(argument)))
    if np.ndim(values) == 0 or not np.isfinite(values).all():
        return
    spread = float(np.std(values)) or 1.0
    extent = float(np.ptp(values))
    if "log" in names and values.min() > 0:
        yield function("log", argument)
    if "sqrt" in names and values.min() >= 0:
        yield power(argument, number(Fraction(1, 2)))
    for scale in SCALES:
        factor = constant(scale / spread)
        if "exp" in names and scale * extent / spread < WIDEST:
            yield function("exp", mul(factor, argument))
            yield function("exp", mul(constant(-scale / spread), argument))
        if "tanh" in names:
            yield function("tanh", mul(factor, argument))
        if scale * extent / spread < 2 * np.pi * PERIODS:
            if "sin" in names:
                yield function("sin", mul(factor, argument))
            if "cos" in names:
                yield function("cos", mul(factor, argument))
        if "1+" in names and values.min() >= 0:
            for p in (Fraction(-1), Fraction(1, 2), Fraction(-1, 2), Fraction(-2)):
                yield power(add(number(1), mul(factor, argument)), number(p))
            yield function("log", add(number(1), mul(factor, argument)))
    for name in ("exp", "sin", "cos"):
        if name in names and extent < (WIDEST if name == "exp" else 2 * np.pi * PERIODS):
            yield function(name, argument)
    if "exp" in names and extent < WIDEST:
        yield function("exp", mul(number(-1), argument))
    if "1+" in names and values.min() > -1:
        yield function("log", add(number(1), argument))
    if "1-" in names and values.max() < 1:
        for p in (Fraction(-1), Fraction(1, 2), Fraction(-1, 2)):
            yield power(add(number(1), mul(number(-1), argument)), number(p))
