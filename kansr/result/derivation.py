"""The derivation of a formula: the steps that led to it, each with its misfit."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from kansr.result.json_value import Value


class Finder(enum.Enum):
    """What found the structure of a formula: the kind of search that it came from, not the steps of that search.

    Constants that are fitted, rounded and simplified afterwards leave it as it is.
    """

    KAN = "kan"  # a Kolmogorov-Arnold network, trained, pruned and read
    REDUCTIONS = "reductions"  # a search over reductions
    SPARSE_MODEL = "sparse_model"  # a sparse functional ANOVA, or its straight-line and quadratic relatives
    CURVES = "curves"  # a sum or product of curves by least squares, without a network
    LOCAL_SEARCH = "local_search"  # edits of formulas that other searches met
    TERMINALS = "terminals"  # a solver that was asked of the whole table
    REFINER = "refiner"  # another package's search, or a function of the user's
    GIVEN = "given"  # the user: a form, or a guess
    GROUPS = "groups"  # a search for a law of groups
    EQUATIONS = "equations"  # a sparse regression of differential equations
    BASELINE = "baseline"  # nothing: the mean or a line, which every search begins with


class Measure(str, enum.Enum):
    """What the misfit of a step measures; of each, less is better and 0 is exact."""

    GRADIENTS = "gradients"  # rms angle between the surrogate's gradients and those that the step claims, in radians
    HELD_OUT = "held_out"  # relative rms on held-out rows: rms residual over the spread of the target
    VARIANCE = "variance_ratio"  # von Neumann's ratio of the target, sorted by one variable: 0 for a function of it
    RESIDUAL = "residual"  # relative rms on the fitting rows


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    what: the reduction or solver, in words and formulas; measure, value: its misfit, None where there is none.
    """

    what: str
    measure: Measure | None = None
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The step as plain values, for JSON."""
        return {"step": self.what, "measure": self.measure and self.measure.value, "value": self.value}

    @classmethod
    def read(cls, value: Value) -> Step:
        """The step in a JSON object that `to_dict` gave. Raises DataError where it is none."""
        measure, figure = value["measure"], value["value"]
        return cls(
            value["step"].text(),
            None if measure.absent else measure.choice(Measure),
            None if figure.absent else figure.number(),
        )
