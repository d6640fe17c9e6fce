"""Which expressions of a library belong where in a formula, told to first order for all of them at once.

One reverse sweep gives the derivative of a formula by each of its nodes. To first order an edit of a node is then a
linear regression of what the formula leaves, or of that and the node's own share, beside the columns of the constants
that remain: a score test (Rao 1948) of every expression of the library in every place, as a few products of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.search.edits.code_length import bits
from kansr.search.edits.library import Library, Recipe
from kansr.search.edits.program import Rows, TreeProgram
from kansr.search.edits.tree import MINUS, ONE, Tree, add, constant, constants, mul, number, power, replace_all

# Of the square of a column, below which rounding may be a few per cent of what is left of it: the eps of float32 times
# √2000 rows is 3e-6.
CANCELLATION = 1e-4
LEAST_LEFT = 1e-12  # of the squared residuals, below which an edit promises nothing more
DEPENDENT = 1e-9  # singular value over the largest, below which a column is a combination of others
PAIRED = 8  # terms or factors up to which two of them are exchanged at once: a longer sum is a line
# Operators, in bits, and fitted constants that each kind of edit adds: node + c·h, node·(1 + c·h), √(node² + c·h),
# 1/(1/node + c·h), node := a + c·h and node := c·h, and node**p := node**(c·h).
ADDED = {
    "add": (4.0, 1),
    "factor": (8.0, 1),
    "root": (14.0, 1),
    "parallel": (12.0, 1),
    "line": (4.0, 2),
    "multiple": (2.0, 1),
    "exponent": (8.0, 1),
}
CURVES = ((1, 1), (-1, -1), (2, Fraction(1, 2)), (-2, Fraction(-1, 2)))  # (1 + k·c·h)**p that begin with 1 + c·h


@dataclass(frozen=True, eq=False)
class Place:
    """A node, or two terms or factors of one (`parts`), that may be exchanged.

    value, slope: its values and the derivative of the formula by it, (rows,); inside: the constants within it.
    base: where it is the exponent of `node` that may be exchanged, what `node` is a power of.
    """

    node: Tree
    parts: tuple[Tree, ...]
    value: Array
    slope: Array
    inside: frozenset[int]
    base: Tree | None = None

    def exchanged(self, tree: Tree, part: Tree) -> Tree:
        """The formula with a part in this place, wherever it occurs."""
        if self.base is not None:
            return replace_all(tree, self.node, power(self.base, part))
        if not self.parts:
            return replace_all(tree, self.node, part)
        left = list(self.node[1:])
        for one in self.parts:
            left.remove(one)
        return replace_all(tree, self.node, add(*left, part) if self.node[0] == "+" else mul(*left, part))


@dataclass(frozen=True, eq=False)
class Test:
    """The regression of `target`, (rows,), on the columns `slope`·h, beside the constants that remain.

    basis: an orthonormal basis of the derivatives by these constants, (rows, rank).
    """

    place: Place
    kind: str
    slope: Array
    target: Array
    basis: Array


def proposals(
    tree: Tree, rows: Rows, library: Library, float_bits: float, overall: int, of_each: int
) -> Iterator[tuple[str, Tree]]:
    """The kind of edit and the formula that it makes, the most promising first.

    overall: how many of all edits, of_each: of each kind in each place. float_bits: what a fitted constant costs.
    """
    if not library.recipes:
        return
    program = TreeProgram(tree)
    out = program.forward(rows.columns, constants(tree))
    found, J = _places(program, out, rows)
    left = rows.weight * (rows.y - out[-1])
    if not np.isfinite(left).all() or not np.isfinite(J).all():
        return
    tests = _tests(found, J, left, rows.weight)
    if not tests:
        return
    slopes, after = _regressions(tests, library)
    with np.errstate(all="ignore"):
        gain = rows.total / 2 * np.log2(np.maximum(after, LEAST_LEFT * float(left @ left)) / float(left @ left))
    inputs = rows.X.shape[1]
    beside = np.array([_bits_beside(test, float_bits, inputs) for test in tests])
    cost = np.where(slopes != 0, gain + library.bits + beside[:, None], np.inf)
    for t, m in _chosen(cost, overall, of_each):
        test, recipe, slope = tests[t], library.recipes[m], float(slopes[t, m])
        offset = _offset(test, J, left, slope * library.values[:, m]) if test.kind == "line" else 0.0
        for part in _parts(test, recipe, slope / float(library.scale[m]), offset):
            yield test.kind, test.place.exchanged(tree, part)


def _places(program: TreeProgram, out: list[Array], rows: Rows) -> tuple[list[Place], Array]:
    """-> every place of a formula, and the derivatives by its constants times the weight, (rows, constants)."""
    slopes = program.adjoints(out, len(rows.y), every=True)
    full = rows.y.shape
    J = np.zeros((len(rows.y), program.parameters))
    found: list[Place] = []
    for i, (instruction, slope, node) in enumerate(zip(program.instructions, slopes, program.nodes)):
        if slope is None:  # a number, or what nothing depends on
            continue
        kind, args = instruction.kind, instruction.args
        if kind == "parameter":
            J[:, instruction.value] = slope * rows.weight
        within = program.inside[i]
        found.append(Place(node, (), np.broadcast_to(out[i], full), np.broadcast_to(slope, full), within))
        found += _exponents(node, out[args[0]] if kind == "power" else out[i], out[i] * slope)
        if kind in ("add", "mul") and 2 < len(args) <= PAIRED:
            for a, b in combinations(range(len(args)), 2):
                first, second = out[args[a]], out[args[b]]
                others = [out[j] for k, j in enumerate(args) if k not in (a, b)] if kind == "mul" else []
                both = first * second if kind == "mul" else first + second
                own = np.broadcast_to(math.prod(others, start=slope), full)
                within = program.inside[args[a]] | program.inside[args[b]]
                found.append(Place(node, (node[1 + a], node[1 + b]), np.broadcast_to(both, full), own, within))
    return found, J


def _exponents(node: Tree, base: Array, slope: Array) -> Iterator[Place]:
    """The exponent of a power, or that of 1 of an input or a sum, where it may be another one.

    base: its values, or those of the node where it is no power; slope: the derivative of the formula by the logarithm
    of the node.
    """
    of, exponent = (node[1], node[2]) if node[0] == "^" else (node, ONE)
    if exponent[0] == "n" and of[0] in ("x", "+") and base.min() > 0:
        value = exponent[1] / exponent[2]
        yield Place(node, (), np.full(base.shape, value), slope * np.log(base), frozenset(), of)


def _tests(found: list[Place], J: Array, left: Array, weight: Array) -> list[Test]:
    whole = _orthonormal(J)
    residual = left - whole @ (whole.T @ left)
    tests: list[Test] = []
    for place in found:
        slope = weight * place.slope
        if not (np.isfinite(slope).all() and np.isfinite(place.value).all()):
            continue
        if not place.parts and place.base is None:
            steps = [("add", slope), ("factor", slope * place.value)]
            if place.value.min() > 0:
                steps += [("root", slope / (2 * place.value)), ("parallel", -slope * place.value**2)]
            for kind, own in steps:
                tests.append(Test(place, kind, own, residual, whole))
        outside = J[:, [k for k in range(J.shape[1]) if k not in place.inside]]
        own = left + slope * place.value
        linear = [("line", np.column_stack([outside, slope])), ("multiple", outside)]
        for kind, columns in linear if place.base is None else [("exponent", outside)]:
            basis = _orthonormal(columns)
            target = own - basis @ (basis.T @ own)
            tests.append(Test(place, kind, slope, target, basis))
    return tests


def _size(values: Array) -> float:
    """What values are divided by so that their squares and products are numbers of float32."""
    return float(np.linalg.norm(values)) or 1.0


def _regressions(tests: list[Test], library: Library) -> tuple[Array, Array]:
    """The coefficient of every expression in every test, 0 where it means nothing, and the squares that it leaves.

    Both are (tests, expressions). Beside a basis, slope·h has the square |slope·h|² − |basis'slope·h|². The products
    are of float32: which edits are worth a fit does not hang on more digits.
    """
    sizes = np.array([(_size(test.slope), _size(test.target)) for test in tests])
    slope = np.array([test.slope for test in tests]) / sizes[:, :1]
    target = np.array([test.target for test in tests]) / sizes[:, 1:]
    products = (np.float32(slope * target) @ library.single) * np.prod(sizes, axis=1, keepdims=True)
    squares = (np.float32(slope**2) @ library.squares) * sizes[:, :1] ** 2
    norms = squares - _taken(tests, slope, library) * sizes[:, :1] ** 2
    known = norms > CANCELLATION * squares
    with np.errstate(all="ignore"):
        slopes = np.where(known, products / norms, 0.0)
    before = np.array([float(test.target @ test.target) for test in tests])
    return slopes, before[:, None] - slopes * products


def _taken(tests: list[Test], slope: Array, library: Library) -> Array:
    """The squares of the parts of the columns slope·h within the span of each basis, (tests, expressions).

    slope: those of the tests, (tests, rows). One product for all bases: each alone would read the whole library.
    """
    inner = np.float32(np.vstack([one * test.basis.T for test, one in zip(tests, slope)])) @ library.single
    inner *= inner
    ends = np.cumsum([test.basis.shape[1] for test in tests])
    return np.array([part.sum(axis=0) for part in np.split(inner, ends[:-1])])


def _bits_beside(test: Test, float_bits: float, inputs: int) -> float:
    """What an edit adds to the code of a formula beside the expression itself, less what it takes away."""
    operators, fitted = ADDED[test.kind]
    place = test.place
    gone = place.parts or (place.node,) if test.kind in ("line", "multiple", "exponent") else ()
    kept = () if place.base is None else (place.base,)
    before = sum(bits(part, float_bits, inputs) for part in gone) - sum(bits(p, float_bits, inputs) for p in kept)
    return operators + fitted * float_bits - before


def _chosen(cost: Array, overall: int, of_each: int) -> list[tuple[int, int]]:
    """The places of the least costs, least first: of all, and of each row."""
    chosen = {(int(t), int(m)) for t, m in (np.unravel_index(i, cost.shape) for i in _least(cost.ravel(), overall))}
    if of_each:
        chosen |= {(t, int(m)) for t, row in enumerate(cost) for m in _least(row, of_each)}
    return sorted((one for one in chosen if np.isfinite(cost[one])), key=lambda one: (cost[one], one))


def _least(values: Array, count: int) -> NDArray[np.intp]:
    some = np.argpartition(values, count)[:count] if len(values) > count else np.arange(len(values))
    return some[np.lexsort((some, values[some]))]


def _offset(test: Test, J: Array, left: Array, part: Array) -> float:
    """The constant a of node := a + c·h, where c·h is known."""
    outside = J[:, [k for k in range(J.shape[1]) if k not in test.place.inside]]
    columns = np.column_stack([outside, test.slope])
    rest = left + test.slope * (test.place.value - part)
    return float(np.linalg.lstsq(columns, rest, rcond=None)[0][-1])


def _parts(test: Test, recipe: Recipe, slope: float, offset: float) -> Iterator[Tree]:
    """What comes into the place. Curves that agree to first order are all written, and the fit decides."""
    node, h = test.place.node, recipe.tree
    if test.kind == "add":
        yield add(node, mul(constant(slope), h))
    elif test.kind == "factor":
        for times, exponent in CURVES:
            yield mul(node, power(add(ONE, mul(constant(times * slope), h)), number(exponent)))
    elif test.kind == "root":
        yield power(add(power(node, number(2)), mul(constant(slope), h)), number(Fraction(1, 2)))
    elif test.kind == "parallel":
        yield power(add(power(node, MINUS), mul(constant(slope), h)), MINUS)
    elif test.kind == "line":
        yield add(mul(constant(slope), h), constant(offset))
    else:
        yield mul(constant(slope), h)


def _orthonormal(columns: Array) -> Array:
    """An orthonormal basis of the columns, (rows, rank)."""
    size = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns[:, size > 0] / size[size > 0]
    if not columns.shape[1]:
        return columns
    U, s, _ = np.linalg.svd(columns, full_matrices=False)
    return U[:, s > DEPENDENT * s[0]]
