"""Leave out formulas that contradict what is known of the shape, and tell the best of them in a note."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy

from kansr.expression.render import readable
from kansr.formula.judge.unit_filter import UnitFilter
from kansr.formula.shape.check import verdict_on
from kansr.formula.shape.reading import Shape
from kansr.formula.shape.statement import Limit
from kansr.result.candidate import Candidate
from kansr.result.shape import ShapeVerdict, Verdict

KEPT = 2000  # formulas of which the answer is remembered: a search asks several times
SECONDS = 2.0  # for one verdict; most take a hundredth


@dataclass(eq=False)
class ShapeFilter:
    """Leaves out formulas that the units or the shape refute. best: the best of those that the shape does."""

    units: UnitFilter
    shape: Shape | None
    target: str
    best: Candidate | None = None
    against: ShapeVerdict | None = None

    def accepts(self, candidate: Candidate) -> bool:
        """Whether neither units nor shape speak against a formula."""
        if not self.units.accepts(candidate):
            return False
        against = self.refutation(candidate.expr)
        if against is None:
            return True
        if self.best is None or candidate.description_length < self.best.description_length:
            self.best, self.against = candidate, against
        return False

    def refutation(self, expr: sympy.Expr) -> ShapeVerdict | None:
        """The first statement that a formula contradicts, None where there is none."""
        return None if self.shape is None else refutation(expr, self.shape)

    def notes(self, chosen: Candidate) -> tuple[str, ...]:
        """Notes about formulas that were left out though their descriptions are shorter than the `chosen` one's."""
        notes = self.units.notes(chosen)
        if self.best is None or self.against is None or self.best.description_length >= chosen.description_length:
            return notes
        formula = f"{self.target} = {readable(self.best.expr)}"
        against = f"{formula}; {why(self.against)}"
        return (*notes, f"left out because it contradicts the known shape, though it fits better: {against}")

    def nothing_left(self) -> str:
        """The sentence for a search in which every formula contradicts the shape, "" where none was left out."""
        if self.best is None or self.against is None:
            return ""
        formula = f"{self.target} = {readable(self.best.expr)}"
        said = "every formula that was found contradicts the known shape; the best of them is"
        return f"{said} {formula}: {why(self.against)}"


@lru_cache(KEPT)
def refutation(expr: sympy.Expr, shape: Shape) -> ShapeVerdict | None:
    """The first statement of a shape that a formula contradicts, None where there is none."""
    quick_first = sorted(shape.statements, key=lambda statement: isinstance(statement, Limit))
    verdicts = (verdict_on(statement, expr, shape.box, SECONDS) for statement in quick_first)
    return next((found for found in verdicts if found.verdict is Verdict.REFUTED), None)


def why(found: ShapeVerdict) -> str:
    """A refutation in words."""
    where = ", ".join(f"{name} = {value:.6g}" for name, value in (found.at or {}).items())
    return f"not {found.statement}" + (f" at {where}" if where else "")
