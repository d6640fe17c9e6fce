"""A formula with what its names stand for: all that predicting and exporting need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy

from kansr.expression.evaluate import Tape
from kansr.expression.identifiers import aliases
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.result import Result

PREDICTION = "prediction"  # what the value of a formula is called that has no target


@dataclass(frozen=True)
class Law:
    """target = expr in the inputs that it uses.

    columns: the column of the table for each name that differs from it; units: the unit of each name, as far as known.
    """

    expr: sympy.Expr
    inputs: tuple[str, ...]
    target: str = PREDICTION
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """The column of the table that a name stands for."""
        return self.columns.get(name, name)

    @property
    def constants(self) -> tuple[NamedConstant, ...]:
        """The constants that the formula calls by name."""
        return tuple(sorted(self.expr.atoms(NamedConstant), key=str))

    def value(self, X: Array) -> Array:
        """X: (rows, inputs) -> (rows,); not a number where the formula has no real value."""
        return Tape(self.expr, self.inputs).value(X)


def law_of(discovery: Result, candidate: Candidate) -> Law:
    """One of the formulas of a discovery."""
    used = {str(symbol) for symbol in candidate.expr.free_symbols}
    units: dict[str, str] = {}
    if discovery.units is not None:
        units = {**discovery.units.text, **{k: c.unit for k, c in discovery.units.constants.items()}}
    inputs = tuple(name for name in discovery.inputs if name in used)
    return Law(candidate.expr, inputs, discovery.target, discovery.columns, units)


def law_of_formula(text: str, columns: Sequence[str] | None = None) -> Law:
    """The law that a formula spells, in the columns of a table, or in whatever names it uses where none are given.

    A column whose name is none of the formula language is called by its alias, as in `kansr discover`.
    """
    alias = {} if columns is None else {a: c for a, c in zip(aliases(columns), columns) if a != c}
    expr = parse(text)
    inputs = sorted({str(symbol) for symbol in expr.free_symbols}, key=lambda name: _place(text, name))
    return Law(expr, tuple(inputs), _unlike(PREDICTION, inputs), alias)


def _place(text: str, name: str) -> int:
    """Where a name stands first in a formula."""
    found = re.search(rf"\b{name}\b", text)
    return found.start() if found else len(text)


def _unlike(name: str, taken: Sequence[str]) -> str:
    """The name, made longer until none of those taken is the same."""
    while name in taken:
        name += "_"
    return name
