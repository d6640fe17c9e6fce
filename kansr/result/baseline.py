"""A simple model that formulas are compared with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Baseline:
    """How well a simple model predicts rows that it was not fitted to.

    name: mean, line, sparse_line, quadratic, additive (a curve of each input) or smooth (curves of pairs too).
    r2_held_out, r2_held_out_error: from nested cross-validation, with its standard error; inputs: that it uses.
    """

    name: str
    r2_held_out: float
    r2_held_out_error: float
    inputs: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "inputs": list(self.inputs)}
