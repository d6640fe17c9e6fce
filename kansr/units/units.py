"""Units as the user declares them: of the columns of a table, and of constants that formulas may use by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kansr.expression.named_constant import NamedConstant
from kansr.units.dimension import Dimension

Spec = Mapping[str, str] | str | Path
ConstantSpec = Mapping[str, tuple[float, str]] | str


@dataclass(frozen=True)
class Constant:
    """A physical constant that formulas may use by name. value: in `unit`."""

    value: float
    unit: str


@dataclass(frozen=True)
class Units:
    """The units of the names in formulas.

    text: the unit of each input and of the target, as the user wrote it; dimension: the dimension of each, and of each
    constant; constants: those that formulas may use; all by the names in formulas.
    free: whether fitted numbers may carry any unit.
    """

    target: str
    text: Mapping[str, str]
    dimension: Mapping[str, Dimension]
    constants: Mapping[str, Constant] = field(default_factory=dict)
    free: bool = False

    @property
    def goal(self) -> Dimension:
        """The dimension of the target."""
        return self.dimension[self.target]

    def symbol(self, name: str) -> Any:
        """The constant of this name as a sympy object."""
        return NamedConstant(name, self.constants[name].value)
