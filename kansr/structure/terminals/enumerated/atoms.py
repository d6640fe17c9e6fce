"""Atoms: a table of small expressions of one to four inputs, functions of simple arguments and products of those.

Values are computed for all of them, expressions only for those that are asked for: a table of thousands takes a tenth
of a second (results/2026-11-24-terminals).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING

# An expression that is built when it is asked for: itself, or a function as in `Row` with its arguments.
Unbuilt = Any


@dataclass(frozen=True, eq=False)
class Atoms:
    """unbuilt: the expressions; values: (atoms, rows), all finite; complexity: (atoms,), less is simpler."""

    unbuilt: tuple[Unbuilt, ...]
    values: Array
    complexity: Array

    def __len__(self) -> int:
        return len(self.unbuilt)

    def expr(self, i: int) -> sympy.Expr:
        """The expression as a textbook writes it: exp(y·log(x)) as x**y."""
        return build(self.unbuilt[i]).replace(lambda e: e.func is sympy.exp, _as_power)

    def take(self, index: NDArray[np.intp]) -> Atoms:
        return Atoms(tuple(self.unbuilt[i] for i in index), self.values[index], self.complexity[index])


def build(unbuilt: Unbuilt) -> sympy.Expr:
    if isinstance(unbuilt, tuple):
        return unbuilt[0](*(build(part) for part in unbuilt[1:]), sympy)
    return unbuilt


def _as_power(exponential: sympy.Expr) -> sympy.Expr:
    """x**y for exp(y·log(x)); others as they are."""
    factors = sympy.Mul.make_args(exponential.args[0])
    logs = [f for f in factors if f.func is sympy.log]
    if len(logs) != 1:
        return exponential
    return logs[0].args[0] ** sympy.Mul(*(f for f in factors if f is not logs[0]))


def _times(*factors: Any) -> Any:
    return sympy.Mul(*factors[:-1])


def _plus(*terms: Any) -> Any:
    return sympy.Add(*terms[:-1])


# A function of its arguments and of the module to compute with, sympy or numpy, and its complexity.
Row = tuple[Callable[..., Any], float]

# fmt: off
# Arguments of one input, the simplest first.
ARGUMENTS: tuple[Row, ...] = (
    (lambda x, m: x, 0), (lambda x, m: x**2, 1), (lambda x, m: 1 / x, 1), (lambda x, m: x + 1, 1),
    (lambda x, m: x - 1, 1), (lambda x, m: 2 * x, 1), (lambda x, m: m.exp(x), 1.5), (lambda x, m: m.exp(-x), 2),
    (lambda x, m: m.log(x), 1.5), (lambda x, m: m.sin(x), 1.5), (lambda x, m: m.cos(x), 1.5),
    (lambda x, m: m.sqrt(x), 1.5), (lambda x, m: x**3, 1.5), (lambda x, m: x / 2, 1.5), (lambda x, m: x**2 + 1, 2),
    (lambda x, m: x**2 + x, 2), (lambda x, m: x**2 - x, 2), (lambda x, m: m.pi * x, 2),
    (lambda x, m: 2 * m.pi * x, 2.5), (lambda x, m: m.pi * x / 2, 3), (lambda x, m: 3 * x, 1.5),
    (lambda x, m: (x - 1) ** 2, 2.5), (lambda x, m: (x + 1) ** 2, 2.5), (lambda x, m: x**2 - 1, 2),
    (lambda x, m: x + 2, 1.5), (lambda x, m: x - 2, 1.5), (lambda x, m: x**4, 2), (lambda x, m: 1 / x**2, 2),
    (lambda x, m: 1 + m.exp(x), 3), (lambda x, m: 1 + m.exp(-x), 3), (lambda x, m: x**2 + x + 1, 3),
    (lambda x, m: x**2 / 2, 2.5), (lambda x, m: 2 * x**2, 2.5), (lambda x, m: x + m.sqrt(x**2 + 1), 4),
    (lambda x, m: 4 * x, 2), (lambda x, m: x - 3, 2), (lambda x, m: x + 3, 2), (lambda x, m: 5 * x, 2.5),
    (lambda x, m: x**3 + x, 3), (lambda x, m: x + 1 / x, 3), (lambda x, m: x**3 - x, 3), (lambda x, m: x**2 + 2, 2.5),
    (lambda x, m: 1 + m.sqrt(x), 3), (lambda x, m: x - m.sin(x), 4), (lambda x, m: m.tanh(x), 2.5),
    (lambda x, m: x + m.exp(x), 4), (lambda x, m: x * m.log(x), 3), (lambda x, m: x * m.exp(-x), 4),
)
# Arguments of two inputs.
ARGUMENTS_OF_TWO: tuple[Row, ...] = (
    (lambda x, y, m: x * y, 1), (lambda x, y, m: x + y, 1), (lambda x, y, m: x - y, 1), (lambda x, y, m: x / y, 1),
    (lambda x, y, m: y / x, 1), (lambda x, y, m: x**2 + y**2, 2), (lambda x, y, m: x**2 * y, 2),
    (lambda x, y, m: x * y**2, 2), (lambda x, y, m: x + y**2, 2), (lambda x, y, m: x**2 + y, 2),
    (lambda x, y, m: x - y**2, 2), (lambda x, y, m: x**2 - y, 2), (lambda x, y, m: x * y + 1, 2),
    (lambda x, y, m: x * m.log(y), 2.5), (lambda x, y, m: y * m.log(x), 2.5), (lambda x, y, m: x**2 - y**2, 2),
    (lambda x, y, m: x + y + 1, 2), (lambda x, y, m: x**2 + y**2 + 1, 3), (lambda x, y, m: 2 * x + y, 2),
    (lambda x, y, m: x + 2 * y, 2), (lambda x, y, m: 2 * x - y, 2), (lambda x, y, m: x - 2 * y, 2),
    (lambda x, y, m: (x - 1) * (y - 1), 3), (lambda x, y, m: (x + 1) * (y + 1), 3),
    (lambda x, y, m: (x + 1) * (y - 1), 3), (lambda x, y, m: (x - 1) * (y + 1), 3),
    (lambda x, y, m: x * y + x, 3), (lambda x, y, m: x * y + y, 3), (lambda x, y, m: x**2 * y**2, 2.5),
    (lambda x, y, m: x * y + x + y, 4), (lambda x, y, m: x - y + 1, 2), (lambda x, y, m: x + m.sin(y), 3.5),
    (lambda x, y, m: y + m.sin(x), 3.5), (lambda x, y, m: x * m.sin(y), 3.5), (lambda x, y, m: y * m.sin(x), 3.5),
)
# Functions of an argument.
FUNCTIONS: tuple[Row, ...] = (
    (lambda u, m: u, 0), (lambda u, m: m.sin(u), 1), (lambda u, m: m.cos(u), 1), (lambda u, m: m.exp(u), 1),
    (lambda u, m: m.log(u), 1), (lambda u, m: m.sqrt(u), 1), (lambda u, m: 1 / u, 1),
    (lambda u, m: m.exp(-u), 1.5), (lambda u, m: u**2, 1.5), (lambda u, m: m.tanh(u), 2), (lambda u, m: u**3, 2),
    (lambda u, m: 1 / u**2, 2), (lambda u, m: 1 / m.sqrt(u), 2), (lambda u, m: m.atan(u), 2), (lambda u, m: u**4, 2.5),
    (lambda u, m: m.cosh(u), 2.5), (lambda u, m: m.sinh(u), 2.5), (lambda u, m: m.tan(u), 2.5),
    (lambda u, m: abs(u), 2.5), (lambda u, m: u * m.sqrt(u), 2.5), (lambda u, m: m.sqrt(u) * m.sqrt(m.sqrt(u)), 3),
    (lambda u, m: 1 / u**3, 3), (lambda u, m: u**5, 3), (lambda u, m: m.asin(u), 2.5),
)
# fmt: on


class _Counts(NamedTuple):
    """How many rows of the lists above, and how many of the simplest atoms, go into a table."""

    arguments: int  # of one input
    functions: int  # of each of those
    same: int  # atoms of one input that are multiplied with each other
    different: int  # atoms of one input that are multiplied with those of another
    arguments_of_two: int
    functions_of_two: int  # of each of those
    beside: int  # atoms of one input that are multiplied with atoms of two
    powers: int  # of x, exp(x), sin(x) and cos(x) together in a product


# By the number of inputs: 3000 to 6000 atoms in all (results/2026-11-24-terminals).
COUNTS = {
    1: _Counts(48, 24, 70, 0, 0, 0, 0, 9),
    2: _Counts(24, 16, 30, 45, 35, 15, 9, 5),
    3: _Counts(12, 13, 8, 20, 14, 9, 5, 4),
    4: _Counts(8, 9, 6, 12, 8, 7, 3, 3),
}

# Atoms of two inputs for each atom of one that they are multiplied with.
OF_TWO_PER_ONE = 12

# Atoms of each of three inputs that are multiplied together, and functions of sums of three inputs.
OF_THREE = 7
FUNCTIONS_OF_THREE = 13

# Complexity of a factor x, exp(x), sin(x) or cos(x) beside that of its power.
COMPLEXITY_OF_A_FACTOR = 1.2

# Decimals of normalised projections by which two atoms are the same.
SAME_DECIMALS = 8


@dataclass(eq=False)
class _AtomList:
    """Atoms as they are collected; values: (rows,) each, finite."""

    unbuilt: list[Unbuilt]
    values: list[Array]
    complexity: list[float]

    def add(self, unbuilt: Unbuilt, values: Array, complexity: float) -> None:
        if np.isfinite(values).all():
            self.unbuilt.append(unbuilt)
            self.values.append(values)
            self.complexity.append(complexity)

    def add_functions(self, argument: Unbuilt, u: Array, complexity: float, rows: Sequence[Row]) -> None:
        for function, more in rows:
            self.add((function, argument), function(u, np), complexity + more)

    def add_products(self, *groups: Sequence[int]) -> None:
        """Adds all products of one atom of each group."""
        for chosen in product(*groups):
            values = self.values[chosen[0]]
            for i in chosen[1:]:
                values = values * self.values[i]
            complexity = sum(self.complexity[i] for i in chosen) + (len(chosen) - 1)
            self.add((_times, *(self.unbuilt[i] for i in chosen)), values, complexity)

    def simplest(self, start: int, count: int) -> list[int]:
        """The numbers of the `count` simplest different atoms from number `start` on."""
        numbers = list(range(start, len(self.unbuilt)))
        part = _AtomList(list(numbers), self.values[start:], self.complexity[start:])
        return list(part.distinct().unbuilt[:count])

    def distinct(self) -> Atoms:
        """The simplest of those that are equal up to a factor and an offset; constants are left out."""
        values, complexity = np.stack(self.values), np.array(self.complexity)
        order = np.argsort(complexity, kind="stable")
        values, complexity = values[order], complexity[order]
        with np.errstate(all="ignore"):
            centred = values - values.mean(axis=1, keepdims=True)
            norm = np.linalg.norm(centred, axis=1)
            varies = np.isfinite(norm) & (norm > ROUNDING * np.abs(values).max(axis=1) * np.sqrt(values.shape[1]))
            # equal atoms have equal projections on a few fixed directions, up to the sign
            directions = np.random.default_rng(0).normal(size=(values.shape[1], 3))
            key = centred @ directions / norm[:, None]
            key = np.round(np.sign(key[:, :1]) * key, SAME_DECIMALS)
        rows = np.flatnonzero(varies & np.isfinite(key).all(axis=1))
        kept = rows[np.sort(np.unique(key[rows], axis=0, return_index=True)[1])]
        return Atoms(tuple(self.unbuilt[order[i]] for i in kept), values[kept], complexity[kept])


def atoms(names: tuple[str, ...], X: Array) -> Atoms:
    """The table on the rows of X, the simplest first, none twice up to a factor and an offset.

    X: (rows, inputs), as many inputs as COUNTS has an entry for.
    """
    counts = COUNTS[len(names)]
    inputs = [(sympy.Symbol(name), x) for name, x in zip(names, X.T)]
    found = _AtomList([], [], [])
    with np.errstate(all="ignore"):
        of_one = [_of_one_input(found, symbol, x, counts) for symbol, x in inputs]
        for (symbol, x), group in zip(inputs, of_one):
            found.add_products(group[: counts.same], group[: counts.same])
            _of_several_powers(found, symbol, x, counts.powers)
        for pair in combinations(range(len(names)), 2):
            found.add_products(*(of_one[i][: counts.different] for i in pair))
            of_two = _of_two_inputs(found, inputs[pair[0]], inputs[pair[1]], counts)
            for group in of_one:
                found.add_products(of_two, group[: counts.beside])
        for triple in combinations(range(len(names)), 3):
            found.add_products(*(of_one[i][:OF_THREE] for i in triple))
            _of_sums(found, [inputs[i] for i in triple])
    return found.distinct()


def _of_one_input(found: _AtomList, symbol: sympy.Symbol, x: Array, counts: _Counts) -> list[int]:
    """Adds functions of arguments of one input; -> the numbers of the simplest."""
    start = len(found.unbuilt)
    for argument, complexity in ARGUMENTS[: counts.arguments]:
        found.add_functions((argument, symbol), argument(x, np), complexity, FUNCTIONS[: counts.functions])
    return found.simplest(start, max(counts.same, counts.different))


def _of_two_inputs(
    found: _AtomList, first: tuple[sympy.Symbol, Array], second: tuple[sympy.Symbol, Array], counts: _Counts
) -> list[int]:
    """Adds functions of arguments of two inputs; -> the numbers of the simplest."""
    start = len(found.unbuilt)
    for argument, complexity in ARGUMENTS_OF_TWO[: counts.arguments_of_two]:
        u = argument(first[1], second[1], np)
        unbuilt = (argument, first[0], second[0])
        found.add_functions(unbuilt, u, complexity, FUNCTIONS[: counts.functions_of_two])
    return found.simplest(start, OF_TWO_PER_ONE * counts.beside)


def _of_sums(found: _AtomList, inputs: Sequence[tuple[sympy.Symbol, Array]]) -> None:
    """Adds functions of the sum, and of the sum of squares, of three inputs."""
    symbols, columns = [symbol for symbol, _ in inputs], np.column_stack([x for _, x in inputs])
    total = columns[:, 0] + columns[:, 1] + columns[:, 2]
    functions = FUNCTIONS[:FUNCTIONS_OF_THREE]
    found.add_functions((_plus, *symbols), total, 2, functions)
    found.add_functions((_plus, *(s**2 for s in symbols)), np.sum(columns**2, axis=1), 3, functions)


def _of_several_powers(found: _AtomList, symbol: sympy.Symbol, x: Array, most: int) -> None:
    """Adds x**i·exp(k·x)·sin(x)**m·cos(x)**n of two factors or more, three to `most` counting powers."""
    sin, cos, exp = np.sin(x), np.cos(x), np.exp(x)
    for i, k, m, n in product(range(4), (0, -1, 1, -2), range(4), range(3)):
        factors = bool(i) + bool(k) + bool(m) + bool(n)
        if factors < 2 or not 3 <= i + abs(k) + m + n <= most:
            continue
        values = x**i * exp ** float(k) * sin**m * cos**n
        complexity = COMPLEXITY_OF_A_FACTOR * factors + 0.5 * (i + 2 * abs(k) + m + n)
        found.add((partial(_product_of_powers, i, k, m, n), symbol), values, complexity)


def _product_of_powers(i: int, k: int, m: int, n: int, x: Any, module: Any) -> Any:
    return x**i * module.exp(k * x) * module.sin(x) ** m * module.cos(x) ** n
