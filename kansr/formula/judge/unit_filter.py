"""Formulas whose units do not fit are kept apart and told in a note."""

from __future__ import annotations

from dataclasses import dataclass

from kansr.expression.render import readable
from kansr.result.candidate import Candidate
from kansr.units.consistency import fits, objection
from kansr.units.units import Units


@dataclass(eq=False)
class LeftOut:
    """Keeps formulas apart that cannot have the units of the target, and remembers the best of them."""

    units: Units | None
    best: Candidate | None = None

    def pass_on(self, candidate: Candidate) -> bool:
        """Whether the units of a formula are those of the target, as far as they are known."""
        if self.units is None or fits(candidate.expr, self.units):
            return True
        if self.best is None or candidate.description_length < self.best.description_length:
            self.best = candidate
        return False

    def notes(self, chosen: Candidate) -> tuple[str, ...]:
        """What is worth knowing about a formula that describes the rows better than the `chosen` one."""
        if self.units is None or self.best is None or self.best.description_length >= chosen.description_length:
            return ()
        formula = f"{self.units.target} = {readable(self.best.expr)}"
        return (f"left out as dimensionally inconsistent, though it fits better: {formula}; {objection(self.best.expr, self.units)}",)
