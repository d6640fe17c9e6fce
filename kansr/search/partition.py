"""The rows that a search fits formulas to and judges them on, and how noisy a smooth model finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kansr.data.dataset import Dataset, split
from kansr.numeric.robust import typical
from kansr.structure.surrogate.noise_floor import attainable_in_groups
from kansr.structure.surrogate.noisy_kernel import FEW, attainable, attainable_on

Expired = Callable[[], bool]

MOST_ROWS = 5000  # that a formula is looked for on; its constants are fitted to all in the end
NOISY, LARGE = 1e-3, 0.35  # errors of a smooth model that may be noise
LEARNT = 0.7  # what twice the rows leave of its error where it is noise
BLIND = 0.98  # error of a smooth model that sees nothing
SMALL = 40  # rows below which none are held out, and r² on unseen rows comes from cross-validation


def _never() -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows to fit and to judge on; the same ones where there are too few to hold any out.

    Searches ask a clock of their own, which stops them a little before it is `late`.
    """

    fitting: Dataset
    held_out: Dataset
    seed: int = 0
    late: Expired = _never  # whether formulas have to be finished as they are

    @classmethod
    def of(cls, data: Dataset, held_out: float, seed: int, late: Expired = _never) -> Rows:
        """The rows of a table with this share of them held out, or none of too few."""
        if data.rows < SMALL:
            return cls(data, data, seed, late)
        return cls(*split(data, held_out, np.random.default_rng(seed)), seed, late)

    @cached_property
    def attainable(self) -> float:
        """The held-out error of the best smooth model over the target's spread; 0 if that cannot be known."""
        if not self._known:
            return 0.0
        return min(attainable(self.sample.X, self.sample.y), attainable_in_groups(self.sample, self.held_out))

    @cached_property
    def attainable_held_out(self) -> float:
        """The same on the very rows that formulas are judged on: chance sets others apart."""
        if not self._known:
            return 0.0
        own = max(attainable(self.sample.X, self.sample.y), attainable_on(self.held_out, self.sample))
        return min(own, attainable_in_groups(self.sample, self.held_out))

    @property
    def hopeless(self) -> bool:
        """Whether a smooth model of the rows is no better than their mean."""
        return self._known and self.attainable > BLIND

    @cached_property
    def noisy(self) -> bool:
        """Whether what the smooth model misses is noise, not more than it can follow: more rows help little then."""
        if not self._known or not NOISY < self.attainable < LARGE:
            return False
        return self.attainable > LEARNT * attainable(self.sample.X, self.sample.y, FEW // 2)

    @property
    def stated(self) -> float:
        """The errors that are known, over the target's spread, where they are small; 0 where they are not."""
        if self.fitting.stated is None:
            return 0.0
        share = typical(self.fitting.stated) / (float(np.std(self.fitting.y)) or 1.0)
        return share if share < NOISY else 0.0

    @property
    def _known(self) -> bool:
        return not self.small and float(np.std(self.fitting.y)) > 0

    @cached_property
    def sample(self) -> Dataset:
        """The rows that formulas are looked for on: at most MOST_ROWS of those to fit, in an order that means nothing.

        What takes the first rows of a table takes them at random then, even from one that is sorted.
        """
        order = np.random.default_rng(self.seed).permutation(self.fitting.rows)
        return self.fitting.take(order[:MOST_ROWS])

    @property
    def small(self) -> bool:
        return self.fitting is self.held_out
