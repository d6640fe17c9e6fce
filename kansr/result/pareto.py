"""The Pareto front: the candidates that none beats in both complexity and error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kansr.errors import UsageError
from kansr.expression.render import readable, render
from kansr.numeric.tolerances import ROUNDING
from kansr.result.candidate import Candidate

TIE = 1e-9  # relative difference of errors up to which they are equal


@dataclass(frozen=True)
class ParetoFront:
    """The candidates that none beats in both complexity and error, simplest first.

    chosen: the candidate that the user gave, or that predicts better; None for the one of least description length.
    """

    candidates: tuple[Candidate, ...]
    chosen: Candidate | None = None

    def __iter__(self) -> Any:
        return iter(self.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def __repr__(self) -> str:
        return (
            f"<ParetoFront: {len(self)} formulas, simplest first; > the best>\n{self._shown().to_string(index=False)}"
        )

    def _repr_html_(self) -> str:
        return str(self._shown().to_html(index=False, escape=True))

    def _shown(self) -> pd.DataFrame:
        """What a person looks at: the front with bits against the best formula."""
        best = self.best
        return pd.DataFrame(
            {
                "": [">" if c is best else "" for c in self.candidates],
                "complexity": [c.complexity for c in self.candidates],
                "held-out r²": [f"{c.r2_held_out:.6g}" for c in self.candidates],
                "bits": [f"{c.description_length - best.description_length:+.0f}" for c in self.candidates],
                "formula": [readable(c.expr) for c in self.candidates],
            }
        )

    @property
    def best(self) -> Candidate:
        """The chosen candidate, else the one of least description length."""
        return self.chosen or min(self.candidates, key=lambda c: (c.description_length, c.complexity))

    def with_best(self, other: Candidate) -> ParetoFront:
        """The front with another candidate in place of the best one."""
        best = self.best
        candidates = tuple(other if c is best else c for c in self.candidates)
        return replace(self, candidates=candidates, chosen=self.chosen and other)

    def choosing(self, candidate: Candidate) -> ParetoFront:
        """The front with this candidate as the best one, and on it whatever beats it."""
        others = [c for c in self.candidates if c is not candidate]
        ordered = sorted([*others, candidate], key=lambda c: (c.complexity, c.error_ms))
        return ParetoFront(tuple(ordered), chosen=candidate)

    def pick(self, index: int | None = None, complexity: int | None = None) -> Candidate:
        """The candidate at a position of the front or of a complexity; the best one where neither is given.

        Raises UsageError where there is none, or both are given.
        """
        candidates = self.candidates
        if index is not None and complexity is not None:
            raise UsageError("a formula is named by its index or by its complexity, not by both")
        if index is not None:
            if not -len(candidates) <= index < len(candidates):
                raise UsageError(f"there is no formula {index}: the front has {len(candidates)}, counted from 0")
            return candidates[index]
        if complexity is not None:
            for candidate in candidates:
                if candidate.complexity == complexity:
                    return candidate
            known = ", ".join(str(c.complexity) for c in candidates)
            raise UsageError(f"no formula of the front has complexity {complexity}; there are {known}")
        return self.best

    def to_frame(self) -> pd.DataFrame:
        """The front as a DataFrame, one row for each candidate, simplest first."""
        measures = ("complexity", "loss", "r2", "r2_held_out", "description_length")
        return pd.DataFrame(
            {
                **{name: [getattr(c, name) for c in self.candidates] for name in measures},
                "equation": [render(c.expr) for c in self.candidates],
                "sympy_format": [c.expr for c in self.candidates],
            }
        )


def pareto(candidates: Iterable[Candidate], spread: float) -> ParetoFront:
    """The front of `candidates`. spread: that of the target, squared; errors of the size of rounding count as equal.

    One that beats the candidate of least description length in both has as few nodes but more digits: it is left out.
    """
    rounding = (ROUNDING**2) * spread  # a mean square
    candidates = [c for c in candidates if np.isfinite(c.loss)]
    shortest = min(candidates, key=lambda c: (c.description_length, c.complexity), default=None)

    def order(c: Candidate) -> tuple[float, float, float, str]:
        return (c.complexity, max(c.error_ms, rounding), c.description_length, str(c.expr))

    front: list[Candidate] = []
    for candidate in sorted(candidates, key=order):
        if candidate is not shortest and shortest is not None and _beats(candidate, shortest):
            continue
        if not front or max(candidate.error_ms, rounding) < max(front[-1].error_ms, rounding) * (1 - TIE):
            front.append(candidate)
    return ParetoFront(tuple(front))


def _beats(one: Candidate, other: Candidate) -> bool:
    """Whether one candidate has no more nodes and no larger error than another."""
    return one.complexity <= other.complexity and one.error_ms <= other.error_ms
