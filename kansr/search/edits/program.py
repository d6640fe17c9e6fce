"""A tree made ready for rows of numbers, and its constants at an optimum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kansr.expression.evaluate import ARRAY_FUNCTIONS, Instruction, Program
from kansr.formula.fit.constants import minimise
from kansr.numeric.arrays import Array
from kansr.search.edits.tree import FUNCTIONS, Tree, constants, with_constants

KINDS = {"+": "add", "*": "mul", "^": "power"}
CALLS = {name: ARRAY_FUNCTIONS[made] for name, made in FUNCTIONS.items()}
STALLED = 1e-5  # relative decrease of the loss that ends a fit: many are compared, and the best are fitted again


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that formulas are fitted to. X: (rows, inputs); y, weight: (rows,), weight 1 over the error of each.

    total: how many rows there are in all, of which these may be a part.
    """

    X: Array
    y: Array
    weight: Array
    total: int

    @cached_property
    def columns(self) -> Array:
        """The inputs, each in one piece of memory, (rows, inputs)."""
        return np.asfortranarray(self.X)

    def first(self, rows: int) -> Rows:
        """The first so many rows."""
        return Rows(self.X[:rows], self.y[:rows], self.weight[:rows], self.total)


class TreeProgram(Program):
    """A tree as a program.

    Every occurrence of a constant is a parameter of its own; equal parts without one are one instruction. nodes: the
    parts of the tree, one for each instruction; inside: the parameters within each.
    """

    def __init__(self, tree: Tree) -> None:
        super().__init__(0)
        self.nodes: list[Tree] = []
        self.inside: list[frozenset[int]] = []
        self._seen: dict[Tree, int] = {}
        self._add(tree)

    def _add(self, tree: Tree) -> int:
        if tree in self._seen:
            return self._seen[tree]
        instruction = self._instruction(tree)
        own = {instruction.value} if instruction.kind == "parameter" else set()
        self.nodes.append(tree)
        self.inside.append(frozenset(own).union(*(self.inside[j] for j in instruction.args)))
        place = self.put(instruction)
        if not self.free[place]:
            self._seen[tree] = place
        return place

    def _instruction(self, tree: Tree) -> Instruction:
        kind = tree[0]
        if kind == "c":
            self.parameters += 1
            return Instruction("parameter", value=self.parameters - 1)
        if kind == "x":
            return Instruction("input", value=tree[1])
        if kind in ("n", "pi"):
            return Instruction("number", value=np.float64(np.pi if kind == "pi" else tree[1] / tree[2]))
        args = tuple(self._add(arg) for arg in tree[1:])
        return Instruction(KINDS.get(kind, "function"), args, CALLS.get(kind))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A tree with its constants at an optimum near where they were; ms: the mean squared weighted residual."""

    tree: Tree
    ms: float


def values_of(tree: Tree, rows: Rows) -> Array:
    """The values of a tree as it is, (rows,)."""
    return TreeProgram(tree).value(rows.columns, constants(tree))


def fit(tree: Tree, rows: Rows, iterations: int) -> Fitted:
    """The tree with its constants fitted to the rows, in so many Levenberg–Marquardt steps at most."""
    start = np.array(constants(tree))
    best = minimise(TreeProgram(tree), rows.columns, rows.y, start, iterations, rows.weight, STALLED)
    return Fitted(with_constants(tree, best.values.tolist()), best.rms**2)
