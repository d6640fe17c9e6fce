"""What a search found, with the evidence for it."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import sympy
from numpy.typing import ArrayLike

from kansr.data.excerpt import Excerpt
from kansr.errors import DataError
from kansr.expression.evaluate import Tape
from kansr.expression.render import render
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.graph import Graph
from kansr.result.pareto import ParetoFront
from kansr.units.units import Units
from kansr.version import __version__

if TYPE_CHECKING:
    import pandas as pd

UNDECIDED = 7.0  # bits up to which rows cannot decide between formulas: odds of about 100 to 1
SCHEMA = 1  # of the JSON object; it changes when a key changes its meaning


class Status(str, enum.Enum):
    """How the search ended."""

    FOUND = "found"  # the held-out error is at the noise floor
    BEST_EFFORT = "best_effort"
    NOTHING = "nothing"  # no formula beats a constant on held-out rows
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a form that the user gave is worth.

    constants: name, value and standard error of each; loose: those that the rows do not determine. fitted: the form
    with these values; found: the best formula of a search in the same time, None without one. terms: what could be
    added to the form, and the bits by which that shortens formula and residuals together.
    """

    text: str
    constants: tuple[tuple[str, float, float], ...]
    loose: tuple[str, ...]
    fitted: Candidate
    found: Candidate | None = None
    terms: tuple[tuple[sympy.Expr, float], ...] = ()

    def bits(self, best: Candidate) -> float | None:
        """By how many bits the form describes the rows in less than what a search found; negative if in more."""
        return None if self.found is None else self.found.description_length - best.description_length

    def to_dict(self, best: Candidate) -> dict[str, Any]:
        return {
            "text": self.text,
            "constants": [{"name": name, "value": value, "error": error} for name, value, error in self.constants],
            "undetermined": list(self.loose),
            "fitted": _entry(self.fitted),
            "discovered": None if self.found is None else _entry(self.found),
            "bits": self.bits(best),
            "terms": [{"term": render(term), "bits": bits} for term, bits in self.terms],
        }


@dataclass(frozen=True, eq=False)
class Result:
    """The formulas found for one target, the best of them, and what they rest on.

    `ignored_inputs` are the inputs that the best formula does not use; `columns` maps names in the formulas to the
    column names of the table where they differ. noise, noise_error: rms of what is taken for noise over the target's
    std, and its standard error.
    constants: value and standard error of each fitted number in the best formula. outliers: the rows, counted from 0,
    that were left out as grossly wrong. rivals: formulas that the rows hardly speak against, the likelier first.
    excerpt: rows to show the discovery with. command: what was run, as far as it is known.
    trying: what the search looks at next, while it runs. verdict: on a form that the user gave.
    """

    status: Status
    target: str
    inputs: tuple[str, ...]
    ignored_inputs: tuple[str, ...]
    front: ParetoFront
    columns: Mapping[str, str] = field(default_factory=dict)
    structure: Graph | None = None
    noise: float = 0.0
    rows: int = 0
    seconds: float = 0.0
    seed: int = 0
    notes: tuple[str, ...] = ()
    constants: tuple[tuple[float, float], ...] = ()
    units: Units | None = None
    noise_error: float = 0.0
    outliers: tuple[int, ...] = ()
    rivals: tuple[Candidate, ...] = ()
    excerpt: Excerpt | None = None
    command: str = ""
    trying: str = ""
    verdict: Verdict | None = None

    @property
    def best(self) -> Candidate:
        """The formula with the shortest description of itself and its residuals together."""
        return self.front.best

    def predict(self, X: ArrayLike | pd.DataFrame) -> Array:
        """The best formula's values, (rows,).

        X: (rows, inputs) in the order of `inputs`, or a DataFrame with the columns of the table. Not a number where
        the formula has no real value.
        """
        return Tape(self.best.expr, self.inputs).value(self._matrix(X))

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """The best formula, or that at a place of the front, as a sympy expression."""
        return self.front.pick(index).expr

    def latex(self, index: int | None = None, digits: int = 6) -> str:
        """The best formula, or that at a place of the front, as LaTeX with numbers of `digits` significant digits."""
        return self.front.pick(index).latex(digits)

    def to_dict(self) -> dict[str, Any]:
        """The discovery as plain values for JSON, null where a number is not finite."""
        finite: dict[str, Any] = _finite(
            {
                "schema": SCHEMA,
                "kansr": __version__,
                "status": self.status.value,
                "target": self.target,
                "inputs": list(self.inputs),
                "ignored_inputs": list(self.ignored_inputs),
                "names": dict(self.columns),
                "best": _entry(self.best),
                "front": [_entry(candidate) for candidate in self.front],
                "units": None if self.units is None else dict(self.units.text),
                "named_constants": {}
                if self.units is None
                else {k: asdict(c) for k, c in self.units.constants.items()},
                "constants": [{"value": value, "error": error} for value, error in self.constants],
                "structure": None if self.structure is None else self.structure.to_dict(),
                "noise": self.noise,
                "noise_error": self.noise_error,
                "outliers": list(self.outliers),
                "undecided": [_entry(candidate) for candidate in self.rivals],
                "rows": self.rows,
                "seconds": self.seconds,
                "seed": self.seed,
                "notes": list(self.notes),
                **({} if self.verdict is None else {"form": self.verdict.to_dict(self.best)}),
            }
        )
        return finite

    def _matrix(self, X: ArrayLike | pd.DataFrame) -> Array:
        if hasattr(X, "columns"):  # a DataFrame, without importing pandas to ask
            return self._columns(cast("pd.DataFrame", X))
        matrix = np.asarray(X, dtype=float)
        if matrix.ndim == 1 and len(self.inputs) == 1:
            matrix = matrix[:, None]
        if matrix.ndim != 2 or matrix.shape[1] != len(self.inputs):
            raise DataError(
                f"X must be (rows, {len(self.inputs)}), one column for each of {', '.join(self.inputs)}, "
                f"but it is {matrix.shape}"
            )
        return matrix

    def _columns(self, frame: pd.DataFrame) -> Array:
        labels = [self.columns.get(name, name) for name in self.inputs]
        found = {str(label).strip(): label for label in frame.columns}
        absent = [label for label in labels if label not in found]
        if absent:
            raise DataError(f"the table lacks the columns {', '.join(map(repr, absent))}; prediction needs them")
        return frame[[found[label] for label in labels]].to_numpy(dtype=float)


def unused(expr: sympy.Expr, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """The inputs that the formula does not use."""
    used = {str(symbol) for symbol in expr.free_symbols}
    return tuple(name for name in inputs if name not in used)


def _entry(candidate: Candidate) -> dict[str, Any]:
    return {
        "expression": render(candidate.expr),
        "latex": candidate.latex(),
        "complexity": int(candidate.complexity),
        "loss": float(candidate.loss),
        "r2": float(candidate.r2),
        "r2_held_out": float(candidate.r2_held_out),
        "description_length": float(candidate.description_length),
        "origin": candidate.origin,
    }


def _finite(value: Any) -> Any:
    """`value` with None for every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
