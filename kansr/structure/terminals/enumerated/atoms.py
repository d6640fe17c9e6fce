"""A table of small expressions of one to four inputs: functions of simple arguments, and products of two of them.

Values are computed at once, expressions only when one is asked for: a table of thousands costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.numeric.arrays import Array

MOST_INPUTS = 4

# A recipe is an expression, or a function as in `Row` with the recipes of its arguments.
Recipe = Any


@dataclass(frozen=True, eq=False)
class Atoms:
    """recipes: how each is written; values: (atoms, rows), all finite; weights: how much there is to each."""

    recipes: tuple[Recipe, ...]
    values: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.recipes)

    def expr(self, i: int) -> sympy.Expr:
        """As a textbook writes it: exp(y·log(x)) as x**y."""
        return build(self.recipes[i]).replace(lambda e: e.func is sympy.exp, _without_log)

    def take(self, index: NDArray[np.intp]) -> Atoms:
        return Atoms(tuple(self.recipes[i] for i in index), self.values[index], self.weights[index])


def build(recipe: Recipe) -> sympy.Expr:
    if isinstance(recipe, tuple):
        return recipe[0](*(build(part) for part in recipe[1:]), sympy)
    return recipe


def _without_log(power: sympy.Expr) -> sympy.Expr:
    factors = sympy.Mul.make_args(power.args[0])
    logs = [f for f in factors if f.func is sympy.log]
    if len(logs) != 1:
        return power
    return logs[0].args[0] ** sympy.Mul(*(f for f in factors if f is not logs[0]))


def _times(*factors: Any) -> Any:
    return sympy.Mul(*factors[:-1])


def _plus(*terms: Any) -> Any:
    return sympy.Add(*terms[:-1])


# One function of its arguments and of the module to compute with, sympy or numpy, and its weight.
Row = tuple[Callable[..., Any], float]

# fmt: off
# Arguments of one input: the input, its scalings and shifts, low powers and what is made of them.
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
JOINT: tuple[Row, ...] = (
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
# What is made of an argument.
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
# How much goes into the table for each number of inputs: arguments and functions of one input, factors of a product
# of functions of one input and of two, arguments and functions of two inputs, and factors beside those.
QUOTAS = {
    1: (48, 24, 70, 0, 0, 0, 0),
    2: (24, 16, 30, 45, 35, 15, 9),
    3: (12, 13, 8, 20, 14, 9, 5),
    4: (8, 9, 6, 12, 8, 7, 3),
}


@dataclass(eq=False)
class _Draft:
    recipes: list[Recipe]
    values: list[Array]
    weights: list[float]

    def add(self, recipe: Recipe, values: Array, weight: float) -> None:
        if np.isfinite(values).all():
            self.recipes.append(recipe)
            self.values.append(values)
            self.weights.append(weight)

    def functions(self, argument: Recipe, u: Array, weight: float, rows: Sequence[Row]) -> None:
        for function, more in rows:
            self.add((function, argument), function(u, np), weight + more)

    def products(self, first: Sequence[int], second: Sequence[int]) -> None:
        for i, j in product(first, second) if first is not second else combinations(first, 2):
            recipe = (_times, self.recipes[i], self.recipes[j])
            self.add(recipe, self.values[i] * self.values[j], self.weights[i] + self.weights[j] + 1)


def atoms(names: tuple[str, ...], X: Array) -> Atoms:
    """The table on the rows of X (rows, inputs), by weight, none twice up to a factor and an offset."""
    many, functions, own, factors, joint, joint_functions, beside = QUOTAS[len(names)]
    draft = _Draft([], [], [])
    single: list[list[int]] = []
    with np.errstate(all="ignore"):
        for name, x in zip(names, X.T):
            start = len(draft.recipes)
            for function, weight in ARGUMENTS[:many]:
                draft.functions((function, sympy.Symbol(name)), function(x, np), weight, FUNCTIONS[:functions])
            single.append(_lightest(draft, range(start, len(draft.recipes)), max(own, factors)))
        for name, x, group in zip(names, X.T, single):
            draft.products(group[:own], group[:own])
            _of_several_factors(draft, name, x, (9, 5, 4, 3)[len(names) - 1])
        for i, j in combinations(range(len(names)), 2):
            draft.products(single[i][:factors], single[j][:factors])
            start = len(draft.recipes)
            x, y = X[:, i], X[:, j]
            for function, weight in JOINT[:joint]:
                recipe = (function, sympy.Symbol(names[i]), sympy.Symbol(names[j]))
                draft.functions(recipe, function(x, y, np), weight, FUNCTIONS[:joint_functions])
            both = _lightest(draft, range(start, len(draft.recipes)), 12 * beside)
            for group in single:
                draft.products(both, group[:beside])
        for i, j, k in combinations(range(len(names)), 3):
            for triple in product(single[i][:7], single[j][:7], single[k][:7]):
                recipe = (_times, *(draft.recipes[m] for m in triple))
                weight = sum(draft.weights[m] for m in triple) + 2
                draft.add(recipe, np.prod([draft.values[m] for m in triple], axis=0), weight)
            total, squares = X[:, i] + X[:, j] + X[:, k], np.sum(X[:, [i, j, k]] ** 2, axis=1)
            x, y, z = (sympy.Symbol(names[m]) for m in (i, j, k))
            draft.functions((_plus, x, y, z), total, 2, FUNCTIONS[:13])
            draft.functions((_plus, x**2, y**2, z**2), squares, 3, FUNCTIONS[:13])
    return _distinct(draft)


def _of_several_factors(draft: _Draft, name: str, x: Array, most: int) -> None:
    """x**i·exp(±k·x)·sin(x)**m·cos(x)**n with three factors or more, counting powers."""
    symbol, sin, cos, exp = sympy.Symbol(name), np.sin(x), np.cos(x), np.exp(x)
    for i, k, m, n in product(range(4), (0, -1, 1, -2), range(4), range(3)):
        kinds = bool(i) + bool(k) + bool(m) + bool(n)
        if kinds < 2 or i + abs(k) + m + n < 3 or i + abs(k) + m + n > most:
            continue
        values = x**i * exp ** float(k) * sin**m * cos**n
        recipe = (partial(_wave, i, k, m, n), symbol)
        draft.add(recipe, values, 1.2 * kinds + 0.5 * (i + 2 * abs(k) + m + n))


def _wave(i: int, k: int, p: int, q: int, x: Any, m: Any) -> Any:
    return x**i * m.exp(k * x) * m.sin(x) ** p * m.cos(x) ** q


def _lightest(draft: _Draft, among: Sequence[int], count: int) -> list[int]:
    """The `count` lightest different atoms of `among`, a constant factor or offset aside."""
    part = _Draft(list(among), [draft.values[i] for i in among], [draft.weights[i] for i in among])
    return list(_distinct(part).recipes[:count])


def _distinct(draft: _Draft) -> Atoms:
    values, weights = np.stack(draft.values), np.array(draft.weights)
    order = np.argsort(weights, kind="stable")
    values, weights = values[order], weights[order]
    with np.errstate(all="ignore"):
        centred = values - values.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(centred, axis=1)
        varies = np.isfinite(norm) & (norm > 1e-11 * np.abs(values).max(axis=1) * np.sqrt(values.shape[1]))
        # the same up to sign, factor and offset: the same projections on a few fixed directions
        directions = np.random.default_rng(0).normal(size=(values.shape[1], 3))
        key = centred @ directions / norm[:, None]
        key = np.round(np.sign(key[:, :1]) * key, 8)
    rows = np.flatnonzero(varies & np.isfinite(key).all(axis=1))
    first = np.sort(np.unique(key[rows], axis=0, return_index=True)[1])
    kept = rows[first]
    return Atoms(tuple(draft.recipes[order[i]] for i in kept), values[kept], weights[kept])
