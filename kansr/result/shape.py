"""What is known of the shape of a formula: a statement, and whether it holds."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Verdict(str, enum.Enum):
    """Whether a statement holds in the box of the inputs."""

    PROVEN = "proven"
    REFUTED = "refuted"  # a point shows that it does not hold, or a limit does
    OPEN = "open"  # neither could be shown


@dataclass(frozen=True)
class ShapeVerdict:
    """A statement on the shape of a formula, as text, with the verdict on it.

    at: the values of inputs at which it fails, by name; None where no point is named.
    """

    statement: str
    verdict: Verdict
    at: Mapping[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        at = None if self.at is None else {name: float(value) for name, value in self.at.items()}
        return {"statement": self.statement, "verdict": self.verdict.value, "at": at}
