"""The formulas that a local search has met, and which of them is edited next."""

from __future__ import annotations

from dataclasses import dataclass, field

from kansr.search.edits.tree import Tree

MOST = 400  # formulas that are kept
STAGES = 3  # rounds of edits of a formula, the likeliest edits first
PER_STAGE = 20.0  # bits that a formula must be shorter by to be edited in another round before another one is
RANGE = 12.0  # bits: formulas whose own code lengths fall into one such range compete with each other
BEST_TURN = 3  # every third formula that is edited is the best one; the others are the best of each range in turn
ALIKE = 6  # digits of the mean squared residual in which two formulas agree that are the same function


@dataclass(eq=False)
class Known:
    """A formula with its constants fitted.

    ms: the mean squared residual on all rows, of few: on those that edits are compared on; bits: its own code length;
    length: the description length; how: the edits that led to it; stage: rounds of edits that it has had.
    """

    tree: Tree
    ms: float
    of_few: float
    bits: float
    length: float
    how: tuple[str, ...]
    stage: int = 0


@dataclass(eq=False)
class Pool:
    """far: whether short formulas are edited however far from the best they are. best: the shortest description."""

    far: bool = True
    formulas: dict[str, Known] = field(default_factory=dict)
    best: Known | None = None
    turn: int = 0
    _range: int = -1

    def keep(self, known: Known) -> Known:
        """The formula, or one that is the same function and has a shorter code."""
        key = f"{known.ms:.{ALIKE - 1}e}"
        before = self.formulas.get(key)
        if before is not None and before.bits <= known.bits:
            return before
        self.formulas[key] = known
        if self.best is None or known.length < self.best.length:
            self.best = known
        return known

    def next(self) -> Known | None:
        """The formula that is edited next.

        The best one only decorates what may be a wrong formula. So short ones, which may be far from the best, have
        their turn, where the pool is for these: the best of each range of code lengths, from short to long and again.
        """
        left = [known for known in self.formulas.values() if known.stage < STAGES]
        if not left or self.best is None:
            return None
        self.turn += 1
        if self.far and self.turn % BEST_TURN != 1:
            ranges: dict[int, list[Known]] = {}
            for known in left:
                if known.stage == 0 and known.bits < self.best.bits + RANGE:
                    ranges.setdefault(int(known.bits // RANGE), []).append(known)
            if ranges:
                longer = [place for place in ranges if place > self._range]
                self._range = min(longer or ranges)
                return min(ranges[self._range], key=_by_length)
        elif self.best.stage < STAGES:
            return self.best
        return min(left, key=lambda known: (known.length + PER_STAGE * known.stage, known.bits))

    @property
    def exhausted(self) -> bool:
        """Whether every formula has had all its rounds of edits."""
        return all(known.stage >= STAGES for known in self.formulas.values())

    def front(self) -> list[Known]:
        """The formulas that no shorter one comes as close as."""
        front: list[Known] = []
        for known in sorted(self.formulas.values(), key=lambda known: (known.bits, known.ms)):
            if not front or known.ms < front[-1].ms:
                front.append(known)
        return front

    def shortest(self, count: int) -> list[Known]:
        """The formulas with the shortest descriptions."""
        return sorted(self.formulas.values(), key=_by_length)[:count]

    def prune(self) -> None:
        """Drops the longest descriptions that are not on the front, where there are too many."""
        if len(self.formulas) > MOST:
            front = {id(known) for known in self.front()}
            ranked = sorted(self.formulas.items(), key=lambda item: (id(item[1]) not in front, _by_length(item[1])))
            self.formulas = dict(ranked[:MOST])


def _by_length(known: Known) -> tuple[float, float]:
    return known.length, known.bits
