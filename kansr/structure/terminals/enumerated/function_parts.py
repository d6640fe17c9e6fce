"""What T(y) = Σ b_k·B_k + c·A·f(v; a, b) is combined from: variables v, factors A and known terms B."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.terminals.enumerated.atoms import Row
from kansr.structure.terminals.enumerated.shapes import Shape

# fmt: off
# Simple functions of one input, as factors and as known terms; their complexity is that of a factor.
SIMPLE: tuple[Row, ...] = (
    (lambda x, m: x, 1.7), (lambda x, m: 1 / x, 1.9), (lambda x, m: x**2, 2.1), (lambda x, m: m.exp(-x), 2.3),
    (lambda x, m: m.exp(x), 2.5), (lambda x, m: m.sin(x), 2.7), (lambda x, m: m.cos(x), 2.9),
    (lambda x, m: m.log(x), 3.1), (lambda x, m: m.sqrt(x), 3.3),
)
# Variables of one input beside the input itself: the first two always, the others where there is no other input.
VARIABLES: tuple[Row, ...] = (
    (lambda x, m: x**2, 0.5), (lambda x, m: 1 / x, 1.0), (lambda x, m: m.sin(x), 1.5), (lambda x, m: m.cos(x), 2.0),
    (lambda x, m: m.exp(-x), 2.5), (lambda x, m: m.exp(x), 3.0), (lambda x, m: x**3, 3.5),
    (lambda x, m: m.sin(2 * x), 4.0), (lambda x, m: x**2 + x, 4.5), (lambda x, m: x**2 - x, 5.0),
    (lambda x, m: m.log(x), 5.5),
)
# Variables of two inputs; the first three are known terms too.
VARIABLES_OF_TWO: tuple[Row, ...] = (
    (lambda x, z, m: x * z, 1.0), (lambda x, z, m: x / z, 1.5), (lambda x, z, m: z / x, 2.0),
    (lambda x, z, m: x + z, 2.5), (lambda x, z, m: x - z, 3.0), (lambda x, z, m: x**2 + z**2, 3.5),
)
# fmt: on

# Factors beside 1, by the number of inputs; more inputs are not tried.
FACTORS = (9, 12, 9)

# Lists of known terms under a transform of the target.
UNDER_TRANSFORMS = 4


class Quantity(NamedTuple):
    """An expression of the inputs, its values (rows,), and its complexity in a formula; less is simpler."""

    expr: sympy.Expr
    values: Array
    complexity: float = 0.0


@dataclass(frozen=True, eq=False)
class KnownTerms:
    """Known terms under one transform of the target.

    target: the number of the transform; columns, and orthonormal Q with the same span: (rows, terms); t: the
    transformed target, (rows,).
    """

    target: int
    terms: tuple[sympy.Expr, ...]
    columns: Array
    Q: Array
    t: Array

    @classmethod
    def of(cls, target: int, terms: Sequence[Quantity], t: Array) -> KnownTerms:
        columns = np.column_stack([term.values for term in terms])
        Q = np.linalg.qr(columns / np.abs(columns).max(axis=0))[0]
        return cls(target, tuple(term.expr for term in terms), columns, Q, t)

    def goal(self) -> Array:
        """The target with the known terms projected out, of unit length."""
        rest = self.t - self.Q @ (self.Q.T @ self.t)
        rest = rest - self.Q @ (self.Q.T @ rest)  # again: the first difference has lost digits
        return np.asarray(rest / (np.linalg.norm(rest) + TINY))


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a formula. inputs: how many of the variables, the first ones, are inputs themselves."""

    shapes: list[Shape]
    variables: list[Quantity]
    factors: list[Quantity]
    bases: list[KnownTerms]
    inputs: int


def parts_of(names: tuple[str, ...], X: Array, targets: list[Array], shapes: list[Shape]) -> Parts:
    """The parts that have finite values on the rows of X.

    X: (rows, inputs); targets: the transformed ones, (rows,) each, the plain one first.
    """
    inputs = [Quantity(sympy.Symbol(name), x) for name, x in zip(names, X.T)]
    pairs = list(combinations(inputs, 2))
    variables = _finite([
        *inputs,
        *(_of(row, *pair) for pair in pairs for row in VARIABLES_OF_TWO),
        *(_of(row, x) for x in inputs for row in VARIABLES[: 2 if pairs else None]),
    ])  # fmt: skip
    simple = _finite([
        *(_of(row, x) for x in inputs for row in SIMPLE),
        *(_of(row, *pair) for pair in pairs for row in VARIABLES_OF_TWO[:3]),
    ])  # fmt: skip
    one = Quantity(sympy.S.One, np.ones(len(X)))
    known = _known_terms(one, simple, inputs)
    bases = [
        KnownTerms.of(target, terms, t)
        for target, t in enumerate(targets)
        for terms in (known if target == 0 else known[:UNDER_TRANSFORMS])
    ]
    return Parts(shapes, variables, [one, *simple[: FACTORS[len(names) - 1]]], bases, len(names))


def _of(row: Row, *inputs: Quantity) -> Quantity:
    function, complexity = row
    symbols, columns = [x.expr for x in inputs], [x.values for x in inputs]
    return Quantity(function(*symbols, sympy), function(*columns, np), complexity)


def _finite(quantities: list[Quantity]) -> list[Quantity]:
    return [quantity for quantity in quantities if np.isfinite(quantity.values).all()]


def _known_terms(one: Quantity, simple: list[Quantity], inputs: list[Quantity]) -> list[list[Quantity]]:
    """A constant; with one simple function; a plane with products of the inputs; a low polynomial."""
    squares = [_of((lambda x, m: x**2, 0), x) for x in inputs]
    products = [_of(VARIABLES_OF_TWO[0], *pair) for pair in combinations(inputs, 2)]
    cubes = [] if products else [_of((lambda x, m: x**3, 0), x) for x in inputs]
    plane = [[one, *inputs, *products]] if products else []
    return [[one], *([one, term] for term in simple), *plane, [one, *inputs, *squares, *products, *cubes]]


@dataclass(frozen=True, eq=False)
class BasisGroup:
    """The bases with one number of terms.

    index: which they are; Q: theirs side by side, (rows, bases · terms); goals: (bases, rows).
    """

    index: NDArray[np.intp]
    Q: Array
    goals: Array


def by_number_of_terms(bases: list[KnownTerms]) -> list[BasisGroup]:
    counts = [len(basis.terms) for basis in bases]
    groups = []
    for count in sorted(set(counts)):
        index = np.array([i for i, c in enumerate(counts) if c == count])
        chosen = [bases[i] for i in index]
        Q = np.concatenate([basis.Q for basis in chosen], axis=1)
        groups.append(BasisGroup(index, Q, np.stack([basis.goal() for basis in chosen])))
    return groups
