"""The rows of a table as a search uses them: some to fit, some to judge on, and outliers that are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import sympy

from kansr.data.dataset import LEAST_ERROR, Dataset, set_aside, set_aside_of_each
from kansr.data.excerpt import Excerpt, excerpt
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants, short_floats
from kansr.formula.judge.outliers import outliers_of_formula
from kansr.formula.shape.reading import Shape
from kansr.formula.shape.shape_filter import refutation
from kansr.numeric.arrays import Mask
from kansr.result.candidate import Candidate

MOST_ROWS = 5000  # that a formula is looked for on; its constants are fitted to all in the end
SMALL = 40  # rows below which none are held out, and r² on held-out rows comes from cross-validation


@dataclass(frozen=True, eq=False)
class Partition:
    """A table divided into rows to fit, rows that are held out, and outliers that are left out.

    table: all rows; outlier, held_out: which of them, (rows,), no row both. Where too few are left to hold any out,
    formulas are judged by cross-validation. seed: for the order in which rows are looked at, and for the folds.
    shape: what is known of the law; None in other columns than those of the table.
    """

    table: Dataset
    outlier: Mask
    held_out: Mask
    seed: int = 0
    shape: Shape | None = None

    @classmethod
    def of(cls, data: Dataset, share: float, seed: int = 0, outlier: Mask | None = None) -> Partition:
        """Of the rows that are no outliers this share is held out, or none of too few."""
        outlier = np.zeros(data.rows, dtype=bool) if outlier is None else outlier
        # Outliers that no surrogate is close enough to see must not be what a formula is bent for.
        table = replace(data, robust=data.robust or bool(outlier.any()))
        kept = data.rows - int(outlier.sum())
        held_out: Mask = np.zeros(data.rows, dtype=bool)
        rng = np.random.default_rng(seed)
        held_out[~outlier] = set_aside(kept, 0.0 if kept < SMALL else share, rng)
        if data.grouping is not None and kept >= SMALL:  # every group has rows that its constants are fitted to
            held_out = np.asarray(set_aside_of_each(data.grouping.codes, share, rng) & ~outlier)
        return cls(table, outlier, held_out, seed)

    @classmethod
    def between(cls, fitting: Dataset, judging: Dataset, seed: int = 0) -> Partition:
        """Rows that somebody else has divided."""
        sigma = None if fitting.sigma is None or judging.sigma is None else np.append(fitting.sigma, judging.sigma)
        X, y = np.vstack([fitting.X, judging.X]), np.append(fitting.y, judging.y)
        rounding = fitting.rounding and judging.rounding and fitting.rounding.above(judging.rounding)
        of_inputs = fitting.input_errors and judging.input_errors and fitting.input_errors.above(judging.input_errors)
        held_out = np.arange(len(y)) >= fitting.rows
        table = replace(fitting, X=X, y=y, sigma=sigma, rounding=rounding, input_errors=of_inputs)
        return cls(table, np.zeros(len(y), dtype=bool), held_out, seed)

    def allows(self, expr: sympy.Expr) -> bool:
        """Whether nothing that is known of the shape of the law speaks against a formula."""
        return self.shape is None or refutation(expr, self.shape) is None

    @cached_property
    def kept(self) -> Dataset:
        """The rows that are no outliers."""
        return self.table.take(~self.outlier)

    @cached_property
    def fitting(self) -> Dataset:
        """The rows that constants are fitted to."""
        return self.table.take(~self.outlier & ~self.held_out)

    @cached_property
    def judging(self) -> Dataset:
        """The rows that formulas are judged on: those held out, or the same again where none are."""
        return self.fitting if self.small else self.table.take(self.held_out)

    @property
    def small(self) -> bool:
        """Whether there are too few rows to hold any out."""
        return not bool(self.held_out.any())

    @cached_property
    def sample(self) -> Dataset:
        """The rows that formulas are looked for on: at most MOST_ROWS of those to fit, in an order that means nothing.

        What takes the first rows of a table takes them at random then, even from one that is sorted. Of errors in
        proportion to the target, those too small beside the largest to be divided by a power of an input are left out.
        """
        rows = np.random.default_rng(self.seed).permutation(self.fitting.rows)
        if self.fitting.proportional:
            size = np.abs(self.fitting.y[rows])
            rows = rows[size > LEAST_ERROR * size.max()]
        return self.fitting.take(rows[:MOST_ROWS])

    @cached_property
    def excerpt(self) -> Excerpt:
        """The rows that a result is shown with."""
        return excerpt(self.table, self.held_out, self.seed)

    def reduced(self, reduce: Callable[[Dataset], Dataset]) -> Partition:
        """The same rows in other columns. reduce: makes a table of as many rows from each part."""
        if self.small:
            return Partition.of(reduce(self.fitting), 0.0, self.seed)
        return Partition.between(reduce(self.fitting), reduce(self.judging), self.seed)

    def without_outliers_of(self, law: Candidate) -> Partition:
        """The partition without rows that a formula shows to be outliers; itself where there are none.

        A few that no surrogate comes close enough to see decide what a mean square is, and formulas are bent for them.
        """
        fit = fit_constants(law.expr, replace(self.fitting, robust=True), fixed=short_floats(law.expr))
        shown = outliers_of_formula(Tape(fit.expr, self.kept.names).value(self.kept.X) - self.kept.y, self.kept)
        if not shown.any():
            return self
        outlier = self.outlier.copy()
        outlier[~self.outlier] = shown
        return replace(self, outlier=outlier, held_out=self.held_out & ~outlier, table=replace(self.table, robust=True))
