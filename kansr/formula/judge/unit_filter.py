"""Leave out formulas whose units contradict the target's, and tell the best of them in a note."""

from __future__ import annotations

from dataclasses import dataclass

from kansr.expression.render import readable
from kansr.result.candidate import Candidate
from kansr.units.consistency import fits, objection
from kansr.units.units import Units


@dataclass(eq=False)
class UnitFilter:
    """Leaves out formulas that cannot have the unit of the target. best: the best of those that were left out."""

    units: Units | None
    best: Candidate | None = None

    def accepts(self, candidate: Candidate) -> bool:
        """Whether a formula can have the unit of the target, as far as units are known."""
        if self.units is None or fits(candidate.expr, self.units):
            return True
        if self.best is None or candidate.description_length < self.best.description_length:
            self.best = candidate
        return False

    def notes(self, chosen: Candidate) -> tuple[str, ...]:
        """A note about a formula that was left out though its description is shorter than that of the `chosen` one."""
        if self.units is None or self.best is None or self.best.description_length >= chosen.description_length:
            return ()
        formula = f"{self.units.target} = {readable(self.best.expr)}"
        return (
            f"left out as dimensionally inconsistent, though it fits better: {formula}; "
            f"{objection(self.best.expr, self.units)}",
        )
