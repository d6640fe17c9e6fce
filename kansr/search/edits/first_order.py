"""Which expressions of a library belong where in a formula, told to first order by one reverse sweep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

from kansr.numeric.arrays import Array
from kansr.search.edits.library import Library
from kansr.search.edits.program import ADD, MUL, PARAMETER, Program, Rows
from kansr.search.edits.tree import ONE, Tree, add, bits, constant, constants, mul, number, power, replace_all

CANCELLATION = 1e-8  # of the square of a column that is left after projection, below which nothing is
OVERALL = 90  # proposals that promise most
EACH = 2  # of every place and kind


@dataclass(frozen=True, eq=False)
class Place:
    """A node, or two terms or factors of one, that may be exchanged: its values and the derivative by it, (rows,).

    inside: the parameters within it.
    """

    node: Tree
    parts: tuple[Tree, ...]
    value: Array
    slope: Array
    inside: frozenset[int]


def _places(program: Program, rows: Rows, values: Array) -> tuple[list[Place], Array, Array]:
    out = program.forward(rows, values)
    bars = program.adjoints(out, len(rows.y), True)
    inside: list[frozenset[int]] = []
    for code, args, value in program.code:
        own = frozenset([value]) if code == PARAMETER else frozenset()
        inside.append(own.union(*(inside[j] for j in args)) if code not in (PARAMETER, 4) else own)
    found: list[Place] = []
    J = np.zeros((len(rows.y), program.parameters))
    for i, (code, args, value) in enumerate(program.code):
        bar = bars[i]
        if bar is None:
            continue
        if code == PARAMETER:
            J[:, value] = bar
        node = program.nodes[i]
        if code == 4 and not args[0]:
            continue
        found.append(Place(node, (), np.broadcast_to(out[i], rows.y.shape), np.broadcast_to(bar, rows.y.shape), inside[i]))
        if code in (ADD, MUL) and len(args) > 2:
            for a, b in combinations(range(len(args)), 2):
                ja, jb = args[a], args[b]
                if code == ADD:
                    v, d = out[ja] + out[jb], bar
                else:
                    v, d = out[ja] * out[jb], bar
                    for k, j in enumerate(args):
                        if k not in (a, b):
                            d = d * out[j]
                found.append(
                    Place(
                        node,
                        (node[1 + a], node[1 + b]),
                        np.broadcast_to(v, rows.y.shape),
                        np.broadcast_to(d, rows.y.shape),
                        inside[ja] | inside[jb],
                    )
                )
    return found, J, np.broadcast_to(out[-1], rows.y.shape)


def _exchanged(tree: Tree, place: Place, part: Tree) -> Tree:
    if not place.parts:
        return replace_all(tree, place.node, part)
    left = list(place.node[1:])
    for one in place.parts:
        left.remove(one)
    new = add(*left, part) if place.node[0] == "+" else mul(*left, part)
    return replace_all(tree, place.node, new)


def proposals(
    tree: Tree, rows: Rows, library: Library, float_bits: float, overall: int, each: int
) -> Iterator[tuple[str, Tree]]:
    """Trees with an expression of the library in a place of this one, the most promising first."""
    if not library.recipes:
        return
    program = Program(tree)
    values = np.array(constants(tree))
    with np.errstate(all="ignore"):
        places, J, out = _places(program, rows, values)
        w = rows.weight
        r = rows.target - out * w
        J = J * w[:, None]
    if not np.isfinite(r).all() or not np.isfinite(J).all():
        return
    rss = float(r @ r)
    H, H2 = library.values, library.squares
    tasks: list[tuple[Place, str, Array, Array, Array]] = []  # place, kind, e, basis, residual
    whole = _orthonormal(J)
    left = r - whole @ (whole.T @ r)
    for place in places:
        e = w * place.slope
        if not np.isfinite(e).all() or not np.isfinite(place.value).all():
            continue
        if not place.parts:
            tasks.append((place, "add", e, whole, left))
            tasks.append((place, "times", e * place.value, whole, left))
        outside = [k for k in range(program.parameters) if k not in place.inside]
        basis = _orthonormal(np.column_stack([J[:, outside], e]))
        target = r + e * place.value
        tasks.append((place, "line", e, basis, target - basis @ (basis.T @ target)))
        basis = _orthonormal(J[:, outside])
        tasks.append((place, "is", e, basis, target - basis @ (basis.T @ target)))
    if not tasks:
        return
    rank = np.concatenate([[0], np.cumsum([basis.shape[1] for _, _, _, basis, _ in tasks])])
    products = np.concatenate([(e[:, None] * basis).T for _, _, e, basis, _ in tasks if basis.shape[1]] or [np.zeros((0, len(r)))]) @ H
    numerators = np.array([e * target for _, _, e, _, target in tasks]) @ H
    squares = np.array([e * e for _, _, e, _, _ in tasks]) @ H2
    shrunk = np.array([np.sum(products[rank[t] : rank[t + 1]] ** 2, axis=0) for t in range(len(tasks))])
    norms = squares - shrunk
    with np.errstate(all="ignore"):
        gains = np.where(norms > CANCELLATION * squares, numerators**2 / norms, 0.0)
        slopes = np.where(norms > CANCELLATION * squares, numerators / norms, 0.0)
    base = np.array([float(target @ target) for *_, target in tasks])
    after = np.maximum(base[:, None] - gains, 1e-12 * rss)
    per_kind = {"add": float_bits + 4, "times": float_bits + 8, "line": 2 * float_bits + 4, "is": float_bits + 2}
    extra = []
    for place, kind, *_ in tasks:
        gone = 0.0 if kind in ("add", "times") else sum(bits(p, float_bits, 4) for p in (place.parts or (place.node,)))
        extra.append(per_kind[kind] - gone)
    cost = rows.total / 2 * np.log2(after / rss) + library.bits + np.array(extra)[:, None]
    cost[gains <= 0] = np.inf
    chosen: dict[tuple[int, int], float] = {}
    flat = _least(cost.ravel(), overall)
    for t, m in zip(*np.unravel_index(flat, cost.shape)):
        chosen[int(t), int(m)] = float(cost[t, m])
    for t in range(len(tasks) if each else 0):
        for m in np.argpartition(cost[t], min(each, cost.shape[1] - 1))[:each]:
            chosen[t, int(m)] = float(cost[t, m])
    for (t, m), length in sorted(chosen.items(), key=lambda item: (item[1], item[0])):
        if not math.isfinite(length):
            continue
        place, kind, e, basis, target = tasks[t]
        h, c = library.recipes[m].tree, float(slopes[t, m] / library.scale[m])
        offset = 0.0
        if kind == "line":
            outside = [k for k in range(program.parameters) if k not in place.inside]
            A = np.column_stack([J[:, outside], e])
            full = r + e * place.value - slopes[t, m] * e * H[:, m]
            offset = float(np.linalg.lstsq(A.T @ A, A.T @ full, rcond=1e-12)[0][-1])
        for part in _parts(place, kind, h, c, offset):
            yield kind, _exchanged(tree, place, part)


def _parts(place: Place, kind: str, h: Tree, c: float, offset: float) -> Iterator[Tree]:
    node = place.node
    if kind == "add":
        yield add(node, mul(constant(c), h))
    elif kind == "times":
        yield mul(node, add(ONE, mul(constant(c), h)))
        yield mul(node, power(add(ONE, mul(constant(-c), h)), number(-1)))
        yield mul(node, power(add(ONE, mul(constant(2 * c), h)), number(Fraction(1, 2))))
        yield mul(node, power(add(ONE, mul(constant(-2 * c), h)), number(Fraction(-1, 2))))
    elif kind == "is":
        yield mul(constant(c), h)
    else:
        yield add(mul(constant(c), h), constant(offset))


def _least(values: Array, count: int) -> Array:
    """The places of the least values, least first."""
    if len(values) > count:
        some = np.argpartition(values, count)[:count]
    else:
        some = np.arange(len(values))
    return some[np.lexsort((some, values[some]))]


def _orthonormal(columns: Array) -> Array:
    if not columns.shape[1]:
        return columns
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns[:, scale > 0] / scale[scale > 0]
    U, s, _ = np.linalg.svd(columns, full_matrices=False)
    return U[:, s > 1e-9 * s[0]] if len(s) else U
