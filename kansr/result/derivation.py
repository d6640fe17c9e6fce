"""The steps that led to a formula, each with what speaks for it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from kansr.result.json_value import Value


class Measure(str, enum.Enum):
    """What speaks for a step."""

    GRADIENTS = "gradients"  # rms angle, in radians, between the surrogate's gradients and what the step claims
    HELD_OUT = "held_out"  # rms error on held-out rows over the target's spread
    VARIANCE = "variance_ratio"  # von Neumann's ratio of the target sorted by one variable: 0 for a function of it
    RESIDUAL = "residual"  # rms of what the formula leaves of the target over its spread


@dataclass(frozen=True)
class Step:
    """One step on the way to a formula: what was done, in words and formulas, and what speaks for it."""

    what: str
    measure: Measure | None = None
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"step": self.what, "measure": self.measure and self.measure.value, "value": self.value}

    @classmethod
    def read(cls, value: Value) -> Step:
        measure, figure = value["measure"], value["value"]
        return cls(
            value["step"].text(),
            None if measure.absent else measure.choice(Measure),
            None if figure.absent else figure.number(),
        )
