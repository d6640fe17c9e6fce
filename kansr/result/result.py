"""The result of a search for one target: the formulas, and what they rest on."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import sympy
from numpy.typing import ArrayLike

from kansr.data.excerpt import Excerpt
from kansr.data.read.cells import label_of
from kansr.errors import DataError
from kansr.expression.evaluate import Tape
from kansr.expression.render import render
from kansr.numeric.arrays import Array
from kansr.result.baseline import Baseline
from kansr.result.candidate import Candidate
from kansr.result.graph import Graph
from kansr.result.parameters import own_columns
from kansr.result.pareto import ParetoFront
from kansr.result.shape import ShapeVerdict
from kansr.units.units import Units
from kansr.version import __version__

if TYPE_CHECKING:
    import pandas as pd

UNDECIDED = 7.0  # bits below which the rows do not decide between two formulas: odds of 2**7, about 100 to 1
SCHEMA = 1  # version of the JSON object; it changes when a key changes its meaning


class Status(str, enum.Enum):
    """How a search ended."""

    FOUND = "found"  # the formula is exact, or its residuals look like noise
    BEST_EFFORT = "best_effort"  # the search came to its end, and the residuals hold more than noise
    NOTHING = "nothing"  # no formula beats a constant on held-out rows
    TIMED_OUT = "timed_out"  # the time limit came first
    INTERRUPTED = "interrupted"  # a signal came


@dataclass(frozen=True, eq=False)
class FormVerdict:
    """How good a form of the user's is.

    text: the form as it was given; constants: (name, value, standard error) of each of its constants; loose: the names
    of those that the rows do not determine; fitted: the form with these values.
    found: the best formula of a search in the same time, None without one.
    terms: (term, bits): what could be added to the form, and by how many bits that shortens the description length.
    """

    text: str
    constants: tuple[tuple[str, float, float], ...]
    loose: tuple[str, ...]
    fitted: Candidate
    found: Candidate | None = None
    terms: tuple[tuple[sympy.Expr, float], ...] = ()

    def bits(self, best: Candidate) -> float | None:
        """By how many bits the form, as `best`, is shorter than what a search found; negative if it is longer."""
        return None if self.found is None else self.found.description_length - best.description_length

    def to_dict(self, best: Candidate) -> dict[str, Any]:
        """The verdict as plain values, for JSON. best: the form as a candidate."""
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
    """The formulas for one target, the best of them, and what they rest on.

    ignored_inputs: those that the best formula does not use; columns: the column name of each name that differs from
    it.
    structure: the graph that the best formula was read from, or its own; None for a constant.
    noise: the noise level, rms of the noise over the spread of the target; noise_error: its standard error.
    rows: how many were used; seconds: of the search; notes: what was decided on the way, in sentences.
    constants: (value, standard error) of each fitted number of the best formula.
    outliers: the positions, from 0, of rows that were left out as outliers.
    rivals: candidates that the rows hardly speak against, the shortest first: less than UNDECIDED bits longer, or no
    more complex and longer by bits that rest on few rows.
    excerpt: rows for plots; command: what was run, "" if unknown; trying: what the search is at, while it runs;
    verdict: on a form of the user's, None without one; baselines: simple models on the same rows, simplest first.
    group: the column of the groups by which constants of the formulas differ, "" where none do.
    shape: the statements on the shape of the law that the user made, with verdicts on the best formula; without any,
    those that hold of it.
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
    verdict: FormVerdict | None = None
    baselines: tuple[Baseline, ...] = ()
    group: str = ""
    shape: tuple[ShapeVerdict, ...] = ()

    @property
    def best(self) -> Candidate:
        """The candidate of least description length, or the form that the user gave."""
        return self.front.best

    def predict(self, X: ArrayLike | pd.DataFrame) -> Array:
        """The target that the best formula predicts, (rows,); nan where the formula has no real value.

        X: (rows, inputs) in the order of `inputs`, or a DataFrame with the columns of the table. Where constants differ
        by group it is a DataFrame, with the column of the groups. Raises DataError for any other shape, for missing
        columns and for a group that the law does not know.
        """
        return self.values(self._matrix(X), self._labels(X))

    def values(self, X: Array, labels: Sequence[str] | None = None) -> Array:
        """The same from X, (rows, inputs), and the group of each row where constants differ by group."""
        parameters = self.best.parameters
        if not parameters:
            return Tape(self.best.expr, self.inputs).value(X)
        own = own_columns(parameters, self.group, labels or ())
        return Tape(self.best.expr, (*self.inputs, *parameters)).value(np.column_stack([X, own]))

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """The best formula, or the one at a position of the front, as a sympy expression."""
        return self.front.pick(index).expr

    def latex(self, index: int | None = None, digits: int = 6) -> str:
        """The best formula, or the one at a position of the front, as LaTeX with numbers of `digits` digits."""
        return self.front.pick(index).latex(digits)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values for JSON, None where a number is not finite."""
        finite: dict[str, Any] = finite_values(
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
                "baselines": [baseline.to_dict() for baseline in self.baselines],
                "shape": [verdict.to_dict() for verdict in self.shape],
                "rows": self.rows,
                "seconds": self.seconds,
                "seed": self.seed,
                "notes": list(self.notes),
                **({} if self.verdict is None else {"form": self.verdict.to_dict(self.best)}),
                **({"group": self.group} if self.group else {}),
            }
        )
        return finite

    def _labels(self, X: ArrayLike | pd.DataFrame) -> list[str] | None:
        """The group of each row, where the formula needs it."""
        if not self.best.parameters:
            return None
        found = {str(label).strip(): label for label in getattr(X, "columns", ())}
        if self.group not in found:
            raise DataError(
                f"constants differ by {self.group!r}: a prediction needs a DataFrame with that column beside the inputs"
            )
        return [label_of(cell) for cell in cast("pd.DataFrame", X)[found[self.group]]]

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
        "r2_held_out_error": float(candidate.r2_held_out_error),
        "description_length": float(candidate.description_length),
        "origin": candidate.origin,
        **({"parameters": {k: dict(v) for k, v in candidate.parameters.items()}} if candidate.parameters else {}),
    }


def finite_values(value: Any) -> Any:
    """`value` with None in place of numbers that are not finite, which JSON cannot hold."""
    if isinstance(value, dict):
        return {key: finite_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_values(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
