"""A tree made ready for rows of numbers: its values, the derivative by every node, and its constants at an optimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kansr.expression.evaluate import ARRAY_FUNCTIONS, raised
from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import levenberg_marquardt
from kansr.numeric.robust import mean_square
from kansr.search.edits.tree import FUNCTIONS, Tree, constants, with_constants

ADD, MUL, POWER, FUNCTION, LEAF, PARAMETER = range(6)
CALLS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    name: ARRAY_FUNCTIONS[made] for name, made in FUNCTIONS.items()
}
STALLED = 1e-5  # relative decrease of the loss that ends a fit: many are compared, and the best are fitted again


@dataclass(eq=False)
class Rows:
    """The rows that formulas are fitted to. X: (rows, inputs); y, weight: (rows,), weight 1 over the error of each.

    total: how many rows there are in all, of which these may be a part.
    """

    X: Array
    y: Array
    weight: Array
    total: int

    def __post_init__(self) -> None:
        self.columns = [np.ascontiguousarray(self.X[:, i]) for i in range(self.X.shape[1])]
        self.target = self.y * self.weight

    def first(self, rows: int) -> Rows:
        return Rows(self.X[:rows], self.y[:rows], self.weight[:rows], self.total)


class Program:
    """The instructions of a tree.

    Every occurrence of a constant is a parameter of its own; equal parts without one are one node.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.code: list[tuple[int, tuple[int, ...], Any]] = []
        self.nodes: list[Tree] = []
        self._seen: dict[Tree, int] = {}
        self.parameters = 0
        self._free: list[bool] = []
        self._add(tree)

    def _add(self, tree: Tree) -> tuple[int, bool]:
        """The place of a node, and whether it depends on a constant."""
        kind = tree[0]
        if kind == "c":
            self.parameters += 1
            return self._put(tree, PARAMETER, (), self.parameters - 1, True), True
        if tree in self._seen:
            return self._seen[tree], False
        if kind in ("x", "n", "pi"):
            value = tree[1] if kind == "x" else np.float64(np.pi if kind == "pi" else tree[1] / tree[2])
            place = self._put(tree, LEAF, (kind == "x",), value, False)
            self._seen[tree] = place
            return place, False
        made = [self._add(arg) for arg in tree[1:]]
        args, free = tuple(place for place, _ in made), any(f for _, f in made)
        code = {"+": ADD, "*": MUL, "^": POWER}.get(kind, FUNCTION)
        place = self._put(tree, code, args, CALLS.get(kind), free)
        if not free:
            self._seen[tree] = place
        return place, free

    def _put(self, tree: Tree, code: int, args: tuple[int, ...], value: Any, free: bool) -> int:
        self.code.append((code, args, value))
        self.nodes.append(tree)
        self._free.append(free)
        return len(self.code) - 1

    def inside(self) -> list[frozenset[int]]:
        """The parameters that each node depends on."""
        found: list[frozenset[int]] = []
        for code, args, value in self.code:
            own = [value] if code == PARAMETER else []
            found.append(frozenset(own).union(*(found[j] for j in args if code < LEAF)))
        return found

    def forward(self, rows: Rows, values: Array) -> list[Any]:
        out: list[Any] = []
        for code, args, value in self.code:
            if code == ADD:
                total = out[args[0]]
                for j in args[1:]:
                    total = total + out[j]
                out.append(total)
            elif code == MUL:
                total = out[args[0]]
                for j in args[1:]:
                    total = total * out[j]
                out.append(total)
            elif code == POWER:
                out.append(raised(out[args[0]], out[args[1]]))
            elif code == FUNCTION:
                out.append(value[0](out[args[0]]))
            elif code == LEAF:
                out.append(rows.columns[value] if args[0] else value)
            else:
                out.append(values[value])
        return out

    def value(self, rows: Rows, values: Array) -> Array:
        return self.forward(rows, values)[-1]

    def adjoints(self, out: list[Any], rows: int, every: bool) -> list[Any]:
        """The derivative of the output by each node, (rows,); by those that hold constants only, unless `every`."""
        bars: list[Any] = [None] * len(out)
        bars[-1] = np.ones(rows)
        for i in range(len(out) - 1, -1, -1):
            bar = bars[i]
            code, args, value = self.code[i]
            if bar is None or code >= LEAF:
                continue
            if code == ADD:
                for j in args:
                    if every or self._free[j]:
                        bars[j] = bar if bars[j] is None else bars[j] + bar
            elif code == MUL:
                for place, j in enumerate(args):
                    if every or self._free[j]:
                        slope = bar
                        for other, k in enumerate(args):
                            if other != place:
                                slope = slope * out[k]
                        bars[j] = slope if bars[j] is None else bars[j] + slope
            elif code == POWER:
                base, exponent = args
                if every or self._free[base]:
                    slope = bar * out[exponent] * raised(out[base], out[exponent] - 1.0)
                    bars[base] = slope if bars[base] is None else bars[base] + slope
                if self._free[exponent] or (every and self.code[exponent][0] != LEAF):
                    slope = bar * out[i] * np.log(out[base])
                    bars[exponent] = slope if bars[exponent] is None else bars[exponent] + slope
            else:
                j = args[0]
                if every or self._free[j]:
                    slope = bar * value[1](out[j])
                    bars[j] = slope if bars[j] is None else bars[j] + slope
        return bars

    def jacobian(self, rows: Rows, values: Array) -> tuple[Array, Array]:
        """-> values, (rows,), and their derivatives by the constants, (rows, constants), both times the weight."""
        out = self.forward(rows, values)
        bars = self.adjoints(out, len(rows.y), False)
        J = np.empty((len(rows.y), self.parameters))
        for (code, _, value), bar in zip(self.code, bars):
            if code == PARAMETER:
                J[:, value] = bar if bar is not None else 0.0
        return (out[-1] - rows.y) * rows.weight, J * rows.weight[:, None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A tree with its constants at an optimum near where they were; ms: the mean squared weighted residual."""

    tree: Tree
    ms: float


def fit(tree: Tree, rows: Rows, iterations: int) -> Fitted:
    program = Program(tree)
    start = np.array(constants(tree))
    if not len(start):
        residual = (program.value(rows, start) - rows.y) * rows.weight
        return Fitted(tree, mean_square(residual))
    best = levenberg_marquardt(
        lambda values: (program.value(rows, values) - rows.y) * rows.weight,
        lambda values: program.jacobian(rows, values),
        start,
        iterations,
        0.0,
        STALLED,
    )
    return Fitted(with_constants(tree, best.values.tolist()), best.rms**2)
