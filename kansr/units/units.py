"""The units that a user declares: of the columns of a table, and of constants that a formula may use by name."""

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
    """A constant with its unit that formulas may use by name."""

    value: float
    unit: str


@dataclass(frozen=True)
class Units:
    """What a formula's names stand for.

    text: the unit of each input and of the target as the user wrote it, dimension: what that amounts to, both by the
    names of the formula language; constants: those that may be used by name, whose dimensions are in `dimension` too.
    free: whether fitted numbers may carry units of their own.
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
        """The constant called `name` as it stands in formulas."""
        return NamedConstant(name, self.constants[name].value)
