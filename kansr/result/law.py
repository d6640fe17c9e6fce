"""A law: a formula with the meaning of its names, which is all that predicting and exporting need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy

from kansr.expression.evaluate import Tape
from kansr.expression.identifiers import aliases, place_of
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.parameters import Parameters, own_columns
from kansr.result.result import Result

PREDICTION = "prediction"  # the name of the target of a formula that has none


@dataclass(frozen=True)
class Law:
    """target = expr, in the inputs that expr uses.

    columns: the column name of each name that differs from it; units: the unit of each name, where it is known.
    parameters: the constants that differ by group, which come after the other inputs; group: the column of the groups.
    """

    expr: sympy.Expr
    inputs: tuple[str, ...]
    target: str = PREDICTION
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    parameters: Parameters = field(default_factory=dict)
    group: str = ""

    @property
    def measured(self) -> tuple[str, ...]:
        """The inputs that are columns of a table: all but the constants that differ by group."""
        return tuple(name for name in self.inputs if name not in self.parameters)

    def column(self, name: str) -> str:
        """The column of the table that a name stands for."""
        return self.columns.get(name, name)

    @property
    def constants(self) -> tuple[NamedConstant, ...]:
        """The named constants of the formula."""
        return tuple(sorted(self.expr.atoms(NamedConstant), key=str))

    def value(self, X: Array) -> Array:
        """The target predicted from X, (rows, inputs) -> (rows,); nan where the formula has no real value."""
        return Tape(self.expr, self.inputs).value(X)

    def value_of_groups(self, X: Array, labels: Sequence[str]) -> Array:
        """The same from the measured inputs, (rows, measured), and the group of each row.

        Raises DataError for a group that the law does not know.
        """
        return self.value(np.column_stack([X, own_columns(self.parameters, self.group, labels)]))


def law_of(discovery: Result, candidate: Candidate) -> Law:
    """A formula of a result as a law, in the inputs that it uses."""
    used = {str(symbol) for symbol in candidate.expr.free_symbols}
    units: dict[str, str] = {}
    if discovery.units is not None:
        units = {**discovery.units.text, **{k: c.unit for k, c in discovery.units.constants.items()}}
    inputs = tuple(name for name in (*discovery.inputs, *candidate.parameters) if name in used)
    group = discovery.group if candidate.parameters else ""
    return Law(candidate.expr, inputs, discovery.target, discovery.columns, units, candidate.parameters, group)


def law_of_formula(text: str, columns: Sequence[str] | None = None) -> Law:
    """The law of a formula in text.

    columns: those of the table it is about; the formula calls them by their identifiers, as `kansr discover` does.
    Raises FormulaError for what is not in the formula language.
    """
    alias = {} if columns is None else {a: c for a, c in zip(aliases(columns), columns) if a != c}
    expr = parse(text)
    inputs = sorted({str(symbol) for symbol in expr.free_symbols}, key=lambda name: place_of(name, text))
    return Law(expr, tuple(inputs), _unlike(PREDICTION, inputs), alias)


def _unlike(name: str, taken: Sequence[str]) -> str:
    """The name, with underscores added until it differs from all that are taken."""
    while name in taken:
        name += "_"
    return name
