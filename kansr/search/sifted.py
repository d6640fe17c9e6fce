"""A table as a search sees it: the rows to fit, those to judge on, and those that are grossly wrong and left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kansr.data.dataset import Dataset, set_aside
from kansr.data.excerpt import Excerpt, excerpt
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import polish, short_floats
from kansr.formula.judge.outliers import shown_by
from kansr.numeric.arrays import Mask
from kansr.result.candidate import Candidate
from kansr.search.partition import SMALL, Expired, Rows


@dataclass(frozen=True, eq=False)
class Sifted:
    """A table with what a search does with its rows.

    wrong: which of the `whole` are grossly wrong; held_out: which to judge formulas on; (rows,). seed, late: see Rows.
    """

    whole: Dataset
    wrong: Mask
    held_out: Mask
    seed: int
    late: Expired

    @classmethod
    def of(cls, data: Dataset, wrong: Mask, share: float, seed: int, late: Expired) -> Sifted:
        """Of the rows that are not wrong, this share is held out, or none of too few."""
        # Those that a smooth model is not close enough to see must not be what a formula is bent for.
        whole = replace(data, robust=data.robust or bool(wrong.any()))
        right = data.rows - int(wrong.sum())
        held_out = np.zeros(whole.rows, dtype=bool)
        held_out[~wrong] = set_aside(right, 0.0 if right < SMALL else share, np.random.default_rng(seed))
        return cls(whole, wrong, held_out, seed, late)

    @cached_property
    def data(self) -> Dataset:
        """The rows that are not wrong."""
        return self.whole.take(~self.wrong)

    @cached_property
    def rows(self) -> Rows:
        fitting = self.whole.take(~self.wrong & ~self.held_out)
        held_out = self.held_out & ~self.wrong
        return Rows(fitting, self.whole.take(held_out) if held_out.any() else fitting, self.seed, self.late)

    @cached_property
    def shown(self) -> Excerpt:
        return excerpt(self.whole, self.held_out & ~self.wrong, self.seed)

    def without_wrong(self, law: Candidate) -> Sifted:
        """The table without rows that a formula shows to be wrong; itself where there are none.

        A few that no smooth model comes close enough to see decide what a mean square is, and formulas are bent for
        them.
        """
        fit = polish(law.expr, replace(self.rows.fitting, robust=True), fixed=short_floats(law.expr))
        shown = shown_by(Tape(fit.expr, self.data.names).value(self.data.X) - self.data.y, self.data)
        wrong = self.wrong.copy()
        wrong[~self.wrong] = shown
        return replace(self, wrong=wrong, whole=replace(self.whole, robust=True)) if shown.any() else self
