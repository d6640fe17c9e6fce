"""Expressions of the inputs that a part of a formula is exchanged for, or that are added or multiplied to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from itertools import chain, combinations, permutations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.search.edits.code_length import bits
from kansr.search.edits.program import Rows, values_of
from kansr.search.edits.tree import (
    MINUS,
    ONE,
    Tree,
    add,
    coefficient,
    constant,
    function,
    mul,
    nodes,
    number,
    power,
    size,
)

POWERS = tuple(Fraction(p) for p in ("1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3", "3/2", "-3/2", "4", "-4"))
ARGUMENT_POWERS = POWERS[:6]
PAIR_POWERS = tuple(Fraction(p) for p in ("1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3"))
TRIPLE_POWERS = tuple(Fraction(p) for p in ("1", "-1", "2", "-2"))
PART_POWERS = tuple(Fraction(p) for p in ("1", "2", "-1", "1/2"))
SCALES = (0.5, 1.5)  # what the argument of a function is multiplied by, over its spread
PERIODS = 4.0  # of a wave over the range of its argument, above which it fits anything
WIDEST = 60.0  # range of the argument of an exponential
MOST = 3000  # expressions
MOST_COMMON = 12  # arguments that are taken from all formulas that the search starts from
COMMON_POWERS = tuple(Fraction(p) for p in ("1", "-1"))
MOST_PARTS = 8  # arguments that are taken from a formula
LARGEST_PART = 12  # nodes of such an argument
COMPARED = 50  # rows on which two expressions are compared
DIGITS = 9  # to which they are then the same
SAMPLE_FLOAT = 10.0  # bits of a constant within an expression
ANY_SCALE = 0.1234567  # a constant of many digits
FLAT = 1e-9  # spread over the size of a constant expression


Permits = Callable[[Tree], bool]  # whether a formula may have a part


def every_tree(tree: Tree) -> bool:
    """Permits everything."""
    return True


class Recipe(NamedTuple):
    """factor · name(scale · argument); scale: None where it is 1."""

    name: str
    argument: Tree
    scale: float | None = None
    factor: Tree = ONE

    @property
    def tree(self) -> Tree:
        inner = self.argument if self.scale is None else mul(constant(self.scale), self.argument)
        return mul(self.factor, BUILT[self.name](inner))


def _power_of_one_plus(exponent: str) -> Callable[[Tree], Tree]:
    return lambda u: power(add(ONE, u), number(Fraction(exponent)))


def _power_of_one_minus(exponent: str) -> Callable[[Tree], Tree]:
    return lambda u: power(add(ONE, mul(number(-1), u)), number(Fraction(exponent)))


BUILT: dict[str, Callable[[Tree], Tree]] = {
    "u": lambda u: u,
    "log(u)": lambda u: function("log", u),
    "sqrt(u)": lambda u: power(u, number(Fraction(1, 2))),
    "exp(u)": lambda u: function("exp", u),
    "exp(-u)": lambda u: function("exp", mul(number(-1), u)),
    "1/(exp(u) - 1)": lambda u: power(add(function("exp", u), number(-1)), number(-1)),
    "tanh(u)": lambda u: function("tanh", u),
    "sin(u)": lambda u: function("sin", u),
    "cos(u)": lambda u: function("cos", u),
    "log(1 + u)": lambda u: function("log", add(ONE, u)),
    "abs(u)": lambda u: function("Abs", u),
    "log(u)**2": lambda u: power(function("log", u), number(2)),
    **{f"(1 + u)**{p}": _power_of_one_plus(p) for p in ("-1", "1/2", "-1/2", "-2")},
    **{f"(1 - u)**{p}": _power_of_one_minus(p) for p in ("-1", "1/2", "-1/2")},
}
VALUED: dict[str, Callable[[Array], Array]] = {
    "u": lambda u: u,
    "log(u)": np.log,
    "sqrt(u)": np.sqrt,
    "exp(u)": np.exp,
    "exp(-u)": lambda u: np.exp(-u),
    "1/(exp(u) - 1)": lambda u: 1 / np.expm1(u),
    "tanh(u)": np.tanh,
    "sin(u)": np.sin,
    "cos(u)": np.cos,
    "log(1 + u)": np.log1p,
    "abs(u)": np.abs,
    "log(u)**2": lambda u: np.log(u) ** 2,
    "(1 + u)**-1": lambda u: 1 / (1 + u),
    "(1 + u)**1/2": lambda u: np.sqrt(1 + u),
    "(1 + u)**-1/2": lambda u: 1 / np.sqrt(1 + u),
    "(1 + u)**-2": lambda u: 1 / ((1 + u) * (1 + u)),
    "(1 - u)**-1": lambda u: 1 / (1 - u),
    "(1 - u)**1/2": lambda u: np.sqrt(1 - u),
    "(1 - u)**-1/2": lambda u: 1 / np.sqrt(1 - u),
}
OF_POSITIVE = tuple(name for name in BUILT if "1 + u" in name)
OF_LESS_THAN_ONE = tuple(name for name in BUILT if name.startswith("(1 - u)"))
ALL = ("log", "root", "exp", "tanh", "wave", "saturation")


@cache
def _own_bits(name: str, scaled: bool) -> float:
    """The bits of a function beside those of its argument."""
    plain: Tree = ("x", 0)
    inner = mul(constant(ANY_SCALE), plain) if scaled else plain
    return bits(BUILT[name](inner), SAMPLE_FLOAT, 1) - bits(plain, SAMPLE_FLOAT, 1)


@dataclass(frozen=True, eq=False)
class Library:
    """values: (rows, recipes), each column over its rms; scale: these, (recipes,); bits: code lengths, (recipes,)."""

    recipes: list[Recipe]
    values: Array
    scale: Array
    bits: Array
    parts: dict[int, Library] = field(default_factory=dict)

    def of(self, rows: int) -> Library:
        """The same on the first rows."""
        if rows not in self.parts:
            self.parts[rows] = Library(self.recipes, np.ascontiguousarray(self.values[:rows]), self.scale, self.bits)
        return self.parts[rows]

    @cached_property
    def single(self) -> NDArray[np.float32]:
        """The values in float32, (rows, recipes)."""
        return self.values.astype(np.float32)

    @cached_property
    def squares(self) -> NDArray[np.float32]:
        """Their squares, (rows, recipes)."""
        return self.single**2


def library(rows: Rows, starts: Sequence[Tree] = (), permits: Permits = every_tree) -> Library:
    """What every formula for these rows is tried with. starts: formulas whose most frequent parts are arguments too."""
    often = Counter(part for tree in starts for part in set(_parts(tree)))
    common = sorted(often, key=lambda part: (-often[part], size(part)))[:MOST_COMMON]
    with np.errstate(all="ignore"):
        made = chain(_of_arguments(common, COMMON_POWERS, rows), _expressions(rows))
        return _collected(made, rows, MOST, permits)


def of_parts(tree: Tree, rows: Rows, permits: Permits = every_tree) -> Library:
    """Functions of the products and sums that a formula has already, and of their powers."""
    arguments = list(dict.fromkeys(_parts(tree)))[-MOST_PARTS:]
    with np.errstate(all="ignore"):
        return _collected(_of_arguments(arguments, PART_POWERS, rows), rows, MOST, permits)


def _parts(tree: Tree) -> Iterator[Tree]:
    """The products and sums in a formula that are not long, without the number in front."""
    for node in nodes(tree):
        part = coefficient(node)[1]
        if part[0] in ("*", "+") and size(part) <= LARGEST_PART:
            yield part


def _value(tree: Tree, rows: Rows) -> Array | None:
    values = values_of(tree, rows)
    return values if np.isfinite(values).all() else None


def _collected(made: Iterable[tuple[Recipe, Array]], rows: Rows, most: int, permits: Permits = every_tree) -> Library:
    recipes: list[Recipe] = []
    columns: list[Array] = []
    sizes: list[float] = []
    lengths: list[float] = []
    met: set[bytes] = set()
    inputs = rows.X.shape[1]
    known: dict[Tree, float] = {}

    def length(tree: Tree) -> float:
        if tree not in known:
            known[tree] = bits(tree, SAMPLE_FLOAT, inputs)
        return known[tree]

    for recipe, values in made:
        if permits is not every_tree and not permits(recipe.tree):
            continue
        rms = float(np.sqrt(np.mean(values * values)))
        if not 0 < rms < np.inf:
            continue
        key = np.round(values[:COMPARED] / rms, DIGITS).tobytes()
        if key in met or float(np.std(values)) < FLAT * rms:
            continue
        met.add(key)
        recipes.append(recipe)
        columns.append(values / rms)
        sizes.append(rms)
        beside = 0.0 if recipe.factor == ONE else 2.0 + length(recipe.factor)
        lengths.append(length(recipe.argument) + _own_bits(recipe.name, recipe.scale is not None) + beside)
        if len(recipes) >= most:
            break
    values = np.column_stack(columns) if columns else np.zeros((len(rows.y), 0))
    return Library(recipes, values, np.array(sizes), np.array(lengths))


def _of_arguments(
    arguments: Iterable[Tree], powers: Sequence[Fraction], rows: Rows, families: Sequence[str] = ALL
) -> Iterator[tuple[Recipe, Array]]:
    for argument, p in product(arguments, powers):
        tree = power(argument, number(p))
        values = _value(tree, rows)
        if values is not None:
            yield Recipe("u", tree), values
            yield from _functions(tree, values, families)


def _functions(argument: Tree, u: Array, families: Sequence[str]) -> Iterator[tuple[Recipe, Array]]:
    least, most = float(u.min()), float(u.max())
    spread = float(np.std(u)) or 1.0
    extent = most - least

    def made(name: str, scale: float | None = None) -> tuple[Recipe, Array]:
        return Recipe(name, argument, scale), VALUED[name](u if scale is None else scale * u)

    if least < 0 < most:
        yield made("abs(u)")
    if "log" in families and least > 0:
        yield made("log(u)")
        yield made("log(u)**2")
    if "root" in families and least >= 0:
        yield made("sqrt(u)")
    for scale in (None, *(s / spread for s in SCALES)):
        factor = 1.0 if scale is None else scale
        if "exp" in families and factor * extent < WIDEST:
            yield made("exp(u)", scale)
            yield made("exp(-u)", scale)
            if least > 0:
                yield made("1/(exp(u) - 1)", scale)
        if "tanh" in families and scale is not None:
            yield made("tanh(u)", scale)
        if "wave" in families and factor * extent < 2 * np.pi * PERIODS:
            yield made("sin(u)", scale)
            yield made("cos(u)", scale)
        if "saturation" in families and least * factor > -1 and (scale is None or least >= 0):
            yield from (made(name, scale) for name in OF_POSITIVE)
    if "saturation" in families and most < 1:
        yield from (made(name) for name in OF_LESS_THAN_ONE)


def _power(i: int, p: Fraction) -> Tree:
    return power(("x", i), number(p))


def _expressions(rows: Rows) -> Iterator[tuple[Recipe, Array]]:
    """The simplest first: there is room for MOST."""
    inputs = range(rows.X.shape[1])
    sums = [add(("x", i), ("x", j)) for i, j in combinations(inputs, 2)]
    differences = [add(("x", i), mul(number(-1), ("x", j))) for i, j in combinations(inputs, 2)]
    yield from _plain((_power(i, p) for i, p in product(inputs, POWERS)), rows)
    yield from _plain(_pairs(inputs, PAIR_POWERS[:4]), rows)
    yield from _plain((*sums, *differences), rows)
    yield from _of_arguments((("x", i) for i in inputs), ARGUMENT_POWERS, rows)
    yield from _plain(_triples(inputs, TRIPLE_POWERS[:2]), rows)
    yield from _plain(_of_two(inputs, rows), rows)
    yield from _plain((power(s, number(p)) for s in (*sums, *differences) for p in ARGUMENT_POWERS[1:5]), rows)
    yield from _plain(_squares(inputs), rows)
    yield from _of_arguments((*_pairs(inputs, PAIR_POWERS[:2]), *sums, *differences), POWERS[:1], rows)
    yield from _plain(_pairs(inputs, PAIR_POWERS), rows)
    yield from _times_functions(inputs, rows)
    yield from _of_arguments(_triples(inputs, TRIPLE_POWERS[:2]), POWERS[:1], rows)
    yield from _plain(_triples(inputs, TRIPLE_POWERS), rows)


def _plain(trees: Iterable[Tree], rows: Rows) -> Iterator[tuple[Recipe, Array]]:
    for tree in trees:
        values = _value(tree, rows)
        if values is not None:
            yield Recipe("u", tree), values


def _of_two(inputs: range, rows: Rows) -> Iterator[Tree]:
    """x/(x + y), x**y and other exponents that are inputs, x/(1 - x) and 1 - x."""
    for i in inputs:
        yield add(ONE, mul(number(-1), ("x", i)))
        yield mul(("x", i), power(add(ONE, mul(number(-1), ("x", i))), number(-1)))
    for i, j in permutations(inputs, 2):
        yield mul(("x", i), power(add(("x", i), ("x", j)), number(-1)))
        if rows.X[:, i].min() > 0:
            yield power(("x", i), ("x", j))
            yield power(("x", i), mul(number(-1), ("x", j)))
            yield power(("x", i), _power(j, Fraction(-1)))
            if rows.X[:, j].min() > 1:
                yield from (power(("x", i), exponent) for exponent in _of_heat_ratio(("x", j)))


def _of_heat_ratio(x: Tree) -> Iterator[Tree]:
    """(x − 1)/x, x/(x − 1) and 1/(x − 1): the exponents of adiabatic gases and of polytropes."""
    less = add(x, MINUS)
    yield add(ONE, mul(MINUS, power(x, MINUS)))
    yield mul(x, power(less, MINUS))
    yield power(less, MINUS)


def _squares(inputs: range) -> Iterator[Tree]:
    """Sums and differences of two squares, their roots and inverses."""
    for (i, j), sign in product(combinations(inputs, 2), (1, -1)):
        total = add(_power(i, Fraction(2)), mul(number(sign), _power(j, Fraction(2))))
        yield from (power(total, number(Fraction(p))) for p in ("1", "1/2", "-1"))


def _times_functions(inputs: range, rows: Rows) -> Iterator[tuple[Recipe, Array]]:
    """A function of one input times or over another one, or the same."""
    for i, j in product(inputs, repeat=2):
        for recipe, values in _functions(("x", j), rows.X[:, j], ("log", "exp", "tanh", "wave")):
            yield recipe._replace(factor=("x", i)), values * rows.X[:, i]
            yield recipe._replace(factor=_power(i, Fraction(-1))), values / rows.X[:, i]


def _pairs(inputs: range, powers: Sequence[Fraction]) -> Iterator[Tree]:
    for (i, j), (p, q) in product(combinations(inputs, 2), product(powers, repeat=2)):
        yield mul(_power(i, p), _power(j, q))


def _triples(inputs: range, powers: Sequence[Fraction]) -> Iterator[Tree]:
    for chosen, exponents in product(combinations(inputs, 3), product(powers, repeat=3)):
        yield mul(*(_power(i, p) for i, p in zip(chosen, exponents)))
